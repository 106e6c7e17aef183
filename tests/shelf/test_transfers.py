"""One plan for the chain: what may leave, who needs it, and that the plan is the best there is."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.outputs.shelf import shapes
from engine.settings.shelf.calibrated import ActionSettings, TransferSettings
from engine.settings.shelf.common import MisallocationSettings
from engine.shelf.calibrated import transfers, with_transfers
from engine.shelf.calibrated.recommend import KEEP_STOCK
from engine.shelf.calibrated.transfer import ship, spared
from engine.shelf.cases import with_cost
from engine.vocabulary import shelf as v
from tests.oracles import actions as plain
from tests.planted.chain import PANEL_DAYS, sells

RECOMMEND, TRANSFERS = ActionSettings(), TransferSettings()


@st.composite
def problems(draw: st.DrawFn, most_units: int = 40) -> pl.DataFrame:
    """Lanes between shelves of a few SKUs; sources are even, targets odd, as no shelf is both."""
    stock, need = {}, {}
    lanes = []
    for sku in range(draw(st.integers(1, 3))):
        sources = [100 * sku + 2 * place for place in range(draw(st.integers(1, 3)))]
        targets = [100 * sku + 2 * place + 1 for place in range(draw(st.integers(1, 3)))]
        stock |= {source: draw(st.integers(1, most_units)) for source in sources}
        need |= {target: draw(st.integers(1, most_units)) for target in targets}
        for source in sources:
            for target in targets:
                if draw(st.booleans()):
                    gain = draw(st.integers(1, 500)) / 100
                    lanes.append((sku, source, target, stock[source], need[target], gain))
    columns = ("sku", "pair", "to_pair", "spare_units", "need_units", "unit_gain")
    return pl.DataFrame(lanes, schema=columns, orient="row", schema_overrides={"unit_gain": pl.Float64})


def by(lanes: pl.DataFrame, units: np.ndarray, end: str) -> dict[int, int]:
    totals: defaultdict[int, int] = defaultdict(int)
    for pair, count in zip(lanes[end], units, strict=True):
        totals[pair] += int(count)
    return totals


@pytest.mark.slow
@given(problems())
def test_no_unit_is_promised_twice_and_none_is_unwanted(lanes):
    units = ship(lanes)
    assert units.dtype == np.int64
    assert (units >= 0).all()
    spare = dict(lanes.select("pair", "spare_units").iter_rows())
    need = dict(lanes.select("to_pair", "need_units").iter_rows())
    assert all(count <= spare[pair] for pair, count in by(lanes, units, "pair").items())
    assert all(count <= need[pair] for pair, count in by(lanes, units, "to_pair").items())


@given(problems(most_units=2).filter(lambda lanes: lanes.height <= 7))
def test_no_other_plan_of_whole_units_earns_more(lanes):
    ways = [plain.Lane(*row) for row in lanes.select("pair", "to_pair", "unit_gain").iter_rows()]
    spare = dict(lanes.select("pair", "spare_units").iter_rows())
    need = dict(lanes.select("to_pair", "need_units").iter_rows())
    earned = float(ship(lanes) @ lanes["unit_gain"].to_numpy())
    assert earned == pytest.approx(plain.best_plan(ways, spare, need) if ways else 0.0)


@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_the_lanes_changes_no_shipment(lanes, random):
    order = list(range(lanes.height))
    random.shuffle(order)
    assert ship(lanes[order]).tolist() == ship(lanes)[order].tolist()


@pytest.mark.slow
@given(problems())
def test_skus_solved_apart_are_shipped_as_when_solved_together(lanes):
    together = ship(lanes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.shelf.calibrated.transfer.LANES_AT_ONCE", 1)
        apart = ship(lanes)
    gains = lanes["unit_gain"].to_numpy()
    assert float(apart @ gains) == pytest.approx(float(together @ gains))


@pytest.mark.parametrize(
    ("facts", "spare"),
    [
        pytest.param({}, [200 - (2 * 30 + 10 * 7)], id="beyond_what_it_sells_and_its_safety_stock"),
        pytest.param({"primary_cause": v.OVERSTOCK, "surplus_units": 30.7}, [30], id="the_surplus_of_an_overstock"),
        pytest.param({"primary_cause": v.OVERSTOCK, "surplus_units": None}, [], id="an_unknown_surplus"),
        pytest.param({"primary_cause": v.PRICE_TOO_HIGH}, [], id="another_cause"),
        pytest.param({"primary_cause": None}, [], id="no_cause"),
        pytest.param({"status": v.CLOSED}, [], id="a_shelf_that_sells_again"),
        pytest.param({"on_hand": None}, [], id="unknown_stock"),
        pytest.param({"on_hand": 130.0}, [], id="nothing_to_spare"),
        pytest.param({"on_hand": 131.9}, [1], id="whole_units"),
    ],
)
def test_what_a_dark_shelf_can_spare(facts, spare):
    row = {"pair": 3, "case_id": "a", "primary_cause": v.MISALLOCATION, "status": v.OPEN}
    row |= {"expected_daily_units": 10.0, "actual_daily_units": 2.0, "on_hand": 200.0, "surplus_units": None}
    row |= {"recoverable_30d": 900.0} | facts
    kinds = {"primary_cause": pl.String, "on_hand": pl.Float64, "surplus_units": pl.Float64}
    cases = pl.DataFrame([row], schema_overrides=kinds)
    assert spared(cases, TRANSFERS, RECOMMEND)["spare_units"].to_list() == spare


KM = 0.009
"""A kilometre in degrees of latitude, near enough."""


@pytest.fixture
def night(chain, judged):
    """Ten stores a kilometre apart and one far off. Jam is dark in 2 and 3, sells over in 4, 5 and in the far one."""
    random = np.random.default_rng(5)
    for store in range(2, 12):
        chain.store(str(store), store * KM, 20.0)
    chain.store("far", 5.0, 20.0)
    chain.sku("jam", "food", cost=4.0)
    for store in [*map(str, range(2, 12)), "far"]:
        rate = np.full(PANEL_DAYS, 8.0)
        if store in {"4", "5", "far"}:
            rate[-28:] = 14.0
        units = [float(sold) for sold in random.poisson(rate)]
        if store in {"2", "3"}:
            units[-14:] = [0.0] * 14
        on_hand = {"2": 300, "3": 120, "4": 20, "5": 150, "far": 20}.get(store, 60)
        chain.shelf(store, "jam", units, on_hand=on_hand)
        chain.shelf(store, "tea", sells(6), on_hand=40)
    return judged(chain, "profile=calibrated", "episode.max_fdr=0.01")


def planned(night, dark_stores: frozenset[str] = frozenset()) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The plan when both dark shelves are misallocated, and the cases told of it. dark_stores: dark all the same."""
    is_open = pl.col("status") == v.OPEN
    cases = with_cost(night.panel, night.cases.drop("cost", strict=False)).with_columns(
        primary_cause=pl.when(is_open).then(pl.lit(v.MISALLOCATION)).otherwise("primary_cause"),
        recommended_action=pl.lit(KEEP_STOCK),
        projected_recovery=pl.lit(0.0),
        action=pl.lit(v.KEEP),
    )
    is_dark = night.panel.pairs["store_id"].is_in(dark_stores).to_numpy()
    plan = transfers(night.panel, night.learnt.demand, cases, is_dark, MisallocationSettings(), TRANSFERS, RECOMMEND)
    told, done = with_transfers(cases, plan, RECOMMEND)
    return done, told


