"""The floor: read every column a night needs, once, and reduce it to a sum: `python -m bench.speed.floor FOLDER`.

Nothing that looks at every row can be faster than this. Same files, same threads, Polars' streaming engine, one table
after the other: of the ways that were tried (all tables at once, sums of doubles, the in-memory engine, other kinds
of parallel reading) this is the fastest.
"""

import json
import sys
import time
from pathlib import Path

import polars as pl

COLUMNS = {
    "sales_transactions": ("store_id", "sku_id", "date", "units_sold", "revenue", "promo_flag"),
    "inventory_snapshot": ("store_id", "sku_id", "date", "quantity_on_hand"),
    "pricing": ("store_id", "sku_id", "date", "price", "promo_flag"),
    "impressions": ("store_id", "sku_id", "date", "impression_count"),
}
KINDS = {"date": pl.Date, "units_sold": pl.Float32, "quantity_on_hand": pl.Float32}
"""What a CSV does not say of its columns."""


def floor(folder: Path) -> float:
    """One number that depends on every cell."""
    total = 0.0
    for table, columns in COLUMNS.items():
        sums = (pl.col(column).to_physical().sum().cast(pl.Float64) for column in columns)
        total += _opened(folder, table).select(pl.sum_horizontal(sums)).collect(engine="streaming").item()
    return total


def _opened(folder: Path, table: str) -> pl.LazyFrame:
    for parquet in (folder / f"{table}.parquet", folder / table):
        if parquet.exists():
            return pl.scan_parquet(parquet)
    kinds = {column: kind for column, kind in KINDS.items() if column in COLUMNS[table]}
    return pl.scan_csv(folder / f"{table}.csv", schema_overrides=kinds)


if __name__ == "__main__":
    began = time.perf_counter()
    total = floor(Path(sys.argv[1]))
    print(json.dumps({"seconds": time.perf_counter() - began, "sum": total}))
