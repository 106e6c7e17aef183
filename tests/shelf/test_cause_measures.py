from __future__ import annotations

import numpy as np
import pytest

from engine.settings.shelf.common import CauseSettings
from engine.settings.shelf.night import load
from engine.shelf.cause_measures import high_performers, measures
from engine.shelf.points import Points
from tests.planted.chain import LAST_DAY, PANEL_DAYS, sells

SKU = 0
"""The row of `sku`, which sorts before the staple."""
LAST_WEEK = range(83, 90)
KM_PER_DEGREE = 6371 * np.pi / 180


@pytest.fixture
def measured(expected_panel):
    """What is measured of `sku` at a day, the last one unless said."""

    def at(chain, *assignments: str, day: int = LAST_DAY) -> dict:
        points = Points(expected_panel(chain, *assignments), np.array([SKU]), np.array([day]))
        return measures(points, load(assignments=assignments).causes).row(0, named=True)

    return at


def test_conversion_compares_the_last_week_with_the_last_four_weeks(chain, measured):
    views = dict.fromkeys(range(PANEL_DAYS), 100) | dict.fromkeys(LAST_WEEK, 200)
    chain.shelf("1", "sku", sells(10, (LAST_WEEK, 5)), impressions=views)
    seen = measured(chain)
    assert (seen["recent_units"], seen["recent_impressions"]) == (35.0, 1400.0)
    assert seen["conversion_current"] == pytest.approx(35 / 1400)
    assert seen["conversion_baseline"] == pytest.approx((21 * 10 + 35) / (21 * 100 + 1400))
    assert seen["conversion_drop_pct"] == pytest.approx((1 - 0.025 / 0.07) * 100)


def test_conversion_looks_at_days_on_which_both_are_known(chain, measured):
    chain.shelf("1", "sku", sells(10), impressions={LAST_DAY: 50, LAST_DAY - 2: 30, LAST_DAY - 20: 400})
    seen = measured(chain)
    assert (seen["recent_units"], seen["recent_impressions"]) == (20.0, 80.0)
    assert seen["conversion_baseline"] == pytest.approx(30 / 480)


@pytest.mark.parametrize(
    "views",
    [
        pytest.param(None, id="no_impressions"),
        pytest.param(dict.fromkeys(range(80), 100), id="none_of_late"),
        pytest.param(dict.fromkeys(range(80), 100) | dict.fromkeys(range(80, 90), 0), id="nobody_came"),
    ],
)
def test_without_views_nothing_is_said_of_conversion(chain, measured, views):
    chain.shelf("1", "sku", sells(10), impressions=views)
    assert measured(chain)["conversion_drop_pct"] is None


def test_a_baseline_of_nothing_has_no_drop(chain, measured):
    chain.shelf("1", "sku", sells(10, (range(40, 90), 0)), impressions=dict.fromkeys(range(PANEL_DAYS), 9))
    assert measured(chain)["conversion_drop_pct"] is None


def test_cover_is_on_hand_over_the_pace_of_four_weeks(chain, measured):
    chain.shelf("1", "sku", sells(10, (LAST_WEEK, 2), (83, 9)), on_hand={0: 20, 70: 660})
    seen = measured(chain)
    assert (seen["velocity_recent"], seen["velocity_baseline"]) == (3.0, 8.25)
    assert seen["days_of_supply"] == 80.0
    assert seen["trend_pct"] == pytest.approx((3 - 8.25) / 8.25 * 100)
    assert seen["inventory_age_days"] == 19.0


def test_nothing_sold_in_four_weeks_covers_999_days_without_a_trend(chain, measured):
    chain.shelf("1", "sku", sells(10, (range(60, 90), 0)))
    seen = measured(chain)
    assert (seen["days_of_supply"], seen["trend_pct"]) == (999.0, 0.0)


def test_unknown_on_hand_leaves_the_cover_unknown(chain, measured):
    chain.shelf("1", "sku", sells(10), on_hand=None)
    seen = measured(chain)
    assert (seen["on_hand"], seen["days_of_supply"]) == (None, None)
    assert seen["trend_pct"] == 0.0


