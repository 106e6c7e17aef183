"""The trimmed mean of the days before a day."""

import math

import numpy as np

from engine.kernels.compiling import inner, inner_of_exact_sums, inner_of_numbers, kernel
from engine.kernels.types import Floats1D, Floats2D, Integers1D, Integers2D, Out

LARGEST_WHOLE = 1e6
"""Up to here the sum of the squares of 56 days, times 56, is a whole number that a float64 holds exactly."""


@inner
def _copy(values: Floats1D, into: Out[Floats1D]) -> None:
    """As many values as there is room for; an assignment of arrays would bring in what reports sizes that differ."""
    for day in range(into.size):
        into[day] = values[day]


@inner
def _add_known(past: Floats1D, count: Out[Floats1D], total: Out[Floats1D]) -> None:
    """Add the known values of one lag to the count and total of every day."""
    for day in range(past.size):
        value = past[day]
        # NaN differs from itself; a plain comparison lets the processor take many days at once.
        known = value == value  # noqa: PLR0124
        count[day] += 1.0 if known else 0.0
        total[day] += value if known else 0.0


@inner
def _add_within(past: Floats1D, mean: Floats1D, bound: Floats1D, count: Out[Floats1D], total: Out[Floats1D]) -> None:
    """Add those values of one lag that lie within the bound around the mean."""
    for day in range(past.size):
        within = abs(past[day] - mean[day]) <= bound[day]
        count[day] += 1.0 if within else 0.0
        total[day] += past[day] if within else 0.0


@inner
def _add_squares(past: Floats1D, centre: Floats1D, bound: Floats1D, mean: Floats1D, squares: Out[Floats1D]) -> None:
    """Add squared distances from the mean, of those values of one lag within the bound around the centre."""
    for day in range(past.size):
        away = past[day] - mean[day]
        squares[day] += away * away if abs(past[day] - centre[day]) <= bound[day] else 0.0


@inner
def _find_bounds(series: Floats1D, window: int, sigmas: float, tolerance: float, work: Out[Floats2D]) -> None:
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
    # Within infinity lies every known value: all of them tell how far they scatter.
    bound[:] = np.inf
    total[:] = 0.0
    for lag in range(1, window + 1):
        _add_squares(series[:-lag], mean[lag:], bound[lag:], mean[lag:], total[lag:])
    for day in range(series.size):
        if count[day] > 1:
            reach = sigmas * math.sqrt(total[day] / (count[day] - 1))
            bound[day] = reach + tolerance * (abs(mean[day]) + reach)


@inner
def _add_kept(series: Floats1D, window: int, sigmas: float, tolerance: float, work: Out[Floats2D]) -> None:
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
    _copy(total, mean)
    _copy(squares, bound)


@inner
def _is_whole(series: Floats1D) -> bool:
    """Whether every known value is a whole number so small that sums of squares stay exact."""
    for day in range(series.size):
        value = series[day]
        if value != np.floor(value) and not np.isnan(value):
            return False
        if abs(value) > LARGEST_WHOLE:
            return False
    return True


@inner_of_exact_sums
def _whole_sums(past: Floats1D, mean: float, bound: float) -> tuple[float, float, float]:
    """Count, sum and sum of squares of the values within the bound; whole numbers may be added in any order."""
    count = total = squares = 0.0
    for day in range(past.size):
        value = past[day]
        within = abs(value - mean) <= bound
        count += 1.0 if within else 0.0
        total += value if within else 0.0
        squares += value * value if within else 0.0
    return count, total, squares


@inner
def _sum_windows(values: Out[Floats1D], window: int, running: Out[Floats1D]) -> None:
    """Replace values by the sum of the `window` values before each day. running: (n_days + 1,), room."""
    running[0] = 0.0
    for day in range(values.size):
        running[day + 1] = running[day] + values[day]
    _copy(running, values)
    later, earlier = values[window:], running[: max(values.size - window, 0)]
    for place in range(later.size):
        later[place] -= earlier[place]


@inner_of_numbers
def _raise_to(values: Out[Floats1D], others: Floats1D) -> None:
    """The larger of each two values; none is NaN."""
    for place in range(others.size):
        values[place] = max(values[place], others[place])


@inner
def _slide_peak(series: Floats1D, window: int, sign: float, peaks: Out[Floats1D]) -> None:
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


@inner
def _slide_kept(series: Floats1D, window: int, sigmas: float, tolerance: float, work: Out[Floats2D]) -> None:
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
        # n · Σx² - (Σx)² of whole numbers is exact; the mean of squares less the square of the mean would not be.
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


@inner
def _find_kept(series: Floats1D, window: int, sigmas: float, tolerance: float, work: Out[Floats2D]) -> None:
    """Mean (row 0), squares around it (row 1) and count (row 2) of the kept values before each day.

    work: (7, n_days + window) or wider.
    """
    if _is_whole(series):
        _slide_kept(series, window, sigmas, tolerance, work)
    else:
        _add_kept(series, window, sigmas, tolerance, work)


@kernel
def expectation(
    units: Floats2D, window: int, sigmas: float, min_kept: int, tolerance: float, expected: Out[Floats2D]
) -> None:
    """Mean of the kept values of the window before each day; NaN with fewer than `min_kept`.

    units, expected: (n_rows, n_days), NaN unknown; expected is written.
    """
    work = np.empty((7, units.shape[1] + window))
    for row in range(units.shape[0]):
        _find_kept(units[row], window, sigmas, tolerance, work)
        for day in range(units.shape[1]):
            expected[row, day] = work[0, day] if work[2, day] >= min_kept else np.nan


@kernel
def standard_errors(
    units: Floats2D, window: int, sigmas: float, min_kept: int, tolerance: float, errors: Out[Floats2D]
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


@inner
def _keep(
    series: Floats1D,
    day: int,
    window: int,
    sigmas: float,
    tolerance: float,
    kept: Out[Floats1D],
    kept_days: Out[Integers1D],
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


@kernel
def baseline(
    units: Floats2D,
    rows: Integers1D,
    days: Integers1D,
    window: int,
    sigmas: float,
    tolerance: float,
    kept: Out[Floats2D],
    kept_days: Out[Integers2D],
    counts: Out[Integers1D],
) -> None:
    """The kept values behind the expectation of chosen (row, day) points.

    rows, days: (n_points,). kept, kept_days: (n_points, window), the first `counts` of each row are written.
    """
    for point in range(rows.size):
        counts[point] = _keep(
            units[rows[point]], days[point], window, sigmas, tolerance, kept[point], kept_days[point]
        )


@kernel
def moments(
    kept: Floats2D, counts: Integers1D, min_kept: int, means: Out[Floats1D], deviations: Out[Floats1D]
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
