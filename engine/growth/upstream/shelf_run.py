"""From the shelf desk: its stars as candidates, its overstock as reductions (through published outputs only).

In: a published night. Out: rows of Step 11 and of Step 10.
"""

import polars as pl

from engine.growth.upstream.nominate import INCREASE_EXISTING, TIERS
from engine.outputs.read import table
from engine.outputs.shelf import shapes
from engine.runs.registry import Run
from engine.settings.growth.upstream import ShelfSettings
from engine.stats import above, below, ratio, round_half_up
from engine.vocabulary import shelf as v

CODES = (pl.col("store_id").cast(pl.String).alias("str_code"), pl.col("sku_id").cast(pl.String).alias("spu_code"))


def stars(night: Run, settings: ShelfSettings) -> pl.LazyFrame:
    """Store-SKUs that sell far above their expectation and are nearly empty, as marked rows of Step 11.

    opportunity_score: the excess over the expectation as a share, at most 1.
    """
    features = table(night, shapes.FEATURES)
    excess = ratio(pl.col("sales_velocity_7d"), pl.col("baseline_mean_units"))
    is_star = above(excess, settings.star_ratio) & below(pl.col("days_of_supply"), settings.thin_cover_days)
    sentence = pl.format(
        "Sold {}% of its expectation in the last 7 days with cover for {} days; night {}. Suggestion only.",
        round_half_up(excess * 100, 0).cast(pl.Int64),
        round_half_up(pl.col("days_of_supply"), 0).cast(pl.Int64),
        pl.lit(night.run_id),
    )
    return features.filter(is_star).select(
        *CODES,
        is_growth_candidate=pl.lit(value=True),
        recommendation_type=pl.lit(INCREASE_EXISTING),
        opportunity_score=(excess - 1).clip(0, 1),
        opportunity_tier=pl.lit(TIERS[2]),
        opportunity_reason=sentence,
    )


def overstock(night: Run) -> pl.LazyFrame:
    """Store-SKUs with an open case of overstock, as rows of Step 10."""
    open_cases = table(night, shapes.CASES).filter(pl.col("status") == v.OPEN, pl.col("primary_cause") == v.OVERSTOCK)
    reason = pl.format("OVERSTOCK on the shelf, case {}", "case_id")
    return open_cases.group_by(*CODES).agg(
        rule10_applied=pl.lit(value=True), rule10_reason=reason.min(), volatility_flag=pl.lit(value=False)
    )
