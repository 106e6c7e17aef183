"""Deciding as a machine of states: whatever is done in whatever order, the database says what a plain list says."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from engine.decisions import words as w
from engine.decisions.acts import Accept, Act, Assign, Comment, Modify, Reject, Snooze
from engine.decisions.database import FILE
from engine.decisions.outcome import ConflictError
from engine.decisions.shelf import words as sw
from engine.decisions.store import open_decisions
from engine.decisions.subjects import Subject
from engine.errors import InputError
from tests.decisions.servers import new_database

if TYPE_CHECKING:
    from engine.decisions.store import Decisions

SUBJECTS = [Subject(sw.CASE, "night", name, "1", name) for name in "ab"]
PEOPLE = st.sampled_from(["Ann", "Bob"])
ACTS = st.sampled_from(
    [
        Accept(),
        Accept(comment="yes"),
        Reject(reason="season"),
        Modify(units=3),
        Modify(action="move it", comment="no"),
        Assign(assigned_to="Eve"),
        Assign(assigned_to="Max", comment="please"),
        Comment(comment="hm"),
        Snooze(snoozed_until=dt.date(2026, 4, 7)),
        Snooze(snoozed_until=dt.date(2026, 5, 1), comment="after Easter"),
    ]
)


class Deciding(RuleBasedStateMachine):
    """Two cases, and per case the plain list of what was done: the act, or the place of what an undo takes back."""

    def __init__(self, decisions: Decisions) -> None:
        super().__init__()
        self.decisions = decisions
        self.done: dict[str, list[tuple[str, Act | int]]] = {subject.subject_id: [] for subject in SUBJECTS}

    def standing(self, name: str) -> list[tuple[str, Act]]:
        undone = {act for _, act in self.done[name] if isinstance(act, int)}
        return [
            (by, act) for n, (by, act) in enumerate(self.done[name], 1) if isinstance(act, Act) and n not in undone
        ]

    @rule(subject=st.sampled_from(SUBJECTS), act=ACTS, by=PEOPLE)
    def decide(self, subject, act, by):
        done = self.done[subject.subject_id]
        assert self.decisions.decide(subject, act, by=by, version=len(done)) == len(done) + 1
        done.append((by, act))

    @precondition(lambda self: any(self.done.values()))
    @rule(subject=st.sampled_from(SUBJECTS), act=ACTS, by=PEOPLE, behind=st.integers(1, 3))
    def decide_too_late(self, subject, act, by, behind):
        done = self.done[subject.subject_id]
        if len(done) < behind:
            return
        with pytest.raises(ConflictError) as caught:
            self.decisions.decide(subject, act, by=by, version=len(done) - behind)
        assert [entry.decided_by for entry in caught.value.conflict.meanwhile] == [by for by, _ in done[-behind:]]

    @rule(act=ACTS, by=PEOPLE, late=st.booleans())
    def decide_all(self, act, by, late):
        versions = {name: len(done) for name, done in self.done.items()}
        is_late = late and versions["a"] > 0
        outcome = self.decisions.decide_many(SUBJECTS, act, by=by, versions=versions | ({"a": 0} if is_late else {}))
        assert [conflict.subject_id for conflict in outcome.conflicts] == (["a"] if is_late else [])
        for name in outcome.versions:
            self.done[name].append((by, act))

    @rule(subject=st.sampled_from(SUBJECTS), by=PEOPLE)
    def undo(self, subject, by):
        name, done = subject.subject_id, self.done[subject.subject_id]
        standing = self.standing(name)
        if not standing:
            with pytest.raises(InputError, match="nothing to undo"):
                self.decisions.undo(subject, by=by, version=len(done))
            return
        last = max(n for n, (_, act) in enumerate(done, 1) if act is standing[-1][1] and n not in self.undone(name))
        assert self.decisions.undo(subject, by=by, version=len(done)) == len(done) + 1
        done.append((by, last))

    def undone(self, name: str) -> set[int]:
        return {act for _, act in self.done[name] if isinstance(act, int)}

    @invariant()
    def the_state_is_what_stands(self):
        found = {row["subject_id"]: row for row in self.decisions.state("night").iter_rows(named=True)}
        assert set(found) == {name for name, done in self.done.items() if done}
        for name, row in found.items():
            standing = self.standing(name)
            verdicts = [(by, act) for by, act in standing if act.name in w.VERDICTS]
            expected = w.DECISIONS[verdicts[-1][1].name] if verdicts else w.UNDECIDED
            assert (row["decision"], row["version"]) == (expected, len(self.done[name]))
            assert row["decided_by"] == (verdicts[-1][0] if verdicts else None)
            assert row["units"] == (getattr(verdicts[-1][1], "units", None) if verdicts else None)
            assigned = [act.assigned_to for _, act in standing if isinstance(act, Assign)]
            assert row["assigned_to"] == (assigned[-1] if assigned else None)
            snoozed = [act.snoozed_until for _, act in standing if isinstance(act, Snooze)]
            assert row["snoozed_until"] == (snoozed[-1] if snoozed else None)
            comments = [act.comment for _, act in standing if act.comment is not None]
            assert row["comment"] == (comments[-1] if comments else None)

    @invariant()
    def nothing_ever_leaves_the_history(self):
        for subject in SUBJECTS:
            history = self.decisions.history(subject)
            assert [entry.decided_by for entry in history] == [by for by, _ in self.done[subject.subject_id]]
            assert [entry.version for entry in history] == list(range(1, len(history) + 1))

    def teardown(self):
        self.decisions.close()


@pytest.mark.slow
def test_deciding_and_undoing_add_up_to_what_a_list_says(request, kind):
    folder = Path(tempfile.mkdtemp())
    numbers = iter(range(1_000_000))

    def machine() -> Deciding:
        out = folder / str(next(numbers))
        out.mkdir()
        if kind == "sqlite":
            shutil.copy(request.getfixturevalue("model_file"), out / FILE)
            return Deciding(open_decisions(out))
        server = request.getfixturevalue("model_server")
        return Deciding(open_decisions(out, new_database(server, f"machine_{out.name}", "model")))

    few = settings(
        max_examples=15 if kind == "sqlite" else 6,
        stateful_step_count=20,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(machine, settings=few)
    finally:
        shutil.rmtree(folder)
