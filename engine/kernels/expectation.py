"""The trimmed mean of the days before a day."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels import types as t


@njit(cache=True, nogil=True)
def _add_known(past: NDArray[np.float64], count: NDArray[np.float64], total: NDArray[np.float64]) -> None:
    for day in range(past.size):
        value = past[day]
        # NaN differs from itself; a plain comparison lets the processor take many days at once.
        known = value == value  # noqa: PLR0124
        count[day] += 1.0 if known else 0.0
        total[day] += value if known else 0.0


@njit(cache=True, nogil=True)
def _add_within(
    past: NDArray[np.float64],
    mean: NDArray[np.float64],
    bound: NDArray[np.float64],
    count: NDArray[np.float64],
    total: NDArray[np.float64],
) -> None:
    for day in range(past.size):
        within = abs(past[day] - mean[day]) <= bound[day]
        count[day] += 1.0 if within else 0.0
        total[day] += past[day] if within else 0.0


@njit(cache=True, nogil=True)
def _add_squares(
    past: NDArray[np.float64],
    centre: NDArray[np.float64],
    bound: NDArray[np.float64],
    mean: NDArray[np.float64],
    squares: NDArray[np.float64],
) -> None:
    for day in range(past.size):
        away = past[day] - mean[day]
        squares[day] += away * away if abs(past[day] - centre[day]) <= bound[day] else 0.0


@njit(cache=True, nogil=True)
def _find_bounds(
    series: NDArray[np.float64],
    window: int,
    sigmas: float,
    tolerance: float,
    work: NDArray[np.float64],
) -> None:
    """Mean of the known values before each day (row 0 of work) and how far from it a kept value may be (row 1).

    All days advance together, lag by lag. The tolerance keeps a value that lies on the bound in real arithmetic.
    """
    mean, bound, count, total = work[0], work[1], work[2], work[3]
    count[:] = total[:] = 0.0
    for lag in range(1, window + 1):
        _add_known(series[:-lag], count[lag:], total[lag:])
    for day in range(series.size):
        mean[day] = total[day] / count[day] if count[day] > 0 else np.nan
    bound[:] = np.inf
    total[:] = 0.0
    for lag in range(1, window + 1):
        _add_squares(series[:-lag], mean[lag:], bound[lag:], mean[lag:], total[lag:])
    for day in range(series.size):
        if count[day] > 1:
            reach = sigmas * math.sqrt(total[day] / (count[day] - 1))
            bound[day] = reach + tolerance * (abs(mean[day]) + reach)


@njit(cache=True, nogil=True)
def _expect_row(
    series: NDArray[np.float64],
    window: int,
    sigmas: float,
    min_kept: int,
    tolerance: float,
    work: NDArray[np.float64],
    expected: NDArray[np.float64],
) -> None:
    """Mean of the kept values before each day of one series. work: (4, n_days); row 2 becomes their count."""
    _find_bounds(series, window, sigmas, tolerance, work)
    mean, bound, count, total = work[0], work[1], work[2], work[3]
    count[:] = total[:] = 0.0
    for lag in range(1, window + 1):
        _add_within(series[:-lag], mean[lag:], bound[lag:], count[lag:], total[lag:])
    for day in range(series.size):
        expected[day] = total[day] / count[day] if count[day] >= min_kept else np.nan


@njit(t.nothing(t.table_in, t.whole, t.real, t.whole, t.real, t.table_out), cache=True, nogil=True)
def expectation(
    units: NDArray[np.float64],
    window: int,
    sigmas: float,
    min_kept: int,
    tolerance: float,
    expected: NDArray[np.float64],
) -> None:
    """Mean of the kept values of the window before each day; NaN with fewer than `min_kept`.

    units, expected: (n_rows, n_days), NaN unknown; expected is written.
    """
    work = np.empty((4, units.shape[1]))
    for row in range(units.shape[0]):
        _expect_row(units[row], window, sigmas, min_kept, tolerance, work, expected[row])


@njit(t.nothing(t.table_in, t.whole, t.real, t.whole, t.real, t.table_out), cache=True, nogil=True)
def standard_errors(
    units: NDArray[np.float64],
    window: int,
    sigmas: float,
    min_kept: int,
    tolerance: float,
    errors: NDArray[np.float64],
) -> None:
    """Standard error of each day's expectation: deviation (ddof 1) of the kept values over the root of their count.

    units, errors: (n_rows, n_days); errors is written, NaN with fewer than `min_kept`.
    """
    work, expected = np.empty((4, units.shape[1])), np.empty(units.shape[1])
    for row in range(units.shape[0]):
        _expect_row(units[row], window, sigmas, min_kept, tolerance, work, expected)
        mean, bound, count, squares = work[0], work[1], work[2], work[3]
        squares[:] = 0.0
        for lag in range(1, window + 1):
            _add_squares(units[row][:-lag], mean[lag:], bound[lag:], expected[lag:], squares[lag:])
        for day in range(units.shape[1]):
            spread = math.sqrt(squares[day] / (count[day] - 1)) if count[day] >= min_kept else np.nan
            errors[row, day] = spread / math.sqrt(max(count[day], 1.0))


@njit(cache=True, nogil=True)
def _keep(
    series: NDArray[np.float64],
    day: int,
    window: int,
    sigmas: float,
    tolerance: float,
    kept: NDArray[np.float64],
    kept_days: NDArray[np.int64],
) -> int:
    """Values and days of the window before one day that are kept, in time order; returns how many."""
    first = max(day - window, 0)
    count, total, squares = 0, 0.0, 0.0
    for before in range(first, day):
        if not np.isnan(series[before]):
            count += 1
            total += series[before]
    if count == 0:
        return 0
    mean = total / count
    for before in range(first, day):
        if not np.isnan(series[before]):
            squares += (series[before] - mean) ** 2
    reach = sigmas * math.sqrt(squares / (count - 1)) if count > 1 else np.inf
    bound = reach + tolerance * (abs(mean) + reach) if count > 1 else np.inf
    size = 0
    for before in range(first, day):
        if abs(series[before] - mean) <= bound:
            kept[size] = series[before]
            kept_days[size] = before
            size += 1
    return size


@njit(
    t.nothing(
        t.table_in,
        t.wholes_in,
        t.wholes_in,
        t.whole,
        t.real,
        t.real,
        t.table_out,
        t.written(t.whole, 2),
        t.wholes_out,
    ),
    cache=True,
    nogil=True,
)
def baseline(
    units: NDArray[np.float64],
    rows: NDArray[np.int64],
    days: NDArray[np.int64],
    window: int,
    sigmas: float,
    tolerance: float,
    kept: NDArray[np.float64],
    kept_days: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> None:
    """The kept values behind the expectation of chosen (row, day) points.

    rows, days: (n_points,). kept, kept_days: (n_points, window), the first `counts` of each row are written.
    """
    for point in range(rows.size):
        counts[point] = _keep(
            units[rows[point]], days[point], window, sigmas, tolerance, kept[point], kept_days[point]
        )
