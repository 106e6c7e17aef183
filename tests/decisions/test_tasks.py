"""What stores are asked for today, and the random sample among it."""

from __future__ import annotations

import datetime as dt
import shutil
from collections import Counter

import numpy as np
import pytest
from pydantic import ValidationError

from engine.decisions.acts import Accept, Reject
from engine.decisions.shelf import answers, samples, tasks
from engine.decisions.shelf.cases import cases
from engine.decisions.shelf.settings import TaskSettings
from engine.errors import NotFoundError
from engine.vocabulary import shelf as v
from tests.decisions.nights import AS_OF, case, publish

NO_SAMPLING = TaskSettings(sample_pairs=0, sample_cases=0)
SAMPLING = TaskSettings(sample_pairs=4, sample_cases=1)
DAY = dt.timedelta(days=1)


def chosen(plan: tasks.Plan) -> list[str]:
    return plan.frame()["sku_id"].to_list()


@pytest.fixture
def night(tmp_path):
    """Two stores with five products each, two cases in store 1."""
    cases = [
        case(1, 1, recoverable_30d=300.0, confidence_score=50.0, category="Dairy"),
        case(1, 2, recoverable_30d=200.0, confidence_score=90.0, category="Bakery", primary_cause=v.PRICE_TOO_HIGH),
    ]
    return publish(tmp_path, cases, {(store, sku): 5.0 for store in (1, 2) for sku in range(1, 6)})


def test_a_check_is_worth_its_value_times_its_chance(beside, night):
    """150 against 180: with time for one walk, it is the second."""
    assert chosen(tasks.plan(beside, night, NO_SAMPLING, minutes=7)) == ["2"]


def test_a_sheet_adds_up_walks_and_checks_and_goes_by_category(beside, night):
    (sheet,) = tasks.plan(beside, night, NO_SAMPLING).stores
    assert (sheet.store_id, sheet.store_name, sheet.minutes_available) == ("1", "Store 1", 60)
    assert [group.category for group in sheet.groups] == ["Bakery", "Dairy"]
    assert sheet.minutes_planned == 4 + 1.5 + 4 + 3
    assert sheet.worth == pytest.approx(300 * 0.5 + 200 * 0.9)
    assert [task.check for group in sheet.groups for task in group.tasks] == [
        "Is the price label there and right?",
        "Is it on the shelf, whole and easy to see? If not, look in the backroom.",
    ]


def test_the_plan_never_takes_more_than_the_minutes(beside, tmp_path):
    random = np.random.default_rng(3)
    cases = [
        case(
            1,
            n,
            category=f"c{random.integers(6)}",
            recoverable_30d=float(random.integers(1, 500)),
            primary_cause=cause,
        )
        for n, cause in enumerate(random.choice([*v.CAUSES, None], 60))
    ]
    run = publish(tmp_path, cases, {(1, n): 1.0 for n in range(60)})
    for minutes in (0, 5, 17.5, 60, 1000):
        plan = tasks.plan(beside, run, NO_SAMPLING, minutes=minutes)
        assert sum(sheet.minutes_planned for sheet in plan.stores) <= minutes
    assert plan.frame().height == 60


def test_what_was_rejected_is_not_checked_and_what_was_accepted_is(beside, night):
    first, second = cases(night, ["1_1_2026-03-25", "1_2_2026-03-25"])
    beside.decide(first, Reject(reason="season"), by="Ann", version=0)
    beside.decide(second, Accept(), by="Ann", version=0)
    assert chosen(tasks.plan(beside, night, NO_SAMPLING)) == ["2"]
    beside.undo(first, by="Ann", version=1)
    assert chosen(tasks.plan(beside, night, NO_SAMPLING)) == ["2", "1"]


