"""Factors: multipliers from visitors, dispersion, sell-through and Step 9 (specification of growth, section 3).

In: candidates with what is known of them. Out: the same rows with a factor column each. They move a quantity, never
a decision: nothing here can make or unmake a candidate.
"""

import polars as pl

from engine.settings.growth.scaling import AffinitySettings, GrowthSettings, SellThroughSettings

WOMEN = ("女", "female", "f", "women", "woman")
MEN = ("男", "male", "m", "men", "man")
"""How tables call the sex that an SPU is made for, in lower case; anything else is neutral."""
NEUTRAL_ALIGNMENT = 0.5
NO_TRAFFIC = "no traffic"


def with_factors(candidates: pl.LazyFrame, settings: GrowthSettings) -> pl.LazyFrame:
    """`affinity_modifier`, `affinity_basis`, `elasticity_dampener`, `sell_through_boost` and `step9_dampener`."""
    dampened = pl.lit(settings.conflicts.step9_factor)
    return candidates.with_columns(
        affinity_modifier=_affinity(settings.affinity),
        affinity_basis=_basis(),
        elasticity_dampener=pl.col("elasticity_dampener").fill_null(1.0),
        sell_through_boost=_boost(settings.sell_through),
        step9_dampener=pl.when("step9_boosted").then(dampened).otherwise(1.0),
    )


def _affinity(settings: AffinitySettings) -> pl.Expr:
    """From 1 at the thresholds linearly to the boost at full alignment and the dampening at none."""
    fit = _alignment()
    boost = (fit - settings.high_alignment) * settings.max_boost / (1 - settings.high_alignment)
    dampening = (settings.low_alignment - fit) * settings.max_dampening / settings.low_alignment
    return 1 + boost.clip(lower_bound=0) - dampening.clip(lower_bound=0)


def _alignment() -> pl.Expr:
    """Share of the store's visitors that the SPU is made for; neutral when either is not known."""
    women, men, sex = pl.col("women"), pl.col("men"), pl.col("sex_name")
    visitors = women + men
    share = pl.when(sex.is_in(WOMEN)).then(women / visitors).when(sex.is_in(MEN)).then(men / visitors)
    return pl.when(visitors > 0).then(share).fill_null(NEUTRAL_ALIGNMENT)


def _basis() -> pl.Expr:
    """What the affinity rests on: `women`, `men`, `unisex`, or `no traffic`."""
    sex = pl.col("sex_name")
    made_for = (
        pl.when(sex.is_in(WOMEN))
        .then(pl.lit("women"))
        .when(sex.is_in(MEN))
        .then(pl.lit("men"))
        .otherwise(pl.lit("unisex"))
    )
    counted = (pl.col("women") + pl.col("men") > 0).fill_null(value=False)
    return pl.when(counted).then(made_for).otherwise(pl.lit(NO_TRAFFIC))


def _boost(settings: SellThroughSettings) -> pl.Expr:
    beyond = (pl.col("sell_through_rate") - settings.neutral_rate) / (1 - settings.neutral_rate)
    return (1 + settings.max_boost * beyond.clip(0, 1)).fill_null(1.0)
