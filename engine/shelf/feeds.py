"""Feeds: until when each store delivered the tables whose last row holds, and days whose records cannot be.

In: a measure as delivered, NaN where no row came. Out: `Feed`. A feed that moves every day is stale after a few days
without a change, whether its rows stopped or repeat themselves; one that is written when something changes has no
rhythm of its own and is never stale.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Integers, Marks
from engine.blocks.together import ALONE, Together
from engine.kernels import deliveries as kernel
from engine.kernels import rows
from engine.settings.shelf.delivered import DeliverySettings
from engine.shelf.measures import Measure, Narrow
from engine.vocabulary.common import Grain

FEWEST_GAPS = 3
"""Gaps between deliveries that tell a rhythm."""
RARE = 0.9
"""Longer gaps than this share of them are no rhythm."""
NEVER = -1


@dataclass(frozen=True)
class Stores:
    """Whose rows the rows of a measure are. store: (pairs,) in ascending order. starts: first pair of each store, and
    the number of pairs. together: the way to the store's other pairs.
    """

    store: Integers
    starts: Integers
    together: Together = ALONE

    def each(self, look: Callable[[slice], object]) -> None:
        """Call with slices of pairs, those of one store in one thread."""

        def of_stores(stores: slice) -> None:
            for pairs in rows.batches(int(self.starts[stores.start]), int(self.starts[stores.stop])):
                look(pairs)

        rows.in_blocks(of_stores, self.starts.size - 1)

    def marked(self, n_days: int, mark: Callable[[slice, Marks], object]) -> Marks:
        """What is marked of any pair of the chain, (stores, days). mark: called with pairs and where to mark."""
        return self.together.added(self._marked(n_days, mark))

    def _marked(self, n_days: int, mark: Callable[[slice, Marks], object]) -> Marks:
        marks = np.zeros((self.starts.size - 1, n_days), np.bool_)
        self.each(lambda pairs: mark(pairs, marks))
        return marks


@dataclass(frozen=True)
class Feed:
    """Of each store, (stores,). last_row: the last day of the panel with any row, -1 without one. last_change: the
    last day on which any value changed. usual_gap: days between days with rows, infinite without a rhythm. is_stale:
    it used to change more often than that.
    """

    last_row: Integers
    last_change: Integers
    usual_gap: NDArray[np.float64]
    is_stale: Marks


def feed_of(measure: Measure, stores: Stores, of: DeliverySettings, *, moves: bool) -> Feed:
    """The feed of every store.

    measure: NaN without a row. moves: its values change where it is alive; otherwise its rows tell.
    """
    n_days, store = measure.shape[1], stores.store
    came = stores.marked(
        n_days, lambda pairs, marks: kernel.days_above(measure.rows(pairs), store[pairs], -np.inf, marks)
    )
    changed = came
    if moves:
        changed = stores.marked(
            n_days, lambda pairs, marks: kernel.days_changed(measure.rows(pairs), store[pairs], marks)
        )
    return stores.together.once(lambda: _feed(came, changed, of))


def _feed(came: Marks, changed: Marks, of: DeliverySettings) -> Feed:
    """came, changed: (stores, days), any row came, any value changed."""
    last_change = _last(changed)
    late = came.shape[1] - 1 - last_change
    gap_of_rows = _usual_gaps(came)
    usual_gap = gap_of_rows if changed is came else _usual_gaps(changed)
    is_stale = (last_change >= 0) & (late > np.maximum(of.stale_days, of.stale_gaps * usual_gap))
    return Feed(_last(came), last_change, gap_of_rows, is_stale)


def declared(feed: Feed, grain: Grain) -> Feed:
    """The feed of a table of which is said what its rows stand for: how seldom they come is nothing to be told.

    In a log of changes no row is no delay; rows of weeks may still be late.
    """
    if grain == "row":
        return feed
    is_stale = np.zeros_like(feed.is_stale) if grain == "change" else feed.is_stale
    return replace(feed, usual_gap=np.full_like(feed.usual_gap, np.inf), is_stale=is_stale)


def impossible_stock(on_hand: Measure, stores: Stores, of: DeliverySettings) -> Marks:
    """Days on which every record of a store is 0 though most were not on its day before, (stores, days).

    on_hand: NaN without a row.
    """
    known, zeros = stores.together.added(_count_zeros(on_hand, stores))
    return stores.together.once(lambda: _emptied(known, zeros, of))


def _count_zeros(on_hand: Measure, stores: Stores) -> Integers:
    """The block's own known cells and, of them, those of 0, (2, stores, days)."""
    counts = np.zeros((2, stores.starts.size - 1, on_hand.shape[1]), np.int64)
    stores.each(lambda pairs: kernel.count_zeros(on_hand.rows(pairs), stores.store[pairs], *counts))
    return counts


def _emptied(known: Integers, zeros: Integers, of: DeliverySettings) -> Marks:
    all_gone = (known >= of.min_silent_skus) & (zeros == known)
    share = np.where(known > 0, zeros / np.maximum(known, 1), np.nan)
    before = np.full(share.shape[0], np.nan)
    found: Marks = np.zeros(all_gone.shape, np.bool_)
    for day in range(known.shape[1]):
        was_stocked = (before < 1.0 - of.closed_share) & (known[:, day] >= of.min_silent_skus)
        found[:, day] = all_gone[:, day] & was_stocked
        is_news = (known[:, day] > 0) & ~found[:, day]
        before = np.where(is_news, share[:, day], before)
    return found


def forget(measure: Narrow, stores: Stores, marked: Marks) -> None:
    """Make the cells of marked store-days unknown, in place."""

    def forget_days(pairs: slice) -> None:
        values = measure.rows(pairs)
        kernel.forget_days(values, stores.store[pairs], marked)
        measure.put(pairs, values)

    if marked.any():
        stores.each(forget_days)


def _last(marked: Marks) -> Integers:
    """The last marked day of each row, -1 without one."""
    return np.where(marked.any(axis=1), marked.shape[1] - 1 - marked[:, ::-1].argmax(axis=1), NEVER)


def _usual_gaps(came: Marks) -> NDArray[np.float64]:
    """See `_usual_gap`, of every store, (stores,). Most stores share a rhythm, which is looked at once."""
    # Days as bits: there is an eighth of them to sort.
    _, first, of_store = np.unique(np.packbits(came, axis=1), axis=0, return_index=True, return_inverse=True)
    return np.array([_usual_gap(days) for days in came[first]])[of_store]


def _usual_gap(came: Marks) -> float:
    """The longest of all but the rarest gaps between two deliveries, in days; infinite without a rhythm."""
    gaps = np.diff(np.flatnonzero(came))
    return float(np.quantile(gaps, RARE)) if gaps.size >= FEWEST_GAPS else np.inf
