"""The dashboard in a real browser: every page at three widths, without an error or a foreign request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from tests.panel_app.conftest import wait_for_count
from tests.panel_app.nights import FORMULA, SCRIPT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.panel_app.conftest import Published, Window

WIDTHS = (1440, 820, 390)
PAGES = ("Summary", "Value", "Queue", "Map", "Findings", "Tasks", "Answers", "Accuracy", "Run", "Cases")
CASE = "2_12_2025-06-19"
VIOLATIONS = "axe.run({resultTypes: ['violations'], preload: false}).then((found) => found.violations)"
"""What axe reads beforehand is for its rule on sound that plays by itself; no page plays any."""


def faults(page: object) -> list[str]:
    """The faults of accessibility that axe-core finds, be they ever so small, with where they are."""
    if not page.evaluate("'axe' in window"):  # type: ignore[attr-defined]
        page.evaluate(AXE_SCRIPT)  # type: ignore[attr-defined]
    found = page.evaluate(VIOLATIONS)  # type: ignore[attr-defined]
    return [f"{fault['id']}: {fault['help']}: {[node['target'] for node in fault['nodes'][:3]]}" for fault in found]


def overflow(page: object) -> int:
    """Pixels by which the page is wider than the window."""
    script = """() => {
      const main = document.querySelector('main') ?? document.documentElement
      return Math.max(document.documentElement.scrollWidth - window.innerWidth, main.scrollWidth - main.clientWidth)
    }"""
    return int(page.evaluate(script))  # type: ignore[attr-defined]


def wrong_at_every_width(reader: Window, name: str) -> list[str]:
    """What is wrong with the page that is shown, with its name and the width; the window is wide again afterwards."""
    wrong = []
    for width in WIDTHS:
        reader.page.set_viewport_size({"width": width, "height": 900})
        wide = overflow(reader.page)
        found = [f"{wide} pixels wider than the window"] * (wide > 0) + faults(reader.page)
        wrong += [f"{name} at {width}: {fault}" for fault in found]
    reader.page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    return wrong


def test_every_page_fits_every_window_and_can_be_used_by_everybody(window: Callable[..., Window]) -> None:
    reader = window(WIDTHS[0]).open()
    wrong = []
    for name in PAGES:
        reader.go(name)
        reader.page.wait_for_timeout(200)
        wrong += wrong_at_every_width(reader, name)
    reader.page.locator("td.sku_name a").first.click()
    reader.page.locator("#accept").wait_for()
    reader.page.locator("canvas").first.wait_for()
    wrong += wrong_at_every_width(reader, "Case")
    assert not wrong, "\n".join(wrong)


def test_the_dark_theme_can_be_read_and_stays(window: Callable[..., Window]) -> None:
    reader = window(1440, alone=True).open()
    reader.page.get_by_role("button", name="Toggle theme").click()
    reader.page.wait_for_function("document.cookie.includes('darkshelf_theme=dark')")
    reader.open()
    assert faults(reader.page) == []
    for query in (
        "?page=value",
        "?page=queue",
        "?page=cases",
        "?page=cases&columns=all",
        f"?page=case&case={CASE}",
    ):
        reader.move(query)
        assert faults(reader.page) == []


def test_the_figures_are_in_the_document_before_any_script_runs(window: Callable[..., Window], served: str) -> None:
    reader = window(1440, java_script_enabled=False)
    reader.page.goto(served)
    assert "8 shelves are stocked and do not sell" in reader.page.locator("#first-paint h1").inner_text()


def test_names_from_the_data_stay_names(window: Callable[..., Window]) -> None:
    reader = window(1440).open("?page=cases")
    table = reader.text("table.cases")
    assert SCRIPT in table
    assert FORMULA in table
    assert "Coffee & <b>beans</b>" in table
    assert "北京王府井店" in table
    assert "متجر الرياض المركزي" in table
    reader.move("?page=case&case=1_11_2025-06-22")
    assert SCRIPT in reader.text()
    reader.page.locator("canvas").first.wait_for()
    reader.move("?page=map")
    reader.page.locator("canvas").first.wait_for()
    assert SCRIPT in reader.text(".stores")
    assert reader.page.locator("img[src=x]").count() == 0


def test_the_address_is_what_is_looked_at(window: Callable[..., Window]) -> None:
    reader = window(1440).move("?page=cases")
    reader.page.locator("summary").first.click()
    reader.page.locator("#f-region").select_option("South")
    reader.wait_for_query("region=South")
    reader.page.locator(".found:has-text('1 case')").wait_for()
    reader.page.locator("#sort-duration_days").click()
    reader.wait_for_query("sort=duration_days")
    link = reader.query
    other = window(1440).open(link)
    assert other.text(".found") == reader.text(".found")
    reader.page.go_back()
    reader.page.wait_for_function("!window.location.search.includes('sort')")
    reader.page.go_back()
    reader.page.locator(".found:has-text('8 cases')").wait_for()
    reader.page.go_forward()
    reader.page.locator(".found:has-text('1 case')").wait_for()
    reader.page.reload()
    reader.page.wait_for_selector("html[data-ready]")
    assert "1 case" in reader.text(".found")


def test_one_readers_filter_is_not_anothers(window: Callable[..., Window]) -> None:
    one, other = window(1440).move("?page=cases&region=South"), window(1440).move("?page=cases")
    assert "1 case" in one.text(".found")
    assert "8 cases" in other.text(".found")
    one.page.locator(".chip.remove", has_text="Region").click()
    one.page.locator(".found:has-text('8 cases')").wait_for()
    assert "8 cases" in other.text(".found")


def test_a_store_on_the_map_leads_to_its_cases(window: Callable[..., Window]) -> None:
    reader = window(1440).move("?page=map")
    canvas = reader.page.locator("canvas").first
    canvas.wait_for()
    reader.page.wait_for_timeout(500)
    reader.page.locator(".stores a", has_text="Plain").click()
    reader.wait_for_query("store=6")
    reader.page.locator(".found:has-text('1 case')").wait_for()


def test_keys_move_decide_and_ask_for_a_reason(window: Callable[..., Window]) -> None:
    reader = window(1440).move("?page=cases&sort=case_id&asc=1")
    reader.page.locator("td.sku_name a").first.click()
    reader.page.locator(".trail:has-text('Case 1 of 8')").wait_for()
    reader.page.keyboard.press("j")
    reader.page.locator(".trail:has-text('Case 2 of 8')").wait_for()
    reader.page.keyboard.press("k")
    reader.page.locator(".trail:has-text('Case 1 of 8')").wait_for()
    reader.page.keyboard.press("r")
    reader.page.wait_for_function("document.activeElement.shadowRoot !== null")
    reader.page.locator("#reject-reason:focus").wait_for()
    reader.page.keyboard.press("j")  # Typed into the field, not a move.
    reader.page.keyboard.press("Escape")
    reader.page.keyboard.press("a")
    reader.page.locator(".reply.done", has_text="Saved: accepted").wait_for()
    reader.page.locator(".trail:has-text('Case 2 of 8')").wait_for()
    reader.page.locator("#take-back").click()
    reader.page.locator(".reply.done", has_text="Undone").wait_for()
    reader.page.locator(".trail:has-text('Case 1 of 8')").wait_for()


def test_a_rejection_needs_its_reason_and_can_be_read_by_others(window: Callable[..., Window]) -> None:
    reader = window(390).move(f"?page=case&case={CASE}")
    reader.page.locator("#reject").click()
    reader.page.locator(".reply.refused").wait_for()
    reader.page.locator("#reject-reason").select_option("season")
    reader.page.locator("#comment").fill("<script>alert(3)</script>")
    reader.page.locator("#reject").click()
    reader.page.locator(".reply.done", has_text="rejected").wait_for()
    other = window(1440).move("?page=cases&decision=rejected")
    assert "1 case" in other.text(".found")
    other.move(f"?page=case&case={CASE}")
    assert "<script>alert(3)</script>" in other.text(".entries")


def test_many_are_decided_at_once_and_taken_back(window: Callable[..., Window]) -> None:
    reader = window(1440).move("?page=cases&category=drinks")
    reader.page.locator("#tick-1").check()
    reader.page.locator("label:has-text('the 1 ticked')").wait_for()
    reader.page.locator(".bulk button[value=accept]").click()
    reader.page.locator("#bulk-save").click()
    reader.page.locator(".reply.done", has_text="1 saved").wait_for()
    reader.page.locator(".chip.accepted").first.wait_for()
    reader.page.locator(".reply button", has_text="Undo").click()
    reader.page.locator(".reply", has_text="Undone").wait_for()
    wait_for_count(reader.page.locator(".chip.accepted"), 0)


def test_what_is_filtered_is_exported(window: Callable[..., Window]) -> None:
    reader = window(1440).move("?page=cases&category=drinks")
    with reader.page.expect_download() as download:
        reader.page.get_by_text("Export as CSV").click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 4
    assert any("'=HYPERLINK" in line for line in lines)


def test_numbers_take_the_form_of_the_readers_language(window: Callable[..., Window]) -> None:
    reader = window(1440, locale="de-DE").move("?page=cases")
    assert "383.671.122" in reader.text("table.cases")


def test_a_term_says_what_it_means_when_it_is_focused(window: Callable[..., Window]) -> None:
    reader = window(390).move()
    term = reader.page.locator(".tiles .term").nth(2)
    term.focus()
    shown = term.evaluate("el => getComputedStyle(el, '::after').content")
    assert "should have sold" in shown
    assert overflow(reader.page) <= 0


@pytest.mark.parametrize(
    ("which", "query", "says"),
    [
        pytest.param("empty", "", "No dark shelf this night", id="no case, summary"),
        pytest.param("empty", "&page=map", "No store has an open case", id="no case, map"),
        pytest.param("empty", "&page=cases", "No case passes these filters", id="no case, cases"),
        pytest.param("bare", "", "1 shelves", id="one store without names, summary"),
        pytest.param("bare", "&page=map", "1 store has no place on the map", id="one store without place, map"),
        pytest.param("bare", "&page=cases", "Store 1", id="one store without names, cases"),
        pytest.param("bare", "&page=case&case=1_12_2025-05-23", "SKU 12", id="one store without names, case"),
    ],
)
def test_every_page_stands_where_there_is_little_to_show(
    window: Callable[..., Window], published: Published, which: str, query: str, says: str
) -> None:
    reader = window(390).move(f"?run={getattr(published, which)}{query}")
    assert says in reader.text()
    assert overflow(reader.page) <= 0


@pytest.mark.parametrize(
    ("query", "says"),
    [
        pytest.param("?page=nothing", "There is no such page", id="page"),
        pytest.param("?run=2020-01-01-none", "No night to show", id="run"),
        pytest.param("?run=../../etc", "8 shelves", id="run that is a path"),
        pytest.param("?page=case&case=9_9_2020-01-01", "there is no case", id="case"),
        pytest.param("?page=case", "names no case", id="no case named"),
        pytest.param("?page=cases&region=%3Cscript%3E&at=999", "No case passes", id="filter nobody offers"),
    ],
)
def test_an_address_that_leads_nowhere_says_so(window: Callable[..., Window], query: str, says: str) -> None:
    assert says in window(390).move(query).text()


@pytest.mark.parametrize("query", ["?page=run", "?page=accuracy"])
def test_a_menu_that_is_wider_than_the_window_shows_where_the_reader_is(
    window: Callable[..., Window], query: str
) -> None:
    current = window(390).move(query).page.locator("nav.menu a[aria-current]").last
    box = current.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
