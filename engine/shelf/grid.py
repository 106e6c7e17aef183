"""Grid: the store-SKUs and days there are, cut into blocks of SKUs.

In: `Sources`, and `Seen`, the store-SKUs of the whole chain. Out: `Grid`, those of one block.
"""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.blocks.together import Together
from engine.contracts.contract import AS_TEXT, UNUSABLE, of_text
from engine.delivery.id_range import IdRange
from engine.delivery.keys import distinct
from engine.delivery.numbering import Numbering, places
from engine.delivery.source import Source
from engine.errors import InputError, Problem
from engine.shelf.check import Sources
from engine.shelf.seen import Seen
from engine.vocabulary import shelf as v


@dataclass(frozen=True)
class Grid:
    """The pairs and days of a block of the panel: all stores of the chain, some of its SKUs.

    pairs: store_id, sku_id, store and sku (positions in `stores` and `skus`), sorted. stores: the ids of the whole
    chain, sorted. every_sku: the same of its SKUs, of which `own` are the block's. chain_pairs: pairs of all blocks.
    rows: which rows of the tables are the block's, those of SKUs without a pair among them.
    """

    n_days: int
    first_day: int
    pairs: pl.DataFrame
    stores: pl.Series
    every_sku: pl.Series
    own: slice
    chain_pairs: int

    @property
    def shape(self) -> tuple[int, int]:
        """Pairs and days."""
        return self.pairs.height, self.n_days

    @property
    def skus(self) -> pl.Series:
        """The ids of the block's own SKUs, sorted."""
        return self.every_sku[self.own]

    @property
    def rows(self) -> IdRange:
        """The ids whose rows are the block's, those of SKUs without a pair among them."""
        return _range_of(self.every_sku, self.own)

    @property
    def starts(self) -> NDArray[np.int64]:
        """First pair of each store, and the number of pairs at the end."""
        return np.searchsorted(self.pairs["store"].to_numpy(), np.arange(len(self.stores) + 1)).astype(np.int64)

    def codes(self, name: str, kind: pl.DataType, ids: pl.Series) -> pl.Expr:
        """Of an id column of a kind the number that `locate` looks up: the id, or the position of a text id."""
        if ids.dtype == pl.Int64:
            return pl.col(name).fill_null(-1)
        known = pl.Enum(ids)
        position = of_text(name, kind, lambda text: text.cast(known, strict=False).to_physical().cast(pl.Int64))
        return position.fill_null(-1).alias(name)

    def keys(self, ids: pl.Series) -> NDArray[np.int64]:
        """The sorted numbers that `codes` may yield."""
        return ids.to_numpy() if ids.dtype == pl.Int64 else np.arange(len(ids))


def seen_pairs(sources: Sources, n_days: int, *, usable_only: bool = False) -> Seen:
    """The store-SKUs with a row of sales or stock on the days of the panel. usable_only: with a usable one.

    They are looked for unless the sources have them. Raises InputError when there is none.
    """
    first_date = sources.since(n_days)
    found = sources.seen
    if found is None or usable_only or n_days != sources.intake.panel.lookback_days:
        found = _looked_for(sources, first_date, usable_only=usable_only)
    if found.pairs.is_empty():
        advice = "deliver rows of the days before the as-of day"
        raise InputError([Problem(v.SALES, f"no row from {first_date} to {sources.as_of}", advice)])
    return found


def _looked_for(sources: Sources, first_date: dt.date, *, usable_only: bool) -> Seen:
    days = pl.col("date").is_between(first_date, sources.as_of)
    seen = [_pairs_of(sources.tables[name], days, usable_only=usable_only) for name in (v.SALES, v.INVENTORY)]
    every = {name: pl.concat(pairs[name].unique() for pairs in seen).unique().sort() for name in v.PAIR}
    numbering = Numbering(every)
    numbers = (numbering.distinct({name: places(pairs[name], every[name]) for name in v.PAIR}) for pairs in seen)
    return Seen(numbering.keys(pl.concat(numbers).unique().sort()))


def grid_of(seen: Seen, as_of: dt.date, n_days: int, together: Together) -> Grid:
    """The block's own part of the store-SKUs. as_of: the last of the days."""
    stores, skus = seen.stores, seen.skus
    own = seen.cut(together.of)[together.number]
    pairs = seen.pairs.filter(_range_of(skus, own).holds(pl.col("sku_id"))) if together.of > 1 else seen.pairs
    pairs = pairs.with_columns(
        store=stores.search_sorted(pairs["store_id"]).cast(pl.Int64),
        sku=skus[own].search_sorted(pairs["sku_id"]).cast(pl.Int64),
    )
    last_day = (as_of - dt.date(1970, 1, 1)).days
    return Grid(n_days, last_day - n_days + 1, pairs, stores, skus, own, seen.pairs.height)


def _range_of(skus: pl.Series, own: slice) -> IdRange:
    """The ids that belong to a block. skus: of the chain, sorted. own: positions of the block's."""
    if own.start == own.stop:
        return IdRange(skus[-1], skus[-1])
    first = None if own.start == 0 else skus[own.start]
    return IdRange(first, None if own.stop == len(skus) else skus[own.stop])


def _pairs_of(source: Source, days: pl.Expr, *, usable_only: bool) -> pl.DataFrame:
    """The distinct store-SKUs of a table's rows of some days, in no order; of all rows only the keys are read."""
    counts = days & pl.all_horizontal(pl.col(name).is_not_null() for name in v.PAIR)
    rows = source.numbered().filter(counts & ~pl.col(UNUSABLE) if usable_only else counts)
    return distinct(rows.select(v.PAIR), v.PAIR).with_columns(AS_TEXT)
