"""The calibrated profile on small chains: what it must and must not call dark (specification, section 9)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine.blocks.together import ALONE
from engine.settings.shelf.calibrated import DemandSettings, EpisodeSettings
from engine.shelf.calibrated import null_distribution
from engine.shelf.calibrated.chance import Chances, q_values, report
from engine.shelf.calibrated.null import DARK_TAILS, LEVELS, TAILS
from tests.planted.chain import LAST_DAY, PANEL_DAYS, date_of, sells

if TYPE_CHECKING:
    from tests.planted.chain import Chain

STORES, SKUS = 8, 10
CALIBRATED = ("profile=calibrated", "episode.max_fdr=0.01")
"""Of eighty store-SKUs one false finding in ten would come up too often for a test."""
WEEK = (0.7, 0.7, 0.8, 0.9, 1.2, 1.6, 1.1)


def poisson_chain(chain: Chain, shapes: dict[tuple[int, int], np.ndarray], level: float = 8.0) -> None:
    """A chain of Poisson sales at a level, weekends higher; shapes multiply the rate of some (store, SKU)."""
    random = np.random.default_rng(11)
    weekday = np.array([WEEK[date_of(day).weekday()] for day in range(PANEL_DAYS)])
    for store in range(STORES):
        for sku in range(SKUS):
            rate = level * weekday * shapes.get((store, sku), np.ones(PANEL_DAYS))
            chain.shelf(str(store), f"sku{sku}", [float(sold) for sold in random.poisson(rate)], on_hand=500)


def dark(first: int, last: int = LAST_DAY, left: float = 0.0) -> np.ndarray:
    """Nothing (or a share) left from a day to a day."""
    day = np.arange(PANEL_DAYS)
    return np.where((day >= first) & (day <= last), left, 1.0)


def open_cases(night) -> dict[tuple[str, str], dict]:
    cases = night.cases.to_dicts()
    return {(case["store_id"], case["sku_id"]): case for case in cases if case["status"] == "open"}


def test_an_empty_shelf_is_found_with_its_start_its_loss_and_nothing_else(chain, judged):
    poisson_chain(chain, {(3, 4): dark(80)})
    found = open_cases(judged(chain, *CALIBRATED))
    assert list(found) == [("3", "sku4")]
    case = found["3", "sku4"]
    lost = 8 * sum(WEEK[date_of(day).weekday()] for day in range(80, 90))
    assert (case["detection_date"], case["duration_days"]) == (date_of(80), 10)
    assert case["lost_units"] == pytest.approx(lost, rel=0.2)
    assert case["revenue_at_risk"] == pytest.approx(case["lost_units"] * 10)
    assert case["revenue_at_risk_low"] < case["revenue_at_risk"] < case["revenue_at_risk_high"]
    assert case["q_value"] < 0.001
    assert 90 < case["confidence_score"] <= 100


def test_a_chain_without_a_dark_shelf_has_no_open_case(chain, judged):
    poisson_chain(chain, {})
    assert open_cases(judged(chain, *CALIBRATED)) == {}


def test_a_store_at_half_its_traffic_is_no_store_of_dark_shelves(chain, judged):
    poisson_chain(chain, {(2, sku): dark(80, left=0.4) for sku in range(SKUS)})
    assert open_cases(judged(chain, *CALIBRATED)) == {}


def test_a_sku_that_fades_everywhere_is_not_dark_in_every_store(chain, judged):
    poisson_chain(chain, {(store, 5): dark(80, left=0.4) for store in range(STORES)})
    assert open_cases(judged(chain, *CALIBRATED)) == {}


def test_one_ordinary_day_inside_a_dark_fortnight_does_not_end_it(chain, judged):
    shape = dark(74)
    shape[82] = 1.0
    poisson_chain(chain, {(1, 1): shape})
    case = open_cases(judged(chain, *CALIBRATED))["1", "sku1"]
    assert case["detection_date"] == date_of(74)


def test_the_level_never_learns_from_the_dark_days(chain, judged):
    poisson_chain(chain, {(1, 1): dark(62)})
    night = judged(chain, *CALIBRATED)
    case = open_cases(night)["1", "sku1"]
    assert case["expected_daily_units"] == pytest.approx(8, rel=0.2)


def test_a_slow_mover_of_three_empty_days_is_no_evidence_and_of_thirty_is(chain, judged):
    poisson_chain(chain, {(1, 1): dark(87), (2, 2): dark(60)}, level=0.6)
    assert set(open_cases(judged(chain, *CALIBRATED))) == {("2", "sku2")}


@pytest.mark.slow
def test_a_past_episode_is_a_closed_case_without_a_rate(chain, judged):
    poisson_chain(chain, {(1, 1): dark(50, 60)})
    (case,) = judged(chain, *CALIBRATED).cases.to_dicts()
    assert (case["status"], case["q_value"]) == ("closed", None)
    assert abs((case["detection_date"] - date_of(50)).days) <= 1
    assert abs((case["last_dark_date"] - date_of(60)).days) <= 1


@pytest.mark.slow
def test_an_episode_that_ended_yesterday_is_a_closed_case(chain, judged):
    poisson_chain(chain, {(1, 1): dark(70, LAST_DAY - 1)}, level=30)
    (case,) = judged(chain, *CALIBRATED).cases.to_dicts()
    assert (case["status"], case["last_dark_date"]) == ("closed", date_of(LAST_DAY - 1))


@pytest.mark.slow
def test_a_shelf_that_sold_over_for_five_weeks_and_is_back_has_not_fallen(chain, judged):
    poisson_chain(chain, {(1, 1): 1 + 2 * (1 - dark(40, 75)), (2, 2): dark(76)})
    assert set(open_cases(judged(chain, *CALIBRATED))) == {("2", "sku2")}


def test_days_out_of_stock_neither_start_nor_extend_nor_end_an_episode(chain, judged):
    poisson_chain(chain, {})
    for other in range(2, SKUS):
        chain.shelf("9", f"sku{other}", sells(8))
    chain.shelf("9", "sku1", sells(8, (range(70, 90), None)), on_hand={0: 500, 70: 0, 80: 500})
    chain.shelf("9", "sku0", sells(8, (range(70, 90), None)), on_hand={0: 500, 75: 0, 80: 500})
    found = open_cases(judged(chain, *CALIBRATED))
    assert found["9", "sku1"]["detection_date"] == date_of(80)
    assert found["9", "sku0"]["detection_date"] == date_of(70)
    in_stock_days = [*range(70, 75), *range(80, 90)]
    expected = found["9", "sku0"]["expected_daily_units"] * len(in_stock_days)
    assert found["9", "sku0"]["lost_units"] == pytest.approx(expected)


def test_q_values_are_those_of_benjamini_and_hochberg():
    chances = np.array([0.01, 0.8, 0.02, 0.5, 0.03])
    ordered = sorted(chances)
    wanted = [min(5 * ordered[place] / (place + 1) for place in range(rank, 5)) for rank in range(5)]
    assert q_values(chances, 1.0, ALONE)[np.argsort(chances)].tolist() == pytest.approx(
        [min(one, 1.0) for one in wanted]
    )


def test_what_could_not_be_found_at_a_threshold_is_no_test_there():
    chances, least = np.array([0.01, 0.8, 0.02, 0.5, 0.03]), np.array([0.001, 0.6, 0.001, 0.025, 0.9])
    tests_at = {0.01: 2, 0.02: 2, 0.03: 4, 0.5: 4, 0.8: 5}
    ordered = sorted(chances)
    wanted = [min(tests_at[ordered[n]] * ordered[n] / (n + 1) for n in range(rank, 5)) for rank in range(5)]
    assert q_values(chances, 1.0, ALONE, least)[np.argsort(chances)].tolist() == pytest.approx(
        [min(one, 1.0) for one in wanted]
    )
    assert (q_values(chances, 1.0, ALONE, least) <= q_values(chances, 1.0, ALONE)).all()


def test_the_shipped_table_is_that_of_the_default_settings():
    null = null_distribution(DemandSettings(), EpisodeSettings())
    assert null.open.shape[2:] == (LEVELS.size - 1, TAILS.size)
    assert null.dark.shape[1:] == (LEVELS.size - 1, DARK_TAILS.size)
    assert (np.diff(null.open, axis=3) >= 0).all()


def test_evidence_beyond_the_table_counts_by_its_own_measure():
    null = null_distribution(DemandSettings(), EpisodeSettings())
    days, level, spread = np.full(2, 90), np.full(2, 1.0), np.zeros(2)
    near, far = null.chances(np.array([30.0, 31.0]), level, spread, days)
    assert far / near == pytest.approx(math.exp(-1))


def test_a_night_says_when_chance_does_not_explain_its_quiet_shelves():
    random = np.random.default_rng(3)
    even, crowded = random.uniform(size=4000), random.uniform(size=4000) ** 2
    nothing = np.full(1, np.nan)
    assert report(Chances(nothing, even, nothing), ALONE)["is_null_plausible"]
    assert not report(Chances(nothing, np.clip(crowded + 0.1, 0, 1), nothing), ALONE)["is_null_plausible"]


def test_a_sku_is_weighed_when_its_sales_are_fractions_and_one_fraction_weighs_nothing(chain, demand_of):
    poisson_chain(chain, {})
    chain.sale(("1", "sku1"), 40, 0.25)
    for store in range(STORES):
        chain.shelf(str(store), "weighed", [0.35 * sold for sold in range(PANEL_DAYS)], on_hand=500)
    panel, found = demand_of(chain)
    weighed = panel.pairs["sku_id"] == "weighed"
    assert found.is_weighed.tolist() == weighed.to_list()
    assert set(found.unit[~found.is_weighed]) == {1.0}
    assert len(set(found.unit[found.is_weighed])) == 1


def lots(seed: int, share: float = 0.18, size: float = 6.0) -> list[float]:
    """Geometric lots on some days."""
    random = np.random.default_rng(seed)
    return [float(random.geometric(1 / size)) if random.random() < share else 0.0 for _ in range(PANEL_DAYS)]


def test_of_eighty_healthy_shelves_that_sell_in_lots_at_most_two_are_cases(chain, judged):
    for store in range(STORES):
        for sku in range(SKUS):
            chain.shelf(str(store), f"sku{sku}", lots(10 * store + sku), on_hand=500)
    assert len(open_cases(judged(chain, "profile=calibrated"))) <= 2


def test_the_pause_of_a_lone_seller_of_lots_is_no_case(chain, judged):
    poisson_chain(chain, {})
    chain.shelf("1", "lumpy", [56.0 if day % 14 == 6 else 0.0 for day in range(PANEL_DAYS)], on_hand=500)
    assert open_cases(judged(chain, "profile=calibrated")) == {}


def test_only_its_own_rises_give_a_pair_its_own_dispersion(chain, demand_of):
    poisson_chain(chain, {(1, 1): dark(30, 45), (2, 2): dark(80)})
    chain.shelf("3", "lumpy", [56.0 if day % 14 == 6 else 0.0 for day in range(PANEL_DAYS)], on_hand=500)
    panel, found = demand_of(chain)
    is_lumpy = (panel.pairs["sku_id"] == "lumpy").to_numpy()
    assert found.dispersion[is_lumpy] > 5
    assert (found.dispersion[~is_lumpy] < 1).all()


def test_a_sku_that_ends_in_the_whole_chain_is_no_case_in_any_store(chain, judged):
    poisson_chain(chain, {(store, 5): dark(78) for store in range(STORES)} | {(1, 1): dark(78)})
    assert set(open_cases(judged(chain, *CALIBRATED))) == {("1", "sku1")}


def test_a_sku_out_of_season_is_no_case_in_any_store(chain, judged):
    season = np.where(np.arange(PANEL_DAYS) < 40, 1.0, 5.0)
    season[75:] = 0.3
    poisson_chain(chain, {(store, 5): season for store in range(STORES)})
    assert open_cases(judged(chain, *CALIBRATED)) == {}


def test_a_bulk_order_is_kept_as_sold_and_teaches_nothing(chain, demand_of):
    poisson_chain(chain, {})
    panel, plain = demand_of(chain)
    chain.sale(("1", "sku1"), 84, 900.0)
    panel, found = demand_of(chain)
    (odd,) = found.unusual.to_dicts()
    assert (odd["store_id"], odd["sku_id"], odd["date"], odd["measure"]) == ("1", "sku1", date_of(84), "bulk")
    assert np.nanmax(panel.array("units")) > 900
    np.testing.assert_allclose(found.level, plain.level, rtol=0.02)


@pytest.mark.parametrize("units", [80_000.0, 1e9, 1e308])
def test_sales_that_cannot_be_are_unknown_and_move_no_other_store_sku(chain, demand_of, units):
    poisson_chain(chain, {})
    _, plain = demand_of(chain)
    chain.sale(("1", "sku1"), 50, units, revenue=80.0)
    panel, found = demand_of(chain)
    (odd,) = found.unusual.to_dicts()
    assert (odd["measure"], odd["date"]) == ("units", date_of(50))
    assert np.nanmax(panel.array("units")) < 200
    np.testing.assert_allclose(found.level, plain.level, rtol=0.02)


POISON = (800.0, 1e9, 1e308)
CELLS = [
    (table, day, value)
    for table in ("sale", "snapshot", "price")
    for day, value in zip((84, 50, LAST_DAY), POISON, strict=True)
]


@pytest.mark.parametrize(("table", "day", "value"), CELLS)
def test_one_poisoned_cell_moves_one_store_sku(chain, judged, table, day, value):
    shapes = {(store, store): dark(70 + store) for store in range(STORES)}
    poisson_chain(chain, shapes)
    plain = open_cases(judged(chain, "profile=calibrated"))
    poisoned = ("1", "sku7")
    if table == "sale":
        chain.sale(poisoned, day, value, revenue=80.0)
    else:
        getattr(chain, table)(poisoned, day, value, late=True)
    found = open_cases(judged(chain, "profile=calibrated"))
    assert set(found) - {poisoned} == set(plain) - {poisoned}
    for pair in set(plain) - {poisoned}:
        assert found[pair]["revenue_at_risk"] == pytest.approx(plain[pair]["revenue_at_risk"], rel=0.01)
