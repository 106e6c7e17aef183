"""A chain of stores under construction: rows are added a fact at a time, then written as CSV or Parquet tables.

Days are counted from the first panel day (0 … 89); negative days lie before the panel, days from 90 after the as-of.
"""

from __future__ import annotations

import csv
import gzip
import io
from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

AS_OF = date(2025, 6, 30)
PANEL_DAYS = 90
LAST_DAY = PANEL_DAYS - 1
FIRST_DATE = AS_OF - timedelta(days=LAST_DAY)
BEFORE_PANEL = -3
TOO_LONG_BEFORE = -401
"""No stock or price row holds so long."""
AFTER_AS_OF = 91

ID = pl.String
SHAPES: dict[str, dict[str, Any]] = {
    "sales_transactions": {
        "store_id": ID,
        "sku_id": ID,
        "date": pl.Date,
        "units_sold": pl.Float64,
        "revenue": pl.Float64,
        "promo_flag": pl.Boolean,
        "till": pl.String,
    },
    "inventory_snapshot": {"store_id": ID, "sku_id": ID, "date": pl.Date, "quantity_on_hand": pl.Float64},
    "pricing": {
        "store_id": ID,
        "sku_id": ID,
        "date": pl.Date,
        "price": pl.Float64,
        "promo_flag": pl.Boolean,
        "promo_type": pl.String,
    },
    "impressions": {"store_id": ID, "sku_id": ID, "date": pl.Date, "impression_count": pl.Int64},
    "stores": {
        "store_id": ID,
        "store_name": pl.String,
        "latitude": pl.Float64,
        "longitude": pl.Float64,
        "region": pl.String,
    },
    "skus": {"sku_id": ID, "sku_name": pl.String, "category": pl.String, "brand": pl.String, "cost": pl.Float64},
}

Units = list[float | None]


def date_of(day: int) -> date:
    """The calendar date of a panel day."""
    return FIRST_DATE + timedelta(days=day)


def sells(level: float | None, *changes: tuple[int | range, float | None]) -> Units:
    """Units a panel day: a level, then changes by day or range. None is a day without a sales row."""
    units: Units = [level] * PANEL_DAYS
    for days, value in changes:
        for day in [days] if isinstance(days, int) else days:
            units[day] = value
    return units


class Chain:
    """Rows of every table. Early rows are shuffled when written; late rows follow them in the order they came."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.early: dict[str, list[dict]] = {table: [] for table in SHAPES}
        self.late: dict[str, list[dict]] = {table: [] for table in SHAPES}

    def add(self, table: str, *, late: bool = False, **cells: Any) -> None:
        """One row of a table; cells that are not given are null."""
        (self.late if late else self.early)[table].append(dict.fromkeys(SHAPES[table]) | cells)

    def store(self, store_id: str, latitude: float | None = None, longitude: float | None = None) -> None:
        """A store in the stores table."""
        self.add(
            "stores",
            store_id=store_id,
            store_name=f"Store {store_id}",
            latitude=latitude,
            longitude=longitude,
            region="north" if (latitude or 0) > 45 else "south",
        )

    def sku(self, sku_id: str, category: str | None = None, cost: float | None = None) -> None:
        """A SKU in the skus table."""
        self.add("skus", sku_id=sku_id, sku_name=f"Item {sku_id}", category=category, brand="Own", cost=cost)

    def sale(self, where: tuple[str, str], day: int, units: float | None, **cells: Any) -> None:
        """A sales row; revenue is ten a unit unless given."""
        revenue = None if units is None else round(units * 10, 2)
        row = {"units_sold": units, "revenue": revenue, "promo_flag": False, "till": "A1"} | cells
        self.add("sales_transactions", store_id=where[0], sku_id=where[1], date=date_of(day), **row)

    def snapshot(self, where: tuple[str, str], day: int, on_hand: float | None, *, late: bool = False) -> None:
        """An inventory row."""
        key = {"store_id": where[0], "sku_id": where[1], "date": date_of(day)}
        self.add("inventory_snapshot", late=late, **key, quantity_on_hand=on_hand)

    def price(
        self, where: tuple[str, str], day: int, price: float | None, promo: bool | None = False, *, late: bool = False
    ) -> None:
        """A pricing row."""
        key = {"store_id": where[0], "sku_id": where[1], "date": date_of(day)}
        promo_type = "leaflet" if promo else None
        self.add("pricing", late=late, **key, price=price, promo_flag=promo, promo_type=promo_type)

    def impressions(self, where: tuple[str, str], day: int, count: int | None, *, late: bool = False) -> None:
        """An impressions row."""
        key = {"store_id": where[0], "sku_id": where[1], "date": date_of(day)}
        self.add("impressions", late=late, **key, impression_count=count)

    def shelf(
        self,
        store_id: str,
        sku_id: str,
        units: Units,
        *,
        on_hand: Mapping[int, float] | float | None = 50,
        price: Mapping[int, float] | float | None = 10,
        promo_days: Iterable[int] = (),
        impressions: Mapping[int, int] | None = None,
    ) -> None:
        """One store-SKU over the panel, with rows outside the panel that would change every number if they were used.

        A number stands for a row on day 0. Promo days are pricing rows at the latest price with the flag set.
        """
        where = store_id, sku_id
        for day, sold in enumerate(units):
            if sold is not None:
                self.sale(where, day, sold)
        for day, quantity in as_changes(on_hand).items():
            self.snapshot(where, day, quantity)
        prices, promo_days = as_changes(price), set(promo_days)
        latest = None
        for day in range(PANEL_DAYS):
            latest = prices.get(day, latest)
            if day in prices or (day in promo_days and latest is not None):
                self.price(where, day, latest, promo=day in promo_days)
        for day, count in (impressions or {}).items():
            self.impressions(where, day, count)
        self.rows_outside_the_panel(where, with_impressions=impressions is not None)

    def rows_outside_the_panel(self, where: tuple[str, str], *, with_impressions: bool) -> None:
        """Rows before the panel and after the as-of that must not reach a number."""
        for day, held_day, factor in ((BEFORE_PANEL, TOO_LONG_BEFORE, 70), (AFTER_AS_OF, AFTER_AS_OF, 80)):
            self.sale(where, day, factor)
            self.snapshot(where, held_day, 100 * factor)
            self.price(where, held_day, 2 * factor, promo=True)
            if with_impressions:
                self.impressions(where, day, 1000 * factor)

    def staple(self, store_id: str, closed_days: Iterable[int] = ()) -> None:
        """Something that sells every day the store is open, so that the store is open."""
        units = sells(8, *((day, None) for day in closed_days))
        self.shelf(store_id, "staple", units, on_hand=90, price=2.5)

    def rows_as_written(self) -> dict[str, list[dict]]:
        """Every table's rows in file order."""
        tables = {}
        for table, rows in self.early.items():
            shuffled = list(rows)
            self.random.shuffle(shuffled)
            tables[table] = shuffled + self.late[table]
        return tables