@pytest.mark.slow
def test_a_dark_shelf_serves_neighbours_that_sell_over_and_no_other(night):
    plan, cases = planned(night)
    dark = {case["store_id"]: case for case in cases.filter(status=v.OPEN).to_dicts()}
    assert set(dark) == {"2", "3"}
    assert set(plan["from_store_id"]) <= {"2", "3"}
    assert set(plan["to_store_id"]) == {"4", "5"}
    assert plan["units"].dtype == pl.Int64
    for store, shipped in plan.group_by("from_store_id").agg(pl.col("units").sum()).iter_rows():
        kept = dark[store]["on_hand"] - shipped
        assert kept >= 30 * dark[store]["actual_daily_units"] + 7 * dark[store]["expected_daily_units"] - 1e-6


def test_nothing_is_shipped_to_a_shelf_that_was_detected_tonight(night):
    plan, _ = planned(night, frozenset({"4"}))
    assert set(plan["to_store_id"]) == {"5"}


def test_a_neighbour_gets_what_its_sales_beyond_the_usual_will_lack(night):
    plan, _ = planned(night)
    got = dict(plan.group_by("to_store_id").agg(pl.col("units").sum()).iter_rows())
    most = {store: plain.lost_sales(8, 14, on_hand, 7) for store, on_hand in (("4", 20), ("5", 150))}
    assert got["4"] == pytest.approx(most["4"], rel=0.25)
    assert got["5"] == pytest.approx(most["5"], rel=0.35)
    assert (plan["gain"] == plan["units"] * (6 - 0.1 - 0.01 * plan["km"])).all() or plan["gain"].to_list() == (
        pytest.approx((plan["units"] * (6 - 0.1 - 0.01 * plan["km"])).to_list())
    )


