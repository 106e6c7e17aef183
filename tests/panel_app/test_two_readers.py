"""Two readers side by side: nobody overwrites what they did not see, and what one decides the other sees at once."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from engine.decisions.acts import Accept, Reject
from engine.decisions.shelf.cases import cases
from engine.decisions.store import open_decisions
from engine.runs.registry import Registry
from tests.panel_app.conftest import Profiles, Published, Window, wait_for_count, windows
from tests.panel_app.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CASE, OTHER = "2_12_2025-06-19", "3_13_2025-06-23"
SEEN_WITHIN_MS = 3000


@pytest.fixture
def own_nights(published: Published, tmp_path: Path) -> Path:
    """The nights in a folder of their own, on which nobody decided anything."""
    out = tmp_path / "out"
    shutil.copytree(published.out, out, ignore=shutil.ignore_patterns("decisions.sqlite*", "*.log"))
    return out


@pytest.fixture
def readers(chromium: Any, shared: Profiles, own_nights: Path) -> Iterator[Callable[..., Window]]:
    """Windows of readers who share nothing but the server."""
    with serving(own_nights) as home:
        yield from windows(chromium, home, shared)


@pytest.fixture
def readers_of_old_pages(chromium: Any, shared: Profiles, own_nights: Path) -> Iterator[Callable[..., Window]]:
    """The same where an open page learns of others' decisions only after a minute."""
    with serving(own_nights, "--set", "decisions_poll_seconds=60") as home:
        yield from windows(chromium, home, shared)


def eve(out: Path, act: Any, *case_ids: str) -> None:
    """What Eve decides meanwhile, from another machine."""
    decisions = open_decisions(out)
    decisions.decide_many(cases(Registry(out).find(None, "shelf"), case_ids), act, by="Eve", versions={})
    decisions.close()


def entries(out: Path) -> int:
    decisions = open_decisions(out)
    found = decisions.count()
    decisions.close()
    return found


def test_what_one_decides_is_on_the_open_pages_of_others_within_three_seconds(readers, own_nights) -> None:
    on_case, on_list = readers().open(f"?page=case&case={CASE}"), readers().open("?page=cases")
    on_case.page.locator("#comment").fill("half a sentence")
    eve(own_nights, Reject(reason="season"), CASE)
    on_case.page.locator(".lead .chip.rejected").wait_for(timeout=SEEN_WITHIN_MS)
    on_list.page.locator(f'tr[data-case="{CASE}"] .chip.rejected').wait_for(timeout=SEEN_WITHIN_MS)
    on_case.page.locator(".entries", has_text="Eve rejected").wait_for(timeout=SEEN_WITHIN_MS)
    assert on_case.page.locator("#comment").input_value() == "half a sentence"


@pytest.mark.parametrize("query", [f"?page=case&case={CASE}", f"?page=cases&case={CASE}"], ids=["case", "list"])
def test_a_key_decides_on_what_is_painted_and_a_stale_one_is_refused(readers_of_old_pages, own_nights, query) -> None:
    reader = readers_of_old_pages().open(query)
    eve(own_nights, Reject(reason="season"), CASE)
    reader.page.keyboard.press("a")
    reader.page.locator(".reply.conflict").wait_for()
    told = reader.text(".reply.conflict")
    assert "Eve rejected (season) at 20" in told
    assert "UTC" in told
    assert entries(own_nights) == 1
    reader.page.locator(".chip.rejected").first.wait_for()


def test_the_second_to_decide_is_told_what_the_first_did(readers_of_old_pages) -> None:
    query = f"?page=case&case={OTHER}"
    first, second = readers_of_old_pages().open(query), readers_of_old_pages().open(query)
    first.page.locator("summary", has_text="Do something else").click()
    first.page.locator("#other-action").fill("Call the supplier")
    first.page.locator("#modify").click()
    first.page.locator(".reply.done", has_text="modified").wait_for()
    second.page.locator("#accept").click()
    second.page.locator(".reply.conflict", has_text="somebody decided meanwhile").wait_for()
    second.page.locator("summary", has_text="Assign, snooze or comment").click()
    second.page.locator("#assigned-to").fill("Eve")
    second.page.locator("#assign").click()
    second.page.locator(".reply.done").wait_for()
    second.page.locator(".lead .chip", has_text="Eve").wait_for()


def test_what_was_painted_before_others_decided_is_told_in_bulk(readers_of_old_pages, own_nights) -> None:
    reader = readers_of_old_pages().open("?page=cases")
    reader.page.locator(f'tr[data-case="{CASE}"] input').check()
    reader.page.locator("label:has-text('the 1 ticked')").wait_for()
    eve(own_nights, Accept(), CASE)
    reader.page.locator(".bulk button[value=comment]").click()
    reader.page.locator(".bulk .reply.refused", has_text="a comment has words").wait_for()
    reader.page.locator(".bulk button[value=accept]").click()
    reader.page.locator(".confirm", has_text="1 changed since you ticked it").wait_for()


