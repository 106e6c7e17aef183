"""What actions brought, against pairs that nobody acted on."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import polars as pl
import pytest

from engine.decisions.acts import Accept, Comment, Modify, Reject
from engine.decisions.shelf import recovery
from engine.decisions.shelf.cases import cases
from engine.decisions.shelf.settings import RecoverySettings
from tests.decisions.nights import AS_OF, case, publish

SETTINGS = RecoverySettings()
LATER = AS_OF + dt.timedelta(days=SETTINGS.wait_days)
NOON = dt.datetime.combine(AS_OF, dt.time(12), dt.UTC)
ACTED, LEFT = range(20), range(20, 60)


def decide(decisions, run, stores, act=None, at: dt.datetime = NOON) -> None:
    decisions.now = lambda: at
    wanted = cases(run, [f"{store}_1_2026-03-25" for store in stores])
    outcome = decisions.decide_many(wanted, act or Accept(), by="Ann", versions={})
    assert not outcome.conflicts


def night(tmp_path, velocity=2.0, **columns):
    """Sixty stores with one case each that sells two a day."""
    stores = [*ACTED, *LEFT]
    return publish(tmp_path, [case(n, 1, **columns) for n in stores], {(n, 1): velocity for n in stores})


def later(tmp_path, sold: dict[int, float | None], day: dt.date = LATER):
    return publish(tmp_path, [], {(store, 1): units for store, units in sold.items()}, as_of=day)


def test_what_would_have_come_back_anyway_is_not_counted(beside, tmp_path):
    """Those acted on rise from 2 to 8 a day, those left alone to 6: the action brought 2 a day, at 2.00 each."""
    decide(beside, night(tmp_path), ACTED)
    later(tmp_path, dict.fromkeys(ACTED, 8.0) | dict.fromkeys(LEFT, 6.0))
    found = recovery.measure(beside, tmp_path, SETTINGS)
    assert (found.acted, found.waiting, found.unmatched, found.cases.height) == (20, 0, 0, 20)
    assert (found.units.mean, found.units.low, found.units.high) == pytest.approx((2.0, 2.0, 2.0))
    assert found.money.mean == pytest.approx(4.0)
    assert found.promised_money == pytest.approx(300 / 30)
    assert found.cases["matches"].to_list() == 20 * [40]


def compared(random, effect: float) -> recovery.Comparison:
    """Twenty cases of twelve stores that share forty others of thirty stores; cases of a store fare alike."""
    luck = random.normal(0, 1, 30)

    def rows(count: int, stores: int, gain: float) -> pl.DataFrame:
        store = random.integers(0, stores, count)
        before = random.uniform(1, 3, count)
        after = before + 3 + gain + luck[store] + random.normal(0, 1, count)
        columns = {"store_id": store.astype(str), "units_before": before, "units_after": after, "price": 2.0}
        return pl.DataFrame(columns).with_columns(expected_daily_units=10.0).sort("store_id")

    cases, others = rows(20, 12, effect), rows(40, 30, 0.0)
    return recovery.Comparison("night", "later", cases, others, recovery._weight(cases, others, 0.7))


def test_of_hundred_intervals_about_ninety_five_hold_what_was_planted():
    random = np.random.default_rng(2)
    tries, held, means = 300, 0, []
    for _ in range(tries):
        comparison = compared(random, 1.5)
        found = recovery.effect([comparison], [comparison.units], 0.95)
        held += found.low <= 1.5 <= found.high
        means.append(found.mean)
    assert held / tries > 0.925
    assert abs(np.mean(means) - 1.5) < 0.1


def test_leaving_a_store_out_is_the_same_as_never_having_had_it():
    """The quick sums of the jackknife against plain ones."""
    comparison = compared(np.random.default_rng(9), 1.0)
    for store, (summed, count) in comparison.left_out(comparison.price).items():
        kept = [(rows["store_id"] != store).to_numpy() for rows in (comparison.cases, comparison.others)]
        weight = comparison.weight[np.ix_(*kept)]
        has_match = weight.sum(axis=1) > 0
        rest = dataclasses.replace(
            comparison,
            cases=comparison.cases.filter(kept[0]).filter(has_match),
            others=comparison.others.filter(kept[1]),
            weight=weight[has_match],
        )
        assert (summed, count) == (pytest.approx(float((rest.recovered() * rest.price).sum())), rest.cases.height)


@pytest.mark.parametrize(
    ("act", "is_acted"),
    [(Accept(), True), (Modify(units=3), True), (Reject(reason="season"), False), (Comment(comment="?"), False)],
)
def test_accepted_and_changed_actions_count_and_others_do_not(beside, tmp_path, act, is_acted):
    decide(beside, night(tmp_path), ACTED, act)
    later(tmp_path, dict.fromkeys((*ACTED, *LEFT), 5.0))
    assert recovery.measure(beside, tmp_path, SETTINGS).acted == (20 if is_acted else 0)


def test_a_decision_of_which_no_night_shows_the_week_after_waits(beside, tmp_path):
    decide(beside, night(tmp_path), ACTED)
    later(tmp_path, dict.fromkeys((*ACTED, *LEFT), 9.0), LATER - dt.timedelta(days=1))
    found = recovery.measure(beside, tmp_path, SETTINGS)
    assert (found.waiting, found.cases.height, found.units) == (20, 0, None)


def test_the_week_begins_with_the_decision_not_with_the_night(beside, tmp_path):
    decide(beside, night(tmp_path), ACTED, at=NOON + dt.timedelta(days=3))
    later(tmp_path, dict.fromkeys((*ACTED, *LEFT), 9.0))
    assert recovery.measure(beside, tmp_path, SETTINGS).waiting == 20
    shown = later(tmp_path, dict.fromkeys((*ACTED, *LEFT), 9.0), LATER + dt.timedelta(days=3))
    assert set(recovery.measure(beside, tmp_path, SETTINGS).cases["later_run_id"]) == {shown.run_id}


def test_a_night_too_long_after_says_nothing(beside, tmp_path):
    decide(beside, night(tmp_path), ACTED)
    later(tmp_path, dict.fromkeys((*ACTED, *LEFT), 9.0), AS_OF + dt.timedelta(days=SETTINGS.max_wait_days + 1))
    assert recovery.measure(beside, tmp_path, SETTINGS).waiting == 20


def test_a_pair_that_was_acted_on_in_another_night_is_no_match(beside, tmp_path):
    decide(beside, night(tmp_path), ACTED)
    second = publish(
        tmp_path, [case(n, 1) for n in LEFT], {(n, 1): 2.0 for n in LEFT}, as_of=AS_OF + dt.timedelta(days=1)
    )
    decide(beside, second, LEFT)
    later(tmp_path, dict.fromkeys((*ACTED, *LEFT), 9.0), LATER + dt.timedelta(days=1))
    found = recovery.measure(beside, tmp_path, SETTINGS)
    assert (found.acted, found.unmatched, found.cases.height) == (60, 60, 0)


def test_matches_are_of_the_category_and_sell_alike(beside, tmp_path):
    rows = [
        case(0, 1),
        case(1, 1, expected_daily_units=11.0),
        case(2, 1, category="Bakery"),
        case(3, 1, expected_daily_units=40.0),
    ]
    run = publish(tmp_path, rows, {(n, 1): 2.0 for n in range(4)})
    decide(beside, run, [0])
    later(tmp_path, {0: 9.0, 1: 5.0, 2: 0.0, 3: 0.0})
    (row,) = recovery.measure(beside, tmp_path, SETTINGS).cases.iter_rows(named=True)
    assert (row["matches"], row["units_change_of_matches"], row["recovered_units"]) == pytest.approx((1, 3.0, 4.0))


def test_a_case_without_later_sales_is_counted_as_unmatched(beside, tmp_path):
    decide(beside, night(tmp_path), ACTED)
    later(tmp_path, {n: (None if n < 5 else 9.0) for n in (*ACTED, *LEFT)})
    found = recovery.measure(beside, tmp_path, SETTINGS)
    assert (found.acted, found.unmatched, found.cases.height) == (20, 5, 15)


def test_nothing_is_claimed_of_few(beside, tmp_path):
    decide(beside, night(tmp_path), range(9))
    later(tmp_path, dict.fromkeys((*ACTED, *LEFT), 9.0))
    found = recovery.measure(beside, tmp_path, SETTINGS)
    assert (found.cases.height, found.units, found.money, found.promised_money) == (9, None, None, None)


def test_money_is_left_out_where_no_price_is_known(beside, tmp_path):
    decide(beside, night(tmp_path, price=None), ACTED)
    later(tmp_path, dict.fromkeys(ACTED, 8.0) | dict.fromkeys(LEFT, 6.0))
    found = recovery.measure(beside, tmp_path, SETTINGS)
    assert found.units.mean == pytest.approx(2.0)
    assert found.money is None
