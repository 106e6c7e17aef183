"""Decide: what becomes of each candidate, how much, and what that is called (specification of growth, section 5).

In: candidates with gap, raw and capped quantity. Out: the same rows with status, quantity, units and tier.
"""

import polars as pl

from engine.settings.growth.scaling import CapSettings, GapSettings, TierSettings
from engine.vocabulary import growth as v
from engine.vocabulary.common import TIE_TOLERANCE

STATUS = pl.Enum(v.GROWTH_STATUSES)
TIER = pl.Enum(v.SCALING_TIERS)


def gate(gap: GapSettings) -> pl.Expr:
    """The status of a candidate that gets no quantity whatever its factors are; null for the others."""
    return (
        pl.when("step10_blocked")
        .then(_status(v.BLOCKED_STEP10))
        .when(pl.col("gap_ratio").is_null() | pl.col("current_spu_count").is_null())
        .then(_status(v.NO_BENCHMARK))
        .when(pl.col("performance_gap") < 0)
        .then(_status(v.ABOVE_BENCHMARK))
        .when(pl.col("gap_ratio") < gap.min_ratio - TIE_TOLERANCE)
        .then(_status(v.BELOW_GAP))
    )


def decide(candidates: pl.LazyFrame, caps: CapSettings, tiers: TierSettings) -> pl.LazyFrame:
    """`status`, `recommended_adjustment_quantity`, `recommended_units`, `cap_applied` and `scaling_tier`.

    The quantity is 0 or at least the minimum, and never above a cap. Whole units are rounded down, which keeps every
    cap. cap_applied: on scaled rows the cap that binds, on suppressed ones the cap that suppressed; else null.
    """
    least = caps.min_units - TIE_TOLERANCE
    small = (
        pl.when(pl.col("raw_adjustment") < least)
        .then(_status(v.BELOW_MIN_QTY))
        .when(pl.col("capped_adjustment") < least)
        .then(_status(v.SUPPRESSED_BY_CAP))
        .otherwise(_status(v.SCALED))
    )
    decided = candidates.with_columns(status=pl.coalesce(pl.col("gate"), small))
    is_scaled = pl.col("status") == v.SCALED
    # Arithmetic may leave a hair less than the minimum, where the formula gives exactly that.
    units = pl.when(is_scaled).then(pl.col("capped_adjustment").clip(lower_bound=caps.min_units)).otherwise(0.0)
    names_cap = is_scaled | (pl.col("status") == v.SUPPRESSED_BY_CAP)
    quantity = pl.col("recommended_adjustment_quantity")
    return decided.with_columns(
        recommended_adjustment_quantity=units, cap_applied=pl.when(names_cap).then("binding_cap")
    ).with_columns(
        recommended_units=(quantity + TIE_TOLERANCE).floor().cast(pl.Int32),
        scaling_tier=pl.when(quantity > 0).then(_tier(quantity, tiers)),
    )


def _tier(quantity: pl.Expr, settings: TierSettings) -> pl.Expr:
    minimal, moderate, aggressive = (pl.lit(name, TIER) for name in v.SCALING_TIERS)
    return (
        pl.when(quantity <= settings.minimal_units + TIE_TOLERANCE)
        .then(minimal)
        .when(quantity <= settings.moderate_units + TIE_TOLERANCE)
        .then(moderate)
        .otherwise(aggressive)
    )


def _status(name: str) -> pl.Expr:
    return pl.lit(name, STATUS)
