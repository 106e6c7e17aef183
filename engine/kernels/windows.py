"""Sums over calendar windows of chosen series, and what happened last before a day."""

import numpy as np

from engine.kernels.compiling import inner, kernel
from engine.kernels.types import Flags1D, Flags2D, Floats1D, Floats2D, Integers1D, Integers2D, Out


@kernel
def sums(
    values: Floats2D,
    rows: Integers1D,
    firsts: Integers1D,
    lasts: Integers1D,
    totals: Out[Floats1D],
    counts: Out[Integers1D],
) -> None:
    """Sum and number of the known values of a row over [first, last], cut at day 0.

    values: (n_rows, n_days), NaN unknown. rows, firsts, lasts: (n_points,). totals, counts: (n_points,), written.
    """
    for point in range(rows.size):
        total = 0.0
        count = 0
        for day in range(max(firsts[point], 0), lasts[point] + 1):
            value = values[rows[point], day]
            if not np.isnan(value):
                total += value
                count += 1
        totals[point] = total
        counts[point] = count


@kernel
def joint_sums(
    left: Floats2D,
    right: Floats2D,
    rows: Integers1D,
    firsts: Integers1D,
    lasts: Integers1D,
    left_totals: Out[Floats1D],
    right_totals: Out[Floats1D],
    counts: Out[Integers1D],
) -> None:
    """As `sums`, of two measures over the days on which both are known."""
    for point in range(rows.size):
        left_total = right_total = 0.0
        count = 0
        for day in range(max(firsts[point], 0), lasts[point] + 1):
            a, b = left[rows[point], day], right[rows[point], day]
            if not (np.isnan(a) or np.isnan(b)):
                left_total += a
                right_total += b
                count += 1
        left_totals[point] = left_total
        right_totals[point] = right_total
        counts[point] = count


@inner
def _last_days(series: Floats1D, promo: Flags1D, flag: int, last: int, days: int) -> tuple[float, int]:
    """Sum and number of the known values on the last `days` days up to `last` whose promo flag is `flag`."""
    total = 0.0
    known = seen = 0
    day = last
    while day >= 0 and seen < days:
        if promo[day] == flag:
            seen += 1
            if not np.isnan(series[day]):
                total += series[day]
                known += 1
        day -= 1
    return total, known


@kernel
def promo_sums(
    units: Floats2D,
    promo: Flags2D,
    rows: Integers1D,
    ends: Integers1D,
    promo_days: int,
    base_days: int,
    totals: Out[Floats2D],
    counts: Out[Integers2D],
) -> None:
    """Units on the last promo days up to an end, and on the last other days before its promo run began.

    units, promo: (n_rows, n_days). rows, ends: (n_points,). totals, counts: (n_points, 2), promo then base,
    written; zero where the end is no promo day.
    """
    for point in range(rows.size):
        series, flags = units[rows[point]], promo[rows[point]]
        totals[point, :] = 0.0
        counts[point, :] = 0
        began = ends[point]
        if flags[began] == 0:
            continue
        while began > 0 and flags[began - 1] == 1:
            began -= 1
        totals[point, 0], counts[point, 0] = _last_days(series, flags, 1, ends[point], promo_days)
        totals[point, 1], counts[point, 1] = _last_days(series, flags, 0, began - 1, base_days)


@kernel
def last_rises(
    values: Floats2D, rows: Integers1D, ends: Integers1D, rises: Out[Integers1D], known_days: Out[Integers1D]
) -> None:
    """The last day up to an end on which a known value rose (-1 when none), and how many days are known.

    values: (n_rows, n_days), NaN unknown. rows, ends: (n_points,). rises, known_days: (n_points,), written.
    """
    for point in range(rows.size):
        series = values[rows[point]]
        rises[point] = -1
        known_days[point] = 0
        for day in range(ends[point] + 1):
            known_days[point] += not np.isnan(series[day])
            if day > 0 and series[day] > series[day - 1]:
                rises[point] = day