def test_keys_go_through_the_list_decide_and_take_back_without_a_mouse(readers, own_nights) -> None:
    reader = readers().open("?page=cases&sort=case_id&asc=1")
    press, page = reader.page.keyboard.press, reader.page
    ids = page.locator("tr[data-case]").evaluate_all("rows => rows.map((row) => row.dataset.case)")
    press("a")
    page.wait_for_timeout(300)
    assert entries(own_nights) == 0, "a key without a row that is pointed at decides nothing"
    press("j")
    press("j")
    page.locator(f'tr[data-case="{ids[1]}"][aria-current]').wait_for()
    press("a")
    page.locator(f'tr[data-case="{ids[1]}"] .chip.accepted').wait_for()
    page.locator(f'tr[data-case="{ids[2]}"][aria-current]').wait_for()
    press("r")
    press("3")
    page.locator(f'tr[data-case="{ids[2]}"] .chip.rejected').wait_for()
    page.locator(f'tr[data-case="{ids[3]}"][aria-current]').wait_for()
    press("u")
    page.locator(".reply.done", has_text="Undone").wait_for()
    page.locator(f'tr[data-case="{ids[2]}"][aria-current]').wait_for()
    assert page.locator(f'tr[data-case="{ids[2]}"] .chip.rejected').count() == 0
    press("?")
    page.locator(".keys-help[open]").wait_for()
    page.reload()
    page.wait_for_selector("html[data-ready]")
    page.locator(f'tr[data-case="{ids[2]}"][aria-current]').wait_for()
    press("Enter")
    page.locator(".trail:has-text('Case 3 of 8')").wait_for()
    press("a")
    page.locator(".trail:has-text('Case 4 of 8')").wait_for()
    page.locator(".reply.done", has_text="Saved: accepted").wait_for()
    page.go_back()
    page.go_back()
    page.locator(f'tr[data-case="{ids[2]}"][aria-current]').wait_for()


def test_on_a_case_the_next_one_opens_after_a_verdict_and_u_leads_back(readers, own_nights) -> None:
    reader = readers().open("?page=cases&sort=case_id&asc=1")
    page = reader.page
    page.locator("td.sku_name a").first.click()
    page.locator(".trail:has-text('Case 1 of 8')").wait_for()
    page.keyboard.press("r")
    page.locator("#reject-reason:focus").wait_for()
    page.keyboard.press("1")
    page.locator(".trail:has-text('Case 2 of 8')").wait_for()
    page.locator(".reply.done", has_text="Saved: rejected").wait_for()
    page.keyboard.press("u")
    page.locator(".trail:has-text('Case 1 of 8')").wait_for()
    page.locator(".reply.done", has_text="Undone").wait_for()
    assert "undid version 1" in reader.text(".entries")
    page.keyboard.press("r")
    page.locator("#reject-reason:focus").wait_for()
    page.keyboard.press("0")
    page.locator(".reply.refused", has_text="a comment has to say why").wait_for()
    assert entries(own_nights) == 2


def test_many_are_looked_at_before_they_are_saved_and_taken_back_as_one(readers, own_nights) -> None:
    eve(own_nights, Accept(), CASE, OTHER)
    reader, other = readers().open("?page=cases"), readers().open("?page=cases")
    page = reader.page
    assert page.locator(".bulk input:checked").count() == 0
    page.locator(".bulk button[value=accept]").click()
    page.locator(".bulk .reply.refused", has_text="Nothing is chosen").wait_for()
    page.locator("#scope-all").check()
    page.locator(".bulk button[value=accept]").click()
    page.locator(".confirm").wait_for()
    told = reader.text(".confirm")
    assert "Accept 8 cases, $" in told
    assert "2 decided by Eve" in told
    assert entries(own_nights) == 2
    eve_again = "1_14_2025-06-17"
    eve(own_nights, Reject(reason="season"), eve_again)
    page.locator("#bulk-save").click()
    page.locator(".bulk .reply.conflict", has_text="7 saved, 1 not").wait_for()
    assert "Eve rejected (season)" in reader.text(".bulk .reply")
    other.page.locator("tr[data-case] .chip.accepted").nth(6).wait_for(timeout=SEEN_WITHIN_MS)
    page.locator(".bulk .reply button", has_text="Undo").click()
    page.locator(".bulk .reply", has_text="Undone. 7 saved").wait_for()
    wait_for_count(page.locator("tr[data-case] .chip.accepted"), 2)


def test_the_search_is_always_there_and_finds_words_in_any_column(readers) -> None:
    reader = readers(390).open("?page=cases")
    field = reader.page.get_by_role("searchbox", name="Search")
    assert field.is_visible()
    field.fill("rusk PLAÍN")
    field.press("Enter")
    reader.page.locator(".found:has-text('1 case')").wait_for()
    assert "Plain" in reader.text("td.store_name")
    reader.page.reload()
    reader.page.wait_for_selector("html[data-ready]")
    assert field.input_value() == "rusk PLAÍN"
