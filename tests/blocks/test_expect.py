"""What is learnt of a chain in blocks is to the bit what is learnt of the chain at once."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl
import pytest

from engine.memory import Memory
from engine.settings.shelf.night import load
from engine.shelf import calibrated
from engine.shelf.calibrated.course import course
from engine.shelf.calibrated.unusual import notices
from engine.shelf.check import check
from engine.shelf.desk import panel_plan
from engine.shelf.panel import panel
from tests.blocks.cutting import in_order_of, over_blocks
from tests.blocks.market import N_SKUS, market
from tests.planted.awkward import AS_OF as AWKWARD_AS_OF
from tests.planted.awkward import write_awkward_chain

if TYPE_CHECKING:
    from engine.errors import Problem
    from engine.kernels.causes import Course
    from engine.settings.shelf.night import NightSettings
    from engine.shelf.calibrated import Demand, Response
    from engine.shelf.panel import Panel

BLOCKS = (1, 2, 7, N_SKUS + 3)
OF_PAIRS = ("level", "exposure", "usual_price", "usable", "clean", "is_weighed", "unit", "dispersion", "in_lots")
OF_CHAIN = ("weekday", "occasion", "offer", "store_day")
ENDED_SKU, ENDED_ON = 113, 75


class Learnt(NamedTuple):
    """What a block learns."""

    panel: Panel
    demand: Demand
    response: Response
    course: Course
    notices: tuple[Problem, ...]


def ended_on(known: Panel, _: Demand) -> np.ndarray:
    """One SKU has ended everywhere, so that in one block alone there is something to estimate again."""
    return np.where(known.pairs["sku_id"].to_numpy() == ENDED_SKU, ENDED_ON, known.n_days)


def learn(known: Panel, settings: NightSettings) -> Learnt:
    null = calibrated.null_distribution(settings.demand, settings.episode)
    known, demand = calibrated.expect(known, settings.demand, settings.episode, null, ended_on)
    response = calibrated.price_response(
        known, demand, settings.response, settings.recommend, settings.interval.level
    )
    told = (*notices(demand.unusual, known.together), *demand.occasions.notices)
    return Learnt(known, demand, response, course(known, demand, settings.pattern), told)


@pytest.fixture(scope="module")
def chain(tmp_path_factory) -> tuple[Panel, NightSettings]:
    return market(tmp_path_factory.mktemp("market"))


@pytest.fixture(scope="module")
def whole(chain) -> Learnt:
    return learn(*chain)


@pytest.fixture(scope="module", params=BLOCKS)
def learnt(request, chain) -> list[Learnt]:
    known, settings = chain
    return over_blocks(known, request.param, partial(learn, settings=settings))


def test_the_chain_has_what_can_be_cut_apart(whole):
    demand = whole.demand
    assert demand.is_weighed.any()
    assert not demand.is_weighed.all()
    assert demand.borrowed.level.any()
    assert (demand.clean < demand.usable).any()
    assert set(demand.occasions.kinds) >= {"fair", "launch", "market", "strike", "tasting", "rain from 5 mm"}
    assert len(demand.occasions.sets) > len(demand.occasions.kinds)
    assert set(demand.unusual["measure"]) >= {"bulk", "units", "on_hand"}
    assert demand.unit[demand.is_weighed][0] != 1.0
    assert (np.array([len(whole.notices), demand.offer.std(), demand.occasion.std()]) > 0).all()
    assert (whole.response.table["skus"] > 0).any()


@pytest.mark.slow
def test_every_pair_learns_the_same(chain, whole, learnt):
    known, _ = chain
    for name in OF_PAIRS:
        found = in_order_of(known, len(learnt), [getattr(one.demand, name) for one in learnt])
        assert found.tobytes() == getattr(whole.demand, name).tobytes(), name
    for name in whole.demand.borrowed._fields:
        found = in_order_of(known, len(learnt), [getattr(one.demand.borrowed, name) for one in learnt])
        assert found.tobytes() == getattr(whole.demand.borrowed, name).tobytes(), name
    expected = in_order_of(known, len(learnt), [one.panel.array("expected") for one in learnt])
    assert expected.tobytes() == whole.panel.array("expected").tobytes()


def test_every_block_knows_the_factors_of_the_chain_and_those_of_its_own_skus(whole, learnt):
    for one in learnt:
        for name in OF_CHAIN:
            assert getattr(one.demand, name).tobytes() == getattr(whole.demand, name).tobytes(), name
        assert one.demand.level_drift == whole.demand.level_drift
        assert one.demand.occasions.kinds == whole.demand.occasions.kinds
        assert one.demand.occasions.past_days.tolist() == whole.demand.occasions.past_days.tolist()
    assert np.concatenate([one.demand.sku_day for one in learnt]).tobytes() == whole.demand.sku_day.tobytes()


def test_what_the_calendar_does_to_a_pair_does_not_depend_on_the_cut(chain, whole, learnt):
    def happened(one: Learnt) -> np.ndarray:
        of = one.demand.occasions
        return of.product(one.demand.occasion)[of.group]

    known, _ = chain
    found = in_order_of(known, len(learnt), [happened(one) for one in learnt])
    assert found.tobytes() == happened(whole).tobytes()


def test_the_response_to_prices_is_the_chain_s(whole, learnt):
    assert all(one.response.table.equals(whole.response.table) for one in learnt)


def test_the_course_of_stores_is_the_chain_s_and_that_of_skus_the_block_s(whole, learnt):
    for name in whole.course._fields:
        tables = [getattr(one.course, name) for one in learnt]
        wanted = getattr(whole.course, name).tobytes()
        if name.startswith("store"):
            assert all(table.tobytes() == wanted for table in tables), name
        else:
            assert np.concatenate(tables).tobytes() == wanted, name


def test_what_is_unusual_is_told_alike(whole, learnt):
    assert all(one.notices == whole.notices for one in learnt)
    found = pl.concat([one.demand.unusual for one in learnt])
    assert found.sort("store_id", "sku_id", "date", "measure").equals(whole.demand.unusual)


@pytest.mark.parametrize("threads", [1, 5])
def test_no_digit_depends_on_the_threads(chain, whole, monkeypatch, threads):
    monkeypatch.setitem(os.environ, "POLARS_MAX_THREADS", str(threads))
    found = learn(*chain)
    assert found.panel.array("expected").tobytes() == whole.panel.array("expected").tobytes()
    assert found.response.table.equals(whole.response.table)
    assert all(one.tobytes() == other.tobytes() for one, other in zip(found.course, whole.course, strict=True))


def test_blocks_of_one_process_share_the_tables_of_the_chain(chain):
    known, settings = chain
    first, second = over_blocks(known, 2, partial(learn, settings=settings))
    assert first.demand.store_day is second.demand.store_day
    assert first.course.store_sold is second.course.store_sold


@pytest.mark.parametrize("blocks", [7, pytest.param(64, marks=pytest.mark.slow)])
def test_every_awkward_fact_may_be_in_any_block(tmp_path, blocks):
    write_awkward_chain(tmp_path, format="parquet")
    settings = load()
    known = panel(check(tmp_path, AWKWARD_AS_OF), panel_plan(settings, allow_partial=True), Memory())
    whole, learnt = learn(known, settings), over_blocks(known, blocks, partial(learn, settings=settings), at_once=2)
    expected = in_order_of(known, blocks, [one.panel.array("expected") for one in learnt])
    assert expected.tobytes() == whole.panel.array("expected").tobytes()
    for one in learnt:
        assert one.notices == whole.notices
        assert one.response.table.equals(whole.response.table)
        assert one.course.store_sold.tobytes() == whole.course.store_sold.tobytes()
