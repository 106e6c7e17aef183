"""Measure: what a case carries before anyone asks why (specification, sections 5 and 8).

In: `Panel` and the runs that `detect` found. Out: one row per case, in the order of the runs.
Units are units a day, money is in the currency of the prices, undefined numbers are null and flagged.
"""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.kernels import rows
from engine.kernels.bootstrap import mean_intervals
from engine.kernels.seeds import hash_texts
from engine.settings.shelf.classic import BootstrapSettings, ConfidenceSettings
from engine.settings.shelf.common import ExpectSettings, RecommendSettings
from engine.shelf.baseline import baseline_at
from engine.shelf.cases import identify
from engine.shelf.panel import Panel
from engine.shelf.points import Points
from engine.stats import ratio, round_half_up


def measure(
    panel: Panel,
    runs: pl.DataFrame,
    expect: ExpectSettings,
    confidence: ConfidenceSettings,
    interval: BootstrapSettings,
    recommend: RecommendSettings,
) -> pl.DataFrame:
    """The numbers of every case: depth, money, confidence and interval.

    Adds to the runs: the panel's keys, case_id, dates, status, duration_days, expected_daily_units,
    actual_daily_units, underperformance_pct, price, price_basis, on_hand, revenue_at_risk with its interval,
    projected_30d_loss and confidence_score.
    """
    pair, first, last = (runs[name].to_numpy() for name in ("pair", "first", "last"))
    whole_case = Points(panel, pair, last)
    duration = last - first + 1
    cases = identify(
        panel,
        runs,
        expected_units=whole_case.mean("expected", duration),
        actual_units=whole_case.mean("units", duration),
    )
    return (
        cases.with_columns(**_baselines(panel, pair, first, cases["case_id"], expect, interval))
        .with_columns(pl.col("expected_daily_units").alias("e"), pl.col("actual_daily_units").alias("a"))
        .with_columns(*_money(recommend), _confidence(confidence))
        .with_columns(
            lost_units=pl.col("gap_units") * pl.col("duration_days"),
            q_value=pl.lit(None, pl.Float64),
            log_likelihood_ratio=pl.lit(None, pl.Float64),
        )
        .drop("e", "a")
    )


def _money(settings: RecommendSettings) -> tuple[pl.Expr, ...]:
    value_of_unit = pl.col("price") * pl.col("duration_days")
    daily_loss = pl.col("gap_units") * pl.col("price")
    return (
        (pl.col("gap_units") * value_of_unit).alias("revenue_at_risk"),
        *(_bound(end, value_of_unit) for end in ("low", "high")),
        daily_loss.alias("daily_revenue_at_risk"),
        (daily_loss * settings.projection_days).alias("projected_30d_loss"),
    )


def _bound(end: str, value_of_unit: pl.Expr) -> pl.Expr:
    """Every day's expectation, scaled as a replicate's mean is to the baseline's: so it is about the case's own."""
    scale = ratio(pl.col(f"baseline_{end}"), pl.col("baseline_mean_units")).fill_null(1.0)
    about = pl.min_horizontal if end == "low" else pl.max_horizontal
    return ((about(scale, pl.lit(1.0)) * pl.col("e") - pl.col("a")) * value_of_unit).alias(f"revenue_at_risk_{end}")


def _confidence(settings: ConfidenceSettings) -> pl.Expr:
    """Steadiness and length of the baseline, depth of the gap: three parts of 100."""
    unsteadiness = ratio(pl.col("baseline_std_units"), pl.col("baseline_mean_units"))
    steadiness = (1 - unsteadiness).clip(lower_bound=0)
    history = (pl.col("baseline_days") * (1 / settings.full_history_days)).clip(upper_bound=1)
    depth = (ratio(pl.col("gap_units"), pl.col("e")) * (1 / settings.full_gap)).clip(upper_bound=1)
    parts = settings.steadiness_weight * steadiness + settings.history_weight * history + settings.gap_weight * depth
    return round_half_up(100 * parts, decimals=1).alias("confidence_score")


def _baselines(
    panel: Panel,
    pair: NDArray[np.int64],
    first: NDArray[np.int64],
    case_id: pl.Series,
    expect: ExpectSettings,
    interval: BootstrapSettings,
) -> dict[str, NDArray[Any]]:
    """Mean, deviation and length of each case's baseline, and the bootstrap interval of its mean.

    The interval is seeded from the case's own id. The kept days themselves are held for a block of cases only.
    """
    names = ("baseline_mean_units", "baseline_std_units", "baseline_low", "baseline_high")
    columns: dict[str, NDArray[Any]] = {name: np.empty(pair.size) for name in names}
    columns["baseline_days"] = np.empty(pair.size, np.int64)
    seeds = seeds_of(case_id)

    def measure_block(block: slice) -> None:
        baseline = baseline_at(panel, pair[block], first[block], expect)
        columns["baseline_mean_units"][block] = baseline.means
        columns["baseline_std_units"][block] = baseline.deviations
        columns["baseline_days"][block] = baseline.counts
        mean_intervals(
            baseline.values,
            baseline.counts,
            seeds[block],
            interval.block_days,
            interval.replicates,
            (1 - interval.level) / 2,
            columns["baseline_low"][block],
            columns["baseline_high"][block],
        )

    rows.in_blocks(measure_block, pair.size)
    return columns


def seeds_of(keys: pl.Series) -> NDArray[np.uint64]:
    """A seed for each key (text, none null), from its own bytes."""
    array = keys.to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, content = array.buffers()
    ends = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    seeds = np.empty(len(array), np.uint64)
    hash_texts(np.frombuffer(content or b"", np.uint8), ends, seeds)
    return seeds
