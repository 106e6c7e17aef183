"""Feeds: until when each store delivered a table whose last row is carried forward.

In: a measure as delivered, NaN where no row came. Out: `Feed`. A feed that comes every day is stale after a few; one
that is written when something changes has no rhythm of its own and is never stale.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.config import DeliverySettings
from engine.kernels import rows
from engine.kernels.deliveries import days_above

Integers = NDArray[np.int64]
FEWEST_GAPS = 3
"""Gaps between deliveries that tell a rhythm."""
NEVER = -1


@dataclass(frozen=True)
class Feed:
    """last_day: the last day of the panel with any row of the store, -1 without one (stores,). is_stale: the store
    used to deliver more often than that (stores,).
    """

    last_day: Integers
    is_stale: NDArray[np.bool_]


def feed_of(measure: NDArray[np.floating], store: Integers, starts: Integers, of: DeliverySettings) -> Feed:
    """The feed of every store. measure: (pairs, days), NaN without a row. store: (pairs,). starts: as in `Chain`."""
    n_stores, n_days = starts.size - 1, measure.shape[1]
    came = np.zeros((n_stores, n_days), np.bool_)

    def mark(stores: slice) -> None:
        pairs = slice(starts[stores.start], starts[stores.stop])
        days_above(measure[pairs], store[pairs], -np.inf, came)

    rows.in_blocks(mark, n_stores)
    last_day = np.where(came.any(axis=1), n_days - 1 - came[:, ::-1].argmax(axis=1), NEVER)
    usual_gap = np.array([_usual_gap(days) for days in came])
    late = n_days - 1 - last_day
    return Feed(last_day, (last_day >= 0) & (late > np.maximum(of.stale_days, of.stale_gaps * usual_gap)))


def _usual_gap(came: NDArray[np.bool_]) -> float:
    """The longest of all but the rarest gaps between two deliveries, in days; infinite without a rhythm."""
    gaps = np.diff(np.flatnonzero(came))
    return float(np.quantile(gaps, 0.9)) if gaps.size >= FEWEST_GAPS else np.inf
