"""Deciding from the pages: forms become acts, outcomes become words, and who only views changes nothing."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import polars as pl
import pytest

from panel_app.deciding import undo_many
from panel_app.pages.shelf.cases import CasesPage
from panel_app.pages.shelf.deciding import decide, decide_many
from panel_app.pages.shelf.filtering import refine
from panel_app.pages.shelf.listing import listed
from panel_app.session import Session
from panel_app.state import View, parse
from panel_app.stores.shelf import Filters

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.decisions.store import Decisions
    from panel_app.pages.shelf.decided import Decided
    from panel_app.rooms import Rooms

CASE = "2_12_2025-06-19"
OTHER = "3_13_2025-06-23"


@pytest.fixture
def session(rooms: Rooms, decisions: Decisions) -> Callable[..., Session]:
    """A session of somebody at an address."""

    def of(user: str = "ann", query: str = "?page=cases", *, may_decide: bool = True) -> Session:
        return Session(rooms, decisions, query, user=user, may_decide=may_decide)

    return of


def state(decided: Decided, session: Session, case: str = CASE) -> dict:
    (row,) = decided.of(session.run).filter(case_id=case).to_dicts()
    return row


def test_what_is_decided_is_what_everybody_sees(session, decided) -> None:
    told = decide(session("ann"), CASE, 0, "reject", {"reason": "season", "comment": " rain ", "act": "reject"})
    assert (told.kind, told.text) == ("done", "Saved: rejected.")
    row = state(decided, session("ben"))
    assert (row["decision"], row["reason"], row["comment"], row["decided_by"]) == (
        "rejected",
        "season",
        "rain",
        "ann",
    )


@pytest.mark.parametrize(
    ("act", "fields"),
    [
        pytest.param("reject", {}, id="rejection without a reason"),
        pytest.param("reject", {"reason": "because"}, id="reason nobody knows"),
        pytest.param("modify", {}, id="change that changes nothing"),
        pytest.param("modify", {"price": "cheap"}, id="price that is no number"),
        pytest.param("modify", {"discount_pct": "200"}, id="discount above all"),
        pytest.param("assign", {}, id="assigned to nobody"),
        pytest.param("comment", {"comment": "  "}, id="comment without words"),
        pytest.param("drop table", {}, id="act nobody knows"),
    ],
)
def test_a_form_that_makes_no_sense_is_refused_in_words(session, decided, act, fields) -> None:
    told = decide(session(), CASE, 0, act, fields)
    assert told.kind == "refused"
    assert told.text.startswith("Not saved.")
    assert decided.of(session().run).is_empty()


def test_the_second_of_two_is_told_what_the_first_did(session, decided) -> None:
    assert decide(session("ann"), CASE, 0, "accept", {}).kind == "done"
    told = decide(session("ben"), CASE, 0, "assign", {"assigned_to": "Eve"})
    assert told.kind == "conflict"
    assert "ann accepted" in told.text
    assert state(decided, session())["assigned_to"] is None


def test_who_only_views_decides_nothing(session, decided) -> None:
    viewer = session("eve", may_decide=False)
    assert decide(viewer, CASE, 0, "accept", {}).text == "You may look, not decide."
    assert decide_many(viewer, [CASE], {}, "accept", {}).kind == "refused"
    assert undo_many(viewer, "any").kind == "refused"
    assert decided.of(viewer.run).is_empty()


def test_a_login_that_ended_decides_nothing_on_a_page_that_is_still_open(rooms, decisions, decided) -> None:
    ended: list[bool] = []
    page = Session(rooms, decisions, "?page=cases", user="ann", is_over=lambda: bool(ended))
    assert decide(page, CASE, 0, "accept", {}).kind == "done"
    ended.append(True)
    assert not page.may_decide
    assert decide(page, CASE, 1, "undo", {}).text == "Not saved: you are logged out. Load the page again and log in."
    assert decide_many(page, [OTHER], {}, "accept", {}).kind == "refused"
    assert undo_many(page, "any").kind == "refused"
    assert state(decided, page)["decision"] == "accepted"


def test_an_undo_brings_back_what_was(session, decided) -> None:
    decide(session(), CASE, 0, "accept", {})
    assert decide(session(), CASE, 1, "undo", {}).text == "Undone."
    assert state(decided, session())["decision"] == "undecided"


def test_many_are_decided_at_once_and_what_others_did_stays(session, decided) -> None:
    decide(session("ben"), CASE, 0, "reject", {"reason": "season"})
    told = decide_many(session("ann"), [CASE, OTHER], {CASE: 0, OTHER: 0}, "accept", {})
    assert told.kind == "conflict"
    assert told.text.startswith("1 saved, 1 not, since somebody decided meanwhile")
    assert state(decided, session())["decision"] == "rejected"
    assert state(decided, session(), OTHER)["decision"] == "accepted"
    assert undo_many(session("ann"), told.batch).kind == "done"
    assert state(decided, session(), OTHER)["decision"] == "undecided"


def test_an_export_holds_exactly_what_is_filtered_and_runs_nothing(session) -> None:
    page = CasesPage(session(query="?page=cases&category=drinks&sort=duration_days&asc=1"))
    frame = pl.read_parquet(BytesIO(page.export("parquet")))
    assert frame["category"].unique().to_list() == ["drinks"]
    assert frame["duration_days"].is_sorted()
    assert frame.columns[:3] == ["case_id", "store_id", "sku_id"]
    text = page.export("csv").decode("utf-8-sig")
    assert len(text.splitlines()) == frame.height + 1
    assert "'=HYPERLINK" in text
    assert ",=" not in text


def test_all_that_is_filtered_is_decided_on(session, decided) -> None:
    page = CasesPage(session(query="?page=cases&category=drinks"))
    page._decide("bulk", {"scope": "all", "act": "accept"})
    assert decided.of(page.night.run)["case_id"].sort().to_list() == sorted(
        page.night.cases.filter(category="drinks")["case_id"].to_list()
    )


def test_a_form_of_filters_is_judged_as_a_link_is() -> None:
    view = refine(View(page="cases", at=4), {"confidence": "900", "since": "yesterday", "region": "North"})
    assert view == parse("?page=cases&confidence=100&region=North")
    assert refine(view, {"region": "North"}) == view
    assert listed(refine(view, {"confidence": "0"})).filters == Filters(region=("North",))


def test_one_sessions_view_is_not_anothers(session) -> None:
    one, other = session(), session()
    one.go_to("?page=cases&region=South")
    assert other.view == parse("?page=cases")