@pytest.mark.parametrize(
    ("on_hand", "is_aged"),
    [
        pytest.param({0: 20, LAST_DAY - 60: 400}, False, id="restocked_60_days_before"),
        pytest.param({0: 20, LAST_DAY - 61: 400}, True, id="restocked_61_days_before"),
        pytest.param({LAST_DAY - 58: 400}, False, id="known_for_59_days_without_a_rise"),
        pytest.param({LAST_DAY - 59: 400}, True, id="known_for_60_days_without_a_rise"),
        pytest.param({0: 400, 80: 300}, True, id="a_fall_is_no_restock"),
    ],
)
def test_aged_stock(chain, measured, on_hand, is_aged):
    chain.shelf("1", "sku", sells(10), on_hand=on_hand)
    assert measured(chain)["is_aged"] == is_aged


def test_nothing_after_the_day_is_seen(chain, measured):
    chain.shelf(
        "1",
        "sku",
        sells(10, (range(60, 90), 99)),
        on_hand={0: 40, 70: 900},
        price={0: 5, 70: 50},
        promo_days=range(70, 90),
    )
    seen = measured(chain, day=59)
    assert (seen["velocity_recent"], seen["days_of_supply"]) == (10.0, 4.0)
    assert (seen["price"], seen["own_price"], seen["promo"]) == (5.0, 5.0, False)
    assert seen["inventory_age_days"] is None


def test_the_own_average_is_over_the_panel_days_with_a_price(chain, measured):
    chain.shelf("1", "sku", sells(10), price={40: 8, 80: 12})
    assert measured(chain)["own_price"] == pytest.approx((40 * 8 + 10 * 12) / 50)


def test_one_day_with_a_price_is_average_enough(chain, measured):
    chain.shelf("1", "sku", sells(10), price={LAST_DAY: 8})
    assert measured(chain)["own_price"] == 8.0


def test_a_promo_is_held_against_the_days_before_it_began(chain, measured):
    chain.shelf(
        "1", "sku", sells(10, (range(50, 60), 3), (range(80, 84), 19), (range(84, 90), 12)), promo_days=range(80, 90)
    )
    seen = measured(chain)
    assert (seen["promo_units"], seen["promo_base_units"]) == (13.0, pytest.approx((20 * 10 + 8 * 3) / 28))
    assert seen["promo_lift_pct"] == pytest.approx((13 / 8 - 1) * 100)


def test_a_promo_after_days_without_a_sale_lifts_nothing(chain, measured):
    chain.shelf("1", "sku", sells(0, (range(83, 90), 5)), promo_days=range(83, 90))
    assert measured(chain)["promo_lift_pct"] == 0.0


@pytest.mark.parametrize(
    ("promo_days", "on_promo"),
    [
        pytest.param(range(70, 89), False, id="a_promo_that_ended_yesterday_is_none"),
        pytest.param(range(PANEL_DAYS), True, id="a_promo_without_a_before_has_no_lift"),
    ],
)
def test_no_lift(chain, measured, promo_days, on_promo):
    chain.shelf("1", "sku", sells(10), promo_days=promo_days)
    seen = measured(chain)
    assert (seen["promo"], seen["promo_lift_pct"]) == (on_promo, None)


@pytest.mark.parametrize(
    ("assignment", "measure"),
    [
        ("causes.conversion_drop.recent_days=3", "conversion_current"),
        ("causes.conversion_drop.baseline_days=14", "conversion_baseline"),
        ("causes.overstock.recent_days=3", "velocity_recent"),
        ("causes.overstock.baseline_days=14", "velocity_baseline"),
        ("causes.overstock.aged_days=5", "is_aged"),
        ("causes.promo_ineffective.promo_days=3", "promo_units"),
        ("causes.promo_ineffective.base_days=14", "promo_base_units"),
    ],
)
def test_every_window_is_a_setting(chain, measured, assignment, measure):
    units = [day % 13 for day in range(PANEL_DAYS)]
    chain.shelf(
        "1",
        "sku",
        units,
        on_hand={0: 20, 80: 900},
        promo_days=range(83, 90),
        impressions={day: 50 + day for day in range(PANEL_DAYS)},
    )
    assert measured(chain, assignment)[measure] != measured(chain)[measure]


def test_endless_cover_is_a_setting(chain, measured):
    chain.shelf("1", "sku", sells(0))
    assert measured(chain, "causes.overstock.unsold_cover_days=500")["days_of_supply"] == 500.0