def test_the_order_of_a_walk_tells_nothing_of_the_worth(beside, tmp_path):
    rows = [case(1, n, sku_name=name, recoverable_30d=worth) for n, name, worth in ((1, "B", 9.0), (2, "A", 1.0))]
    run = publish(tmp_path, rows, {(1, 1): 1.0, (1, 2): 1.0})
    assert tasks.plan(beside, run, NO_SAMPLING).frame()["sku_name"].to_list() == ["A", "B"]


def test_a_run_of_another_desk_is_no_night(beside, tmp_path):
    run = publish(tmp_path, [], {(1, 1): 1.0}, desk="growth")
    with pytest.raises(NotFoundError, match="00000000 is no night"):
        tasks.plan(beside, run, SAMPLING)


def answered(decisions, out, night, answer="on_shelf_fine", days_before=1, **columns):
    """The plan after store 1 said something of product 1 on an earlier night; columns: of its case then."""
    dark = {
        "detection_date": dt.date(2026, 3, 25),
        "last_dark_date": AS_OF - DAY,
        "confidence_score": 50.0,
        **columns,
    }
    earlier = publish(out, [case(1, 1, **dark)], {(1, 1): 5.0}, as_of=AS_OF - DAY)
    moment = dt.datetime.combine(AS_OF - days_before * DAY, dt.time(9), dt.UTC)
    answers.record(decisions, earlier, [answers.Given("1", "1", answer)], by="Eve", at=moment)
    return tasks.plan(decisions, night, NO_SAMPLING)


@pytest.mark.parametrize(("days_before", "is_asked"), [(2, False), (3, True)])
def test_a_product_is_not_asked_for_again_so_soon(decisions, night, tmp_path, days_before, is_asked):
    plan = answered(decisions, tmp_path, night, days_before=days_before)
    assert ("1" in chosen(plan)) is is_asked
    assert (plan.left_out_rejected, plan.left_out_answered) == (0, 0 if is_asked else 1)


def test_another_episode_of_an_answered_product_is_asked_for(beside, night, tmp_path):
    over = {"detection_date": dt.date(2026, 3, 20), "last_dark_date": dt.date(2026, 3, 24)}
    assert "1" in chosen(answered(beside, tmp_path, night, **over))


@pytest.mark.parametrize(("confidence_then", "is_asked"), [(40.0, True), (40.1, False), (90.0, False), (None, False)])
def test_an_episode_is_asked_for_again_when_its_evidence_grew(beside, night, tmp_path, confidence_then, is_asked):
    plan = answered(beside, tmp_path, night, confidence_score=confidence_then)
    assert ("1" in chosen(plan)) is is_asked


def test_what_nobody_looked_at_is_asked_again(beside, night, tmp_path):
    assert "1" in chosen(answered(beside, tmp_path, night, "not_checked"))


def test_an_answer_on_a_night_that_was_pruned_counts_for_the_product(beside, night, tmp_path):
    assert "1" not in chosen(answered(beside, tmp_path, night))
    shutil.rmtree(tmp_path / "runs" / f"{AS_OF - DAY}-calibrated-00000000")
    assert "1" not in chosen(tasks.plan(beside, night, NO_SAMPLING))


def test_what_was_rejected_on_an_earlier_night_is_left_out_and_counted(decisions, night, tmp_path):
    dark = {"detection_date": dt.date(2026, 3, 24), "last_dark_date": AS_OF - DAY}
    earlier = publish(tmp_path, [case(1, 1, **dark)], {(1, 1): 5.0}, as_of=AS_OF - DAY)
    (subject,) = cases(earlier, ["1_1_2026-03-24"])
    decisions.decide(subject, Reject(reason="not_dark"), by="Ann", version=0)
    plan = tasks.plan(decisions, night, NO_SAMPLING)
    assert (chosen(plan), plan.left_out_rejected, plan.left_out_answered) == (["2"], 1, 0)
    assert tasks.plan(decisions, night, NO_SAMPLING, store_id="1") == plan
    assert tasks.plan(decisions, night, SAMPLING, store_id="2").left_out_rejected == 0
    (here,) = cases(night, ["1_1_2026-03-25"])
    decisions.decide(here, Accept(), by="Ben", version=0)
    assert "1" in chosen(tasks.plan(decisions, night, NO_SAMPLING))


