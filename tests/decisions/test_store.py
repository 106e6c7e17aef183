"""Deciding, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from sqlalchemy import select

from engine.decisions import words as w
from engine.decisions.acts import Accept, Assign, Comment, Modify, Reject, parse_act
from engine.decisions.growth import words as gw
from engine.decisions.outcome import ConflictError
from engine.decisions.schema import entry
from engine.decisions.shelf import words as sw
from engine.decisions.state import STATE_SCHEMA
from engine.decisions.store import MOST_NAMED, Decisions
from engine.decisions.subjects import Subject
from engine.errors import InputError

DAY = dt.date(2026, 3, 25)
CASE = Subject(sw.CASE, "night", "1_2_2026-03-25", "1", "2", DAY)
GROWING = Subject(gw.CANDIDATE, "growth", "S1/P2", "S1", "P2", None, 10.0)


def many(count: int) -> list[Subject]:
    return [dataclasses.replace(CASE, subject_id=f"1_{n}_2026-03-25", sku_id=str(n)) for n in range(count)]


def in_effect(decisions: Decisions, subject: Subject) -> dict[str, object]:
    return decisions.state(subject.run_id, [subject.subject_id], kind=subject.kind).row(0, named=True)


def test_what_nobody_decided_has_no_state(decisions):
    state = decisions.state("night")
    assert (state.height, dict(state.schema)) == (0, dict(STATE_SCHEMA))
    assert decisions.revision() == 0


def test_a_decision_keeps_who_when_why_and_on_what(decisions):
    before = dt.datetime.now(dt.UTC)
    assert decisions.decide(CASE, Reject(reason="season", comment="rain"), by="Ann", version=0) == 1
    row = in_effect(decisions, CASE)
    expected = {"decision": "rejected", "reason": "season", "comment": "rain", "decided_by": "Ann", "version": 1}
    assert row | expected == row
    assert (row["store_id"], row["sku_id"], row["detection_date"]) == ("1", "2", DAY)
    assert before <= row["decided_at"] <= dt.datetime.now(dt.UTC)


def test_a_changed_action_keeps_its_words_and_numbers(decisions):
    act = Modify(action="Cut to 1.99", price=1.99, discount_pct=20, units=12.5)
    decisions.decide(CASE, act, by="Ann", version=0)
    row = in_effect(decisions, CASE)
    assert (row["decision"], row["action"], row["price"], row["discount_pct"], row["units"]) == (
        "modified",
        "Cut to 1.99",
        1.99,
        20.0,
        12.5,
    )


def test_an_assignment_and_a_comment_leave_the_verdict(decisions):
    decisions.decide(CASE, Accept(), by="Ann", version=0)
    decisions.decide(CASE, Assign(assigned_to="Eve"), by="Bob", version=1)
    decisions.decide(CASE, Comment(comment="done by noon"), by="Eve", version=2)
    row = in_effect(decisions, CASE)
    assert (row["decision"], row["decided_by"], row["assigned_to"], row["comment"]) == (
        "accepted",
        "Ann",
        "Eve",
        "done by noon",
    )
    assert (row["version"], row["changed_by"]) == (3, "Eve")


def test_the_second_writer_is_told_who_decided_what_meanwhile_and_changes_nothing(decisions):
    decisions.decide(CASE, Accept(), by="Ann", version=0)
    with pytest.raises(ConflictError, match=r"1_2_2026-03-25: Ann accepted at .* UTC") as caught:
        decisions.decide(CASE, Reject(reason="season"), by="Bob", version=0)
    (entry,) = caught.value.conflict.meanwhile
    assert (entry.decided_by, entry.act, entry.version) == ("Ann", w.ACCEPT, 1)
    assert [each.decided_by for each in decisions.history(CASE)] == ["Ann"]


def test_a_version_that_was_never_there_is_refused(decisions):
    with pytest.raises(InputError, match="is not at the version named"):
        decisions.decide(CASE, Accept(), by="Ann", version=7)
    assert decisions.revision() == 0


def test_in_bulk_conflicts_are_listed_and_the_others_are_saved(decisions):
    subjects = many(5)
    decisions.decide(subjects[3], Accept(), by="Ann", version=0)
    outcome = decisions.decide_many(subjects, Reject(reason="season"), by="Bob", versions={})
    assert set(outcome.versions) == {subject.subject_id for subject in subjects} - {subjects[3].subject_id}
    assert [conflict.subject_id for conflict in outcome.conflicts] == [subjects[3].subject_id]
    assert str(outcome).startswith("4 saved, 1 not, since somebody decided meanwhile: 1_3_2026-03-25: Ann accepted")
    decided = decisions.state("night")["decision"].to_list()
    assert sorted(decided) == ["accepted"] + 4 * ["rejected"]


def test_more_than_a_statement_holds_is_decided_at_once(decisions):
    subjects = many(MOST_NAMED + 700)
    outcome = decisions.decide_many(subjects, Accept(), by="Ann", versions={})
    assert (len(outcome.versions), str(outcome)) == (1200, "1,200 saved.")
    again = decisions.decide_many(subjects, Accept(), by="Bob", versions=outcome.versions)
    assert set(again.versions.values()) == {2}
    wanted = [subject.subject_id for subject in subjects[:600]]
    assert decisions.state("night", wanted)["subject_id"].to_list() == sorted(wanted)


def test_the_same_subject_twice_in_bulk_is_decided_once(decisions):
    outcome = decisions.decide_many([CASE, CASE], Accept(), by="Ann", versions={})
    assert outcome.versions == {CASE.subject_id: 1}
    assert len(decisions.history(CASE)) == 1


def test_nothing_in_bulk_is_nothing(decisions):
    assert str(decisions.decide_many([], Accept(), by="Ann", versions={})) == "0 saved."


def test_an_act_that_suits_one_badly_is_done_on_none(decisions):
    with pytest.raises(InputError, match="'no_space' is none of not_dark"):
        decisions.decide_many(many(3), Reject(reason="no_space"), by="Ann", versions={})
    assert decisions.revision() == 0


def test_subjects_of_two_runs_are_not_decided_at_once(decisions):
    with pytest.raises(InputError, match="are of 2 runs"):
        decisions.decide_many(
            [CASE, dataclasses.replace(CASE, run_id="other")], Accept(), by="Ann", versions={CASE.subject_id: 0}
        )


def test_an_undo_is_a_further_entry_and_brings_back_what_stood(decisions):
    decisions.decide(CASE, Accept(), by="Ann", version=0)
    decisions.decide(CASE, Reject(reason="season"), by="Ann", version=1)
    assert decisions.undo(CASE, by="Ann", version=2) == 3
    assert in_effect(decisions, CASE)["decision"] == "accepted"
    assert decisions.undo(CASE, by="Ann", version=3) == 4
    row = in_effect(decisions, CASE)
    assert (row["decision"], row["decided_by"], row["version"]) == ("undecided", None, 4)
    assert [entry.act for entry in decisions.history(CASE)] == [w.ACCEPT, w.REJECT, w.UNDO, w.UNDO]
    assert [entry.undoes for entry in decisions.history(CASE)] == [None, None, 2, 1]


def test_nothing_can_be_undone_twice(decisions):
    decisions.decide(CASE, Accept(), by="Ann", version=0)
    decisions.undo(CASE, by="Ann", version=1)
    with pytest.raises(InputError, match="has nothing to undo"):
        decisions.undo(CASE, by="Ann", version=2)


def test_an_undo_of_what_somebody_changed_meanwhile_is_a_conflict(decisions):
    decisions.decide(CASE, Accept(), by="Ann", version=0)
    decisions.decide(CASE, Comment(comment="wait"), by="Bob", version=1)
    with pytest.raises(ConflictError, match=r"Bob commented at .*: wait"):
        decisions.undo(CASE, by="Ann", version=1)


def test_a_bulk_act_is_taken_back_where_nothing_was_written_since(decisions):
    subjects = many(4)
    outcome = decisions.decide_many(subjects, Accept(), by="Ann", versions={})
    decisions.decide(subjects[0], Assign(assigned_to="Eve"), by="Bob", version=1)
    undone = decisions.undo_batch(outcome.batch, by="Ann")
    assert len(undone.versions) == 3
    assert [conflict.subject_id for conflict in undone.conflicts] == [subjects[0].subject_id]
    assert sorted(decisions.state("night")["decision"]) == ["accepted"] + 3 * ["undecided"]


def test_a_batch_that_nobody_saved_cannot_be_taken_back(decisions):
    with pytest.raises(InputError, match="'nope' is none that was saved"):
        decisions.undo_batch("nope", by="Ann")


def test_a_growth_candidate_is_adjusted_down_and_never_up(decisions):
    with pytest.raises(InputError, match="11 units are more than the 10 that were recommended"):
        decisions.decide(GROWING, Modify(units=11), by="Ann", version=0)
    with pytest.raises(InputError, match="adjusted in units alone"):
        decisions.decide(GROWING, Modify(units=3, price=2), by="Ann", version=0)
    decisions.decide(GROWING, Modify(units=4), by="Ann", version=0)
    row = in_effect(decisions, GROWING)
    assert (row["decision"], row["units"]) == ("modified", 4.0)


def test_a_growth_candidate_is_rejected_with_a_comment(decisions):
    with pytest.raises(InputError, match="a comment has to say why"):
        decisions.decide(GROWING, Reject(reason="no_space"), by="Ann", version=0)
    decisions.decide(GROWING, Reject(reason="no_space", comment="two shelves only"), by="Ann", version=0)
    assert in_effect(decisions, GROWING)["decision"] == "rejected"


def test_another_reason_needs_a_comment(decisions):
    with pytest.raises(InputError, match="a comment has to say why"):
        decisions.decide(CASE, Reject(reason=w.OTHER), by="Ann", version=0)


def test_a_case_and_a_candidate_of_one_name_are_two(decisions):
    twin = dataclasses.replace(CASE, kind=gw.CANDIDATE, proposed_units=1.0)
    decisions.decide(CASE, Accept(), by="Ann", version=0)
    decisions.decide(twin, Accept(), by="Ann", version=0)
    assert decisions.state("night")["kind"].to_list() == [sw.CASE, gw.CANDIDATE]
    assert decisions.state("night", kind=sw.CASE)["kind"].to_list() == [sw.CASE]


@pytest.mark.parametrize("text", ["'; drop table entry; --", "店 🥛 مرحبا", "<img src=x>", "a\nb", "%s %(x)s :x"])
def test_any_text_comes_back_as_it_was(decisions, text):
    odd = dataclasses.replace(CASE, run_id=text, subject_id=text, store_id=text)
    decisions.decide(odd, Comment(comment=text), by="Ann", version=0)
    row = in_effect(decisions, odd)
    assert (row["comment"], row["subject_id"], row["store_id"]) == (text, text, text)


@pytest.mark.parametrize("by", ["", "  ", "a\x00b", "x" * 101])
def test_a_decision_has_an_author(decisions, by):
    with pytest.raises(InputError, match="name the person who decides"):
        decisions.decide(CASE, Accept(), by=by, version=0)


def test_the_history_of_a_store_sku_goes_over_all_nights(decisions):
    later = dataclasses.replace(CASE, run_id="later night")
    decisions.decide(CASE, Accept(), by="Ann", version=0)
    decisions.decide(later, Reject(reason="season"), by="Bob", version=0)
    history = decisions.history_of_pair(1, 2)
    assert history.select("run_id", "act").rows() == [("night", w.ACCEPT), ("later night", w.REJECT)]


def test_a_row_that_is_committed_late_moves_the_revision(decisions):
    """On PostgreSQL a transaction may take a key, and commit after one that took a higher one."""
    decisions.decide_many(many(3), Accept(), by="Ann", versions={})
    with decisions.engine.begin() as connection:
        row = connection.execute(select(entry).where(entry.c.entry_id == 2)).one()._asdict()
        connection.execute(entry.delete().where(entry.c.entry_id == 2))
    before = decisions.revision()
    with decisions.engine.begin() as connection:
        connection.execute(entry.insert().values(row))
    assert decisions.revision() > before


def test_every_entry_moves_the_revision(decisions):
    seen = [decisions.revision()]
    decisions.decide(CASE, Accept(), by="Ann", version=0)
    seen.append(decisions.revision())
    decisions.undo(CASE, by="Ann", version=1)
    seen.append(decisions.revision())
    assert seen == sorted(set(seen))


def test_an_export_has_every_entry_undone_ones_too(decisions):
    decisions.decide(CASE, Accept(), by="Ann", version=0)
    decisions.undo(CASE, by="Ann", version=1)
    assert decisions.entries("night")["act"].to_list() == [w.ACCEPT, w.UNDO]
    assert decisions.count() == 2


@pytest.mark.parametrize(
    ("name", "fields", "complaint"),
    [
        pytest.param("dance", {}, "'dance' is no act", id="an unknown act"),
        pytest.param("reject", {}, "reason: Field required", id="a rejection without a reason"),
        pytest.param("modify", {}, "says what else to do", id="a change of nothing"),
        pytest.param("modify", {"discount_pct": 120}, "less than or equal to 100", id="a discount of 120%"),
        pytest.param("modify", {"price": float("nan")}, "finite number", id="no number"),
        pytest.param("modify", {"price": -1}, "greater than or equal to 0", id="a negative price"),
        pytest.param("accept", {"reason": "season"}, "Extra inputs", id="an acceptance with a reason"),
        pytest.param("comment", {}, "a comment has words", id="a comment without words"),
        pytest.param("comment", {"comment": " "}, "pattern", id="a blank comment"),
        pytest.param("comment", {"comment": "a\x00"}, "control characters", id="a control character"),
        pytest.param("comment", {"comment": "x" * 2001}, "at most 2000 characters", id="a book"),
        pytest.param("assign", {"assigned_to": ""}, "pattern", id="an assignment to nobody"),
    ],
)
def test_an_act_that_makes_no_sense_is_refused(name, fields, complaint):
    with pytest.raises(InputError, match=complaint):
        parse_act(name, **fields)


def test_blanks_around_a_text_are_no_part_of_it():
    assert parse_act("comment", comment="  wait \n") == Comment(comment="wait")
