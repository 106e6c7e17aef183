"""Dark stretches of the whole panel, marked in two looks.

The first look finds every store-SKU's largest log likelihood ratio of any stretch, from which bounds are made; the
second marks the days of those few that pass their bound.
"""

from dataclasses import dataclass

import numpy as np

from engine.arrays import Flags, Floats, Integers
from engine.kernels import rows
from engine.kernels.likelihood_ratio import darkest_stretch, mark_dark
from engine.kernels.sales import Sales
from engine.memory import Memory


@dataclass(frozen=True)
class Dark:
    """The dark days of those few pairs that have any.

    pairs: which, ascending (n,). days: (n, n_days), 1 where a pair is dark.
    """

    pairs: Integers
    days: Flags

    def rows(self, block: slice) -> Flags:
        """Dark days of neighbouring pairs, (pairs, n_days), in an array of its own."""
        first, end = np.searchsorted(self.pairs, (block.start, block.stop))
        days = np.zeros((block.stop - block.start, self.days.shape[1]), np.uint8)
        days[self.pairs[first:end] - block.start] = self.days[first:end]
        return days

    def and_also(self, other: "Dark") -> "Dark":
        """The days that are dark here, there, or both."""
        pairs = np.union1d(self.pairs, other.pairs)
        days = np.zeros((pairs.size, self.days.shape[1]), np.uint8)
        for each in (self, other):
            days[np.searchsorted(pairs, each.pairs)] |= each.days
        return Dark(pairs, days)


def darkest(sales: Sales, depth: float, least: Floats) -> Floats:
    """Largest log likelihood ratio of any stretch of each pair at this share of the expectation, (pairs,).

    sales: of all pairs. least: (pairs,), those below it may be taken for 0.
    """
    peaks = np.empty(least.size)

    def look(block: slice) -> None:
        darkest_stretch(sales, rows.places(block, peaks.size), depth, least[block], peaks[block])

    rows.in_blocks(look, peaks.size, rows.ROWS_ONE_BY_ONE)
    return peaks


def mark(sales: Sales, depth: float, peaks: Floats, bounds: Floats, memory: Memory) -> Dark:
    """The days of the stretches with at least each pair's bound.

    sales, peaks: as `darkest` finds them. bounds: (pairs,). memory: where the days live; in a bad year many are dark.
    """
    passing = np.flatnonzero(peaks >= bounds)
    days = memory.empty((passing.size, sales.usable.shape[1]), np.uint8)

    def look(block: slice) -> None:
        mark_dark(sales, passing[block], depth, bounds[passing[block]], days[block])

    rows.in_blocks(look, passing.size, rows.ROWS_ONE_BY_ONE)
    return Dark(passing, days)
