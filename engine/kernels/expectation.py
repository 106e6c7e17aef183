"""The trimmed mean of the days before a day."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels import types as t

LARGEST_WHOLE = 1e6
"""Up to here the sum of the squares of 56 days, times 56, is a whole number that a float64 holds exactly."""


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
    n_days = series.size
    mean, bound, count, total = work[0, :n_days], work[1, :n_days], work[2, :n_days], work[3, :n_days]
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
def _add_kept(
    series: NDArray[np.float64], window: int, sigmas: float, tolerance: float, work: NDArray[np.float64]
) -> None:
    """Count (row 2), mean (row 0) and squares around it (row 1) of the kept values before each day of any series."""
    _find_bounds(series, window, sigmas, tolerance, work)
    n_days = series.size
    mean, bound, count = work[0, :n_days], work[1, :n_days], work[2, :n_days]
    total, squares = work[3, :n_days], work[4, :n_days]
    count[:] = total[:] = squares[:] = 0.0
    for lag in range(1, window + 1):
        _add_within(series[:-lag], mean[lag:], bound[lag:], count[lag:], total[lag:])
    for day in range(series.size):
        total[day] = total[day] / count[day] if count[day] > 0 else np.nan
    for lag in range(1, window + 1):
        _add_squares(series[:-lag], mean[lag:], bound[lag:], total[lag:], squares[lag:])
    mean[:] = total
    bound[:] = squares


@njit(cache=True, nogil=True)
def _is_whole(series: NDArray[np.float64]) -> bool:
    """Whether every known value is a whole number so small that sums of squares stay exact."""
    for day in range(series.size):
        value = series[day]
        if value != np.floor(value) and not np.isnan(value):
            return False
        if abs(value) > LARGEST_WHOLE:
            return False
    return True


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz"})
def _whole_sums(past: NDArray[np.float64], mean: float, bound: float) -> tuple[float, float, float]:
    """Count, sum and sum of squares of the values within the bound; whole numbers may be added in any order."""
    count = total = squares = 0.0
    for day in range(past.size):
        value = past[day]
        within = abs(value - mean) <= bound
        count += 1.0 if within else 0.0
        total += value if within else 0.0
        squares += value * value if within else 0.0
    return count, total, squares


@njit(cache=True, nogil=True)
def _sum_windows(values: NDArray[np.float64], window: int, running: NDArray[np.float64]) -> None:
    """Replace values by the sum of the `window` values before each day. running: (n_days + 1,), room."""
    running[0] = 0.0
    for day in range(values.size):
        running[day + 1] = running[day] + values[day]
    values[:] = running[: values.size]
    later, earlier = values[window:], running[: max(values.size - window, 0)]
    for place in range(later.size):
        later[place] -= earlier[place]


@njit(cache=True, nogil=True, fastmath={"nnan", "nsz"})
def _raise_to(values: NDArray[np.float64], others: NDArray[np.float64]) -> None:
    """The larger of each two values; none is NaN."""
    for place in range(others.size):
        values[place] = max(values[place], others[place])


@njit(cache=True, nogil=True)
def _slide_peak(series: NDArray[np.float64], window: int, sign: float, peaks: NDArray[np.float64]) -> None:
    """Largest value (sign 1), or negated smallest (sign -1), of the window before each day; -inf without any.

    The span looked over doubles until it fills the window. peaks: (n_days + window,), the first n_days are written.
    """
    peaks[:] = -np.inf
    for day in range(series.size):
        value = sign * series[day]
        peaks[window + day] = value if value == value else -np.inf  # noqa: PLR0124
    span = 1
    while 2 * span <= window:
        _raise_to(peaks, peaks[span:])
        span *= 2
    _raise_to(peaks, peaks[window - span :])


@njit(cache=True, nogil=True)
def _slide_kept(
    series: NDArray[np.float64], window: int, sigmas: float, tolerance: float, work: NDArray[np.float64]
) -> None:
    """What `_add_kept` finds, of a series of whole numbers: the window slides and its sums stay exact.

    The values are looked at one by one only where the largest or the smallest of them is out of bounds.
    """
    n_days = series.size
    mean, squares, count = work[0, :n_days], work[1, :n_days], work[2, :n_days]
    total, bound = work[3, :n_days], work[4, :n_days]
    for day in range(n_days):
        value = series[day]
        known = value == value  # noqa: PLR0124
        count[day] = 1.0 if known else 0.0
        total[day] = value if known else 0.0
        squares[day] = total[day] * total[day]
    _sum_windows(count, window, work[4])
    _sum_windows(total, window, work[4])
    _sum_windows(squares, window, work[4])
    for day in range(n_days):
        several = max(count[day], 2.0)
        mean[day] = total[day] / max(count[day], 1.0)
        squares[day] = count[day] * squares[day] - total[day] * total[day]
        reach = sigmas * math.sqrt(squares[day] / (several * (several - 1.0)))
        bound[day] = reach + tolerance * (abs(mean[day]) + reach) if count[day] > 1.0 else np.inf
        squares[day] /= max(count[day], 1.0)
    highest, lowest = work[5], work[6]
    _slide_peak(series, window, 1.0, highest)
    _slide_peak(series, window, -1.0, lowest)
    for day in range(n_days):
        if highest[day] - mean[day] > bound[day] or lowest[day] + mean[day] > bound[day]:
            kept, kept_total, kept_squares = _whole_sums(series[max(day - window, 0) : day], mean[day], bound[day])
            count[day] = kept
            mean[day] = kept_total / kept if kept > 0.0 else np.nan
            squares[day] = (kept * kept_squares - kept_total * kept_total) / kept if kept > 0.0 else 0.0


@njit(cache=True, nogil=True)
def _find_kept(
    series: NDArray[np.float64], window: int, sigmas: float, tolerance: float, work: NDArray[np.float64]
) -> None:
    """Mean (row 0), squares around it (row 1) and count (row 2) of the kept values before each day.

    work: (7, n_days + window) or wider.
    """
    if _is_whole(series):
        _slide_kept(series, window, sigmas, tolerance, work)
    else:
        _add_kept(series, window, sigmas, tolerance, work)


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
    work = np.empty((7, units.shape[1] + window))
    for row in range(units.shape[0]):
        _find_kept(units[row], window, sigmas, tolerance, work)
        for day in range(units.shape[1]):
            expected[row, day] = work[0, day] if work[2, day] >= min_kept else np.nan


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
    work = np.empty((7, units.shape[1] + window))
    for row in range(units.shape[0]):
        _find_kept(units[row], window, sigmas, tolerance, work)
        squares, count = work[1], work[2]
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


@njit(t.nothing(t.table_in, t.wholes_in, t.whole, t.series_out, t.series_out), cache=True, nogil=True)
def moments(
    kept: NDArray[np.float64],
    counts: NDArray[np.int64],
    min_kept: int,
    means: NDArray[np.float64],
    deviations: NDArray[np.float64],
) -> None:
    """Mean and standard deviation (ddof 1) of the kept values of each point; NaN with fewer than `min_kept`.

    kept: (n_points, window), the first `counts` of each row. means, deviations: (n_points,), written.
    """
    for point in range(counts.size):
        count = counts[point]
        means[point] = deviations[point] = np.nan
        if count >= max(min_kept, 1):
            total = squares = 0.0
            for place in range(count):
                total += kept[point, place]
            means[point] = total / count
            for place in range(count):
                squares += (kept[point, place] - means[point]) ** 2
            deviations[point] = math.sqrt(squares / (count - 1)) if count > 1 else np.nan
