"""Spread: intervals by drawing whole stores again, for shares of sums and for medians (Efron 1979).

Stores are drawn, not alerts: what happens in one store happens to many of its shelves.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.arrays import Floats
from engine.kernels.seeds import hash_texts


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval; all NaN when nothing was there to measure."""

    value: float
    low: float
    high: float

    def as_list(self) -> list[float | None]:
        """Value, low, high; None for unknown."""
        return [None if np.isnan(one) else round(one, 4) for one in (self.value, self.low, self.high)]


class Stores:
    """The stores of a chain, drawn again and again. Seeded from their ids.

    draws: how often each store is in each replicate, (replicates, stores).
    """

    def __init__(self, ids: pl.Series, replicates: int, level: float) -> None:
        self._ids = ids.unique().sort()
        n = len(self._ids)
        text = ",".join(self._ids.cast(pl.String)).encode()
        seed = np.empty(1, np.uint64)
        hash_texts(np.frombuffer(text, np.uint8), np.array([0, len(text)]), seed)
        self.draws = np.random.default_rng(int(seed[0])).multinomial(n, np.full(n, 1 / n), replicates)
        self._tails = [(1 - level) / 2, (1 + level) / 2]

    def share(self, stores: pl.Series, hit: pl.Series) -> Estimate:
        """Share of the rows that are hits. stores: the store of each row."""
        return self.quotient(stores, hit.cast(pl.Float64), pl.Series(np.ones(len(hit))))

    def quotient(self, stores: pl.Series, part: pl.Series, whole: pl.Series) -> Estimate:
        """The sum of the parts over the sum of the wholes."""
        if not float(whole.sum() or 0.0) > 0:
            return Estimate(np.nan, np.nan, np.nan)
        code = self._codes(stores)
        parts, wholes = (np.bincount(code, one.to_numpy(), len(self._ids)) for one in (part, whole))
        with np.errstate(invalid="ignore"):
            drawn = (self.draws @ parts) / (self.draws @ wholes)
        return self._estimate(float(parts.sum() / wholes.sum()), drawn)

    def median(self, stores: pl.Series, values: pl.Series) -> Estimate:
        """The median of the rows' values; of two in the middle the lower."""
        if values.is_empty():
            return Estimate(np.nan, np.nan, np.nan)
        order = values.arg_sort().to_numpy()
        ordered, code = values.to_numpy()[order], self._codes(stores)[order]
        drawn = np.array([_weighted_median(ordered, one[code]) for one in self.draws])
        return self._estimate(_weighted_median(ordered, np.ones(ordered.size)), drawn)

    def _codes(self, stores: pl.Series) -> NDArray[np.int64]:
        return self._ids.search_sorted(stores.cast(self._ids.dtype)).to_numpy().astype(np.int64)

    def _estimate(self, value: float, drawn: Floats) -> Estimate:
        known = drawn[~np.isnan(drawn)]
        if not known.size:
            return Estimate(value, np.nan, np.nan)
        low, high = np.quantile(known, self._tails)
        return Estimate(value, float(low), float(high))


def _weighted_median(ordered: Floats, weights: Floats) -> float:
    running = np.cumsum(weights)
    if not running[-1] > 0:
        return float("nan")
    return float(ordered[np.searchsorted(running, running[-1] / 2)])
