"""What darkness would show: how soon, how much at most, and from which depth on."""

import math
from typing import NamedTuple

import numpy as np

from engine.kernels.before import N_BEFORE, doubts_of, learnt_before_day, sums_before, walked_within
from engine.kernels.compiling import inner_of_quotients, kernel
from engine.kernels.likelihood_ratio import ROUNDED_UP, log_ratio
from engine.kernels.records import Weighing
from engine.kernels.sales import N_WORKED_WITH, Sales, row_in_units_of_sale
from engine.kernels.types import Floats1D, Integers1D, Out


class Levels(NamedTuple):
    """What rows sell: expected_a_day, units of sale; learnt_units, that tell it; dispersion. All (n_rows,)."""

    expected_a_day: Floats1D
    learnt_units: Floats1D
    dispersion: Floats1D


SHARE_TOLERANCE = 1e-3
"""A share of the expectation is known this well."""


@inner_of_quotients
def _of_share(left: float, days: int, levels: Levels, row: int, weighing: Weighing) -> float:
    """Log likelihood ratio of days that sell a share of a row's level, as `open_log_likelihood_ratio` weighs them."""
    relative_variance = levels.dispersion[row] / days + 1.0 / levels.learnt_units[row]
    relative_variance += weighing.level_drift * walked_within(days)
    due = days * levels.expected_a_day[row]
    return log_ratio(left * due, due, 1.0 / relative_variance, weighing)


@inner_of_quotients
def _fewest_days(bound: float, levels: Levels, row: int, weighing: Weighing, min_days: int, max_days: int) -> int:
    """Days without any sale of which no fewer reach a bound, told without a logarithm; more than max_days if none do.

    Counts that scatter more prove less than those of Poisson, whose ratio is what is gone of the expectation; a
    mixture of depths is no likelier than the deepest of them with the weight of all.
    """
    depth, weight = 1.0, 0.0
    for place in range(weighing.depths.size):
        depth, weight = min(depth, weighing.depths[place]), weight + weighing.weights[place]
    most_a_day = (1.0 - depth) * levels.expected_a_day[row] * ROUNDED_UP
    beyond = (bound - math.log(weight)) / most_a_day
    return max(min_days, int(min(beyond, max_days + 1.0)))


@kernel
def learnt_before(
    sales: Sales,
    rows: Integers1D,
    memory: float,
    left_out_variance: float,
    level_drift: float,
    learnt: Out[Floats1D],
) -> None:
    """Units of sale that tell the level of an episode which begins tomorrow: one over its relative variance.

    rows: which. memory: see `sums_before`. left_out_variance: see `Doubts`. level_drift: as in `Weighing`. learnt:
    (rows,), 0 where nothing was sold; written.
    """
    n_days = sales.usable.shape[1]
    sums, room = np.empty((n_days + 1, N_BEFORE)), np.empty((N_WORKED_WITH, n_days))
    for row in range(rows.size):
        of = row_in_units_of_sale(sales, rows[row], room)
        sums_before(of, memory, sums)
        tomorrow = learnt_before_day(sums[-1], doubts_of(of, left_out_variance))
        variance = tomorrow.relative_variance + level_drift * tomorrow.walked
        learnt[row] = 1.0 / variance if tomorrow.relative_variance > 0.0 else 0.0


@kernel
def days_to_alert(
    levels: Levels, bounds: Floats1D, weighing: Weighing, min_days: int, max_days: int, days: Out[Integers1D]
) -> None:
    """Days without any sale, all at the level, until `open_log_likelihood_ratio` reaches each row's bound.

    bounds: (n_rows,). days: (n_rows,), written; -1 where `max_days` are too few.
    """
    for row in range(days.size):
        days[row] = -1
        if not (levels.expected_a_day[row] > 0.0 and levels.learnt_units[row] > 0.0):
            continue
        for n in range(_fewest_days(bounds[row], levels, row, weighing, min_days, max_days), max_days + 1):
            if _of_share(0.0, n, levels, row, weighing) >= bounds[row]:
                days[row] = n
                break


@kernel
def largest_log_likelihood_ratio(
    levels: Levels, weighing: Weighing, min_days: int, max_days: int, most: Out[Floats1D]
) -> None:
    """Largest log likelihood ratio of an episode without any sale, 0 where none is above it: of `min_days`,
    twice as long, and so on, at last of `max_days`.

    most: (n_rows,), written.
    """
    for row in range(most.size):
        most[row] = 0.0
        if not (levels.expected_a_day[row] > 0.0 and levels.learnt_units[row] > 0.0):
            continue
        n = min_days
        while True:
            most[row] = max(most[row], _of_share(0.0, n, levels, row, weighing))
            if n >= max_days:
                break
            n = min(2 * n, max_days)


@kernel
def largest_share_left(
    levels: Levels, bounds: Floats1D, weighing: Weighing, days: int, max_ratio: float, left: Out[Floats1D]
) -> None:
    """Largest share of its level that a row may go on selling for some days and still reach its bound.

    bounds: (n_rows,). max_ratio: no episode sells a larger share. left: (n_rows,), NaN where not even days without
    any sale reach it; written.
    """
    for row in range(left.size):
        left[row] = np.nan
        if not (levels.expected_a_day[row] > 0.0 and levels.learnt_units[row] > 0.0):
            continue
        if _of_share(0.0, days, levels, row, weighing) < bounds[row]:
            continue
        # The less is left the larger the ratio is, so that halving the span finds where it reaches the bound.
        low, high = 0.0, max_ratio
        while high - low > SHARE_TOLERANCE:
            middle = (low + high) / 2
            if _of_share(middle, days, levels, row, weighing) >= bounds[row]:
                low = middle
            else:
                high = middle
        left[row] = low
