"""Section 1 of the specification: a folder of input tables in, usable rows and row accounts out.

Files are read with the standard library (Parquet with Polars). Numbers become exact fractions of the decimal that was
written; a cell that is NaN or infinite stays a float, so that it can be told from a number and from a null.
"""

from __future__ import annotations

import csv
import gzip
import math
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable
    from pathlib import Path

LOOKBACK_DAYS = 90

Row = dict[str, Any]
Key = tuple[Any, ...]

STORE_SKU_DAY = ("store_id", "sku_id", "date")
KEYS = {
    "sales_transactions": STORE_SKU_DAY,
    "inventory_snapshot": STORE_SKU_DAY,
    "pricing": STORE_SKU_DAY,
    "impressions": STORE_SKU_DAY,
    "stores": ("store_id",),
    "skus": ("sku_id",),
}
REQUIRED_MEASURE = {
    "sales_transactions": "units_sold",
    "inventory_snapshot": "quantity_on_hand",
    "pricing": "price",
    "impressions": "impression_count",
}
NUMBERS = {*REQUIRED_MEASURE.values(), "revenue", "latitude", "longitude", "cost"}
COLUMNS = {
    "sales_transactions": (*STORE_SKU_DAY, "units_sold", "revenue", "promo_flag"),
    "inventory_snapshot": (*STORE_SKU_DAY, "quantity_on_hand"),
    "pricing": (*STORE_SKU_DAY, "price", "promo_flag", "promo_type"),
    "impressions": (*STORE_SKU_DAY, "impression_count"),
    "stores": ("store_id", "store_name", "latitude", "longitude", "region"),
    "skus": ("sku_id", "sku_name", "category", "brand", "cost"),
}


def number(cell: Any) -> Fraction | float | None:
    """The exact decimal that was written; a float only when it is NaN or infinite."""
    if cell is None or cell == "":
        return None
    try:
        return Fraction(cell if isinstance(cell, str) else repr(cell))
    except ValueError:
        not_finite = float(cell)
        if math.isfinite(not_finite):
            raise
        return not_finite


def flag(cell: Any) -> bool | None:
    """0, 1, true or false in any case."""
    if cell is None or cell == "":
        return None
    return {"0": False, "1": True, "false": False, "true": True}[str(cell).lower()]


def day(cell: Any) -> date:
    """An ISO date."""
    return cell if isinstance(cell, date) else date.fromisoformat(cell)


def text(cell: Any) -> Any:
    """Names as they are, an empty cell being null."""
    return None if cell == "" else cell


def as_written(cell: Any) -> Any:
    """Ids as they are: leading zeros survive."""
    return cell


def reader_of(column: str) -> Callable[[Any], Any]:
    """How a column's cells are read."""
    if column in NUMBERS:
        return number
    if column.endswith("_id"):
        return as_written
    return {"date": day, "promo_flag": flag}.get(column, text)


def files_of(folder: Path, table: str) -> list[Path]:
    """One file named after the table, or a folder of files in name order."""
    if (folder / table).is_dir():
        return sorted(path for path in (folder / table).iterdir() if path.is_file())
    return [path for path in sorted(folder.iterdir()) if path.is_file() and path.name.split(".")[0] == table]


def cells_of(path: Path) -> list[Row]:
    """The rows of one file in file order, cells as stored."""
    if path.suffix == ".parquet":
        return pl.read_parquet(path).to_dicts()
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def read_table(folder: Path, table: str) -> list[Row]:
    """All rows of a table in file order, every known column read as its type."""
    readers = {column: reader_of(column) for column in COLUMNS[table]}
    return [
        {column: read(cells.get(column)) for column, read in readers.items()}
        for path in files_of(folder, table)
        for cells in cells_of(path)
    ]


def make_ids_text_where_any_is(tables: dict[str, list[Row]]) -> None:
    """An id that is text in one table is text in every table (reading 9)."""
    for column in ("store_id", "sku_id"):
        rows = [row for table in tables.values() for row in table if column in row]
        if any(isinstance(row[column], str) for row in rows):
            for row in rows:
                row[column] = str(row[column])


def row_fault(table: str, row: Row, as_of: date | None) -> str | None:
    """Why a row leaves the computation, null when it stays."""
    if as_of is not None and "date" in row and row["date"] > as_of:
        return "after_as_of"
    numbers = {column: row[column] for column in row if column in NUMBERS}
    if any(isinstance(value, float) for value in numbers.values()):
        return "not_a_number"
    if table in REQUIRED_MEASURE:
        measure = row[REQUIRED_MEASURE[table]]
        if measure is None:
            return "missing_measure"
        if measure < 0:
            return "negative_measure"
    if table == "stores" and not are_coordinates(row["latitude"], row["longitude"]):
        return "unknown_coordinates"
    return None


def are_coordinates(latitude: Fraction | None, longitude: Fraction | None) -> bool:
    """Whether they name a place on Earth, or both are left out."""
    if latitude is None or longitude is None:
        return latitude is longitude
    return abs(latitude) <= 90 and abs(longitude) <= 180


HELD_TABLES = ("inventory_snapshot", "pricing")
LONGEST_HELD_DAYS = 400


