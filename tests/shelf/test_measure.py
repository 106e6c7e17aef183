from __future__ import annotations

from datetime import date

import pytest

from tests.kernels import naive
from tests.kernels.naive import mean_interval
from tests.planted.chain import AS_OF, date_of, sells

LAST_THREE = range(87, 90)
TEN_A_DAY_THEN_NOTHING = sells(10, (LAST_THREE, None))


def test_a_case_carries_the_numbers_of_its_days(chain, only_case):
    chain.shelf("1", "sku", sells(10, (range(84, 90), 4)), price={0: 3, 88: 2.5})
    case = only_case(chain)
    one_or_two_low_days_are_outliers = [10.0] * 3
    three_are_not = [((28 - low) * 10 + low * 4) / 28 for low in (3, 4, 5)]
    expected_units = sum(one_or_two_low_days_are_outliers + three_are_not) / 6
    assert case["case_id"] == "1_sku_2025-06-25"
    assert (case["detection_date"], case["last_dark_date"]) == (date(2025, 6, 25), AS_OF)
    assert case["duration_days"] == 6
    assert case["expected_daily_units"] == pytest.approx(expected_units)
    assert case["actual_daily_units"] == 4.0
    assert case["underperformance_pct"] == pytest.approx((expected_units - 4) / expected_units * 100)
    assert case["revenue_at_risk"] == pytest.approx((expected_units - 4) * 2.5 * 6)
    assert case["projected_30d_loss"] == pytest.approx((expected_units - 4) * 2.5 * 30)
    assert case["on_hand"] == 50.0


@pytest.mark.parametrize(
    ("days", "status"),
    [
        pytest.param(range(87, 90), "open", id="dark_on_the_as_of_day_is_open"),
        pytest.param(range(86, 89), "closed", id="dark_until_the_day_before_is_closed"),
    ],
)
def test_status(chain, only_case, days, status):
    chain.shelf("1", "sku", sells(10, (days, None)))
    case = only_case(chain)
    assert (case["status"], case["last_dark_date"]) == (status, date_of(days[-1]))


@pytest.mark.parametrize(
    ("price", "others", "seen"),
    [
        pytest.param({0: 9, 88: 8}, [2, 4], (8.0, "own", 240.0), id="its_own_price_on_the_last_dark_day"),
        pytest.param(None, [2, 4], (3.0, "category_average", 90.0), id="the_category_stands_in"),
        pytest.param(None, [], (None, None, None), id="no_price_no_money"),
        pytest.param(0, [2, 4], (0.0, "own", 0.0), id="a_price_of_nothing_is_a_price"),
    ],
)
def test_price_basis(chain, judged, price, others, seen):
    chain.sku("sku", "tea")
    chain.shelf("1", "sku", TEN_A_DAY_THEN_NOTHING, price=price)
    for place, other in enumerate(others):
        chain.sku(f"other{place}", "tea")
        chain.shelf("1", f"other{place}", sells(5), price=other)
    (case,) = judged(chain).cases.to_dicts()
    assert (case["price"], case["price_basis"], case["revenue_at_risk"]) == seen


def test_a_category_average_counts_judged_store_skus_alone(chain, only_case):
    for sku in ("sku", "gone", "here"):
        chain.sku(sku, "tea")
    chain.shelf("1", "sku", TEN_A_DAY_THEN_NOTHING, price=None)
    chain.shelf("1", "gone", sells(5), price=100, on_hand={0: 10, 60: 0})
    chain.shelf("1", "here", sells(5), price=6)
    assert only_case(chain)["price"] == 6.0


STEADY = sells(10)
UNSTEADY = sells(None, *((day, 8 + 4 * (day % 2)) for day in range(90)))
WILD = sells(None, *((day, 40) for day in range(0, 90, 4)))