def neighbour(chain, store: str, km: float, ratio: float, sku: str = "sku") -> None:
    """A store so far north that sells the SKU at a ratio of its expectation over the last four weeks."""
    chain.store(store, km / KM_PER_DEGREE, 20.0)
    chain.staple(store)
    chain.shelf(store, sku, sells(10, (LAST_DAY, round((ratio * 28 - 27) * 10, 6))))


@pytest.fixture
def best_neighbours(expected_panel):
    """How many neighbours sell over, and the store, distance and ratio of the best."""

    def at(chain, *assignments: str) -> tuple[int, list[tuple[str, float, float]]]:
        panel = expected_panel(chain, *assignments)
        points = Points(panel, np.array([SKU]), np.array([LAST_DAY]))
        found = high_performers(points, load(assignments=assignments).causes.misallocation).row(0, named=True)
        lists = (found[name] for name in ("neighbour_stores", "neighbour_km", "neighbour_ratios"))
        best = [(store, round(km, 6), round(ratio, 9)) for store, km, ratio in zip(*lists, strict=True)]
        return found["neighbours_over"], best

    return at


def test_the_best_three_neighbours_are_kept_and_all_are_counted(chain, best_neighbours):
    chain.shelf("1", "sku", sells(10, (LAST_WEEK, 5)))
    for store, km, ratio in (("2", 30, 1.3), ("3", 10, 1.3), ("4", 49, 1.5), ("5", 20, 1.25), ("6", 5, 1.0)):
        neighbour(chain, store, km, ratio)
    assert best_neighbours(chain) == (4, [("4", 49, 1.5), ("3", 10, 1.3), ("2", 30, 1.3)])


@pytest.mark.parametrize(
    ("km", "ratio", "count"),
    [
        pytest.param(50, 1.3, 1, id="fifty_kilometres_are_near"),
        pytest.param(50.001, 1.3, 0, id="a_metre_more_is_far"),
        pytest.param(10, 1.2, 0, id="exactly_120_percent_is_not_over"),
        pytest.param(10, 1.201, 1, id="just_over_120_percent_is_over"),
    ],
)
def test_a_neighbour_is_near_and_sells_over(chain, best_neighbours, km, ratio, count):
    chain.shelf("1", "sku", sells(10, (LAST_WEEK, 5)))
    neighbour(chain, "2", km, ratio)
    assert best_neighbours(chain)[0] == count


@pytest.mark.parametrize(
    ("first_day", "count"),
    [
        pytest.param(69, 1, id="seven_days_with_an_expectation_are_enough"),
        pytest.param(70, 0, id="six_are_too_few"),
    ],
)
def test_a_neighbour_is_judged_on_seven_days_at_least(chain, best_neighbours, first_day, count):
    chain.shelf("1", "sku", sells(10, (LAST_WEEK, 5)))
    neighbour(chain, "2", 10, 1.0, sku="another")
    chain.shelf("2", "sku", sells(10, (range(first_day), None), (LAST_DAY, 90)), on_hand={first_day: 50})
    assert best_neighbours(chain)[0] == count


def test_a_store_without_a_place_has_no_neighbours(chain, best_neighbours):
    chain.shelf("1", "sku", sells(10))
    neighbour(chain, "2", 10, 1.5)
    chain.add("stores", late=True, store_id="1", store_name="Moved")
    assert best_neighbours(chain)[0] == 0


@pytest.mark.parametrize(
    ("assignment", "count"),
    [
        ("causes.misallocation.radius_km=20", 1),
        ("causes.misallocation.high_ratio=1.4", 1),
        ("causes.misallocation.window_days=7", 2),
        ("causes.misallocation.min_days=60", 0),
        ("causes.misallocation.kept_stores=1", 2),
    ],
)
def test_every_setting_of_the_neighbours_is_heeded(chain, best_neighbours, assignment, count):
    chain.shelf("1", "sku", sells(10))
    neighbour(chain, "2", 10, 1.3)
    neighbour(chain, "3", 30, 1.5)
    usual, other = best_neighbours(chain), best_neighbours(chain, assignment)
    assert usual[0] == 2
    assert other[0] == count
    assert other != usual


def test_evidence_of_no_point_is_empty(chain, expected_panel):
    chain.shelf("1", "sku", sells(10))
    nobody = np.empty(0, np.int64)
    assert measures(Points(expected_panel(chain), nobody, nobody), CauseSettings()).height == 0
