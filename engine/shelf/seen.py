"""Seen: the store-SKUs of the chain, those with a row of sales or stock on the days of the panel.

In: the keys of these tables, or the store-SKUs themselves. Out: `Seen`, and how its SKUs are cut into blocks.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from engine.arrays import Integers
from engine.delivery.keys import Keys
from engine.delivery.numbering import Numbering
from engine.vocabulary import shelf as v


@dataclass(frozen=True)
class Seen:
    """The store-SKUs of the whole chain. pairs: store_id and sku_id, sorted. stores, skus: their ids, sorted."""

    pairs: pl.DataFrame

    @cached_property
    def stores(self) -> pl.Series:
        """The ids of all stores, sorted."""
        return self.pairs["store_id"].unique().sort()

    @cached_property
    def skus(self) -> pl.Series:
        """The ids of all SKUs, sorted."""
        return self._skus["sku_id"]

    @cached_property
    def _skus(self) -> pl.DataFrame:
        return self.pairs.group_by("sku_id").len().sort("sku_id")

    def cut(self, blocks: int) -> list[slice]:
        """Positions of the SKUs of every block, with about equally many store-SKUs in each."""
        return cut_skus(self._skus["len"].to_numpy().astype(np.int64), blocks)


def seen_of(tables: Sequence[Keys]) -> Seen:
    """The store-SKUs that some of the tables has on the days that `keys` was asked about; there may be none."""
    every = {name: pl.concat(found.of(name) for found in tables).unique().sort() for name in v.PAIR}
    numbering = Numbering(every)
    numbers = pl.concat(found.on_days().numbers(numbering) for found in tables)
    return Seen(numbering.keys(numbers.unique().sort()))


def cut_skus(pairs: Integers, blocks: int) -> list[slice]:
    """Positions of the SKUs of every block: neighbours, with about equally many store-SKUs in each.

    pairs: of every SKU, (SKUs,). Where there are fewer SKUs than blocks, the last blocks have none.
    """
    so_far = np.cumsum(pairs)
    middle = 2 * so_far - pairs
    wanted = 2 * so_far[-1] * np.arange(1, blocks) // blocks
    bounds = np.searchsorted(middle, wanted)
    block = np.arange(1, blocks)
    fewest = np.minimum(block, pairs.size)
    bounds = np.clip(bounds, fewest, np.maximum(pairs.size - blocks + block, fewest))
    return [slice(first, end) for first, end in itertools.pairwise([0, *bounds.tolist(), pairs.size])]
