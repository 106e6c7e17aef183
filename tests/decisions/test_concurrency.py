"""Many people deciding at once: nothing lost, nothing doubled, and every second writer sees the first."""

from __future__ import annotations

import dataclasses
import multiprocessing
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.decisions.acts import Accept, Comment, Reject
from engine.decisions.outcome import ConflictError
from engine.decisions.shelf import words as sw
from engine.decisions.store import open_decisions
from engine.decisions.subjects import Subject
from engine.errors import TryLaterError

if TYPE_CHECKING:
    from engine.decisions.store import Decisions

SESSIONS = 50
SHARED = [Subject(sw.CASE, "night", f"shared-{n}", "1", str(n)) for n in range(6)]
PATIENCE_SECONDS = 60


def at_once(task) -> list:
    """The results of a task of every session, all begun at the same moment."""
    gate = threading.Barrier(SESSIONS)

    def wait_and_run(session: int):
        gate.wait(PATIENCE_SECONDS)
        return task(session)

    with ThreadPoolExecutor(SESSIONS) as pool:
        return list(pool.map(wait_and_run, range(SESSIONS), timeout=PATIENCE_SECONDS))


def test_of_fifty_who_decide_the_same_cases_one_is_first_and_all_others_see_whom(decisions: Decisions):
    def decide_all(session: int) -> list[str | ConflictError]:
        results: list[str | ConflictError] = []
        for subject in SHARED:
            try:
                decisions.decide(subject, Accept(comment=f"from {session}"), by=f"user {session}", version=0)
                results.append(f"user {session}")
            except ConflictError as error:
                results.append(error)
        return results

    answers = at_once(decide_all)
    for place, subject in enumerate(SHARED):
        results = [answer[place] for answer in answers]
        (winner,) = [result for result in results if isinstance(result, str)]
        (entry,) = decisions.history(subject)
        assert (entry.decided_by, entry.version) == (winner, 1)
        late = [result.conflict.meanwhile for result in results if isinstance(result, ConflictError)]
        assert late == (SESSIONS - 1) * [(entry,)]


def test_fifty_who_decide_their_own_lose_nothing(decisions: Decisions):
    def decide_own(session: int) -> None:
        own = [Subject(sw.CASE, "night", f"{session}-{n}", str(session), str(n)) for n in range(4)]
        for subject in own:
            decisions.decide(subject, Reject(reason="season"), by=f"user {session}", version=0)
        decisions.decide_many(own, Accept(), by=f"user {session}", versions={s.subject_id: 1 for s in own})
        decisions.undo(own[0], by=f"user {session}", version=2)

    at_once(decide_own)
    state = decisions.state("night")
    assert Counter(state.select("decision", "version").rows()) == {
        ("accepted", 2): 3 * SESSIONS,
        ("rejected", 3): SESSIONS,
    }
    assert (state["store_id"] == state["decided_by"].str.strip_prefix("user ")).all()


def test_bulk_acts_that_overlap_in_every_order_add_up(decisions: Decisions):
    """Each session takes the cases in an order of its own; in the end every case was decided exactly once."""
    subjects = [Subject(sw.CASE, "night", f"case-{n:03}", "1", str(n)) for n in range(120)]

    def decide_some(session: int):
        turned = subjects[session:] + subjects[:session]
        ordered = turned if session % 2 else turned[::-1]
        return decisions.decide_many(ordered[:60], Accept(), by=f"user {session}", versions={})

    outcomes = at_once(decide_some)
    saved = Counter(subject_id for outcome in outcomes for subject_id in outcome.versions)
    assert saved == dict.fromkeys((subject.subject_id for subject in subjects), 1)
    assert sum(len(outcome.versions) + len(outcome.conflicts) for outcome in outcomes) == 60 * SESSIONS
    assert decisions.state("night")["version"].to_list() == 120 * [1]


@pytest.mark.slow
def test_a_chain_of_comments_has_no_gap_and_no_double(decisions: Decisions):
    """Whoever meets a conflict reads again and tries again, as a person does."""

    def comment(session: int) -> None:
        version = 0
        while True:
            try:
                decisions.decide(SHARED[0], Comment(comment=str(session)), by="Ann", version=version)
                return
            except ConflictError as error:
                version = error.conflict.meanwhile[-1].version

    at_once(comment)
    history = decisions.history(SHARED[0])
    assert [entry.version for entry in history] == list(range(1, SESSIONS + 1))
    assert sorted(int(entry.comment or "") for entry in history) == list(range(SESSIONS))


def decide_in_a_process(out: str, url: str | None, session: int) -> tuple[int, int]:
    """Open the database, make its tables when nobody has yet, and decide: how many were saved, how many conflicts."""
    decisions = open_decisions(Path(out), url)
    saved = 0
    for subject in SHARED:
        own = dataclasses.replace(subject, subject_id=f"{session}-{subject.subject_id}")
        decisions.decide(own, Accept(), by=f"process {session}", version=0)
    for subject in SHARED:
        try:
            decisions.decide(subject, Accept(), by=f"process {session}", version=0)
            saved += 1
        except ConflictError:
            pass
    decisions.close()
    return saved, len(SHARED) - saved


@pytest.mark.slow
def test_processes_that_open_an_empty_database_at_once_share_it(tmp_path, url):
    processes = 2
    words = [(str(tmp_path / "out"), url, session) for session in range(processes)]
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        results = pool.starmap_async(decide_in_a_process, words).get(PATIENCE_SECONDS)
    assert sum(saved for saved, _ in results) == len(SHARED)
    decisions = open_decisions(tmp_path / "out", url)
    state = decisions.state("night")
    assert state.height == (processes + 1) * len(SHARED)
    assert set(state["version"]) == {1}
    decisions.close()


@pytest.mark.slow
def test_threads_that_open_an_empty_database_at_once_share_it(tmp_path, url):
    def open_and_decide(session: int) -> str | None:
        try:
            decisions = open_decisions(tmp_path / "out", url)
        except TryLaterError as error:
            return str(error)
        decisions.decide(dataclasses.replace(SHARED[0], subject_id=str(session)), Accept(), by="Ann", version=0)
        decisions.close()
        return None

    assert at_once(open_and_decide) == SESSIONS * [None]
    decisions = open_decisions(tmp_path / "out", url)
    assert decisions.state("night").height == SESSIONS
    decisions.close()