@pytest.mark.parametrize(
    ("before", "dark", "score"),
    [
        pytest.param(STEADY, 0, 100.0, id="steady_long_and_deep_is_certain"),
        pytest.param(STEADY, 5, 100.0, id="half_the_gap_earns_all_of_it"),
        pytest.param(STEADY, 5.5, 97.0, id="a_gap_of_45_percent_earns_nine_tenths"),
        pytest.param(STEADY, 5.825, 95.1, id="95.05_is_rounded_up"),
        pytest.param([None] * 73 + STEADY[73:], 0, 85.0, id="fourteen_days_of_history_earn_half"),
        pytest.param(UNSTEADY, 0, 91.9, id="a_fifth_of_deviation_costs_a_fifth_of_the_forty"),
        pytest.param(WILD, 0, 60.0, id="a_deviation_above_the_mean_earns_nothing_for_steadiness"),
    ],
)
def test_confidence(chain, judged, before, dark, score):
    units = [*before[:87], *[dark] * 3]
    first = next(day for day, sold in enumerate(units) if sold is not None)
    chain.shelf("1", "sku", units, on_hand={first: 50})
    case = judged(chain).cases.filter(status="open").row(0, named=True)
    assert case["confidence_score"] == score


def test_a_steady_baseline_leaves_no_interval(chain, only_case):
    chain.shelf("1", "sku", TEN_A_DAY_THEN_NOTHING)
    case = only_case(chain)
    assert (case["revenue_at_risk_low"], case["revenue_at_risk_high"]) == pytest.approx((300.0, 300.0))


def test_an_unsteady_baseline_puts_the_amount_between_its_bounds(chain, only_case):
    units = [4 + day % 9 for day in range(87)] + [0] * 3
    chain.shelf("1", "sku", units)
    case = only_case(chain)
    assert case["revenue_at_risk_low"] < case["revenue_at_risk"] < case["revenue_at_risk_high"]
    assert case["revenue_at_risk_high"] - case["revenue_at_risk_low"] < 0.5 * case["revenue_at_risk"]


def test_the_interval_is_that_of_the_resampled_baseline(chain, only_case):
    units = [20 + day**3 % 101 / 10 for day in range(87)] + [1] * 3
    chain.shelf("1", "sku", units, price=2)
    case = only_case(chain)
    means = mean_interval(units[59:87], naive.seed_of(case["case_id"]), block=7, replicates=1000, tail=0.025)
    amounts = case["revenue_at_risk_low"], case["revenue_at_risk_high"]
    baseline = sum(units[59:87]) / 28
    expected = case["expected_daily_units"]
    assert expected != pytest.approx(baseline)
    assert amounts == pytest.approx([(mean / baseline * expected - 1) * 2 * 3 for mean in means])


def test_an_interval_holds_its_point_though_the_expectation_falls_while_the_case_runs(chain, only_case):
    chain.shelf("1", "sku", [30 - day / 5 for day in range(80)] + [2] * 10)
    case = only_case(chain)
    assert case["revenue_at_risk_low"] <= case["revenue_at_risk"] <= case["revenue_at_risk_high"]


def test_an_interval_depends_on_the_case_alone(chain, only_case, judged):
    units = [4 + day % 9 for day in range(87)] + [0] * 3
    chain.shelf("1", "sku", units)
    alone = only_case(chain)
    for number in range(5):
        chain.shelf("1", f"other{number}", [day % 11 + number for day in range(87)] + [0] * 3, price=20)
    among_others = judged(chain).cases.filter(case_id=alone["case_id"]).row(0, named=True)
    for bound in ("revenue_at_risk_low", "revenue_at_risk_high"):
        assert among_others[bound] == alone[bound]


def test_cases_are_ranked_by_money_then_by_id_and_unknown_money_last(chain, judged):
    prices = {"a": 5, "b": 7, "c": 5, "d": None}
    for sku, price in prices.items():
        chain.shelf("1", sku, TEN_A_DAY_THEN_NOTHING, price=price)
    assert judged(chain).cases["sku_id"].to_list() == ["b", "a", "c", "d"]


@pytest.mark.parametrize(
    ("assignment", "column", "value"),
    [
        pytest.param("recommend.projection_days=10", "projected_30d_loss", 1000.0, id="projection_days"),
        pytest.param("confidence.steadiness_weight=0.1", "confidence_score", 70.0, id="steadiness_weight"),
        pytest.param("confidence.history_weight=0.1", "confidence_score", 80.0, id="history_weight"),
        pytest.param("confidence.gap_weight=0", "confidence_score", 70.0, id="gap_weight"),
        pytest.param("confidence.full_history_days=56", "confidence_score", 85.0, id="full_history_days"),
    ],
)
def test_every_setting_of_the_measures_is_heeded(chain, only_case, assignment, column, value):
    chain.shelf("1", "sku", TEN_A_DAY_THEN_NOTHING)
    assert only_case(chain, assignment)[column] == pytest.approx(value)
