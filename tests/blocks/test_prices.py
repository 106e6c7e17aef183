"""Prices and totals of a chain in blocks are told and refused word for word as those of the chain at once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from engine.errors import InputError, Problem
from engine.settings.shelf.night import load
from engine.shelf.prices import believed_prices, paid_prices, price_notices, refuse_swapped
from engine.shelf.totals import refuse_totals
from tests.blocks.cutting import in_order_of, over_blocks
from tests.blocks.market import N_SKUS, SETTINGS, market, market_tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.shelf.panel import Panel

BLOCKS = (1, 2, 7, N_SKUS + 3)
CHECK = load(assignments=SETTINGS).price_check
TOTAL_SKU, TOTAL_STORE = 104, 6
Tables = dict[str, pl.DataFrame]


def as_it_is(tables: Tables) -> Tables:
    return tables


def with_odd_prices(tables: Tables) -> Tables:
    """Prices with a tax on top; those of a store are of another currency, those of two SKUs are cents and packs."""
    odd = pl.when(pl.col("store_id") == 5).then(7.3).when(pl.col("sku_id") == 103).then(100.0)
    factor = odd.when(pl.col("sku_id") == 114).then(6.0).otherwise(1.0) * 1.19
    return tables | {"pricing": tables["pricing"].with_columns(price=pl.col("price") * factor)}


def with_columns_swapped(tables: Tables) -> Tables:
    sold = tables["sales_transactions"]
    return tables | {"sales_transactions": sold.rename({"units_sold": "revenue", "revenue": "units_sold"})}


def with_a_total_sku(tables: Tables) -> Tables:
    sold = tables["sales_transactions"].filter(pl.col("sku_id") != TOTAL_SKU)
    total = _totals(sold, "store_id").with_columns(sku_id=pl.lit(TOTAL_SKU, sold.schema["sku_id"]))
    return tables | {"sales_transactions": pl.concat([sold, total.select(sold.columns)])}


def with_a_total_store(tables: Tables) -> Tables:
    sold = tables["sales_transactions"].filter(pl.col("store_id") != TOTAL_STORE)
    total = _totals(sold, "sku_id").with_columns(store_id=pl.lit(TOTAL_STORE, sold.schema["store_id"]))
    return tables | {"sales_transactions": pl.concat([sold, total.select(sold.columns)])}


def _totals(sold: pl.DataFrame, kept: str) -> pl.DataFrame:
    summed = pl.col("units_sold", "revenue").sum()
    return sold.group_by(kept, "date").agg(summed, promo_flag=pl.lit(value=False)).sort(kept, "date")


def told(known: Panel) -> list[Problem]:
    """Notices of prices, or why the night is refused."""
    paid = paid_prices(known)
    problems: list[Problem] = []
    for refuse in (partial(refuse_swapped, known, paid, CHECK), partial(refuse_totals, known, CHECK)):
        try:
            refuse()
        except InputError as error:
            problems += error.problems
    return [*problems, *price_notices(known, paid, CHECK)]


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        pytest.param(as_it_is, [], id="nothing_odd"),
        pytest.param(with_odd_prices, ["prices are 1.19 times", "1 of 14 stores", "2 of 17 SKUs"], id="odd_prices"),
        pytest.param(with_columns_swapped, ["look swapped"], id="swapped"),
        pytest.param(with_a_total_sku, [f"sku_id {TOTAL_SKU} holds"], id="total_sku"),
        pytest.param(with_a_total_store, [f"store_id {TOTAL_STORE} holds"], id="total_store"),
    ],
)
def test_every_block_says_what_the_chain_says(tmp_path, spoil: Callable[[Tables], Tables], expected: list[str]):
    known, _ = market(tmp_path, spoil(market_tables()))
    whole = told(known)
    assert len(whole) >= len(expected)
    assert all(words in one.what for words, one in zip(expected, whole, strict=False))
    for blocks in BLOCKS:
        assert over_blocks(known, blocks, told) == [whole] * blocks


@pytest.mark.parametrize("blocks", BLOCKS)
def test_the_price_that_values_a_pair_does_not_depend_on_the_cut(tmp_path, blocks: int):
    def believed(known: Panel) -> tuple[np.ndarray, np.ndarray]:
        price = known.array("price")[:, -1].copy()
        return believed_prices(known, np.arange(price.size), price, paid_prices(known), CHECK)

    known, _ = market(tmp_path, with_odd_prices(market_tables()))
    whole, found = believed(known), over_blocks(known, blocks, believed)
    for side in (0, 1):
        assert in_order_of(known, blocks, [one[side] for one in found]).tobytes() == whole[side].tobytes()
