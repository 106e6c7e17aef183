"""Scale: Step 12, how much each candidate grows (specification of growth, sections 2, 3 and 5).

In: the keys that Step 11 marked. Out: the same keys, each once, with every number behind its quantity. The stage
takes keys and hands the same keys back: whether something may grow cannot even be said here.
"""

from math import prod

import polars as pl

from engine.errors import DarkshelfError
from engine.growth.benchmark import Benchmarks, benchmarks_of
from engine.growth.caps import with_caps
from engine.growth.decide import decide, gate
from engine.growth.factors import with_factors
from engine.growth.inputs import Inputs
from engine.growth.keys import PAIR, PEER_GROUP
from engine.growth.leave_out import leave_out
from engine.settings.growth.scaling import GrowthSettings
from engine.stats import ratio
from engine.vocabulary import growth as v

NUMBERS = (
    "recommended_adjustment_quantity",
    "recommended_units",
    "performance_gap",
    "gap_ratio",
    "cluster_p75",
    "cluster_p75_unshrunk",
    "cluster_median",
    "peer_n",
    "peer_percentile",
    "peer_mean",
    "peer_variance",
    "store_sales",
    "current_spu_count",
    "no_sales_row",
    "base_scaling",
    "affinity_modifier",
    "affinity_basis",
    "elasticity_dampener",
    "sell_through_boost",
    "step9_dampener",
    "step9_boosted",
    "step9_units",
    "joint_increase",
    "joint_share",
    "raw_adjustment",
    "cap_current",
    "cap_median",
    "cap_absolute",
    "cap_applied",
    "scaling_tier",
    "status",
)
"""The trace of a decision in numbers, in the order of publication."""


class BoundaryError(DarkshelfError):
    """Step 12 would add or lose a key: a bug, and nothing is published."""


def scale(given: Inputs, settings: GrowthSettings, benchmarks: Benchmarks | None = None) -> pl.LazyFrame:
    """One row per candidate: pair, key, `cluster_id` and `NUMBERS`. Order of rows is not promised.

    benchmarks: benchmarks of everybody, made here when they are not given. Quantities are units; joint_increase adds
    Step 9's, joint_share is its share of the current quantity (null when none is held). Null: gap, ratio, quantile
    and median without a benchmark; base and raw quantity where the gap is not closed; a cap that does not apply. No
    number is NaN or infinite.
    """
    benchmarks = benchmarks_of(given, settings) if benchmarks is None else benchmarks
    return (
        given.candidates.pipe(_with_sales, given, benchmarks.members)
        .pipe(given.codes.grouped)
        .join(benchmarks.levels, on=PEER_GROUP, how="left", maintain_order="left")
        .pipe(leave_out, settings.benchmark)
        .pipe(_with_conflicts, given)
        .pipe(_with_gap)
        .pipe(with_factors, settings)
        .with_columns(gate=gate(settings.gap))
        .pipe(_with_raw, settings)
        .pipe(with_caps, settings.caps)
        .pipe(decide, settings.caps, settings.tiers)
        .pipe(_with_joint)
        .select(PAIR, *v.STORE_SPU, "cluster_id", *NUMBERS)
    )


def keep_the_list(scaled: pl.DataFrame, candidates: pl.DataFrame) -> pl.DataFrame:
    """The scaled rows, sorted by pair, when they are exactly the candidates, each once. Raises BoundaryError.

    candidates: sorted by pair.
    """
    kept = scaled if scaled[PAIR].is_sorted() else scaled.sort(PAIR, nulls_last=True)
    if not kept[PAIR].equals(candidates[PAIR]):
        added = scaled.join(candidates, on=PAIR, how="anti").height
        lost = candidates.join(scaled, on=PAIR, how="anti").height
        raise BoundaryError(
            f"step 12 was given {candidates.height:,} candidates and would hand back {scaled.height:,} rows: "
            f"{added:,} that are none, {lost:,} lost"
        )
    return kept


def _with_sales(candidates: pl.LazyFrame, given: Inputs, members: pl.LazyFrame) -> pl.LazyFrame:
    """Cluster, own sales, place among the peers, sex of the SPU and visitors of the store.

    A store without a row for the SPU sells and holds 0; one whose row tells no quantity stays unknown.
    """
    own = ("store_sales", "current_spu_count", "sell_through_rate", "sex_name", "peer_percentile", "no_sales_row")
    traffic = given.traffic
    if traffic is None:
        traffic = given.clusters.select("str_code", women=pl.lit(None, pl.Float64), men=pl.lit(None, pl.Float64))
    stores = given.clusters.join(traffic, on="str_code", how="full", coalesce=True)
    without = pl.col("no_sales_row")
    # Both are sorted by pair, each once: a merge finds for every pair its equal, or none.
    return (
        candidates.join_asof(members.select(PAIR, *own), on=PAIR, tolerance=0)
        .join(stores, on="str_code", how="left", maintain_order="left")
        .join(given.spus, on="spu_code", how="left", maintain_order="left")
        .with_columns(pl.col("no_sales_row").fill_null(value=True))
        .with_columns(
            *(
                pl.when(without).then(0.0).otherwise(name).alias(name)
                for name in ("store_sales", "current_spu_count")
            ),
            pl.coalesce("sex_name", "spu_sex_name").alias("sex_name"),
        )
    )


def _with_conflicts(candidates: pl.LazyFrame, given: Inputs) -> pl.LazyFrame:
    """What Steps 9 and 10 say of the key; nothing where they were not supplied."""
    nothing = {
        "step9_boosted": pl.lit(value=False),
        "step9_units": pl.lit(0.0),
        "step10_blocked": pl.lit(value=False),
    }
    steps = [step for step in (given.step9, given.step10) if step is not None]
    for step in steps:
        candidates = candidates.join(step, on=PAIR, how="left", maintain_order="left")
    said = {name for step in steps for name in step.collect_schema()}
    return candidates.with_columns(
        (pl.col(name).fill_null(value) if name in said else value).alias(name) for name, value in nothing.items()
    )


def _with_gap(candidates: pl.LazyFrame) -> pl.LazyFrame:
    """How far the store is below its peers' benchmark, in units and as a share; null share without a benchmark."""
    level = pl.col("cluster_p75")
    gap = level - pl.col("store_sales")
    of_non_carrier = pl.col("peers_without") / 2 / pl.col("peer_n") * 100
    return candidates.with_columns(
        pl.coalesce("peer_percentile", pl.when("no_sales_row").then(of_non_carrier)).alias("peer_percentile"),
        performance_gap=gap,
        gap_ratio=ratio(gap, pl.when(level > 0).then(level)),
    )


def _with_raw(candidates: pl.LazyFrame, settings: GrowthSettings) -> pl.LazyFrame:
    """Share of the gap that is closed, before and after the factors; null where the gate is closed."""
    is_open = pl.col("gate").is_null()
    factors = ("affinity_modifier", "elasticity_dampener", "sell_through_boost", "step9_dampener")
    return candidates.with_columns(
        base_scaling=pl.when(is_open).then(settings.gap.base_factor * pl.col("performance_gap"))
    ).with_columns(raw_adjustment=prod(map(pl.col, factors), start=pl.col("base_scaling")))


def _with_joint(candidates: pl.LazyFrame) -> pl.LazyFrame:
    joint = pl.col("step9_units") + pl.col("recommended_adjustment_quantity")
    return candidates.with_columns(joint_increase=joint, joint_share=ratio(joint, pl.col("current_spu_count")))
