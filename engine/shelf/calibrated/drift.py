"""Drift: how far ordinary levels of the chain walk, told by its own rises (specification, section 9).

In: what the pairs sold and were expected to, and the days that look dark. Out: the relative variance that any level
gains a day. A level is taken for a random walk; its steps are read where no dark shelf is, among the rises.
"""

import math
from statistics import NormalDist

import numpy as np

from engine.arrays import Floats, Integers, Marks
from engine.blocks.together import Together
from engine.kernels import rows
from engine.kernels.drift import Changes, changes
from engine.kernels.sales import Sales
from engine.settings.shelf.calibrated import DemandSettings
from engine.shelf.calibrated.dark import Dark


def level_drift(
    sales: Sales,
    dark: Dark,
    regional_sku: Integers,
    first_day: int,
    settings: DemandSettings,
    together: Together,
) -> float:
    """Relative variance that a level gains a day, by the rarest rises of the chain.

    No dark shelf makes a rise, and what differs between chains is how large the rare changes are, not the usual ones.
    Every rise asks for the drift at which it would be as rare as `drift_tail`; a window's answer is what so few of
    its rises exceed, and the chain's the middle one of them. What few rises tell is shrunk toward the usual drift.
    Where the SKU rises in two stores of a region and falls in a third then or in the window after, shoppers went from
    shelf to shelf: what such a region does is no walk either.

    sales: of all pairs. dark: days not to learn from; of the others all usable ones are. regional_sku: which SKU in
    which region, (pairs,). first_day: of which anything is known.
    """
    n_days = sales.usable.shape[1]
    start_day = first_day + settings.fallen_before_days
    # What is dark tonight makes its neighbours rise: those days are left out as far as the history allows.
    spared = min(max(n_days - start_day - 2 * settings.drift_days, 0), settings.drift_spared_days)
    n_windows = max(n_days - spared - start_day, 0) // settings.drift_days
    # The first days that are spared still say which rises a fall answers.
    later = 1 if spared >= settings.drift_days else 0
    end_day = n_days - spared + later * settings.drift_days
    changed = _changes(sales, dark, later + n_windows, end_day, settings)
    usual = _usual(changed, together)
    answers, n_asked = [], 0
    for window in range(later, later + n_windows):
        asked = together.joined(_asked(changed, usual, window, regional_sku, settings.drift_tail, together))
        if asked.size:
            answers.append(_answer(asked, settings.drift_tail, together))
            n_asked += asked.size
    if not answers:
        return settings.level_drift + settings.usual_drift
    # A walk is alike in every window; what an event makes many shelves rise by is in one of them.
    drift = settings.drift_ratio * float(np.quantile(answers, 0.5, method="lower"))
    rare = settings.drift_tail * n_asked
    return settings.level_drift + (rare * drift + settings.usual_drift) / (rare + 1.0)


def _changes(sales: Sales, dark: Dark, n_windows: int, end_day: int, settings: DemandSettings) -> Changes:
    """What the windows before end_day tell, of all pairs."""
    changed = Changes(*(np.empty((sales.level.size, n_windows)) for _ in range(3)))
    how = (settings.before_decay_factor, settings.drift_days, end_day, settings.drift_units)

    def look(block: slice) -> None:
        some = rows.places(block, sales.level.size)
        changes(sales, some, dark.rows(block), *how, Changes(*(table[block] for table in changed)))

    rows.in_blocks(look, sales.level.size, rows.ROWS_ONE_BY_ONE)
    return changed


def _usual(changed: Changes, together: Together) -> list[float]:
    """The chain's middle change in every window; 0 where none is known."""
    usual = []
    for change in changed.change.T:
        known = together.joined(change[~np.isnan(change)])
        usual.append(_median(known, together) if known.size else 0.0)
    return usual


def _median(known: Floats, together: Together) -> float:
    return together.once(lambda: float(np.median(known)))


def _asked(
    changed: Changes, usual: list[float], window: int, group: Integers, tail: float, together: Together
) -> Floats:
    """Drift at which each rise in a window would have the chance `tail`; below 0 where counts alone make it so.

    Of the block's pairs that no shelf of the region can have lent its shoppers; of all where regions are so wide that
    some shelf always rises and falls, and too few pairs of the chain would be left to tell one rare rise. usual: see
    `_beyond_counts`. group: number of the SKU and region, (pairs,).
    """
    limit = NormalDist().inv_cdf(1.0 - tail)
    moved = _beyond_counts(changed, usual, window)
    rises = moved > limit
    # The end of a rise is no fall.
    then = (_beyond_counts(changed, usual, window - 1) < -limit) & ~rises if window else False
    falls = (moved < -limit) | then
    lent = (_of_others(rises, group) > 0) & (_of_others(falls, group) > 0)
    is_known = ~np.isnan(changed.change[:, window])
    known = np.flatnonzero(is_known & ~lent)
    if together.count(known.size) * tail < 1.0:
        known = np.flatnonzero(is_known)
    rise = np.maximum(moved[known], 0.0)
    return np.asarray(((rise / limit) ** 2 - 1.0) * changed.variance[known, window] / changed.walked[known, window])


def _beyond_counts(changed: Changes, usual: list[float], window: int) -> Floats:
    """Changes in a window in standard errors of counts, (pairs,); 0 where it tells nothing.

    usual: what the whole chain does in each window is no walk of a level.
    """
    return np.nan_to_num((changed.change[:, window] - usual[window]) / np.sqrt(changed.variance[:, window]))


def _of_others(marks: Marks, group: Integers) -> Integers:
    """How many other pairs of each pair's group are marked, (pairs,)."""
    return np.asarray(np.bincount(group, marks)[group] - marks, np.int64)


def _answer(asked: Floats, tail: float, together: Together) -> float:
    """The drift that so few rises of a window ask more than, less a standard error of their share; 0 at least."""
    share = max(tail - math.sqrt(tail / asked.size), 0.0)
    return together.once(lambda: max(float(np.quantile(asked, 1.0 - share)), 0.0))
