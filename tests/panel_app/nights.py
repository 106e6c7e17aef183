"""Small nights with everything in them that a page could trip over: hard names, prices and places."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from engine.settings.shelf.night import load
from engine.shelf import desk
from engine.vocabulary.common import DOLLARS
from tests.planted.small import write_parquet

if TYPE_CHECKING:
    from pathlib import Path

AS_OF = date(2025, 6, 30)
N_DAYS = 60
SCRIPT = "<img src=x onerror=alert(1)>"
FORMULA = '=HYPERLINK("http://example.invalid";"open")'
STORES = {
    1: (SCRIPT, 44.9, -93.2, "North"),
    2: ("北京王府井店", 44.6, -93.6, "North"),
    3: ("متجر الرياض المركزي", 45.1, -92.8, "'><script>alert(2)</script>"),
    4: ("Nowhere", None, None, "North"),
    5: (
        "A store whose name is so long that it does not fit into any column of a table on a phone",
        44.2,
        -93.1,
        None,
    ),
    6: ("Plain", 44.3, -92.4, "South"),
}
SKUS = {
    11: (FORMULA, "drinks", "Own", 0.03),
    12: ("Coffee & <b>beans</b>", "drinks", "Own", 4.5),
    13: ("Rusk", "food", "'\"", 2.2),
    14: ("钻石项链", "food", "Own", 2_500_000.0),
    15: ("Jam", "food", "Own", 3.1),
}
DARK = {(1, 11): 9, (2, 12): 12, (3, 13): 8, (4, 15): 10, (1, 14): 14, (5, 12): 7, (6, 13): 9, (2, 15): 11}
"""Days that a store-SKU has been dark on the last day."""
KEY = ["store_id", "sku_id", "date"]


def tables(as_of: date = AS_OF, *, dark: bool = True) -> dict[str, pl.DataFrame]:
    """The six tables of a chain of six stores and five SKUs. dark: whether any shelf is."""
    first = as_of - timedelta(days=N_DAYS - 1)
    days = pl.DataFrame({"day": range(N_DAYS), "date": pl.date_range(first, as_of, eager=True)})
    pairs = pl.DataFrame({"store_id": list(STORES)}).join(pl.DataFrame({"sku_id": list(SKUS)}), how="cross")
    grid = pairs.join(days, how="cross").sort(KEY)
    price = pl.col("sku_id").replace_strict({sku: facts[3] for sku, facts in SKUS.items()}, return_dtype=pl.Float64)
    sold = 9 + (pl.col("day") * 7 + pl.col("store_id") * 3 + pl.col("sku_id")) % 5
    sales = grid.with_columns(units_sold=sold.cast(pl.Float64))
    if dark:
        began = pl.DataFrame(
            [
                {"store_id": store, "sku_id": sku, "began": AS_OF - timedelta(days=n - 1)}
                for (store, sku), n in DARK.items()
            ]
        )
        sales = sales.join(began, on=["store_id", "sku_id"], how="left").filter(
            pl.col("began").is_null() | (pl.col("date") < pl.col("began"))
        )
    on_promo = (pl.col("sku_id") == 12) & (pl.col("day") % 14 == 0)
    return {
        "sales_transactions": sales.select(
            *KEY, "units_sold", revenue=pl.col("units_sold") * price, promo_flag=pl.lit(value=False)
        ),
        "inventory_snapshot": grid.filter(pl.col("day") % 7 == 0).select(
            *KEY, quantity_on_hand=pl.lit(60.0) + pl.col("sku_id")
        ),
        "pricing": grid.filter(pl.col("day") % 7 == 0).select(
            *KEY, price=price, promo_flag=on_promo, promo_type=pl.lit(None, pl.String)
        ),
        "impressions": grid.select(*KEY, impression_count=80 + pl.col("day") % 3),
        "stores": pl.DataFrame(
            [(store, *facts) for store, facts in STORES.items()],
            schema=["store_id", "store_name", "latitude", "longitude", "region"],
            orient="row",
        ),
        "skus": pl.DataFrame(
            [(sku, name, category, brand, price / 2) for sku, (name, category, brand, price) in SKUS.items()],
            schema=["sku_id", "sku_name", "category", "brand", "cost"],
            orient="row",
        ),
    }


def publish(
    folder: Path, out: Path, made: dict[str, pl.DataFrame], as_of: date | None = None, currency: str = DOLLARS
) -> str:
    """Run a night over the tables and publish it; its run id."""
    write_parquet(folder, made)
    return desk.run(folder, out, load(assignments={"currency": currency}), as_of).run_id


def bare_tables(as_of: date) -> dict[str, pl.DataFrame]:
    """One store and nothing said of it: no names, no places, no categories, no impressions."""
    made = {name: frame.filter(store_id=1) for name, frame in tables(as_of).items() if "store_id" in frame.columns}
    made["sales_transactions"] = made["sales_transactions"].filter(
        (pl.col("sku_id") != 12) | (pl.col("date") < as_of - timedelta(days=8))
    )
    return {name: made[name] for name in ("sales_transactions", "inventory_snapshot", "pricing")}