@dataclass
class Inputs:
    """What the night computes from: rows inside the panel, in file order, and the account of every row read.

    held: by table and store-SKU the last stock or price row before the panel, at most 400 days back.
    """

    as_of: date
    rows: dict[str, list[Row]]
    held: dict[str, dict[Key, Row]]
    accounts: dict[str, dict[str, int]]

    @property
    def first_day(self) -> date:
        """The first panel day."""
        return self.as_of - timedelta(days=LOOKBACK_DAYS - 1)

    @property
    def store_skus(self) -> list[Key]:
        """Store-SKUs with a usable sales row or snapshot inside the panel, in id order (reading 4)."""
        dated = self.rows["sales_transactions"] + self.rows["inventory_snapshot"]
        return sorted({(row["store_id"], row["sku_id"]) for row in dated})


def read_inputs(folder: Path, as_of: date | None, seen: Counter[str]) -> Inputs:
    """Read every table, set aside faulty rows and rows outside the panel, and account for all of them."""
    tables = {table: read_table(folder, table) for table in KEYS if files_of(folder, table)}
    make_ids_text_where_any_is(tables)
    if as_of is None:
        sales = tables["sales_transactions"]
        as_of = max(row["date"] for row in sales if row_fault("sales_transactions", row, None) is None)
    usable = {table: without_faults(table, rows, as_of, seen) for table, rows in tables.items()}
    inside = only_inside_panel(usable, as_of, seen)
    accounts = {
        table: {
            "read": len(rows),
            "used": len(inside[table]),
            "quarantined": len(rows) - len(usable[table]),
            "outside": len(usable[table]) - len(inside[table]),
        }
        for table, rows in tables.items()
    }
    held = {table: last_before_panel(usable.get(table, []), as_of) for table in HELD_TABLES}
    return Inputs(as_of, {table: inside.get(table, []) for table in KEYS}, held, accounts)


def last_before_panel(rows: list[Row], as_of: date) -> dict[Key, Row]:
    """By store-SKU the row that holds from the panel's first day: the latest, of one day the last in file order."""
    first_day = as_of - timedelta(days=LOOKBACK_DAYS - 1)
    earliest = first_day - timedelta(days=LONGEST_HELD_DAYS)
    held: dict[Key, Row] = {}
    for row in rows:
        key = row["store_id"], row["sku_id"]
        if earliest <= row["date"] < first_day and (key not in held or held[key]["date"] <= row["date"]):
            held[key] = row
    return held


def without_faults(table: str, rows: list[Row], as_of: date, seen: Counter[str]) -> list[Row]:
    """The usable rows of a table."""
    usable = []
    for row in rows:
        fault = row_fault(table, row, as_of)
        if fault is None:
            usable.append(row)
        else:
            seen[f"inputs.{fault}"] += 1
    return usable


def only_inside_panel(usable: dict[str, list[Row]], as_of: date, seen: Counter[str]) -> dict[str, list[Row]]:
    """Rows dated inside the panel and belonging to a store-SKU, store or SKU of the panel (reading 4)."""
    first_day = as_of - timedelta(days=LOOKBACK_DAYS - 1)
    inside = {
        table: [row for row in rows if row.get("date", first_day) >= first_day] for table, rows in usable.items()
    }
    seen["inputs.before_panel"] += sum(len(usable[table]) - len(inside[table]) for table in usable)
    dated = inside["sales_transactions"] + inside["inventory_snapshot"]
    scopes = {
        "pricing": {(row["store_id"], row["sku_id"]) for row in dated},
        "impressions": {(row["store_id"], row["sku_id"]) for row in dated},
        "stores": {(row["store_id"],) for row in dated},
        "skus": {(row["sku_id"],) for row in dated},
    }
    for table, scope in scopes.items():
        if table in inside:
            known = [row for row in inside[table] if tuple(row[name] for name in KEYS[table][:2]) in scope]
            seen["inputs.not_in_panel"] += len(inside[table]) - len(known)
            inside[table] = known
    return inside


def last_row_wins(table: str, rows: list[Row], seen: Counter[str]) -> dict[Key, Row]:
    """One row a key, the last in file order, whole (reading 7)."""
    by_key: dict[Key, Row] = {}
    for row in rows:
        key = tuple(row[name] for name in KEYS[table])
        seen["inputs.last_row_wins"] += key in by_key
        by_key[key] = row
    return by_key


def summed_sales(rows: list[Row], seen: Counter[str]) -> dict[Key, Row]:
    """One row a key: units and revenue summed, the promo flag any; one unknown revenue leaves the day's unknown."""
    by_key: dict[Key, Row] = {}
    for row in rows:
        key = tuple(row[name] for name in STORE_SKU_DAY)
        seen["inputs.summed_duplicate"] += key in by_key
        seen["inputs.unknown_revenue"] += row["revenue"] is None
        before = by_key.get(key, {"units_sold": Fraction(0), "revenue": Fraction(0), "promo_flag": False})
        revenues = (before["revenue"], row["revenue"])
        by_key[key] = {
            "units_sold": before["units_sold"] + row["units_sold"],
            "revenue": None if None in revenues else sum(revenues, Fraction(0)),
            "promo_flag": before["promo_flag"] or bool(row["promo_flag"]),
        }
    return by_key