def as_changes(value: Mapping[int, float] | float | None) -> dict[int, float]:
    """A value by day; a plain number holds from day 0."""
    if value is None:
        return {}
    return {0: value} if isinstance(value, int | float) else dict(value)


def write_tables(folder: Path, tables: dict[str, list[dict]], file_format: str, whole_ids: bool) -> None:
    """Write every table as `csv`, `csv.gz` or `parquet`."""
    folder.mkdir(parents=True, exist_ok=True)
    if whole_ids:
        number_the_ids(tables)
    for table, rows in tables.items():
        path = folder / f"{table}.{file_format}"
        if file_format == "parquet":
            parquet_frame(table, rows, whole_ids).write_parquet(path)
        elif file_format == "csv.gz":
            path.write_bytes(gzip.compress(csv_text(table, rows).encode(), mtime=0))
        elif file_format == "csv":
            path.write_text(csv_text(table, rows), encoding="utf-8")
        else:
            raise ValueError(f"unknown format {file_format!r}, expected csv, csv.gz or parquet")


def number_the_ids(tables: dict[str, list[dict]]) -> None:
    """Replace ids by whole numbers of one to four digits, so that their order as numbers is not that as text."""
    for column in ("store_id", "sku_id"):
        rows = [row for table in tables.values() for row in table if column in row]
        ids = sorted({row[column] for row in rows})
        numbers = {text: 3 + 7 * position for position, text in enumerate(ids)}
        for row in rows:
            row[column] = numbers[row[column]]


def parquet_frame(table: str, rows: list[dict], whole_ids: bool) -> pl.DataFrame:
    """A table with its types. Impressions carry whole store ids even where other tables carry text."""
    shape = dict(SHAPES[table])
    for column in ("store_id", "sku_id"):
        if column in shape and (whole_ids or (table, column) == ("impressions", "store_id")):
            shape[column] = pl.Int64
            rows = [row | {column: int(row[column])} for row in rows]
    return pl.DataFrame(rows, schema=shape, orient="row")


def csv_text(table: str, rows: list[dict]) -> str:
    """A table as CSV: flags as 0/1 in sales and as words in pricing, nulls as nothing."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(SHAPES[table])
    flags = {False: "0", True: "1"} if table == "sales_transactions" else {False: "False", True: "TRUE"}
    for row in rows:
        writer.writerow([flags[cell] if isinstance(cell, bool) else cell for cell in row.values()])
    return lines.getvalue()
