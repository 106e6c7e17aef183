"""Deciding from the pages: forms become acts, outcomes become words, and who only views changes nothing."""

from __future__ import annotations

import html
import re
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from threading import Event
from typing import TYPE_CHECKING

import polars as pl
import pytest

from engine.decisions.shelf import answers
from panel_app.deciding import undo_many
from panel_app.pages.shelf import decided as reading
from panel_app.pages.shelf.answers import AnswersPage
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
    assert decide_many(viewer, viewer.run, [CASE], {}, "accept", {}).kind == "refused"
    assert undo_many(viewer, "any").kind == "refused"
    assert decided.of(viewer.run).is_empty()


def test_a_login_that_ended_decides_nothing_on_a_page_that_is_still_open(rooms, decisions, decided) -> None:
    ended: list[bool] = []
    page = Session(rooms, decisions, "?page=cases", user="ann", is_over=lambda: bool(ended))
    assert decide(page, CASE, 0, "accept", {}).kind == "done"
    ended.append(True)
    assert not page.may_decide
    assert decide(page, CASE, 1, "undo", {}).text == "Not saved: you are logged out. Load the page again and log in."
    assert decide_many(page, page.run, [OTHER], {}, "accept", {}).kind == "refused"
    assert undo_many(page, "any").kind == "refused"
    assert state(decided, page)["decision"] == "accepted"


def test_an_undo_brings_back_what_was(session, decided) -> None:
    decide(session(), CASE, 0, "accept", {})
    assert decide(session(), CASE, 1, "undo", {}).text == "Undone."
    assert state(decided, session())["decision"] == "undecided"


def test_many_are_decided_at_once_and_what_others_did_stays(session, decided) -> None:
    decide(session("ben"), CASE, 0, "reject", {"reason": "season"})
    ann = session("ann")
    told = decide_many(ann, ann.run, [CASE, OTHER], {CASE: 0, OTHER: 0}, "accept", {})
    assert told.kind == "conflict"
    assert told.text.startswith("1 saved, 1 not, since somebody decided meanwhile")
    assert state(decided, session())["decision"] == "rejected"
    assert state(decided, session(), OTHER)["decision"] == "accepted"
    assert undo_many(session("ann"), told.batch).kind == "done"
    assert state(decided, session(), OTHER)["decision"] == "undecided"


def test_an_export_holds_exactly_what_is_filtered_and_runs_nothing(session) -> None:
    page = CasesPage(session(query="?page=cases&category=drinks&sort=duration_days&asc=1"))
    frame = pl.read_parquet(BytesIO(page.exports.export("parquet")))
    assert frame["category"].unique().to_list() == ["drinks"]
    assert frame["duration_days"].is_sorted()
    assert frame.columns[:3] == ["case_id", "store_id", "sku_id"]
    text = page.exports.export("csv").decode("utf-8-sig")
    assert len(text.splitlines()) == frame.height + 1
    assert "'=HYPERLINK" in text
    assert ",=" not in text


def test_all_that_is_filtered_is_decided_on_once_it_was_looked_at(session, decided) -> None:
    decide(session("ben"), CASE, 0, "reject", {"reason": "season"})
    page = CasesPage(session(query="?page=cases&category=drinks"))
    before = decided.of(page.night.run)
    page.bulk._choose("bulk", {"scope": "all", "act": "accept"})
    drinks = page.night.cases.filter(category="drinks")
    assert decided.of(page.night.run).equals(before)
    assert page.bulk.chosen is not None
    assert len(page.bulk.chosen.versions) == drinks.height
    assert page.bulk.chosen.money == pytest.approx(round(drinks["revenue_at_risk"].sum(), 2))
    assert "decided by ben" in page.bulk.piece.html
    page.bulk._press("save", "")
    assert decided.of(page.night.run)["case_id"].sort().to_list() == sorted(
        page.night.cases.filter(category="drinks")["case_id"].to_list()
    )


@pytest.mark.parametrize("scope", [{}, {"scope": "ticked"}], ids=["nothing said", "nothing ticked"])
def test_in_bulk_nothing_is_chosen_until_somebody_chooses(session, decided, scope) -> None:
    page = CasesPage(session())
    assert "checked" not in page.bulk.piece.html
    page.bulk._choose("bulk", {"act": "accept", **scope})
    assert page.bulk.chosen is None
    assert page.bulk.reply is not None
    assert page.bulk.reply.text.startswith("Nothing is chosen")
    page.bulk._press("save", "")
    assert decided.of(page.night.run).is_empty()


