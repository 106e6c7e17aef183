"""The queue in a real browser: decided on by keys alone, as it is painted, stories as one, and taken back as one."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from engine.decisions.acts import Reject
from engine.decisions.shelf.cases import cases
from engine.decisions.store import open_decisions
from engine.runs.registry import Registry
from tests.panel_app import nights as planted
from tests.panel_app.conftest import Profiles, Window, wait_for_count, windows
from tests.panel_app.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import polars as pl

N_STORES, N_SINGLE = 6, 33


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A night with a story of six stores and 33 single cases."""
    folder = tmp_path_factory.mktemp("queue")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planted, "STORES", {n: (f"Shop{n:02}", 44.0 + n / 50, -93.0, "North") for n in range(1, 41)})
        patch.setattr(
            planted, "SKUS", {n: (f"Ware{n:02}", f"category {n}", "Own", 2.0 + n) for n in range(1, N_SINGLE + 2)}
        )
        dark = {(store, 1): 9 for store in range(1, N_STORES + 1)}
        dark |= {(6 + n, 1 + n): 7 + n % 5 for n in range(1, N_SINGLE + 1)}
        patch.setattr(planted, "DARK", dark)
        planted.publish(folder / "in", folder / "out", planted.tables())
    return folder / "out"


@pytest.fixture
def out(model: Path, tmp_path: Path) -> Path:
    """The night in a folder of its own, on which nobody decided anything."""
    return shutil.copytree(model, tmp_path / "out", ignore=shutil.ignore_patterns("decisions.sqlite*", "*.log"))


@pytest.fixture
def readers(chromium: Any, shared: Profiles, out: Path) -> Iterator[Callable[..., Window]]:
    with serving(out) as home:
        yield from windows(chromium, home, shared)


@pytest.fixture
def readers_of_old_pages(chromium: Any, shared: Profiles, out: Path) -> Iterator[Callable[..., Window]]:
    """The same where an open page learns of others' decisions only after a minute."""
    with serving(out, "--set", "decisions_poll_seconds=60") as home:
        yield from windows(chromium, home, shared)


def written(out: Path) -> pl.DataFrame:
    """Every entry in the database."""
    decisions = open_decisions(out)
    found = decisions.entries(Registry(out).find(None, "shelf").run_id)
    decisions.close()
    return found


def eve(out: Path, case_id: str) -> None:
    """What Eve decides meanwhile, from another machine."""
    decisions = open_decisions(out)
    found = cases(Registry(out).find(None, "shelf"), [case_id])
    decisions.decide_many(found, Reject(reason="season"), by="Eve", versions={})
    decisions.close()


def current(reader: Window) -> dict[str, str]:
    """The row that is pointed at: its id and what it says."""
    return reader.page.locator("tr[data-case][aria-current]").evaluate(
        "row => ({id: row.dataset.case, version: row.dataset.version, text: row.innerText})"
    )


def decide(reader: Window, *keys: str) -> dict[str, str]:
    """Look at the row that is pointed at, press keys, and wait until it is another one; returns what was seen."""
    seen = current(reader)
    for key in keys:
        reader.page.keyboard.press(key)
    reader.page.locator(f"tr[data-case][aria-current]:not([data-case='{seen['id']}'])").wait_for()
    return seen


def test_thirty_cases_are_decided_by_keys_and_each_was_on_the_screen(readers, out) -> None:
    reader = readers().open("?page=queue")
    seen = [decide(reader, *(("r", "1") if n % 3 == 2 else ("a",))) for n in range(30)]
    assert len({row["id"] for row in seen}) == 30
    entries = written(out)
    ids = set(entries["subject_id"])
    story = next(row for row in seen if "~" in row["id"])
    assert "6 stores" in story["text"]
    assert {row["id"] for row in seen if "~" not in row["id"]} <= ids
    assert len(ids) == 29 + N_STORES
    assert entries["version"].unique().to_list() == [1]
    assert entries.filter(act="reject")["reason"].unique().to_list() == ["not_dark"]
    progress = reader.text(".progress")
    assert "30 of 34" in progress
    assert "min" in progress


