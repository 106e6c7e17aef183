"""Answers that a screen sends: kept once, never over what was not seen, and taken back."""

from __future__ import annotations

import datetime as dt

import pytest

from engine.decisions.shelf import answers, tasks
from engine.decisions.shelf import words as sw
from engine.decisions.shelf.answers import AnsweredMeanwhileError, Given
from engine.decisions.shelf.hits import hits_of_store
from engine.decisions.shelf.settings import TaskSettings
from engine.errors import InputError
from engine.vocabulary import shelf as v
from tests.decisions.nights import AS_OF, case, publish

KEYS = [f"{n:032x}" for n in range(9)]
FINE, EMPTY = "on_shelf_fine", "empty_backroom"


@pytest.fixture
def night(tmp_path):
    rows = [case(1, sku, recovery_basis="margin") for sku in (1, 2)]
    return publish(tmp_path, rows, {(1, 1): 5.0, (1, 2): 5.0, (2, 1): 5.0})


def give(decisions, night, word, key, seen="", sku="1", **more) -> bool:
    return answers.give(decisions, night, Given("1", sku, word, **more), by="Eve", key=key, seen=seen)


def counting(decisions, night) -> dict[str, str]:
    return dict(answers.latest(decisions, [night.run_id]).select("sku_id", "answer").rows())


def test_an_answer_that_is_sent_twice_is_kept_once(decisions, night):
    assert give(decisions, night, EMPTY, KEYS[0])
    assert not give(decisions, night, EMPTY, KEYS[0])
    assert answers.every(decisions).height == 1


def test_what_is_counted_noted_and_shown_is_kept_with_the_answer(decisions, night):
    give(decisions, night, EMPTY, KEYS[0], counted_units=3.5, note="behind the milk", photo="0" * 32 + ".jpg")
    (row,) = answers.every(decisions).to_dicts()
    assert (row["counted_units"], row["note"], row["photo"]) == (3.5, "behind the milk", "0" * 32 + ".jpg")


def test_an_answer_on_what_somebody_answered_unseen_is_refused_and_tells_who(decisions, night):
    answers.give(decisions, night, Given("1", "1", FINE), by="Max", key=KEYS[0], seen="")
    with pytest.raises(AnsweredMeanwhileError, match=r"Max answered “On the shelf and fine” at .* UTC"):
        give(decisions, night, EMPTY, KEYS[1])
    assert counting(decisions, night) == {"1": FINE}
    assert give(decisions, night, EMPTY, KEYS[1], seen=KEYS[0])
    assert counting(decisions, night) == {"1": EMPTY}


def test_an_answer_of_a_file_is_seen_by_its_moment(decisions, night):
    at = dt.datetime(2026, 4, 1, 9, tzinfo=dt.UTC)
    answers.record(decisions, night, [Given("1", "1", FINE)], by="Max", at=at)
    with pytest.raises(AnsweredMeanwhileError):
        give(decisions, night, EMPTY, KEYS[1])
    assert give(decisions, night, EMPTY, KEYS[1], seen=at.isoformat())


def test_an_answer_that_is_taken_back_leaves_the_one_before(decisions, night):
    give(decisions, night, FINE, KEYS[0])
    give(decisions, night, EMPTY, KEYS[1], seen=KEYS[0])
    assert answers.take_back(decisions, night, "1", "1", by="Eve", key=KEYS[2], taken=KEYS[1])
    assert counting(decisions, night) == {"1": FINE}
    assert not answers.take_back(decisions, night, "1", "1", by="Eve", key=KEYS[2], taken=KEYS[1])
    answers.take_back(decisions, night, "1", "1", by="Eve", key=KEYS[3], taken=KEYS[0])
    assert counting(decisions, night) == {}


def test_only_the_answer_that_counts_is_taken_back(decisions, night):
    give(decisions, night, FINE, KEYS[0])
    give(decisions, night, EMPTY, KEYS[1], seen=KEYS[0])
    with pytest.raises(AnsweredMeanwhileError, match="Eve answered"):
        answers.take_back(decisions, night, "1", "1", by="Max", key=KEYS[2], taken=KEYS[0])
    assert counting(decisions, night) == {"1": EMPTY}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"key": "short"}, "key"),
        ({"counted_units": -1.0}, "count"),
        ({"counted_units": float("nan")}, "count"),
        ({"word": "huh"}, "answer 'huh' is none there is"),
        ({"sku": "9"}, "was not judged"),
    ],
)
def test_what_cannot_be_an_answer_is_refused_and_told(beside, night, fields, told):
    given = {"word": FINE, "key": KEYS[0], **fields}
    with pytest.raises(InputError, match=told):
        give(beside, night, **given)
    assert answers.every(beside).is_empty()


def test_a_check_that_is_taken_back_is_asked_for_again(beside, night):
    def waiting() -> int:
        sheets = tasks.plan(beside, night, TaskSettings(), store_id="1").stores
        return sum(task.answer is None for sheet in sheets for task in sheet.tasks)

    give(beside, night, EMPTY, KEYS[0])
    assert waiting() == 1
    answers.take_back(beside, night, "1", "1", by="Eve", key=KEYS[1], taken=KEYS[0])
    assert waiting() == 2


@pytest.mark.parametrize("cause", [*v.CAUSES, None])
def test_every_question_offers_three_answers_first_one_of_them_that_all_is_well(cause):
    check = sw.CHECKS.get(cause, sw.LOOK_FOR_IT)
    assert len(set(check.likely)) == 3
    assert set(check.likely) <= set(sw.ANSWERS)
    assert "on_shelf_fine" in check.likely


@pytest.mark.parametrize("cause", [v.NOT_ON_SHELF, v.CONVERSION_DROP, v.PRICE_TOO_HIGH, v.PROMO_INEFFECTIVE])
def test_the_likely_answers_speak_for_the_cause_that_is_asked_about(cause):
    spoken_for = {sw.ANSWERS[word].cause for word in sw.CHECKS.get(cause, sw.LOOK_FOR_IT).likely}
    assert cause in spoken_for


def test_a_store_is_told_its_hits_and_their_money_of_a_week_each_product_once(beside, tmp_path):
    """A night a day too old, a hit of 40, a product looked at twice that is fine: the other store is not counted."""
    for days, sku, money, word in (
        (7, 1, 900.0, EMPTY),
        (6, 2, 40.0, EMPTY),
        (1, 3, 50.0, EMPTY),
        (0, 3, 50.0, FINE),
    ):
        rows = [case(store, sku, recoverable_30d=money, recovery_basis="margin") for store in (1, 2)]
        day = AS_OF - dt.timedelta(days=days)
        run = publish(tmp_path, rows, {(store, sku): 1.0 for store in (1, 2)}, as_of=day)
        given = [Given("1", str(sku), word), Given("2", str(sku), EMPTY)]
        answers.record(beside, run, given, by="Eve", at=dt.datetime.combine(day, dt.time(9), dt.UTC))
    found = hits_of_store(beside, run, "1", 7)
    assert (found.looked_at, found.hits, found.found) == (2, 1, 40.0)


def test_money_counted_in_two_ways_is_not_added_up(beside, tmp_path):
    rows = [case(1, 1, recovery_basis="margin"), case(1, 2, recovery_basis="revenue")]
    run = publish(tmp_path, rows, {(1, 1): 1.0, (1, 2): 1.0})
    answers.record(beside, run, [Given("1", sku, EMPTY) for sku in ("1", "2")], by="Eve")
    assert hits_of_store(beside, run, "1", 7).found is None
