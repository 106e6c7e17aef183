"""Stock: what every store sells, holds and may have, as the default producers read it.

In: the sales table of one half month, and clusters. Out: one row per store and SPU.
"""

import polars as pl

from engine.growth.inputs import known
from engine.vocabulary import growth as v

ELIGIBLE = ("ELIGIBLE", "UNKNOWN")


def stock(sales: pl.LazyFrame, clusters: pl.LazyFrame) -> pl.LazyFrame:
    """Store, SPU, cluster and what is known, in units; null is unknown, and a missing eligibility is UNKNOWN.

    recent_sales: `recent_sales_units`, else what the store sells. Stores without a cluster are left out.
    """
    current = known(pl.col("current_spu_count")).clip(lower_bound=0)
    sold = pl.coalesce(known(pl.col("store_sales")), known(pl.col("current_spu_count"))).clip(lower_bound=0)
    return sales.join(clusters, on="str_code").select(
        *v.STORE_SPU,
        "cluster_id",
        current_spu_count=current,
        store_sales=sold,
        recent_sales=pl.coalesce(known(pl.col("recent_sales_units")), sold),
        on_hand=known(pl.col("on_hand")),
        target_units=known(pl.col("target_spu_count")),
        adjusted_by_step8=pl.col("adjusted_by_step8").fill_null(value=False),
        sell_through_rate=known(pl.col("sell_through_rate")).clip(0, 1),
        sub_cate_name=pl.col("sub_cate_name"),
        sex_name=pl.col("sex_name").str.strip_chars().str.to_lowercase(),
        is_eligible=pl.col("eligibility_status").fill_null("UNKNOWN").is_in(ELIGIBLE),
    )


def is_core(names: tuple[str, ...]) -> pl.Expr:
    """Whether the subcategory is a core one; an empty name is none."""
    said = pl.col("sub_cate_name").str.to_lowercase().fill_null("")
    found = [said.str.contains(name.lower(), literal=True) for name in names if name]
    return pl.any_horizontal(found) if found else pl.lit(value=False)
