"""Dark stretches of the whole panel, marked in two looks.

The first look finds every store-SKU's most evidence of any stretch, from which bounds are made; the second marks the
days of those few that pass their bound.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Flags, Floats
from engine.kernels import rows
from engine.kernels.evidence import mark_dark


class Sold(NamedTuple):
    """What was sold and what was expected of it.

    units, expected, usable: (pairs, days). dispersion, unit: (pairs,), the latter of sale.
    """

    units: Floats
    expected: Floats
    usable: Flags
    dispersion: Floats
    unit: Floats

    def of(self, pairs: slice | NDArray[np.int64]) -> "Sold":
        """The same of some pairs."""
        cells = self.units[pairs], self.expected[pairs], self.usable[pairs]
        return Sold(*cells, self.dispersion[pairs], self.unit[pairs])


def darkest(sold: Sold, depth: float) -> Floats:
    """Most evidence of any stretch of each pair that this share of the expectation was sold, (pairs,)."""
    peaks = np.empty(len(sold.units))

    def look(block: slice) -> None:
        unseen, nothing = np.empty(sold.units[block].shape, np.uint8), np.full(len(peaks[block]), np.inf)
        mark_dark(*sold.of(block), depth, nothing, unseen, peaks[block])

    rows.in_blocks(look, peaks.size)
    return peaks


def mark(sold: Sold, depth: float, peaks: Floats, bounds: Floats, dark: Flags) -> None:
    """Mark the days of the stretches with at least each pair's bound of evidence.

    peaks: as `darkest` finds them. bounds: (pairs,). dark: (pairs, days), written.
    """
    dark[:] = 0
    passing = np.flatnonzero(peaks >= bounds)

    def look(block: slice) -> None:
        pairs = passing[block]
        marked = np.empty((pairs.size, dark.shape[1]), np.uint8)
        mark_dark(*sold.of(pairs), depth, bounds[pairs], marked, np.empty(pairs.size))
        dark[pairs] = marked

    rows.in_blocks(look, passing.size)