def test_a_case_says_what_the_plan_does_for_it(night):
    plan, cases = planned(night)
    for case in cases.filter(status=v.OPEN).to_dicts():
        mine = plan.filter(case_id=case["case_id"])
        if mine.is_empty():
            assert (case["recommended_action"], case["projected_recovery"]) == (KEEP_STOCK, 0)
            continue
        assert case["recommended_action"].startswith(f"Transfer {mine['units'].sum()} units to: Store #")
        stake = (case["expected_daily_units"] - case["actual_daily_units"]) * 30 * 6
        assert case["projected_recovery"] == pytest.approx(min(mine["gain"].sum(), stake))


def test_the_night_publishes_the_plan_and_what_can_be_watched(night):
    tables = night.tables
    assert {*night.decided, *tables} == set(shapes.CALIBRATED_FILES)


def overstocked(night, action, *, brings):
    """Plan, cases and what is done, were every open case overstocked by 200 units and its action worth `brings`."""
    cases = with_cost(night.panel, night.cases.drop("cost", strict=False)).with_columns(
        primary_cause=pl.when(pl.col("status") == v.OPEN).then(pl.lit(v.OVERSTOCK)).otherwise("primary_cause"),
        surplus_units=pl.lit(200.0),
        recoverable_30d=pl.lit(1000.0),
        projected_recovery=pl.lit(brings),
        action=pl.lit(action),
    )
    is_dark = np.zeros(night.panel.pairs.height, np.bool_)
    plan = transfers(night.panel, night.learnt.demand, cases, is_dark, MisallocationSettings(), TRANSFERS, RECOMMEND)
    return plan, *with_transfers(cases, plan, RECOMMEND)


@pytest.mark.slow
def test_surplus_replaces_the_deliveries_of_neighbours_whose_cover_stays_ordinary(night):
    _, told, done = overstocked(night, v.STOP_ORDER, brings=1.0)
    assert set(done["from_store_id"]) == {"2", "3"}
    got = dict(done.group_by("to_store_id").agg(pl.col("units").sum()).iter_rows())
    assert {"2", "3", "far"}.isdisjoint(got)
    # Eight a day with sixty on hand: so many may come that what lies there stays within 37 days of sales.
    ordinary = {store: units for store, units in got.items() if store not in {"4", "5"}}
    assert ordinary
    assert all(units <= 8 * 1.25 * 37 - 60 for units in ordinary.values())
    for case in told.filter(pl.col("action") == v.TRANSFER).to_dicts():
        mine = done.filter(case_id=case["case_id"])
        assert case["action_units"] == mine["units"].sum() <= 200
        assert case["recommended_action"].endswith("in place of their next deliveries")
        assert case["projected_recovery"] == pytest.approx(min(mine["gain"].sum(), 1000.0))
        assert case["recovery_per_minute"] == pytest.approx(case["projected_recovery"] / 45)


def test_a_plan_that_brings_less_than_the_shelf_s_own_action_is_not_done(night):
    plan, told, done = overstocked(night, v.CLEAR, brings=5000.0)
    assert plan.height > 0
    assert done.is_empty()
    assert set(told["action"]) == {v.CLEAR}
