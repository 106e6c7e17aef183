"""Dark stretches of the whole panel, marked in two looks.

The first look finds every store-SKU's largest log likelihood ratio of any stretch, from which bounds are made; the
second marks the days of those few that pass their bound.
"""

from collections.abc import Callable

import numpy as np

from engine.arrays import Flags, Floats, Rows
from engine.kernels import rows
from engine.kernels.likelihood_ratio import darkest_stretch, mark_dark
from engine.kernels.records import Sales


def darkest(sales: Callable[[Rows], Sales], depth: float, least: Floats) -> Floats:
    """Largest log likelihood ratio of any stretch of each pair at this share of the expectation, (pairs,).

    sales: of some pairs. least: (pairs,), those below it may be taken for 0.
    """
    peaks = np.empty(least.size)

    def look(block: slice) -> None:
        darkest_stretch(sales(block), depth, least[block], peaks[block])

    rows.in_blocks(look, peaks.size)
    return peaks


def mark(sales: Callable[[Rows], Sales], depth: float, peaks: Floats, bounds: Floats, dark: Flags) -> None:
    """Mark the days of the stretches with at least each pair's bound.

    sales, peaks: as `darkest` finds them. bounds: (pairs,). dark: (pairs, days), written.
    """
    dark[:] = 0
    passing = np.flatnonzero(peaks >= bounds)

    def look(block: slice) -> None:
        pairs = passing[block]
        marked = np.empty((pairs.size, dark.shape[1]), np.uint8)
        mark_dark(sales(pairs), depth, bounds[pairs], marked)
        dark[pairs] = marked

    rows.in_blocks(look, passing.size)
