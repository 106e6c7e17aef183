"""What was decided on an earlier night is seen on this one: in the table, on the case, in the history of the pair."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

from panel_app.pages.shelf.cases import CasesPage
from panel_app.pages.shelf.deciding import decide
from panel_app.pages.shelf.listing import listed
from panel_app.pages.shelf.past import past
from panel_app.session import Session
from panel_app.state import View, parse
from panel_app.stores.shelf import Nights

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.decisions.store import Decisions
    from panel_app.rooms import Rooms
    from tests.panel_app.conftest import Published, Window

CASE = "1_14_2025-06-17"
REJECTED = {"reason": "not_dark", "comment": "shelf was fine"}


@pytest.fixture
def tonight(rooms: Rooms, decisions: Decisions, published: Published) -> Session:
    """A session on the newest night, after ann rejected a case on the night before."""
    yesterday = Session(rooms, decisions, f"?run={published.before}", user="ann")
    assert decide(yesterday, CASE, 0, "reject", REJECTED).kind == "done"
    return Session(rooms, decisions, "?page=cases", user="ben")


def test_a_case_says_what_was_decided_on_its_episode_and_is_undecided_tonight(decided, tonight, published):
    row = decided.on(tonight.run, CASE)
    assert (row["decision"], row["version"]) == ("undecided", 0)
    assert (row["earlier"], row["earlier_reason"], row["earlier_comment"], row["earlier_by"]) == (
        "rejected",
        *REJECTED.values(),
        "ann",
    )
    assert (row["earlier_run"], row["earlier_case"]) == (published.before, CASE)


def test_what_is_decided_tonight_stands_beside_it(decided, tonight):
    assert decide(tonight, CASE, 0, "accept", {}).kind == "done"
    row = decided.on(tonight.run, CASE)
    assert (row["decision"], row["decided_by"], row["earlier"], row["earlier_by"]) == (
        "accepted",
        "ben",
        "rejected",
        "ann",
    )


def test_a_decision_on_an_earlier_night_is_seen_without_asking_twice(decided, tonight, rooms, decisions, published):
    assert decided.of(tonight.run).height == 1
    yesterday = Session(rooms, decisions, f"?run={published.before}", user="ann")
    decide(yesterday, CASE, 1, "undo", {})
    assert decided.of(tonight.run).is_empty()


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        pytest.param("", 8, id="nothing is hidden by itself"),
        pytest.param("&earlier=rejected", 1, id="rejected before"),
        pytest.param("&earlier=none&earlier=accepted&earlier=modified", 7, id="not rejected before"),
    ],
)
def test_earlier_decisions_are_a_filter(decided, tonight, query, shown):
    wanted = listed(parse(f"?page=cases{query}"))
    assert tonight.opened.select(wanted, decided.of(tonight.run)).collect().height == shown


def test_an_export_has_the_earlier_decision(tonight):
    tonight.view = parse(f"?page=cases&store=1&text={CASE}")
    (row,) = csv.DictReader(CasesPage(tonight).exports.export("csv").decode("utf-8-sig").splitlines())
    assert (row["decision"], row["earlier"], row["earlier_by"]) == ("undecided", "rejected", "ann")


def test_the_history_of_a_pair_has_every_decision_even_of_nights_that_are_gone(tonight, published, monkeypatch):
    case = {"store_id": 1, "sku_id": 14}
    here, before = past(tonight, case)
    assert (here["run_id"], here["decision"]) == (published.main, "undecided")
    assert (before["run_id"], before["decision"], before["decided_by"]) == (published.before, "rejected", "ann")
    monkeypatch.setattr(Nights, "history", lambda *_: [])
    (gone,) = past(tonight, case)
    assert (gone["case_id"], gone["decision"], gone["href"], gone["status"]) == (CASE, "rejected", None, None)


def test_a_reader_sees_who_decided_before_and_leaves_such_cases_out(
    window: Callable[..., Window], published: Published
) -> None:
    reader = window(1440).move(f"?page=case&run={published.before}&case={CASE}")
    reader.page.locator("#reject-reason").select_option("not_dark")
    reader.page.locator("#comment").fill("shelf was fine")
    reader.page.locator("#reject").click()
    reader.page.locator(".reply.done", has_text="rejected").wait_for()
    reader.move("?page=cases")
    row = reader.page.locator("table.cases tr", has_text="rejected before")
    row.wait_for()
    assert row.count() == 1
    assert "dashboard, " in row.locator("td.decision").inner_text()
    assert "1 of them was rejected on an earlier night." in reader.text(".found.before")
    reader.page.locator("#without-rejected").click()
    reader.page.locator(".found:has-text('7 cases')").wait_for()
    assert "1 is left out" in reader.text(".found.before")
    reader.page.locator("#with-all").click()
    row.locator("td.sku_name a").click()
    note = reader.page.locator(".decide .earlier")
    note.wait_for()
    assert "rejected by dashboard" in note.inner_text()
    assert "“shelf was fine”" in note.inner_text()
    reader.page.locator("#history-title").wait_for()
    reader.page.locator("table tr", has_text="shelf was fine").wait_for()
    note.locator("a").click()
    reader.wait_for_query(f"run={published.before}")
    reader.page.locator("#undo").click()
    reader.page.locator(".reply.done", has_text="Undone").wait_for()


def test_the_address_holds_the_filter() -> None:
    view = parse("?page=cases&earlier=rejected")
    assert view == View(page="cases", more={"earlier": ("rejected",)})
    assert listed(view).filters.earlier == ("rejected",)
