"""The floor: read every column a night needs, once, and reduce it to a sum: `python -m bench.floor FOLDER`.

Nothing that looks at every row can be faster than this. Same files, same threads, Polars' streaming engine.
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


def floor(folder: Path) -> float:
    """One number that depends on every cell."""
    sums = [
        pl.scan_parquet(folder / f"{table}.parquet").select(
            pl.sum_horizontal(pl.col(column).to_physical().cast(pl.Float64).sum() for column in columns)
        )
        for table, columns in COLUMNS.items()
    ]
    return sum(frame.item() for frame in pl.collect_all(sums, engine="streaming"))


if __name__ == "__main__":
    began = time.perf_counter()
    total = floor(Path(sys.argv[1]))
    print(json.dumps({"seconds": time.perf_counter() - began, "sum": total}))
