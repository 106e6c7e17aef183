"""Reduce: Step 10, where more lies than sells (specification of growth, section 4.3).

In: stock, its history, and Step 9. Out: one row per store and SPU with the decision, its reason, and the reduction.
"""

import polars as pl

from engine.growth.upstream.stock import is_core
from engine.settings.growth.upstream import ProtectSettings, ReduceSettings
from engine.stats import ratio
from engine.vocabulary import growth as v


def reduce(
    stock: pl.LazyFrame, history: pl.LazyFrame, step9: pl.LazyFrame, settings: ReduceSettings, core: ProtectSettings
) -> pl.LazyFrame:
    """`rule10_applied`, `rule10_reason`, `recommended_quantity_change` (0 or less), `volatility_flag`.

    history: store, SPU, period, `store_sales` of every half month there is. What a store holds above its target is
    too much; without a target, what is not known reduces nothing: too much cover needs stock on hand, sales and a
    sell-through below the cluster's median. What Step 9 raises is not
    reduced. A volatile SPU is flagged and not reduced.
    """
    raised = step9.select(*v.STORE_SPU, "rule9_applied")
    known = stock.join(raised, on=v.STORE_SPU, how="left").join(
        _volatility(history, settings), on=v.STORE_SPU, how="left"
    )
    held, on_hand = pl.col("current_spu_count"), pl.col("on_hand")
    target, cover = pl.col("target_units"), settings.max_cover_periods * pl.col("store_sales")
    slow = pl.col("sell_through_rate") < pl.col("sell_through_rate").median().over("cluster_id")
    beyond = pl.when(target.is_not_null()).then(held - target).when(slow).then(on_hand - cover)
    excess = beyond.clip(lower_bound=0)
    share = pl.when(is_core(core.core_subcategories)).then(settings.max_core_share).otherwise(settings.max_share)
    cut = pl.min_horizontal(excess, share * held)
    decision = (
        pl.when(excess > 0)
        .then(
            pl.when(~pl.col("is_eligible"))
            .then(pl.lit("BLOCKED_INELIGIBLE"))
            .when("rule9_applied")
            .then(pl.lit("BLOCKED_STEP9_INCREASE"))
            .when(cut >= settings.min_units)
            .then(pl.lit("REDUCED"))
            .otherwise(pl.lit("BELOW_MIN_REDUCTION"))
        )
        .otherwise(pl.lit("NO_OVERCAPACITY"))
    )
    applied = pl.col("rule10_reason") == "REDUCED"
    return (
        known.with_columns(rule10_reason=decision)
        .with_columns(rule10_applied=applied, recommended_quantity_change=pl.when(applied).then(-cut).otherwise(0.0))
        .with_columns(pl.col("volatility_flag").fill_null(value=False))
        .select(*v.STORE_SPU, "rule10_applied", "rule10_reason", "recommended_quantity_change", "volatility_flag")
    )


def _volatility(history: pl.LazyFrame, settings: ReduceSettings) -> pl.LazyFrame:
    """Whether the sales of a store and SPU vary by more than chance, over enough half months."""
    ascending = pl.col("store_sales").drop_nulls().sort().implode()
    mean, variance = ascending.list.mean(), ascending.list.var(ddof=1)
    beyond = ratio((variance - mean).clip(lower_bound=0).sqrt(), mean)
    enough = pl.col("store_sales").count() >= settings.volatile_periods
    return history.group_by(v.STORE_SPU).agg(
        volatility_flag=(enough & (beyond > settings.volatile_cv)).fill_null(value=False)
    )
