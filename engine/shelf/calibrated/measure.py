"""Measure, calibrated: what an episode took, with its interval, and how sure the night is of it.

In: `Panel` with `expected`, `Demand`, episodes. Out: one row per case, as the classic `measure` gives them, with
lost_units, log_likelihood_ratio, p_value and q_value. Days out of stock or closed count for nothing.
"""

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import polars as pl

from engine.arrays import Flags, Floats, Integers
from engine.kernels import rows
from engine.kernels.compiling import given
from engine.kernels.demand import episode_sums
from engine.kernels.records import Spans
from engine.settings.shelf.calibrated import Certainty
from engine.settings.shelf.common import IntervalSettings, RecommendSettings
from engine.settings.shelf.delivered import PriceCheckSettings
from engine.shelf.calibrated.expect import TINY, Demand
from engine.shelf.calibrated.selection import deviates, excess
from engine.shelf.cases import identify
from engine.shelf.panel import Panel
from engine.shelf.points import Points
from engine.shelf.prices import PaidPrices, believed_prices
from engine.stats import round_half_up


class Bounds(NamedTuple):
    """What an episode had to pass to be a case. open_p_value: the largest that would be found tonight."""

    open_p_value: float
    closed_log_likelihood_ratio: float


def measure(
    panel: Panel,
    found: Demand,
    episodes: pl.DataFrame,
    certainty: Certainty,
    interval: IntervalSettings,
    recommend: RecommendSettings,
    paid: PaidPrices,
    check: PriceCheckSettings,
    bounds: Bounds,
) -> pl.DataFrame:
    """Units and money that each episode took over its usable days, and its probability of being true.

    bounds: that the episodes had to pass, which is why the expectation of those just beyond is too high.
    paid: what values an episode without a price that can be believed.
    """
    pair, first, last = (episodes[name].to_numpy() for name in ("pair", "first", "last"))
    sums = episode_totals(panel, found.usable, pair, first, last)
    days, sold, expected = sums[:, 0], sums[:, 1], sums[:, 2]
    of_level, of_sales = _variances(found, pair, sums)
    error = np.sqrt(of_level + of_sales) * NormalDist().inv_cdf((1 + interval.level) / 2)
    ratio = sold / expected
    lost = (expected - sold) * (1 - _by_chance(episodes, of_level / (of_level + of_sales), bounds))
    expected = sold + lost
    prices = believed_prices(panel, pair, Points(panel, pair, last).value("price"), paid, check)
    cases = identify(panel, episodes, expected / days, sold / days, prices)
    price = pl.col("price")
    return cases.with_columns(
        lost_units=lost,
        lost_units_low=np.maximum(lost - error, 0.0),
        lost_units_high=lost + error,
        confidence_score=_probability(episodes["log_likelihood_ratio"].to_numpy(), ratio, days, certainty),
    ).with_columns(
        (pl.col("lost_units") * price).alias("revenue_at_risk"),
        (pl.col("lost_units_low") * price).alias("revenue_at_risk_low"),
        (pl.col("lost_units_high") * price).alias("revenue_at_risk_high"),
        (pl.col("gap_units") * price * recommend.projection_days).alias("projected_30d_loss"),
        round_half_up(pl.col("confidence_score") * 100, decimals=1),
    )


def episode_totals(panel: Panel, counted: Flags, pair: Integers, first: Integers, last: Integers) -> Floats:
    """Days, units, expected units and squares of these, over the days that count: (episodes, 4).

    counted: (pairs, days), 0 or 1.
    """
    sums = np.empty((pair.size, 4))

    def add(block: slice) -> None:
        some = pair[block]
        history = (panel.array("units", some), panel.array("expected", some), counted[some])
        episode_sums(*history, episodes_of(first[block], last[block]), sums[block])

    rows.in_blocks(add, pair.size)
    return sums


def episodes_of(first: Integers, last: Integers) -> Spans:
    """Episodes of rows that were picked for them, one row each."""
    return given(Spans(np.arange(first.size), first, last))


def _by_chance(episodes: pl.DataFrame, level_share: Floats, bounds: Bounds) -> Floats:
    """Share of each loss that is there because the episode was found: its level came out too high.

    level_share: of the variance of the units lost. Of what stood out by chance the level has its part; what sales
    scatter was not lost either way.
    """
    is_open = episodes["q_value"].is_not_null().to_numpy()
    ratio = episodes["log_likelihood_ratio"].to_numpy()
    chance = np.where(is_open, episodes["p_value"].fill_null(1.0).to_numpy(), np.exp(-ratio))
    needed = np.where(is_open, bounds.open_p_value, math.exp(-bounds.closed_log_likelihood_ratio))
    seen = deviates(chance)
    return level_share * excess(seen, deviates(needed)) / np.maximum(seen, TINY)


def _variances(found: Demand, pair: Integers, sums: Floats) -> tuple[Floats, Floats]:
    """Variance of the units lost by the level, learnt from few units and drifting, and by how sales scatter."""
    days, expected, squares = sums[:, 0], sums[:, 2], sums[:, 3]
    of_level = expected**2 / np.maximum(found.learnt_units[pair], 1.0)
    of_level_drift = found.level_drift * days * expected**2
    of_sales = found.unit[pair] * expected + found.dispersion[pair] * squares
    return of_level + of_level_drift, of_sales


def _probability(log_likelihood_ratio: Floats, ratio: Floats, days: Floats, certainty: Certainty) -> Floats:
    """Probability that the episode is a dark shelf: a logistic curve fitted to recorded stock-outs."""
    slope = (
        certainty.constant
        + certainty.of_log_log_likelihood_ratio * np.log(np.maximum(log_likelihood_ratio, math.exp(-1)))
        + certainty.of_root_ratio * np.sqrt(ratio)
        + certainty.of_log_days * np.log(days)
    )
    return 1.0 / (1.0 + np.exp(-slope))
