"""A panel cut into blocks, each of some of its SKUs in all of its stores, as a night over blocks holds it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import polars as pl

from engine.blocks.turns import in_turns
from engine.shelf.measures import Whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.blocks.together import Together
    from engine.shelf.panel import Panel

T = TypeVar("T")


def cut(panel: Panel, blocks: int) -> list[Panel]:
    """Blocks of neighbouring SKUs, about equally many in each; some are empty where there are more of them."""
    bounds = [panel.skus.height * block // blocks for block in range(blocks + 1)]
    return [of_skus(panel, first, end) for first, end in itertools.pairwise(bounds)]


def over_blocks(panel: Panel, blocks: int, program: Callable[[Panel], T], at_once: int = 1) -> list[T]:
    """What a program returns of every block of a panel, when all of them run together."""
    parts = cut(panel, blocks)

    def run(together: Together) -> T:
        return program(replace(parts[together.number], together=together))

    return in_turns(run, blocks, at_once)


def in_order_of(panel: Panel, blocks: int, values: list[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    """Rows of the pairs of every block, in the order of the pairs of the whole panel."""
    position = np.arange(panel.pairs.height)
    bounds = [panel.skus.height * block // blocks for block in range(blocks + 1)]
    sku = panel.codes("sku")
    order = np.concatenate([position[(sku >= first) & (sku < end)] for first, end in itertools.pairwise(bounds)])
    whole = np.concatenate(values)
    placed = np.empty_like(whole)
    placed[order] = whole
    return placed


def of_skus(panel: Panel, first: int, end: int) -> Panel:
    """The part of a panel that is of some neighbouring SKUs."""
    skus = panel.skus.slice(first, end - first)
    is_own = pl.col("sku").is_between(first, end - 1)
    own = panel.pairs.select(is_own.arg_true()).to_series().cast(pl.Int64).to_numpy()
    pairs = panel.pairs.filter(is_own).with_columns(sku=pl.col("sku") - first).rechunk()
    calendar = panel.outside.calendar.filter(is_own | pl.col("sku").is_null()).with_columns(sku=pl.col("sku") - first)
    listed = pl.col("sku_id").is_in(skus["sku_id"].implode())
    return replace(
        panel,
        pairs=pairs,
        measures={name: Whole(panel.array(name, own)) for name in panel.measures},
        skus=skus,
        outside=replace(panel.outside, calendar=calendar),
        stock_corrections=panel.stock_corrections.filter(listed),
        unmatched_returns=panel.unmatched_returns.filter(listed),
    )
