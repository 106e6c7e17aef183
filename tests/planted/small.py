"""A chain small enough to judge in a blink: three stores, four SKUs, fifty days and one dark shelf.

Every table comes as a frame that a test changes before it writes it, so that one fact can be wrong at a time.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

AS_OF = date(2025, 6, 30)
N_DAYS = 50
FIRST_DAY = AS_OF - timedelta(days=N_DAYS - 1)
STORES = (1, 2, 3)
SKUS = (11, 12, 13, 14)
DARK = (2, 12)
DARK_DAYS = 6
DARK_CASE = "2_12_2025-06-25"
KEY = ["store_id", "sku_id", "date"]

Tables = dict[str, pl.DataFrame]


def small_chain() -> Tables:
    """The six tables, ids as whole numbers, no key twice, rows sorted by key."""
    days = pl.DataFrame({"day": range(N_DAYS), "date": pl.date_range(FIRST_DAY, AS_OF, eager=True)})
    pairs = pl.DataFrame({"store_id": STORES}).join(pl.DataFrame({"sku_id": SKUS}), how="cross")
    grid = pairs.join(days, how="cross").sort(KEY)
    price = 2.0 + pl.col("sku_id") % 5
    is_dark = (pl.col("store_id") == DARK[0]) & (pl.col("sku_id") == DARK[1]) & (pl.col("day") >= N_DAYS - DARK_DAYS)
    sold = pl.col("sku_id") % 7 + 6 + (pl.col("day") * 3 + pl.col("store_id")) % 4
    sales = grid.with_columns(units_sold=sold.cast(pl.Float64)).filter(~is_dark)
    weekly = grid.filter(pl.col("day") % 7 == 0)
    return {
        "sales_transactions": sales.select(
            *KEY, "units_sold", revenue=pl.col("units_sold") * price, promo_flag=pl.lit(value=False)
        ),
        "inventory_snapshot": weekly.select(*KEY, quantity_on_hand=pl.lit(40.0) + pl.col("sku_id")),
        "pricing": weekly.select(
            *KEY, price=price, promo_flag=pl.lit(value=False), promo_type=pl.lit(None, pl.String)
        ),
        "impressions": grid.select(*KEY, impression_count=80 + pl.col("day") % 3),
        "stores": pl.DataFrame(
            {
                "store_id": STORES,
                "store_name": ["North", "South", "East"],
                "latitude": [52.0, 52.1, 48.0],
                "longitude": [13.0, 13.1, 11.0],
                "region": ["b", "b", "m"],
            }
        ),
        "skus": pl.DataFrame(
            {
                "sku_id": SKUS,
                "sku_name": ["Tea", "Coffee", "Rusk", "Jam"],
                "category": ["drinks", "drinks", "food", "food"],
                "brand": "Own",
                "cost": [1.0, 1.2, 1.4, 1.6],
            }
        ),
    }


def write_csv(folder: Path, tables: Mapping[str, pl.DataFrame]) -> Path:
    """A CSV file a table."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        frame.write_csv(folder / f"{name}.csv")
    return folder


def write_parquet(folder: Path, tables: Mapping[str, pl.DataFrame]) -> Path:
    """A Parquet file a table."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        frame.write_parquet(folder / f"{name}.parquet")
    return folder
