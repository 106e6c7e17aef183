"""Unbroken runs of dark days."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels import types as t


@njit(cache=True, nogil=True)
def _is_dark(units: float, expected: float, in_stock: int, ratio: float, tolerance: float) -> bool:
    bound = ratio * expected
    return in_stock == 1 and expected > 0 and bound - units > tolerance * bound


@njit(
    t.whole(
        t.table_in,
        t.table_in,
        t.bytes_in,
        t.given(t.flag, 1),
        t.real,
        t.whole,
        t.real,
        t.wholes_out,
        t.wholes_out,
        t.wholes_out,
    ),
    cache=True,
    nogil=True,
)
def dark_runs(
    units: NDArray[np.float64],
    expected: NDArray[np.float64],
    in_stock: NDArray[np.uint8],
    judged: NDArray[np.bool_],
    ratio: float,
    min_days: int,
    tolerance: float,
    rows: NDArray[np.int64],
    firsts: NDArray[np.int64],
    lasts: NDArray[np.int64],
) -> int:
    """Row, first and last day of every run of at least `min_days` dark days; returns how many there are.

    units, expected, in_stock: (n_rows, n_days); a NaN day is not dark. judged: (n_rows,), other rows have no run.
    rows, firsts, lasts: written as far as they reach, so that a call with empty arrays counts.
    """
    n_days = units.shape[1]
    count = 0
    for row in range(units.shape[0]):
        if not judged[row]:
            continue
        length = 0
        for day in range(n_days + 1):
            if day < n_days and _is_dark(units[row, day], expected[row, day], in_stock[row, day], ratio, tolerance):
                length += 1
                continue
            if length >= min_days:
                if count < rows.size:
                    rows[count], firsts[count], lasts[count] = row, day - length, day - 1
                count += 1
            length = 0
    return count


@njit(t.nothing(t.table_in, t.table_in, t.bytes_in, t.real, t.real, t.written(t.flag, 2)), cache=True, nogil=True)
def dark_days(
    units: NDArray[np.float64],
    expected: NDArray[np.float64],
    in_stock: NDArray[np.uint8],
    ratio: float,
    tolerance: float,
    dark: NDArray[np.bool_],
) -> None:
    """Mark every dark day. All arrays: (n_rows, n_days); dark is written."""
    for row in range(units.shape[0]):
        for day in range(units.shape[1]):
            dark[row, day] = _is_dark(units[row, day], expected[row, day], in_stock[row, day], ratio, tolerance)


@njit(
    t.whole(t.bytes_in, t.wholes_in, t.whole, t.wholes_out, t.wholes_out, t.wholes_out),
    cache=True,
    nogil=True,
)
def stretches(
    marked: NDArray[np.uint8],
    ends: NDArray[np.int64],
    min_days: int,
    rows: NDArray[np.int64],
    firsts: NDArray[np.int64],
    lasts: NDArray[np.int64],
) -> int:
    """Row, first and last day of every run of marked days that is over before the row's end; returns how many.

    marked: (n_rows, n_days). ends: (n_rows,). min_days: of the shortest run. rows, firsts, lasts: written as far as
    they reach, so that a call with empty arrays counts.
    """
    count = 0
    for row in range(marked.shape[0]):
        length = 0
        for day in range(ends[row]):
            length = length + 1 if marked[row, day] else 0
            is_over = day + 1 < ends[row] and not marked[row, day + 1]
            if is_over and length >= min_days:
                if count < rows.size:
                    rows[count], firsts[count], lasts[count] = row, day - length + 1, day
                count += 1
    return count
