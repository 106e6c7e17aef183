"""Accepted cases that are withheld by lot, and what acting brought beside them."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from engine.decisions.acts import Accept, Reject
from engine.decisions.shelf import experiment, recovery, tasks, trials
from engine.decisions.shelf.cases import cases
from engine.decisions.shelf.settings import RecoverySettings, TaskSettings
from tests.decisions.nights import AS_OF, case, publish

SETTINGS = RecoverySettings()
HALF = TaskSettings(sample_pairs=0, sample_cases=0, labour_minutes=480, withheld_share=0.5)
NONE = HALF.model_copy(update={"withheld_share": 0.0})
STORES = range(200)
NOON = dt.datetime.combine(AS_OF, dt.time(12), dt.UTC)


def night(out, as_of: dt.date = AS_OF, sold: float = 2.0):
    """A case in every store, which sells so much a day."""
    return publish(out, [case(n, 1) for n in STORES], {(n, 1): sold for n in STORES}, as_of=as_of)


def decide(decisions, run, act, stores=STORES) -> None:
    decisions.now = lambda: NOON
    wanted = cases(run, [f"{store}_1_2026-03-25" for store in stores])
    assert not decisions.decide_many(wanted, act, by="Ann", versions={}).conflicts


def asked(plan: tasks.Plan) -> set[str]:
    return set(plan.frame()["store_id"])


def test_nothing_is_withheld_unless_a_share_is_asked_for(beside, tmp_path):
    run = night(tmp_path)
    decide(beside, run, Accept())
    plan = tasks.plan(beside, run, NONE)
    assert (plan.left_out_withheld, len(asked(plan))) == (0, len(STORES))
    assert trials.every(beside).is_empty()


def test_about_the_share_of_accepted_cases_is_off_the_sheets_and_stays_so(beside, tmp_path):
    run = night(tmp_path)
    decide(beside, run, Accept(), range(150))
    decide(beside, run, Reject(reason="season"), range(150, 200))
    plan = tasks.plan(beside, run, HALF)
    drawn = trials.every(beside)
    assert drawn.height == 150
    assert plan.left_out_withheld == int(drawn["is_withheld"].sum())
    assert 55 <= plan.left_out_withheld <= 95
    assert asked(plan) == set(drawn.filter(~pl.col("is_withheld"))["store_id"])
    # Nothing is drawn again, whoever asks and however often, also where the share changed meanwhile.
    again = tasks.plan(beside, run, HALF.model_copy(update={"withheld_share": 0.1}))
    assert asked(again) == asked(plan)


def test_the_lot_of_a_case_does_not_depend_on_those_beside_it(beside, tmp_path):
    run = night(tmp_path)
    decide(beside, run, Accept(), range(7))
    tasks.plan(beside, run, HALF)
    few = trials.every(beside)
    assert few.height == 7
    assert few["is_withheld"].to_list() == [trials._lot(run.run_id, case) < 0.5 for case in few["subject_id"]]


def test_an_episode_keeps_its_lot_on_later_nights_until_it_is_over(beside, tmp_path):
    first = night(tmp_path)
    decide(beside, first, Accept())
    held = tasks.plan(beside, first, HALF).left_out_withheld
    for days, left in ((1, held), (HALF.withheld_days, 0)):
        on = AS_OF + dt.timedelta(days=days)
        rows = [case(n, 1, last_dark_date=on) for n in STORES]
        run = publish(tmp_path, rows, {(n, 1): 2.0 for n in STORES}, as_of=on)
        assert tasks.plan(beside, run, HALF).left_out_withheld == left


def test_what_acting_brought_is_the_change_of_the_acted_less_that_of_the_withheld(beside, tmp_path):
    """Those acted on rise from 2 to 8 a day, those withheld to 6: acting brought 2 a day, at 2.00 each."""
    run = night(tmp_path)
    decide(beside, run, Accept())
    tasks.plan(beside, run, HALF)
    waiting = experiment.measure(beside, tmp_path, SETTINGS)
    assert (waiting.waiting, waiting.money) == (len(STORES), None)
    held = dict(trials.every(beside).select("store_id", "is_withheld").iter_rows())
    sold = {(n, 1): 6.0 if held[str(n)] else 8.0 for n in STORES}
    publish(tmp_path, [], sold, as_of=AS_OF + dt.timedelta(days=SETTINGS.wait_days))
    found = experiment.measure(beside, tmp_path, SETTINGS)
    assert (found.acted + found.withheld, found.waiting, found.unknown) == (len(STORES), 0, 0)
    assert found.withheld == sum(held.values())
    assert (found.units.mean, found.units.low, found.units.high) == pytest.approx((2.0, 2.0, 2.0))
    assert found.money.mean == pytest.approx(4.0)
    # What was withheld is neither measured beside pairs that nobody acted on nor one of these.
    assert recovery.measure(beside, tmp_path, SETTINGS).acted == found.acted


def test_of_a_hundred_intervals_about_ninety_five_hold_what_was_planted():
    random = np.random.default_rng(5)
    held = []
    for _ in range(200):
        is_withheld = random.random(120) < 0.3
        change = random.normal(0, 3, 120) + np.where(is_withheld, 1.0, 2.5)
        rows = pl.DataFrame({"store_id": [str(n) for n in range(120)], "is_withheld": is_withheld, "change": change})
        effect = experiment._difference(rows, "change", SETTINGS)
        held.append(effect.low <= 1.5 <= effect.high)
    assert 0.90 <= np.mean(held) <= 0.985


def test_too_few_of_either_lot_claim_nothing():
    rows = pl.DataFrame({"store_id": list("abcdefghijkl"), "is_withheld": [True, *11 * [False]], "change": 1.0})
    assert experiment._difference(rows, "change", SETTINGS) is None
