"""What was decided is read once for every reader, and again as soon as somebody decides."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from engine.decisions import acts
from engine.decisions.shelf.cases import cases
from engine.decisions.shelf.words import CASE
from panel_app.changes import Changes
from panel_app.kept import KEPT, kept, states
from panel_app.pages.shelf import decided as pages

if TYPE_CHECKING:
    from engine.decisions.store import Decisions
    from panel_app.stores.shelf import Night, Nights


def test_the_state_of_a_run_is_that_of_the_database_and_is_read_once(decisions: Decisions, night: Night) -> None:
    shared, run_id = states(decisions, CASE), night.run_id
    (subject,) = cases(night.run, [night.cases["case_id"][0]])
    for version, act in enumerate(("accept", "undo")):
        before = shared.of(run_id)
        assert shared.of(run_id) is before
        if act == "undo":
            decisions.undo(subject, by="ann", version=version)
        else:
            decisions.decide(subject, acts.parse_act(act), by="ann", version=version)
        assert shared.of(run_id).equals(decisions.state(run_id, kind=CASE))
        assert not shared.of(run_id).equals(before)
    assert states(decisions, CASE) is shared


def test_only_the_last_few_are_kept() -> None:
    values: dict[str, tuple[int, str]] = {}
    for run in range(KEPT + 3):
        kept(values, str(run), 1, lambda: "read")
    assert list(values) == [str(run) for run in range(3, KEPT + 3)]


def test_what_was_decided_is_read_before_anybody_opens_the_newest_run(
    decisions: Decisions, nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    newest = ["first"]
    changes = Changes(decisions, lambda: newest[0])
    changes.before_telling(lambda: read.append(newest[0]))
    # A browser that another test has open runs a loop in this thread.
    with ThreadPoolExecutor(1) as another:
        for run_id in ("first", "first", "second"):
            newest[0] = run_id
            another.submit(lambda: asyncio.run(changes.look())).result()
    assert read == ["first", "second"]
    pages.prepare(nights, decisions)
    monkeypatch.setattr(pages, "carried_forward", lambda *_: pytest.fail("it is read again"))
    assert pages._shared(decisions).of(nights.night().run).height == 0
