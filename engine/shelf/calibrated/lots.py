"""Lots: whose sales come in lots rather than one by one (specification, section 9).

In: `Panel` and the days in stock, of every store-SKU. Out: what its own rises prove, whatever is expected of it.
"""

from dataclasses import dataclass

import numpy as np

from engine.arrays import Flags, Floats, Integers
from engine.kernels import demand, rows
from engine.settings.shelf.calibrated import DemandSettings
from engine.shelf.panel import Panel

TINY = 1e-12
"""Keeps a quotient of sums finite where there are none."""
N_SUMS = 6


@dataclass(frozen=True)
class Rises:
    """How far each pair rises above its mean, (pairs,) each; the days below it prove nothing, for they may be dark.

    sold: units of its usable days. squares: of the days above the mean, squared distances from it. scale: what
    divides these to a relative variance. most: relative variance that its pauses between two sales let it have at
    most, 0 where it hardly pauses. alike: how many equally large rises would tell as much. needed: the same and those
    of the prior.
    """

    sold: Floats
    squares: Floats
    scale: Floats
    most: Floats
    alike: Floats
    needed: Floats

    def relative_variance(self, unit: Floats) -> Floats:
        """What the rises prove beyond counts of a unit of sale, (pairs,); 0 where a pair does not sell in lots."""
        beyond_counts = (self.squares - unit * self.sold) / self.scale
        return np.clip(beyond_counts, 0.0, self.most) * self.alike / self.needed


def rises_of(panel: Panel, usable: Flags, settings: DemandSettings) -> Rises:
    """The rises of every pair. usable: (pairs, days).

    The pauses count as far as days without a sale outnumber those with one just after a sale, where a shelf is not
    dark: for lots as uneven as the sales if most are alone. Pauses that were left out as dark would hide the lots, so
    every usable day is looked at. The fewer rises are equally large, the less they prove.
    """
    sums = np.empty((len(usable), N_SUMS))
    rows.in_blocks(lambda block: demand.ups(panel.array("units", block), usable[block], sums[block]), len(sums))
    days, sold, squares, fourths, following, sold_again = sums.T
    mean = sold / np.maximum(days, 1.0)
    of_pauses = (following - sold_again) / np.maximum(sold_again, 0.5)
    of_pauses = np.where(of_pauses > 1.0, of_pauses, 0.0)
    paused = np.flatnonzero(of_pauses > settings.lots_alone)
    of_pauses[paused] = np.maximum(_unevenness(panel, usable, sold, paused), 1.0) * (1.0 + of_pauses[paused]) - 1.0
    alike = squares**2 / np.maximum(fourths, TINY)
    return Rises(sold, squares, np.maximum(days * mean**2, TINY), of_pauses, alike, alike + settings.lots_prior_rises)


def _unevenness(panel: Panel, usable: Flags, sold: Floats, pairs: Integers) -> Floats:
    """Mean square of some pairs' sales over their squared mean, (pairs,): 1 where all are alike."""
    squares = np.empty(pairs.size)

    def add(block: slice) -> None:
        some = pairs[block]
        sizes = np.where(usable[some] == 1, panel.array("units", some), 0.0)
        squares[block] = (sizes > 0).sum(axis=1) * (sizes**2).sum(axis=1)

    rows.in_blocks(add, pairs.size)
    return np.asarray(squares / np.maximum(sold[pairs], TINY) ** 2)
