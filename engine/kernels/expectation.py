"""The trimmed mean of the days before a day."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def _moments(series: NDArray[np.float64], first: int, last: int) -> tuple[int, float, float, float, float]:
    """Count, mean, standard deviation (ddof 1), smallest and largest of the known values in [first, last)."""
    count = 0
    total = 0.0
    low, high = np.inf, -np.inf
    for day in range(first, last):
        value = series[day]
        if not np.isnan(value):
            count += 1
            total += value
            low = min(low, value)
            high = max(high, value)
    if count == 0:
        return 0, np.nan, np.nan, low, high
    mean = total / count
    squares = 0.0
    for day in range(first, last):
        if not np.isnan(series[day]):
            squares += (series[day] - mean) ** 2
    deviation = math.sqrt(squares / (count - 1)) if count > 1 else np.nan
    return count, mean, deviation, low, high


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
    """Values and days of the window before `day` that lie within `sigmas` of its mean; returns how many."""
    first = max(day - window, 0)
    known, mean, deviation, low, high = _moments(series, first, day)
    if known == 0:
        return 0
    reach = np.inf if np.isnan(deviation) else sigmas * deviation
    slack = tolerance * max(abs(mean) + reach, abs(low), abs(high)) if reach < np.inf else 0.0
    count = 0
    for before in range(first, day):
        value = series[before]
        if not np.isnan(value) and abs(value - mean) <= reach + slack:
            kept[count] = value
            kept_days[count] = before
            count += 1
    return count


@njit(cache=True, nogil=True)
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
    kept = np.empty(window)
    kept_days = np.empty(window, np.int64)
    for row in range(units.shape[0]):
        series = units[row]
        for day in range(series.size):
            first = max(day - window, 0)
            known, mean, deviation, low, high = _moments(series, first, day)
            expected[row, day] = np.nan
            if known < min_kept:
                continue
            reach = sigmas * deviation
            if mean - low <= reach and high - mean <= reach:
                expected[row, day] = mean
                continue
            count = _keep(series, day, window, sigmas, tolerance, kept, kept_days)
            if count >= min_kept:
                expected[row, day] = kept[:count].sum() / count


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
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
    kept = np.empty(window)
    kept_days = np.empty(window, np.int64)
    for row in range(units.shape[0]):
        for day in range(units.shape[1]):
            count = _keep(units[row], day, window, sigmas, tolerance, kept, kept_days)
            errors[row, day] = np.nan
            if count >= min_kept:
                _, _, deviation, _, _ = _moments(kept, 0, count)
                errors[row, day] = deviation / math.sqrt(count)
