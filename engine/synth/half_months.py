"""Half months: what the growth desk is delivered, made of a simulated chain.

In: the tables of a chain. Out: the sales table of the growth desk, one row per store, product and whole half month.
"""

from pathlib import Path

import polars as pl

from engine.outputs.write import write_parquet
from engine.vocabulary import growth as g
from engine.vocabulary import shelf as v

FIRST_OF_B = 16
"""The day of the month on which its second half begins."""
SHORTEST = 13
"""Days of the shortest half month: the second one of February."""


def write_half_months(chain: Path, folder: Path) -> int:
    """Write the sales of every whole half month of a chain of Parquet files; returns how many rows there are.

    What a store sold and earned is summed, what it held is the mean of its counts. Half months that the chain has in
    part are left out. Raises OSError.
    """
    tables = {name: pl.scan_parquet(chain / f"{name}.parquet", glob=False) for name in (v.SALES, v.INVENTORY)}
    names = pl.scan_parquet(chain / f"{v.SKUS}.parquet", glob=False).select(
        "sku_id", spu_name="sku_name", cate_name="category"
    )
    stores = pl.scan_parquet(chain / f"{v.STORES}.parquet", glob=False).select("store_id", "store_name")
    key = (*v.PAIR, "period")
    half_month = pl.format(
        "{}{}",
        pl.col("date").dt.strftime("%Y%m"),
        pl.when(pl.col("date").dt.day() < FIRST_OF_B).then(pl.lit("A")).otherwise(pl.lit("B")),
    ).alias("period")
    dated = tables[v.SALES].with_columns(half_month)
    whole = dated.group_by("period").agg(days=pl.col("date").n_unique()).filter(pl.col("days") >= SHORTEST)
    sold = dated.group_by(key).agg(store_sales=pl.col("units_sold").sum(), spu_sales_amt=pl.col("revenue").sum())
    held = (
        tables[v.INVENTORY]
        .with_columns(half_month)
        .group_by(key)
        .agg(current_spu_count=pl.col("quantity_on_hand").mean().round(1), on_hand=pl.col("quantity_on_hand").last())
    )
    rows = sold.join(held, on=key).join(whole, on="period", how="semi").join(names, on="sku_id")
    made = rows.join(stores, on="store_id").select(
        pl.col("store_id").cast(pl.String).alias("str_code"),
        pl.col("sku_id").cast(pl.String).alias("spu_code"),
        "period",
        "current_spu_count",
        pl.col("store_sales").round(1),
        pl.col("spu_sales_amt").round(2),
        "on_hand",
        "cate_name",
        "spu_name",
        "store_name",
    )
    found = made.sort("period", *g.STORE_SPU).collect()
    write_parquet(found, folder / f"{g.STORE_SPU_SALES}.parquet")
    return found.height
