"""The whitespace pages in a real browser: every page at three widths and in the dark, and a decision by hand."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from engine.outputs.names import joined
from panel_app.pages import whitespace
from tests.panel_app import whitespace_runs as made
from tests.panel_app.conftest import windows
from tests.panel_app.serving import serving
from tests.panel_app.test_browser import WIDTHS, faults, wrong_at_every_width

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.panel_app.conftest import Profiles, Window

GAP = joined("C/000", made.TOOLS)
QUERIES = (
    "?page=whitespace",
    f"?page=whitespace&case={quote(GAP)}",
    *(f"?page={sheet.PLAN.key}&division={quote(made.TOOLS)}" for sheet in whitespace.SHEETS),
    "?page=file&file=metrics.parquet",
)
WITH_CHARTS = ("metrics", "explain", "validation", "leakage", "ablation", "horizons")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard over two whitespace runs."""
    out: Path = tmp_path_factory.mktemp("whitespace")
    made.publish(out, made.dt.date(2025, 12, 31))
    made.publish(out)
    with serving(out) as address:
        yield address


def moved(reader: Window, query: str) -> None:
    """A page with its charts."""
    reader.move(query)
    if any(f"page={key}&" in query for key in WITH_CHARTS):
        reader.page.locator(".charts svg").first.wait_for()


def test_every_page_fits_every_window_and_can_be_used_by_everybody(window: Callable[..., Window], home: str) -> None:
    reader = window(WIDTHS[0], home=home).open()
    wrong = []
    for query in QUERIES:
        moved(reader, query)
        wrong += wrong_at_every_width(reader, query)
    assert not wrong, "\n".join(wrong)


def test_the_dark_theme_can_be_read(chromium: Any, dark: Profiles, home: str) -> None:
    with contextmanager(windows)(chromium, home, dark) as window:
        reader = window(WIDTHS[0]).open()
        wrong = []
        for query in QUERIES:
            moved(reader, query)
            wrong += [f"{query}: {fault}" for fault in faults(reader.page)]
        assert not wrong, "\n".join(wrong)


def test_a_reader_finds_a_candidate_by_capacity_and_decides_on_it(window: Callable[..., Window], home: str) -> None:
    reader = window(1440, home=home).move("?page=whitespace")
    page = reader.page
    page.locator("#gap-division").select_option(made.TOOLS)
    reader.wait_for_query("division=")
    page.get_by_label("Capacity: best 100 percent").fill("10")
    reader.wait_for_query("top=10")
    page.locator(".found", has_text="3 candidates of 30").wait_for()
    page.locator("table.gaps td.who a").first.click()
    page.get_by_label("Comment", exact=True).fill("on Monday")
    page.get_by_role("button", name="Accept: call").click()
    page.locator(".reply.done", has_text="Saved").wait_for()
    assert "on Monday" in reader.text(".candidate")
    page.locator("table.gaps .chip.accepted").wait_for()


def test_a_division_is_chosen_once_for_all_pages_and_back_leads_back(
    window: Callable[..., Window], home: str
) -> None:
    reader = window(1440, home=home).move("?page=metrics")
    reader.page.locator("#metrics-division").select_option(made.TOOLS)
    reader.page.locator("h2#chosen", has_text=made.TOOLS).wait_for()
    reader.wait_for_query("division=")
    reader.go("Leakage").page.locator("h2#readings", has_text=made.TOOLS).wait_for()
    reader.wait_for_query("page=leakage")
    reader.page.go_back()
    reader.page.locator("h2#chosen", has_text=made.TOOLS).wait_for()
    reader.page.go_back()
    reader.page.locator("h2#chosen", has_text="all together").wait_for()


def test_a_file_is_found_from_its_page_and_downloaded(window: Callable[..., Window], home: str) -> None:
    reader = window(1440, home=home).move("?page=metrics")
    reader.page.get_by_text("Files behind this page").click()
    reader.page.get_by_role("link", name="gains.parquet").click()
    reader.page.locator("h1", has_text="gains.parquet").wait_for()
    with reader.page.expect_download() as download:
        reader.page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "gains.parquet"


def test_an_earlier_run_is_looked_at_on_every_page_once_it_is_chosen(
    window: Callable[..., Window], home: str
) -> None:
    reader = window(1440, home=home).move("?page=runs")
    reader.page.get_by_role("link", name="2025-12-31").click()
    reader.page.get_by_role("link", name="back to the newest").wait_for()
    reader.go("Candidates").page.locator("h1", has_text="Dec 31, 2025").wait_for()
