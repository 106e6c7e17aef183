"""Following a run: what is kept in memory and read bit by bit is what the database holds."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import update

from engine.decisions.acts import Accept, Comment, Reject
from engine.decisions.following import Following
from engine.decisions.schema import entry
from engine.decisions.state import fold
from engine.decisions.store import PART, Decisions
from engine.decisions.subjects import Subject

NIGHT, MANY = "night", 3 * PART + 7


def subjects(n: int, run_id: str = NIGHT) -> list[Subject]:
    return [Subject("case", run_id, f"case {i:05}", "1", str(i)) for i in range(n)]


@pytest.mark.slow
def test_what_is_followed_is_what_is_read_at_once(decisions: Decisions) -> None:
    followed = Following(decisions, NIGHT, "case")
    assert followed.entries().is_empty()
    few = subjects(5)
    decisions.decide_many(few, Accept(), by="Ann", versions={})
    decisions.decide_many(subjects(3, "other night"), Accept(), by="Ann", versions={})
    assert fold(followed.entries()).equals(decisions.state(NIGHT))
    decisions.decide(few[2], Reject(reason="season"), by="Bob", version=1)
    decisions.undo(few[3], by="Ann", version=1)
    assert fold(followed.entries()).equals(decisions.state(NIGHT))


def test_only_what_is_new_is_read(decisions: Decisions, monkeypatch: pytest.MonkeyPatch) -> None:
    followed = Following(decisions, NIGHT, "case")
    few = subjects(5)
    decisions.decide_many(few, Accept(), by="Ann", versions={})
    followed.entries()
    read: list[int] = []
    whole = Decisions.entries_between

    def counted(self: Decisions, *between: object) -> object:
        found = whole(self, *between)
        read.append(found.height)
        return found

    monkeypatch.setattr(Decisions, "entries_between", counted)
    decisions.decide(few[0], Comment(comment="wait"), by="Bob", version=1)
    assert followed.entries().height == 6
    assert read == [1]


def test_an_entry_whose_key_is_older_than_one_that_is_known_is_not_missed(decisions: Decisions) -> None:
    followed = Following(decisions, NIGHT, "case")
    few = subjects(2)
    decisions.decide(few[0], Accept(), by="Ann", version=0)
    with decisions.engine.begin() as connection:
        connection.execute(update(entry).values(entry_id=100))
    followed.entries()
    decisions.decide(few[1], Accept(), by="Bob", version=0)
    with decisions.engine.begin() as connection:
        connection.execute(update(entry).where(entry.c.subject_id == few[1].subject_id).values(entry_id=50))
    assert fold(followed.entries()).equals(decisions.state(NIGHT))


def test_an_act_on_very_many_tells_how_far_it_is_and_is_one_batch(decisions: Decisions) -> None:
    told: list[tuple[int, int]] = []
    outcome = decisions.decide_many(
        subjects(MANY), Accept(), by="Ann", versions={}, progress=lambda done, of: told.append((done, of))
    )
    assert told == [(PART, MANY), (2 * PART, MANY), (3 * PART, MANY), (MANY, MANY)]
    assert set(decisions.entries(NIGHT)["batch"]) == {outcome.batch}
    undone = decisions.undo_batch(outcome.batch, by="Ann")
    assert len(undone.versions) == MANY
    assert set(decisions.state(NIGHT)["decision"]) == {"undecided"}


def test_between_the_parts_of_an_act_on_very_many_others_decide(decisions: Decisions) -> None:
    many = subjects(MANY)
    begun, decided = threading.Event(), threading.Event()

    def wait(done: int, of: int) -> None:
        # The second part begins when somebody else has written: while a transaction was open they could not.
        begun.set()
        assert decided.wait(30)

    def eve() -> None:
        begun.wait(30)
        decisions.decide(many[-1], Reject(reason="season"), by="Eve", version=0)
        decided.set()

    other = threading.Thread(target=eve)
    other.start()
    outcome = decisions.decide_many(many, Accept(), by="Ann", versions={}, progress=wait)
    other.join()
    assert [conflict.subject_id for conflict in outcome.conflicts] == [many[-1].subject_id]
    assert len(outcome.versions) == MANY - 1
