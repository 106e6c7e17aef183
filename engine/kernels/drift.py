"""How far levels change from the days before a window to the window itself, and what counts alone would do."""

import math
from typing import NamedTuple

import numpy as np

from engine.kernels.before import N_BEFORE, doubts_of, learnt_before_day, sums_before, walked_within
from engine.kernels.compiling import inner, kernel
from engine.kernels.sales import N_WORKED_WITH, Row, Sales, row_in_units_of_sale
from engine.kernels.types import Flags1D, Flags2D, Floats2D, Integers1D, Out

SMALLEST_SALE = 0.5
"""Units that are taken as sold where none were, so that a logarithm is finite."""


class Changes(NamedTuple):
    """Of every row and window, the latest first, (n_rows, n_windows); NaN where too little was due or known.

    change: logarithm of the units sold over those due at the level before. variance: of it, by counts and their
    dispersion. walked: days' variance of a walk of the level that it holds beside.
    """

    change: Out[Floats2D]
    variance: Out[Floats2D]
    walked: Out[Floats2D]


@inner
def _within(of: Row, first: int, n_days: int) -> tuple[float, float, float, int]:
    """Units sold and expected on a window's clean days, squares of the expected, and their number."""
    sold = expected_units = squares = 0.0
    days = 0
    for day in range(first, first + n_days):
        if of.clean[day] and of.expected[day] > 0.0:
            e = of.expected[day]
            sold += of.units[day]
            expected_units, squares, days = expected_units + e, squares + e * e, days + 1
    return sold, expected_units, squares, days


@inner
def _without(of: Row, dark: Flags1D, clean: Out[Flags1D]) -> Row:
    """A row that is clean on its usable days that are not dark. clean: (n_days,), where that is written."""
    for day in range(dark.size):
        clean[day] = of.usable[day] != 0 and dark[day] == 0
    scatter = of.unit, of.dispersion, of.borrowed_share, of.borrowed_variance
    return Row(of.units, of.expected, of.usable, clean, *scatter)


@kernel
def changes(
    sales: Sales,
    rows: Integers1D,
    dark: Flags2D,
    memory: float,
    window_days: int,
    end_day: int,
    least_units: float,
    found: Changes,
) -> None:
    """Fill in the changes of windows of window_days: the one that ends before end_day, the one before it, and so on.

    rows: which. dark: (rows, n_days), 1 on days that are not to be learnt from; of the others all usable ones are.
    A window tells where most of its days are clean, least_units in units of sale are due in it and as many were sold
    on the clean days before it. memory: see `sums_before`.
    """
    n_days, n_windows = dark.shape[1], found.change.shape[1]
    sums, room, clean = (
        np.empty((n_days + 1, N_BEFORE)),
        np.empty((N_WORKED_WITH, n_days)),
        np.empty(n_days, np.uint8),
    )
    for row in range(rows.size):
        of = _without(row_in_units_of_sale(sales, rows[row], room), dark[row], clean)
        sums_before(of, memory, sums)
        before = _within(of, 0, max(end_day - window_days * n_windows, 0))[0]
        for window in range(n_windows - 1, -1, -1):
            first = end_day - window_days * (window + 1)
            sold, expected_units, squares, days = _within(of, first, window_days)
            level = learnt_before_day(sums[first], doubts_of(of, 0.0))
            due = level.share * expected_units
            found.change[row, window] = found.variance[row, window] = found.walked[row, window] = np.nan
            if due >= least_units and before >= least_units and 2 * days > window_days:
                found.change[row, window] = math.log(max(sold, SMALLEST_SALE) / due)
                found.variance[row, window] = (
                    1.0 / due + of.dispersion * squares / (expected_units * expected_units) + level.relative_variance
                )
                found.walked[row, window] = level.walked + walked_within(days)
            before += sold
