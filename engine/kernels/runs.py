"""Unbroken runs of dark days."""

from engine.kernels.compiling import inner, kernel
from engine.kernels.records import FoundSpans
from engine.kernels.types import Flags2D, Floats2D, Integers1D, Marks1D, Marks2D, Out


@inner
def _is_dark(units: float, expected: float, in_stock: int, ratio: float, tolerance: float) -> bool:
    """In stock, and sold less than a ratio of what was expected; what lies on the bound has not sold less."""
    bound = ratio * expected
    return in_stock == 1 and expected > 0 and bound - units > tolerance * bound


@kernel
def dark_runs(
    units: Floats2D,
    expected: Floats2D,
    in_stock: Flags2D,
    judged: Marks1D,
    ratio: float,
    min_days: int,
    tolerance: float,
    found: FoundSpans,
) -> int:
    """Row, first and last day of every run of at least `min_days` dark days; returns how many there are.

    units, expected, in_stock: (n_rows, n_days); a NaN day is not dark. judged: (n_rows,), other rows have no run.
    """
    n_days = units.shape[1]
    count = 0
    for row in range(units.shape[0]):
        if not judged[row]:
            continue
        length = 0
        # One turn more than days, so that a run that lasts until the end is closed like every other.
        for day in range(n_days + 1):
            if day < n_days and _is_dark(units[row, day], expected[row, day], in_stock[row, day], ratio, tolerance):
                length += 1
                continue
            if length >= min_days:
                if count < found.rows.size:
                    found.rows[count], found.firsts[count], found.lasts[count] = row, day - length, day - 1
                count += 1
            length = 0
    return count


@kernel
def dark_days(
    units: Floats2D, expected: Floats2D, in_stock: Flags2D, ratio: float, tolerance: float, dark: Out[Marks2D]
) -> None:
    """Mark every dark day. All arrays: (n_rows, n_days); dark is written."""
    for row in range(units.shape[0]):
        for day in range(units.shape[1]):
            dark[row, day] = _is_dark(units[row, day], expected[row, day], in_stock[row, day], ratio, tolerance)


@kernel
def stretches(marked: Flags2D, ends: Integers1D, min_days: int, found: FoundSpans) -> int:
    """Row, first and last day of every run of marked days that is over before the row's end; returns how many.

    marked: (n_rows, n_days). ends: (n_rows,). min_days: of the shortest run.
    """
    count = 0
    for row in range(marked.shape[0]):
        length = 0
        for day in range(ends[row]):
            length = length + 1 if marked[row, day] else 0
            is_over = day + 1 < ends[row] and not marked[row, day + 1]
            if is_over and length >= min_days:
                if count < found.rows.size:
                    found.rows[count], found.firsts[count], found.lasts[count] = row, day - length + 1, day
                count += 1
    return count
