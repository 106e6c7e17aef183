"""Cells that cannot be, or that are too extraordinary to learn from, by their own row."""

import numpy as np

from engine.kernels.compiling import inner, kernel
from engine.kernels.types import Flags2D, Floats1D, Floats2D, Out

ORDINARY, EXTRAORDINARY, IMPOSSIBLE = 0, 1, 2
"""What `judge_sales` says of a cell."""


@inner
def _of_rank(values: Out[Floats1D], rank: int) -> float:
    """The value that would have this place if all were sorted (Hoare 1961); they change places, and none is NaN."""
    # NumPy's own, compiled by Numba, calls into Numba's package: a night would load that for this alone.
    first, last = 0, values.size - 1
    while first < last:
        middle = values[(first + last) // 2]
        left, right = first, last
        while left <= right:
            while values[left] < middle:
                left += 1
            while values[right] > middle:
                right -= 1
            if left <= right:
                values[left], values[right] = values[right], values[left]
                left, right = left + 1, right - 1
        if rank <= right:
            last = right
        elif rank >= left:
            first = left
        else:
            break
    return float(values[rank])


@kernel
def ordinary(values: Floats2D, quantile: float, usual: Out[Floats1D]) -> None:
    """A quantile of each row's values above 0, the largest left out; NaN without two of them.

    values: (n_rows, n_days), NaN unknown. usual: (n_rows,), written.
    """
    known = np.empty(values.shape[1])
    for row in range(values.shape[0]):
        size = 0
        for day in range(values.shape[1]):
            if values[row, day] > 0.0:
                known[size] = values[row, day]
                size += 1
        usual[row] = np.nan
        if size > 1:
            place = int(quantile * (size - 1))
            usual[row] = _of_rank(known[:size], place)


@kernel
def extremes(values: Floats2D, smallest: Out[Floats1D], largest: Out[Floats1D]) -> None:
    """The smallest value above 0 and the largest of each row; infinity and -infinity where none is known.

    values: (n_rows, n_days), NaN unknown. smallest, largest: (n_rows,), written.
    """
    for row in range(values.shape[0]):
        low, high = np.inf, -np.inf
        for day in range(values.shape[1]):
            value = values[row, day]
            # No comparison with NaN holds.
            low = value if value > 0.0 and value < low else low
            high = value if value > high else high
        smallest[row], largest[row] = low, high


@kernel
def judge_sales(
    units: Floats2D,
    revenue: Floats2D,
    price: Floats2D,
    usual: Floats1D,
    bulk_ratio: float,
    impossible_ratio: float,
    revenue_share: float,
    verdict: Out[Flags2D],
) -> None:
    """Which cells sold far beyond what their row sells: extraordinary, or impossible.

    units, price: (n_rows, n_days), NaN unknown. revenue: (n_rows, the days before the last). usual: (n_rows,), of
    ordinary sales, NaN unknown. bulk_ratio: a cell above this multiple of it is extraordinary. Where revenue and
    price are known they say whether it is possible: it earned at least revenue_share of what it would cost. Elsewhere
    it is impossible above impossible_ratio. verdict: (n_rows, n_days), written.
    """
    n_days = units.shape[1]
    earned_from = n_days - 1 - revenue.shape[1]
    for row in range(units.shape[0]):
        above = 0
        for day in range(n_days):
            verdict[row, day] = ORDINARY
            above += units[row, day] > bulk_ratio * usual[row]
        # Few rows have such a cell. The processor looks at several days at once and leaves out the others', at a high
        # price where revenue lies in a file and its page is not there.
        if not above:
            continue
        for day in range(n_days):
            if not units[row, day] > bulk_ratio * usual[row]:
                continue
            verdict[row, day] = EXTRAORDINARY
            back = day - earned_from
            earned = revenue[row, back] if 0 <= back < revenue.shape[1] else np.nan
            due = revenue_share * units[row, day] * price[row, day]
            if not np.isnan(earned) and due > 0.0:
                is_possible = earned >= due and earned < np.inf
            else:
                is_possible = units[row, day] <= impossible_ratio * usual[row]
            if not is_possible:
                verdict[row, day] = IMPOSSIBLE


@kernel
def carry_ordinary(values: Out[Floats2D], usual: Floats1D, ratio: float, verdict: Out[Flags2D]) -> int:
    """Put the last ordinary value before it, else the first after it, in the place of every impossible one.

    values: (n_rows, n_days), NaN unknown; written. usual: (n_rows,), NaN unknown. ratio: a value above this multiple
    of the usual one is impossible. verdict: (n_rows, n_days), written. Returns how many were impossible.
    """
    count = 0
    for row in range(values.shape[0]):
        last = np.nan
        for day in range(values.shape[1]):
            is_odd = values[row, day] > ratio * usual[row]
            verdict[row, day] = IMPOSSIBLE if is_odd else ORDINARY
            if is_odd:
                values[row, day] = last
                count += 1
            else:
                last = values[row, day]
        # Back from the last day: where nothing ordinary came before, the first ordinary value after it holds.
        after = np.nan
        for day in range(values.shape[1] - 1, -1, -1):
            if verdict[row, day] == IMPOSSIBLE and np.isnan(values[row, day]):
                values[row, day] = after
            after = values[row, day]
    return count
