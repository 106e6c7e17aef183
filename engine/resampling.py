"""Spread: intervals by drawing whole clusters again, for shares of sums and for medians (Efron 1979).

Stores are drawn, not alerts, and customers, not their scores: what happens in one store happens to many of its
shelves.
"""

from dataclasses import dataclass
from functools import cached_property

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


class Clusters:
    """Stores, customers or what else belongs together, drawn again and again. Seeded from their ids.

    draws: how often each cluster is in each replicate, (replicates, clusters), clusters in the order of their ids.
    """

    def __init__(self, ids: pl.Series, replicates: int, level: float) -> None:
        self._ids = ids.unique().sort()
        n = len(self._ids)
        text = ",".join(self._ids.cast(pl.String)).encode()
        seed = np.empty(1, np.uint64)
        hash_texts(np.frombuffer(text, np.uint8), np.array([0, len(text)]), seed)
        self.draws = np.random.default_rng(int(seed[0])).multinomial(n, np.full(n, 1 / n), replicates)
        self._tails = [(1 - level) / 2, (1 + level) / 2]

    def share(self, clusters: pl.Series, hit: pl.Series) -> Estimate:
        """Share of the rows that are hits. clusters: the cluster of each row."""
        return self.quotient(clusters, hit.cast(pl.Float64), pl.Series(np.ones(len(hit))))

    def quotient(self, clusters: pl.Series, part: pl.Series, whole: pl.Series) -> Estimate:
        """The sum of the parts over the sum of the wholes."""
        return self.estimate(*self._quotients(clusters, part.to_numpy(), whole.to_numpy()))

    def difference(self, clusters: pl.Series, one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> Estimate:
        """One quotient less another, both in the same draws. one, other: parts and wholes of each row."""
        (value, drawn), (value_of_other, drawn_of_other) = (
            self._quotients(clusters, part, whole) for part, whole in (one, other)
        )
        return self.estimate(value - value_of_other, drawn - drawn_of_other)

    def median(self, clusters: pl.Series, values: pl.Series) -> Estimate:
        """The median of the rows' values; of two in the middle the lower."""
        if values.is_empty():
            return Estimate(np.nan, np.nan, np.nan)
        order = values.arg_sort().to_numpy()
        ordered, code = values.to_numpy()[order], self.codes(clusters)[order]
        drawn = np.array([_weighted_median(ordered, one[code]) for one in self.draws])
        return self.estimate(_weighted_median(ordered, np.ones(ordered.size)), drawn)

    def _quotients(self, clusters: pl.Series, part: Floats, whole: Floats) -> tuple[float, Floats]:
        """The quotient of the sums, and that of every replicate; NaN where the wholes add up to nothing."""
        if not float(whole.sum()) > 0:
            return np.nan, np.full(len(self.draws), np.nan)
        code = self.codes(clusters)
        sums = np.column_stack([np.bincount(code, one, len(self._ids)) for one in (part, whole)])
        drawn = self._weights @ sums
        with np.errstate(invalid="ignore"):
            return float(sums[:, 0].sum() / sums[:, 1].sum()), drawn[:, 0] / drawn[:, 1]

    @cached_property
    def _weights(self) -> Floats:
        """The draws as the numbers that sums are multiplied by, made once."""
        return self.draws.astype(np.float64)

    def codes(self, clusters: pl.Series) -> NDArray[np.int64]:
        """The place of each row's cluster among the columns of `draws`."""
        return self._ids.search_sorted(clusters.cast(self._ids.dtype)).to_numpy().astype(np.int64)

    def estimate(self, value: float, drawn: Floats) -> Estimate:
        """A figure with the interval of its replicates; those that are NaN are left out."""
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
