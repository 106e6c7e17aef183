"""Protect: Step 9, what may not fall below a minimum (specification of growth, section 4.2).

In: stock. Out: one row per store and SPU with the decision, its reason, and the increase in units.
"""

import polars as pl

from engine.growth.upstream.stock import is_core
from engine.settings.growth.upstream import ProtectSettings
from engine.vocabulary import growth as v


def protect(stock: pl.LazyFrame, settings: ProtectSettings) -> pl.LazyFrame:
    """`rule9_applied`, `rule9_reason`, `recommended_quantity_change`, `minimum_units`, `minimum_reference_used`.

    The minimum is a low quantile of the cluster's quantities of the SPU, else of its subcategory, else one unit. The
    increase is the gap, at most a share of the sales, in whole units and at least one; 0 where nothing is raised.
    """
    referred = stock.pipe(_with_minimum, settings)
    held, minimum = pl.col("current_spu_count"), pl.col("minimum_units")
    core = is_core(settings.core_subcategories)
    usual = pl.col("sell_through_rate").median().over("cluster_id")
    selling = (pl.col("recent_sales") > 0) | (
        pl.when(usual.is_not_null())
        .then(pl.col("sell_through_rate") >= settings.sell_through_share * usual)
        .otherwise(pl.col("sell_through_rate") > 0)
    )
    decision = (
        pl.when(~pl.col("is_eligible") & ~core)
        .then(pl.lit("SKIPPED_INELIGIBLE"))
        .when("adjusted_by_step8")
        .then(pl.lit("SKIPPED_STEP8"))
        .when(~selling.fill_null(value=False) & ~core)
        .then(pl.lit("SKIPPED_NO_DEMAND"))
        .when(held.is_null())
        .then(pl.lit("SKIPPED_UNKNOWN_QUANTITY"))
        .when(held >= minimum)
        .then(pl.lit("ABOVE_MINIMUM"))
        .otherwise(pl.lit("BELOW_MINIMUM"))
    )
    limit = settings.baseline_share * pl.col("recent_sales")
    increase = pl.min_horizontal(minimum - held, pl.when(limit > 0).then(limit)).ceil().clip(lower_bound=1)
    applied = pl.col("rule9_reason") == "BELOW_MINIMUM"
    return (
        referred.with_columns(rule9_reason=decision)
        .with_columns(
            rule9_applied=applied, recommended_quantity_change=pl.when(applied).then(increase).otherwise(0.0)
        )
        .select(
            *v.STORE_SPU,
            "rule9_applied",
            "rule9_reason",
            "recommended_quantity_change",
            "minimum_units",
            "minimum_reference_used",
        )
    )


def _with_minimum(stock: pl.LazyFrame, settings: ProtectSettings) -> pl.LazyFrame:
    held = pl.col("current_spu_count")
    references = {"cluster_spu": v.PEER_GROUP, "cluster_subcategory": ("cluster_id", "sub_cate_name")}
    for name, group in references.items():
        low = held.quantile(settings.quantile, "linear")
        usable = (held.count() >= settings.min_rows) & (low > 0)
        stock = stock.join(stock.group_by(group).agg(pl.when(usable).then(low).alias(name)), on=group, how="left")
    used = pl.coalesce(*(pl.when(pl.col(name).is_not_null()).then(pl.lit(name)) for name in references))
    return stock.with_columns(
        minimum_units=pl.coalesce(*references, pl.lit(settings.least_units)),
        minimum_reference_used=used.fill_null("least_units"),
    )