def test_in_bulk_what_changed_since_it_was_ticked_stays_and_is_told_before(session, decided) -> None:
    page = CasesPage(session("ann"))
    page._press("tick", f"+0 {CASE}")
    page._press("tick", f"+0 {OTHER}")
    decide(session("eve"), CASE, 0, "reject", {"reason": "season"})
    page.bulk._choose("bulk", {"scope": "ticked", "act": "accept"})
    assert ">1</data> changed since you ticked it: it stays as it is" in page.bulk.piece.html
    page.bulk._press("save", "")
    assert page.bulk.reply is not None
    assert "1 saved, 1 not" in page.bulk.reply.text
    assert "eve rejected (season) at" in page.bulk.reply.text
    assert state(decided, session())["decision"] == "rejected"


def test_a_bulk_act_is_taken_back_as_one(session, decided) -> None:
    page = CasesPage(session())
    page.bulk._choose("bulk", {"scope": "all", "act": "accept"})
    page.bulk._press("save", "")
    assert set(decided.of(page.night.run)["decision"]) == {"accepted"}
    page.bulk._press("undo", "")
    assert set(decided.of(page.night.run)["decision"]) == {"undecided"}


def test_a_row_is_decided_on_at_the_version_that_was_painted_and_the_next_is_pointed_at(session, decided) -> None:
    page = CasesPage(session("ann", "?page=cases&sort=case_id&asc=1"))
    first, second = (row["case_id"] for row in page.shown[:2])
    page._triage("triage", {"subject": first, "version": "0", "act": "reject", "reason": "season"})
    assert page.session.view.case == second
    assert f'data-case="{second}" data-version="0" tabindex="-1" aria-current="true"' in page.table.html
    assert page.reply is not None
    page._press("take-back", page.reply.last or "")
    assert state(decided, session(), first)["decision"] == "undecided"
    page._triage("triage", {"subject": first, "version": "0", "act": "accept"})
    assert page.reply.kind == "conflict"
    assert page.session.view.case == first


@pytest.mark.filterwarnings("ignore:Both 'variant' and:PendingDeprecationWarning")
def test_an_answer_to_a_question_that_was_answered_meanwhile_is_told_and_not_kept(session, decisions) -> None:
    first, second = (AnswersPage(session(name, "?page=answers&store=2")) for name in ("ann", "ben"))
    sku = first.asking
    assert sku == second.asking != ""
    told = {"sku": sku, "seen": "", "answer": "on_shelf_fine"}
    first._answer("answer", told)
    assert first.reply is not None
    assert first.reply.kind == "done"
    second._draw()
    assert second.asking == sku, "the question stays that a thumb may be about to answer"
    second._answer("answer", {**told, "answer": "not_found"})
    assert second.reply is not None
    assert second.reply.kind == "conflict"
    assert "ann answered “On the shelf and fine” at 20" in second.reply.text
    kept = answers.every(decisions, [second.night.run_id])
    assert kept["answer"].to_list() == ["on_shelf_fine"]
    seen = re.search(r'name="seen" value="([^"]+)"', second.piece.html)
    assert seen is not None
    second._answer("answer", {**told, "answer": "not_found", "seen": html.unescape(seen[1])})
    assert second.reply.kind == "done"


def test_a_form_of_filters_is_judged_as_a_link_is() -> None:
    view = refine(View(page="cases", at=4), {"confidence": "900", "since": "yesterday", "region": "North"})
    assert view == parse("?page=cases&confidence=100&region=North")
    assert refine(view, {"region": "North"}) == view
    assert listed(refine(view, {"confidence": "0"})).filters == Filters(region=("North",))


def test_one_sessions_view_is_not_anothers(session) -> None:
    one, other = session(), session()
    one.go_to("?page=cases&region=South")
    assert other.view == parse("?page=cases")


def test_what_is_slow_to_be_read_hides_nothing_that_was_decided_meanwhile(session, monkeypatch) -> None:
    page = CasesPage(session())
    begun, may_end, fold = Event(), Event(), reading.fold

    def slow_at_first(entries: pl.DataFrame) -> pl.DataFrame:
        if not begun.is_set():
            begun.set()
            assert may_end.wait(60)
        return fold(entries)

    def painted() -> tuple[str, ...]:
        decisions = {row["case_id"]: row["decision"] for row in page.shown}
        return decisions[OTHER], decisions[CASE]

    monkeypatch.setattr(reading, "fold", slow_at_first)
    decide(session("ben"), OTHER, 0, "accept", {})
    with ThreadPoolExecutor(1) as another:
        earlier = another.submit(reading.decided_in(page.session).of, page.night.run)
        assert begun.wait(60)
        decide(session("eve"), CASE, 0, "reject", {"reason": "season"})
        page._show_decisions()
        assert painted() == ("undecided", "undecided"), "nobody waits for what another one reads"
        may_end.set()
        assert CASE not in earlier.result()["case_id"]
    for _ in range(2):
        page._show_decisions()
        assert painted() == ("accepted", "rejected")