def test_a_sheet_stays_the_same_while_it_is_answered_and_the_form_has_what_is_left(decisions, night):
    before = tasks.plan(decisions, night, SAMPLING).frame()
    answers.record(decisions, night, [answers.Given("1", "1", "on_shelf_fine")], by="Eve")
    plan = tasks.plan(decisions, night, SAMPLING)
    assert plan.frame().drop("answer").equals(before.drop("answer"))
    assert plan.frame().filter(store_id="1", sku_id="1")["answer"].to_list() == ["on_shelf_fine"]
    assert (plan.stores[0].answered, plan.left_out_answered) == (1, 0)
    assert plan.form().height == before.height - 1
    assert plan.form().filter(store_id="1", sku_id="1").is_empty()


def test_a_case_that_brings_nothing_takes_no_minutes(beside, tmp_path):
    cases = [case(1, 1, recoverable_30d=0.0), case(1, 2, recoverable_30d=-5.0), case(1, 3, recoverable_30d=None)]
    run = publish(tmp_path, cases, {(1, n): 1.0 for n in (1, 2, 3)})
    assert chosen(tasks.plan(beside, run, NO_SAMPLING)) == ["3"]  # Its projected recovery stands in.


def test_the_value_can_be_the_revenue_at_risk(beside, tmp_path):
    cases = [case(1, 1, revenue_at_risk=1000.0, recoverable_30d=1.0), case(1, 2, revenue_at_risk=10.0, category="x")]
    run = publish(tmp_path, cases, {(1, 1): 1.0, (1, 2): 1.0})
    by_revenue = TaskSettings(sample_pairs=0, sample_cases=0, value="revenue_at_risk")
    assert chosen(tasks.plan(beside, run, by_revenue, minutes=7)) == ["1"]
    assert chosen(tasks.plan(beside, run, NO_SAMPLING, minutes=7)) == ["2"]


def test_random_checks_are_so_many_of_a_chain_however_many_stores_it_has(decisions, tmp_path):
    for stores, day in ((3, 0), (40, 1)):
        rows = [case(store, "c") for store in range(stores)]
        judged = {(store, sku): 1.0 for store in range(stores) for sku in ("c", "p1", "p2", "p3")}
        night = publish(tmp_path, rows, judged, as_of=AS_OF - day * DAY)
        plan = tasks.plan(decisions, night, TaskSettings(sample_pairs=5, sample_cases=2, labour_minutes=0))
        drawn = plan.frame()
        assert drawn["drawn"].all()
        assert Counter(drawn["case_id"].is_null()) == {True: 5, False: 2}
        assert plan.sampled == 7
        assert sum(sheet.drawn for sheet in plan.stores) == 7


def test_a_store_without_a_case_or_a_lot_is_asked_for_nothing(beside, night):
    assert not tasks.plan(beside, night, NO_SAMPLING, store_id="2").stores


def test_random_checks_stay_when_there_is_no_time_left(beside, night):
    assert tasks.plan(beside, night, SAMPLING, minutes=0).frame()["drawn"].all()


def test_where_a_drawn_check_leads_the_next_one_needs_no_walk(beside, tmp_path):
    """Four minutes to the category and three for the one that is drawn leave three for the other."""
    run = publish(tmp_path, [case(1, 1), case(1, 2)], {(1, 1): 1.0, (1, 2): 1.0})
    one_lot = TaskSettings(sample_pairs=0, sample_cases=1)
    assert tasks.plan(beside, run, one_lot, minutes=10).frame().height == 2
    assert tasks.plan(beside, run, one_lot, minutes=9.5).frame().height == 1


