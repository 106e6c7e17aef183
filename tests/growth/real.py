"""Real shops and items: half months of wholesale deliveries as sales of stores and SPUs, where the data are there.

python -m tests.growth.real OUT [FIRST_PERIOD LAST_PERIOD]    writes OUT/sales.parquet
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import polars as pl

SHARED = Path(__file__).parents[3] / "shared" / "data" / "iowa_liquor"
PLACE = Path(os.environ.get("DARKSHELF_IOWA_LIQUOR", SHARED))
"""Folder with `transactions`, `products` and `customers`; nothing of the product needs it."""


def prepare(source: Path, out: Path, first: str, last: str) -> Path:
    """One row per shop, item and half month with its units; names as they are, accents and all."""
    day = pl.col("order_date")
    half = pl.when(day.dt.day() <= 15).then(pl.lit("A")).otherwise(pl.lit("B"))
    period = pl.format("{}{}", day.dt.strftime("%Y%m"), half)
    shops = pl.scan_parquet(source / "customers.parquet").select("customer_id", store_name="customer_name")
    items = pl.scan_parquet(source / "products.parquet").select(
        "sku_id", spu_name="sku_name", cate_name="family", sub_cate_name="category"
    )
    units = (
        pl.scan_parquet(source / "transactions.parquet")
        .with_columns(period=period, sku_id=pl.col("sku_id").cast(pl.String))
        .filter(pl.col("period").is_between(pl.lit(first), pl.lit(last)))
        .group_by("customer_id", "sku_id", "period")
        .agg(units=pl.col("quantity").sum(), cents=(pl.col("revenue") * 100).round().cast(pl.Int64).sum())
        .filter(pl.col("units") > 0)
    )
    out.mkdir(parents=True, exist_ok=True)
    (
        units.join(shops, on="customer_id", how="left")
        .join(items, on="sku_id", how="left")
        .select(
            pl.col("customer_id").cast(pl.String).alias("str_code"),
            pl.col("sku_id").alias("spu_code"),
            "period",
            current_spu_count=pl.col("units").cast(pl.Float64),
            unit_price=pl.col("cents") / 100 / pl.col("units"),
            spu_name="spu_name",
            cate_name="cate_name",
            sub_cate_name="sub_cate_name",
            store_name="store_name",
        )
        .sort("str_code", "spu_code", "period")
        .collect()
        .write_parquet(out / "sales.parquet")
    )
    return out


if __name__ == "__main__":
    prepare(PLACE, Path(sys.argv[1]), *(sys.argv[2:4] or ("201901A", "202012B")))
