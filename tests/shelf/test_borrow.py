"""A store-SKU listed late is told by the SKU in like stores: how much it should sell, and how far stores differ."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from engine.blocks.together import ALONE
from engine.outputs.shelf import shapes
from engine.settings.shelf.calibrated import DemandSettings
from engine.shelf.calibrated.borrow import borrowed
from engine.vocabulary import shelf as v
from tests.planted.chain import LAST_DAY, PANEL_DAYS, Chain, date_of

if TYPE_CHECKING:
    from engine.kernels.records import Borrowed

STORES, SKUS, LISTED = 8, 10, 80
CALIBRATED = ("profile=calibrated", "episode.max_fdr=0.01")
"""Of eighty store-SKUs one false finding in ten would come up too often for a test."""


def panel_of(stores: int, skus: int, listed: np.ndarray) -> SimpleNamespace:
    """As much of a panel as is asked: every SKU in every store, by store and SKU."""
    codes = {
        "store": np.repeat(np.arange(stores), skus),
        "sku": np.tile(np.arange(skus), stores),
        "listed": listed.ravel(),
    }
    return SimpleNamespace(
        codes=codes.__getitem__,
        is_open=np.ones((stores, PANEL_DAYS), bool),
        stores=pl.DataFrame({"store_id": range(stores)}),
        skus=pl.DataFrame({"sku_id": range(skus)}),
        together=ALONE,
    )


def lent_by(levels: np.ndarray, listed: np.ndarray, days: float = 1e6, dispersion: float = 0.0) -> Borrowed:
    """levels, listed: (stores, skus). days: that tell each level."""
    n = levels.size
    exposure = np.where(np.isnan(levels), 0.0, days).ravel()
    told = (levels.ravel(), exposure, np.ones(n), np.full(n, dispersion))
    return borrowed(panel_of(*levels.shape, listed), *told, DemandSettings())


def test_it_is_what_other_stores_sell_at_the_size_of_the_store():
    levels = np.outer([1.0, 2.0, 0.5, 4.0], [3.0, 10.0, 1.0, 6.0, 8.0])
    listed = np.zeros((4, 5), int)
    listed[3, 2] = 85
    known = levels.copy()
    known[3, 2] = np.nan
    lent = lent_by(known, listed)
    assert lent.level[3 * 5 + 2] == pytest.approx(levels[3, 2], rel=1e-3)
    assert np.flatnonzero(lent.level).tolist() == [3 * 5 + 2]


def test_stores_differ_as_far_as_the_chain_shows_beyond_counts():
    random, spread, days, dispersion = np.random.default_rng(4), 0.15, 40, 0.2
    size = random.uniform(0.5, 2.0, (60, 1))
    rate = size * random.uniform(2.0, 9.0, 50) * random.standard_gamma(1 / spread, (60, 50)) * spread
    gamma = random.standard_gamma(1 / dispersion, (days, 60, 50)) * dispersion
    levels = random.poisson(rate * gamma).mean(axis=0)
    listed = np.zeros((60, 50), int)
    listed[0] = 85
    lent = lent_by(levels, listed, days, dispersion)
    assert lent.relative_variance[:50].mean() == pytest.approx(spread, rel=0.1)
    error = rate[0] / lent.level[:50] - 1
    assert (error**2 / lent.relative_variance[:50]).mean() == pytest.approx(1.0, abs=0.4)


def test_nobody_lends_what_no_store_has_carried_for_long_or_one_alone():
    listed = np.zeros((3, 2), int)
    listed[:, 1] = 80
    assert not lent_by(np.full((3, 2), 4.0), listed).level.any()
    listed[:] = 80
    listed[0] = 0
    assert not lent_by(np.full((3, 2), 4.0), listed).level.any()


def late_chain(chain: Chain, shapes_of: dict[tuple[int, int], np.ndarray]) -> None:
    """Eight a day everywhere; those with a shape were listed late, and it multiplies their rate from then on."""
    random = np.random.default_rng(12)
    for store in range(STORES):
        for sku in range(SKUS):
            shape = shapes_of.get((store, sku))
            units: list[float | None] = [float(sold) for sold in random.poisson(8.0, PANEL_DAYS)]
            if shape is not None:
                rate = 8.0 * shape
                units = [None] * LISTED + [float(sold) for sold in random.poisson(rate)]
            chain.shelf(str(store), f"sku{sku}", units, on_hand={0 if shape is None else LISTED: 500})


def young(*parts: tuple[int, float]) -> np.ndarray:
    """So many days at a share of the rate of other stores each, since the listing."""
    shape = np.concatenate([np.full(days, share) for days, share in parts])
    assert shape.size == PANEL_DAYS - LISTED
    return shape


def open_cases(night) -> dict[tuple[str, str], dict]:
    return {(case["store_id"], case["sku_id"]): case for case in night.cases.to_dicts() if case["status"] == v.OPEN}


def test_a_shelf_that_never_sold_since_it_was_listed_is_dark_and_a_healthy_young_one_is_not(chain, judged):
    late_chain(chain, {(2, 3): young((10, 0.0)), (3, 5): young((5, 1.0), (5, 0.0)), (4, 6): young((10, 1.0))})
    night = judged(chain, *CALIBRATED)
    cases = open_cases(night)
    assert list(cases) == [("2", "sku3"), ("3", "sku5")]
    never, later = cases.values()
    assert (never["detection_date"], later["detection_date"]) == (date_of(LISTED), date_of(LISTED + 5))
    assert never["expected_daily_units"] == pytest.approx(8.0, rel=0.15)
    assert v.BORROWED_LEVEL in never["review_flags"]
    told = night.tables[shapes.DETECTABILITY]
    weight = {(row["store_id"], row["sku_id"]): row["borrowed_weight"] for row in told.to_dicts()}
    assert weight["2", "sku3"] == 1.0
    assert 0.0 < weight["4", "sku6"] < 1.0
    assert {key for key, share in weight.items() if share} == {("2", "sku3"), ("3", "sku5"), ("4", "sku6")}


def test_what_a_launch_sold_at_first_is_not_its_level(chain, judged):
    late_chain(chain, {(2, 3): young((5, 4.0), (5, 1.0)), (4, 6): young((5, 4.0), (5, 0.1))})
    cases = open_cases(judged(chain, *CALIBRATED))
    assert list(cases) == [("4", "sku6")]
    assert cases["4", "sku6"]["detection_date"] == date_of(LAST_DAY - 4)


def test_a_sku_that_is_new_in_every_store_is_a_launch_and_no_case(chain, judged):
    late_chain(chain, {(store, 3): young((5, 4.0), (5, 0.5)) for store in range(STORES)})
    assert not open_cases(judged(chain, *CALIBRATED))