def test_a_story_is_decided_on_as_one_and_taken_back_as_one(readers, out) -> None:
    reader = readers().open("?page=queue")
    page = reader.page
    story = page.locator("tr[data-case*='~']")
    item = story.get_attribute("data-case")
    while current(reader)["id"] != item:
        page.keyboard.press("j")
    page.keyboard.press("a")
    page.locator(f"tr[data-case='{item}'] .chip.accepted").wait_for()
    assert "6 saved" in reader.text(".reply.done")
    entries = written(out)
    assert entries.height == N_STORES
    assert entries["batch"].n_unique() == 1
    page.keyboard.press("u")
    page.locator(".reply", has_text="Undone").wait_for()
    page.locator(f"tr[data-case='{item}'][aria-current]").wait_for()
    wait_for_count(page.locator(".chip.accepted"), 0)
    assert written(out).height == 2 * N_STORES


def test_of_a_story_what_others_decided_unseen_stays_and_is_told(readers_of_old_pages, out) -> None:
    reader = readers_of_old_pages().open("?page=queue")
    item = reader.page.locator("tr[data-case*='~']").get_attribute("data-case")
    while current(reader)["id"] != item:
        reader.page.keyboard.press("j")
    eve(out, item.partition("~")[0])
    reader.page.keyboard.press("a")
    reader.page.locator(".reply.conflict", has_text="5 saved, 1 not").wait_for()
    assert "Eve rejected (season)" in reader.text(".reply.conflict")
    assert written(out).height == N_STORES


def test_what_is_modified_snoozed_or_assigned_by_keys_is_what_is_written(readers, out) -> None:
    reader = readers().open("?page=queue")
    page, press = reader.page, reader.page.keyboard.press
    press("m")
    page.locator("#row-action:focus").wait_for()
    page.keyboard.type("ask a judge")
    modified = decide(reader, "Enter")
    press("t")
    page.locator("#row-assign:focus").wait_for()
    page.keyboard.type("Max")
    assigned = decide(reader, "Enter")
    press("s")
    page.locator("#row-until:focus").wait_for()
    snoozed = decide(reader, "Enter")
    page.locator("#snoozed:has-text('1 case snoozed')").wait_for()
    wait_for_count(page.locator(f"tr[data-case='{snoozed['id']}']"), 0)
    told = {row["subject_id"]: row for row in written(out).iter_rows(named=True)}
    assert (told[modified["id"]]["act"], told[modified["id"]]["action"]) == ("modify", "ask a judge")
    assert (told[assigned["id"]]["act"], told[assigned["id"]]["assigned_to"]) == ("assign", "Max")
    assert str(told[snoozed["id"]]["snoozed_until"]) == "2025-07-07"


def test_the_place_is_kept_over_a_reload_and_the_way_back(readers) -> None:
    reader = readers().open("?page=queue")
    for _ in range(5):
        reader.page.keyboard.press("j")
    at = current(reader)["id"]
    reader.page.reload()
    reader.page.wait_for_selector("html[data-ready]")
    assert current(reader)["id"] == at
    reader.page.keyboard.press("Enter")
    reader.page.locator("#accept").wait_for()
    reader.page.go_back()
    reader.page.locator(f"tr[data-case='{at}'][aria-current]").wait_for()


def test_what_others_decide_does_not_move_the_reader(readers, out) -> None:
    reader = readers().open("?page=queue")
    reader.page.keyboard.press("j")
    reader.page.keyboard.press("j")
    at = current(reader)["id"]
    other = reader.page.locator("tr[data-case]").nth(9).get_attribute("data-case")
    eve(out, other)
    reader.page.locator(f"tr[data-case='{other}'] .chip.rejected").wait_for()
    assert current(reader)["id"] == at


def test_what_others_decide_does_not_interrupt_who_fills_in_a_field(readers, out) -> None:
    reader = readers().open("?page=queue")
    page = reader.page
    page.keyboard.press("t")
    page.locator("#row-assign:focus").wait_for()
    page.keyboard.type("Ma")
    other = page.locator("tr[data-case]").nth(9).get_attribute("data-case")
    eve(out, other)
    page.locator(f"tr[data-case='{other}'] .chip.rejected").wait_for()
    page.keyboard.type("x")
    assigned = decide(reader, "Enter")
    told = {row["subject_id"]: row for row in written(out).iter_rows(named=True)}
    assert (told[assigned["id"]]["act"], told[assigned["id"]]["assigned_to"]) == ("assign", "Max")