def test_a_store_cannot_tell_which_checks_were_drawn(beside, night):
    form = tasks.plan(beside, night, SAMPLING).form()
    assert form.columns == [*tasks.ON_PAPER, *tasks.TO_FILL_IN]
    assert {"case_id", "drawn", "value", "chance"}.isdisjoint(form.columns)


def test_a_plan_is_the_same_whenever_it_is_made(decisions, night):
    once = tasks.plan(decisions, night, SAMPLING).frame()
    assert tasks.plan(decisions, night, SAMPLING).frame().equals(once)
    only = tasks.plan(decisions, night, SAMPLING, store_id="2").frame()
    assert only.equals(once.filter(once["store_id"] == "2"))


def test_a_sample_once_drawn_is_not_drawn_again_by_other_settings(decisions, night):
    once = samples.drawn(decisions, night, SAMPLING)
    again = samples.drawn(decisions, night, TaskSettings(sample_pairs=5, sample_cases=2))
    assert again.equals(once)


def test_a_sample_is_of_the_day_and_the_products_whatever_the_run_is_called(beside, tmp_path):
    judged = {("s", f"p{n}"): 1.0 for n in range(30)}
    runs = (publish(tmp_path, [], judged, profile=profile) for profile in ("calibrated", "classic"))
    one, other = (samples.drawn(beside, run, SAMPLING)["sku_id"].to_list() for run in runs)
    assert one == other


def test_every_drawn_product_keeps_the_chance_it_had(decisions, night):
    drawn = samples.drawn(decisions, night, SAMPLING)
    chances = Counter(drawn.select("has_case", "probability").iter_rows())
    assert chances == {(False, 4 / 8): 4, (True, 1 / 2): 1}


def test_a_chain_with_less_than_is_drawn_gives_all_for_sure(beside, tmp_path):
    run = publish(tmp_path, [], {(1, 1): 1.0})
    assert samples.drawn(beside, run, SAMPLING).row(0)[2:] == ("1", False, 1.0)


@pytest.mark.slow
def test_over_many_nights_every_product_is_drawn_as_often_as_its_chance_says(beside, tmp_path):
    """Two of ten, 200 times: 40 expected of each, and 20 to 60 is four standard errors."""
    times: Counter[str] = Counter()
    for day in range(200):
        night = publish(tmp_path, [], {("s", f"p{n}"): 1.0 for n in range(10)}, as_of=AS_OF - dt.timedelta(days=day))
        times.update(samples.drawn(beside, night, TaskSettings(sample_pairs=2))["sku_id"])
    assert sum(times.values()) == 400
    assert all(20 <= times[f"p{n}"] <= 60 for n in range(10))


def test_a_store_that_was_not_judged_is_told(beside, night):
    with pytest.raises(NotFoundError, match="store '9' has nothing that run"):
        tasks.plan(beside, night, SAMPLING, store_id="9")


def test_a_night_without_a_case_still_asks_for_the_drawn(beside, tmp_path):
    run = publish(tmp_path, [], {("北京", "牛奶"): 1.0})
    (sheet,) = tasks.plan(beside, run, SAMPLING).stores
    assert (sheet.store_id, sheet.groups[0].tasks[0].sku_id, sheet.groups[0].category) == ("北京", "牛奶", "")


def test_a_night_of_an_older_form_is_not_called_damaged(beside, night):
    (night.folder / "skus.parquet").unlink()
    with pytest.raises(
        NotFoundError, match=r"is of an older form, without skus.parquet, .*--as-of 2026-03-31 --force"
    ):
        tasks.plan(beside, night, SAMPLING)
    (night.folder / "skus.parquet").write_text("no table")
    with pytest.raises(NotFoundError, match="is damaged"):
        tasks.plan(beside, night, SAMPLING)


@pytest.mark.parametrize("wrong", [{"labour_minutes": 0.3}, {"look_minutes": 0}, {"sample_pairs": -1}, {"speed": 1}])
def test_settings_out_of_bounds_are_refused(wrong):
    with pytest.raises(ValidationError):
        TaskSettings(**wrong)
