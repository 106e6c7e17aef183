"""Calls as work in a real browser: a representative's own list, the keys of the queue, never whom nobody may call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from engine.decisions.store import open_decisions
from engine.decisions.whitespace.gaps import gap_id, gaps
from engine.decisions.whitespace.verdicts import act_of
from engine.outputs.names import joined
from engine.runs.registry import Registry
from tests.panel_app import whitespace_runs as made
from tests.panel_app.conftest import Profiles, Window, windows
from tests.panel_app.serving import serving
from tests.panel_app.test_browser import faults, overflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import polars as pl

ROW = "tr[data-case]"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Two lists of the same customers, nobody was called about."""
    made.publish(tmp_path / "out", made.dt.date(2025, 12, 31))
    made.publish(tmp_path / "out")
    return tmp_path / "out"


@pytest.fixture
def readers(chromium: Any, shared: Profiles, out: Path) -> Iterator[Callable[..., Window]]:
    with serving(out, "--set", "decisions_poll_seconds=60") as home:
        yield from windows(chromium, home, shared)


def say(out: Path, verdict: str, customer: str, run_id: str | None = None) -> None:
    """What Eve heard meanwhile about the tools."""
    decisions = open_decisions(out)
    found = gaps(Registry(out).find(run_id, "whitespace"), [gap_id(customer, made.TOOLS)])
    decisions.decide_many(found, act_of(verdict), by="Eve", versions={})
    decisions.close()


def written(out: Path) -> pl.DataFrame:
    decisions = open_decisions(out)
    found = decisions.entries(Registry(out).find(None, "whitespace").run_id)
    decisions.close()
    return found


def shown(reader: Window) -> list[str]:
    return [str(row.get_attribute("data-case")) for row in reader.page.locator(ROW).all()]


def press(reader: Window, *keys: str) -> str:
    """Press keys on the row that is pointed at and wait for the next one; returns what was decided on."""
    at = reader.page.locator(f"{ROW}[aria-current]").get_attribute("data-case")
    for key in keys:
        reader.page.keyboard.press(key)
    reader.page.locator(f"{ROW}[aria-current]:not([data-case='{at}'])").wait_for()
    return str(at)


def test_a_representative_says_what_became_of_each_call_by_keys(readers, out) -> None:
    reader = readers().open("?page=calls&rep=rep+0")
    mine = shown(reader)
    expected = [(n, d) for n in range(3) for d in made.DIVISIONS if n % 2 == 0]
    assert mine == [joined(f"C/{n:03d}", d) for n, d in expected]
    assert "Speaks for it: orders in 12 months 7." in reader.text(f"{ROW} .why")
    assert "Call about" in reader.text(f"{ROW} .action")
    decided = [press(reader, "a"), press(reader, "m"), press(reader, "r", "1")]
    assert decided == mine[:3]
    rows = {row["subject_id"]: row for row in written(out).iter_rows(named=True)}
    told = [(rows[each]["act"], rows[each]["action"], rows[each]["reason"]) for each in decided]
    assert told == [("accept", None, None), ("modify", "bought", None), ("reject", None, "refused")]
    assert "3 of 4" in reader.text(".progress")
    reader.page.keyboard.press("u")
    reader.page.locator(".reply", has_text="Undone").wait_for()
    assert written(out).height == 4


def test_what_somebody_else_said_unseen_stays_and_is_told(readers, out) -> None:
    reader = readers().open("?page=calls")
    say(out, "bought", "C/000")
    at = joined("C/000", made.TOOLS)
    while reader.page.locator(f"{ROW}[aria-current]").get_attribute("data-case") != at:
        reader.page.keyboard.press("j")
    reader.page.keyboard.press("a")
    reader.page.locator(".reply.conflict", has_text="Eve modified").wait_for()
    assert written(out).height == 1


def test_nobody_held_out_and_nobody_who_said_not_to_call_is_on_a_list(readers, out) -> None:
    say(out, "do_not_call", "C/001", Registry(out).runs("whitespace")[0].run_id)
    reader = readers().open("?page=calls")
    assert {name.partition("/")[0] for name in shown(reader)} == {"C%2F000", "C%2F002"}


@pytest.mark.parametrize("width", [390, 1300])
def test_the_calls_fit_every_window_and_everybody_can_use_them(readers, width) -> None:
    reader = readers(width).open("?page=calls")
    assert overflow(reader.page) <= 0
    assert faults(reader.page) == []
