"""Dark stretches of the whole panel, marked in two looks.

The first look finds every store-SKU's largest log likelihood ratio of any stretch, from which bounds are made; the
second marks the days of those few that pass their bound.
"""

import numpy as np

from engine.arrays import Flags, Floats
from engine.kernels import rows
from engine.kernels.likelihood_ratio import darkest_stretch, mark_dark
from engine.kernels.sales import Sales


def darkest(sales: Sales, depth: float, least: Floats) -> Floats:
    """Largest log likelihood ratio of any stretch of each pair at this share of the expectation, (pairs,).

    sales: of all pairs. least: (pairs,), those below it may be taken for 0.
    """
    peaks = np.empty(least.size)

    def look(block: slice) -> None:
        darkest_stretch(sales, rows.places(block, peaks.size), depth, least[block], peaks[block])

    rows.in_blocks(look, peaks.size, rows.ROWS_ONE_BY_ONE)
    return peaks


def mark(sales: Sales, depth: float, peaks: Floats, bounds: Floats, dark: Flags) -> None:
    """Mark the days of the stretches with at least each pair's bound.

    sales, peaks: as `darkest` finds them. bounds: (pairs,). dark: (pairs, days), written.
    """
    dark[:] = 0
    passing = np.flatnonzero(peaks >= bounds)

    def look(block: slice) -> None:
        mark_dark(sales, passing[block], depth, bounds[passing[block]], dark)

    rows.in_blocks(look, passing.size, rows.ROWS_ONE_BY_ONE)
