"""Every scorer against a plain definition of it."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from engine.backtest.inject import Planted
from engine.backtest.plan import BacktestPlan
from engine.backtest.replay import Night, alerts_of
from engine.backtest.score import (
    calibration_error,
    could_alert,
    delays,
    events,
    judged_alerts,
    poisson_at_most,
    reliability,
)
from engine.resampling import Clusters

DAY = date(2025, 5, 1)
NIGHTS = [DAY + timedelta(days=7 * n) for n in range(4)]
PLAN = BacktestPlan()


def day(n: int) -> date:
    return DAY + timedelta(days=n)


def truth(*spans: tuple[int, int, int, int, float]) -> Planted:
    """Episodes (store, SKU, first, last, depth) of store-SKUs that sell two a day at a price of 3."""
    rows = [
        (store, sku, day(first), day(last), depth, 2.0, 1.0, 2.0 * (1 - depth) * (last - first + 1))
        for store, sku, first, last, depth in spans
    ]
    columns = ["store_id", "sku_id", "first_date", "last_date", "depth", "velocity", "grain", "lost_units"]
    losses = [
        (store, sku, day(n), 2.0 * (1 - depth), 6.0 * (1 - depth))
        for store, sku, first, last, depth in spans
        for n in range(first, last + 1)
    ]
    pairs = pl.DataFrame({"store_id": [1, 1, 2, 2], "sku_id": [1, 2, 1, 2]}).with_columns(velocity=pl.lit(2.0))
    loss = pl.DataFrame(losses, ["store_id", "sku_id", "date", "lost_units", "lost_revenue"], orient="row")
    return Planted(pl.DataFrame(rows, columns, orient="row"), loss, pairs)


def nights(*alerts: tuple[int, int, int, int], threshold: float = 0.001) -> list[Night]:
    """Four nights and the alerts (night, store, SKU, first day) of each."""
    return [
        Night(
            as_of,
            pl.DataFrame(
                [(store, sku, day(first)) for night, store, sku, first in alerts if night == number],
                {"store_id": pl.Int64, "sku_id": pl.Int64, "detection_date": pl.Date},
                orient="row",
            ),
            threshold,
        )
        for number, as_of in enumerate(NIGHTS)
    ]


@pytest.mark.parametrize(
    ("first", "last", "detected", "is_right"),
    [
        pytest.param(5, 20, 6, True, id="inside_the_episode"),
        pytest.param(5, 20, 0, True, id="most_of_its_days_are_dark"),
        pytest.param(11, 20, 7, True, id="just_half_of_its_days_are_dark"),
        pytest.param(12, 20, 7, False, id="less_than_half"),
        pytest.param(1, 6, 8, False, id="the_episode_is_over"),
        pytest.param(15, 20, 10, False, id="the_episode_is_still_to_come"),
    ],
)
def test_an_alert_is_right_when_half_of_its_days_are_dark(first, last, detected, is_right):
    found = nights((2, 1, 1, detected))
    judged = judged_alerts(alerts_of(found), truth((1, 1, first, last, 0.0)))
    assert judged["is_right"].to_list() == [is_right]


def test_an_alert_where_nothing_was_planted_is_wrong():
    judged = judged_alerts(alerts_of(nights((1, 2, 2, 3))), truth((1, 1, 3, 9, 0.0)))
    assert judged.select("is_right", "velocity").rows() == [(False, 2.0)]


def test_what_was_lost_by_the_night_is_what_the_alert_is_held_against():
    judged = judged_alerts(alerts_of(nights((1, 1, 1, 5), (2, 1, 1, 5))), truth((1, 1, 4, 30, 0.5)))
    assert judged["lost_revenue"].to_list() == pytest.approx([3.0 * 4, 3.0 * 11])


def test_an_event_is_an_episode_old_enough_and_still_open():
    spans = ((1, 1, 5, 20, 0.0), (1, 2, 6, 20, 0.0), (2, 1, 0, 6, 0.0), (2, 2, 0, 7, 0.5))
    found = nights((1, 1, 1, 6))
    missed = events(found[1:2], alerts_of(found), truth(*spans), PLAN)
    told = missed.select("store_id", "sku_id", "found", "age", "expected_loss").sort("store_id", "sku_id").rows()
    assert told == [(1, 1, True, 3, pytest.approx(6.0)), (2, 2, False, 8, pytest.approx(8.0))]


def test_delay_is_from_the_first_day_to_the_first_night_that_names_the_episode():
    found = nights((0, 1, 1, 0), (2, 1, 1, 5), (3, 1, 1, 5), (3, 1, 2, 5))
    told = delays(found, alerts_of(found), truth((1, 1, 5, 30, 0.0), (1, 2, 2, 12, 0.0)))
    assert told["delay_days"].to_list() == [9.0, None], "alerts before an episode and after it find nothing"


def test_an_episode_from_before_the_first_night_has_no_delay():
    found = nights((1, 1, 1, -2), (1, 1, 2, 0))
    told = delays(found, alerts_of(found), truth((1, 1, -2, 30, 0.0), (1, 2, 0, 30, 0.0)))
    assert told.select("is_watched", "delay_days").rows() == [(False, None), (True, 7.0)]
    assert told["floor_days"].is_null().to_list() == [True, False]


def test_the_floor_is_the_first_night_on_which_a_known_rate_is_unlikely_enough():
    found = nights(threshold=0.001)
    told = delays(found, alerts_of(found), truth((1, 1, 5, 30, 0.0), (1, 2, 5, 9, 0.0), (2, 1, 0, 30, 0.5)))
    # Three days at 2 a day: e^-6 is too likely; ten days: e^-20 is not.
    assert told["floor_days"].to_list()[:2] == [9.0, None]
    age = next(n for n in (1, 8, 15, 22) if poisson_at_most(n, 2.0 * n) <= 0.001)
    assert told["floor_days"][2] == age - 1


def test_a_judge_without_a_threshold_has_no_floor():
    found = nights(threshold=math.nan)
    assert delays(found, alerts_of(found), truth((1, 1, 0, 30, 0.0)))["floor_days"].to_list() == [None]


@pytest.mark.parametrize(("count", "mean"), [(0, 0.5), (0, 7.0), (3, 2.5), (40, 30.0)])
def test_the_chance_of_a_poisson_count(count, mean):
    plain = sum(math.exp(-mean) * mean**n / math.factorial(n) for n in range(count + 1))
    assert poisson_at_most(count, mean) == pytest.approx(plain)


def test_complete_darkness_is_known_as_soon_as_the_empty_count_is_unlikely():
    assert could_alert(0.0, 7.0, math.exp(-7.0) * 1.01)
    assert not could_alert(0.0, 7.0, math.exp(-7.0) * 0.99)


def test_reliability_is_the_share_right_of_alerts_that_claim_alike():
    random = np.random.default_rng(2)
    chance, right = random.random(500), random.random(500) < 0.4
    chance[:3] = (0.0, 1.0, 0.3)
    table = reliability(chance, right)
    plain = []
    for bin_ in range(10):
        inside = [n for n in range(500) if bin_ == min(int(chance[n] * 10), 9)]
        plain.append((len(inside), np.mean(chance[inside]), np.mean(right[inside])))
    np.testing.assert_allclose(table.select("alerts", "stated", "right").to_numpy(), np.array(plain))
    error = sum(n * abs(stated - true) for n, stated, true in plain) / 500
    assert calibration_error(table) == pytest.approx(error)


def test_nothing_claimed_has_no_calibration_error():
    assert math.isnan(calibration_error(reliability(np.empty(0), np.empty(0, np.bool_))))


def test_a_share_is_the_share_and_its_interval_draws_whole_stores():
    ids = pl.Series([n for n in range(50) for _ in range(20)])
    of_store = pl.Series(np.repeat(np.random.default_rng(1).random(50) < 0.5, 20))
    of_alert = pl.Series(np.random.default_rng(1).random(1000) < 0.5)
    stores = Clusters(ids, 400, 0.95)
    together, apart = stores.share(ids, of_store), stores.share(ids, of_alert)
    assert together.value == pytest.approx(of_store.mean())
    assert together.low < together.value < together.high
    assert together.high - together.low > 2 * (apart.high - apart.low), "what stores share makes the interval wide"


def test_the_interval_is_the_same_whatever_the_order_of_the_rows():
    ids, hit = pl.Series([1, 1, 2, 3, 3, 3]), pl.Series([True, False, True, True, False, False])
    order = [5, 2, 0, 3, 1, 4]
    stores = Clusters(ids, 200, 0.9)
    assert stores.share(ids, hit) == Clusters(ids[order], 200, 0.9).share(ids[order], hit[order])


def test_the_median_is_a_middle_value_and_lies_in_its_interval():
    ids = pl.Series(list(range(30)) * 3)
    values = pl.Series(np.random.default_rng(4).normal(10, 2, 90))
    found = Clusters(ids, 200, 0.95).median(ids, values)
    assert found.value == sorted(values)[44]
    assert found.low <= found.value <= found.high


def test_nothing_to_measure_is_unknown():
    stores = Clusters(pl.Series([1, 2]), 100, 0.95)
    nothing = pl.Series([], dtype=pl.Float64)
    assert stores.share(nothing.cast(pl.Int64), nothing.cast(pl.Boolean)).as_list() == [None] * 3
    assert stores.median(nothing.cast(pl.Int64), nothing).as_list() == [None] * 3
