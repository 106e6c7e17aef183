"""Growth in a real browser: what is opened is in sight, figures come by themselves, and the order is the reader's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from engine.growth import desk
from engine.settings.growth.scaling import GrowthSettings
from tests.growth.test_desk import golden_tables
from tests.panel_app.conftest import Profiles, Window, wait_for_count, wait_for_text, windows
from tests.panel_app.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a growth run in which every product has a price."""
    folder = tmp_path_factory.mktemp("growth")
    golden_tables().write(folder / "in")
    sales = pl.read_parquet(folder / "in" / "sales.parquet")
    priced = sales.with_columns(unit_price=2.0 + pl.col("spu_code").rank("dense").cast(pl.Float64))
    priced.write_parquet(folder / "in" / "sales.parquet")
    made = desk.run(folder / "in", folder / "out", GrowthSettings())
    return folder / "out" / "runs" / made.run_id


@pytest.fixture(scope="module")
def home(run: Path) -> Iterator[str]:
    with serving(run.parents[1]) as address:
        yield address


@pytest.fixture
def reader(chromium: Any, shared: Profiles, home: str) -> Iterator[Callable[..., Window]]:
    yield from windows(chromium, home, shared)


def test_the_six_figures_are_there_after_a_load_by_address(reader) -> None:
    window = reader(1300).open("?page=growth&state=SCALED")
    window.page.locator("figure svg").nth(5).wait_for()
    wait_for_count(window.page.locator("figure"), 6)
    assert window.page.title() == "Growth · darkshelf"


def test_the_checks_are_folded_to_one_line_and_open_to_all(reader) -> None:
    window = reader(1300).move("?page=growth")
    line = window.page.locator("#boundary")
    assert line.inner_text() == "Boundary: 14 of 14 pass"
    assert not window.page.get_by_text("Every scaled row was marked by Step 11.").is_visible()
    line.click()
    wait_for_count(window.page.locator("details[open] .verdict.PASS"), 14)


@pytest.mark.parametrize("width", [1300, 390])
def test_the_card_of_a_candidate_is_in_sight_where_it_was_opened(reader, width) -> None:
    window = reader(width).move("?page=growth")
    window.page.locator("figure svg").nth(5).wait_for()
    for row in (window.page.locator("table.grid tr[data-href]").last, window.page.locator("tr[data-href]").nth(2)):
        row.scroll_into_view_if_needed()
        row.locator("a").click()
        name = row.locator("a").inner_text()
        card = window.page.locator("#candidate", has_text=name)
        card.wait_for()
        window.page.wait_for_timeout(500)
        box = card.bounding_box()
        assert box is not None
        assert 0 <= box["y"] <= 900
    if width > 1000:
        table = window.page.locator("table.grid tr[data-href]").first.bounding_box()
        assert table is not None
        assert box["x"] >= table["x"] + table["width"]


def test_the_table_is_sorted_by_money_as_the_reader_asks_and_the_address_keeps_it(reader, run) -> None:
    audit = pl.read_parquet(run / "audit.parquet")
    money = (audit["recommended_units"] * audit["unit_price"]).drop_nulls().sort(descending=True)
    window = reader(1300).move("?page=growth")
    window.page.locator("#growth-sort-value_at_price").click()
    window.wait_for_query("sort=value_at_price")
    window.page.locator("th[aria-sort=descending] #growth-sort-value_at_price").wait_for()
    assert shown(window) == pytest.approx(money.to_list())
    window.page.reload()
    window.page.wait_for_selector("html[data-ready]")
    assert shown(window) == pytest.approx(money.to_list())
    window.page.locator("#growth-sort-value_at_price").click()
    window.page.locator("th[aria-sort=ascending] #growth-sort-value_at_price").wait_for()
    assert shown(window) == pytest.approx(money.sort().to_list())


def shown(window: Window) -> list[float]:
    """The money of the candidates, in the order of the table; a candidate without a price shows none."""
    cells = window.page.locator('table.grid tr[data-href] data[data-form="money"]')
    return [float(value) for value in cells.evaluate_all("cells => cells.map((cell) => cell.getAttribute('value'))")]


def test_a_number_is_rounded_by_the_browser_as_by_the_server(reader) -> None:
    window = reader(1300).move("?page=growth")
    rounded = window.page.evaluate("""() => {
      const root = document.createElement("div")
      root.innerHTML = '<data class="number" value="24.449999999999999" data-form="number" data-digits="1"></data>'
      localise(root)
      return root.textContent
    }""")
    assert rounded == "24.5"


def test_every_page_of_the_menu_can_be_reached_on_a_phone(reader) -> None:
    window = reader(390).move("?page=growth")
    for link in window.page.locator("nav.menu ul a").all():
        box = link.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390


def test_keys_accept_reject_with_a_comment_and_take_back(reader) -> None:
    window = reader(1300).move("?page=growth&state=SCALED")
    window.page.locator("figure svg").nth(5).wait_for()
    rows = window.page.locator("table.candidates tr[data-case]")
    names = [rows.nth(n).get_attribute("data-case") for n in range(3)]
    pointed = window.page.locator("tr[aria-current]")
    assert pointed.get_attribute("data-case") == names[0]
    window.page.keyboard.press("a")
    rows.nth(0).locator(".chip.accepted").wait_for()
    window.page.keyboard.press("r")
    window.page.keyboard.press("1")
    window.page.keyboard.type("no shelf is left")
    window.page.keyboard.press("Enter")
    rows.nth(1).locator(".chip.rejected").wait_for()
    window.page.locator(f'tr[aria-current][data-case="{names[2]}"]').wait_for()
    window.page.keyboard.press("u")
    rows.nth(1).locator(".chip").wait_for(state="detached")
    window.page.locator(f'tr[aria-current][data-case="{names[1]}"]').wait_for()
    window.page.keyboard.press("Enter")
    window.page.locator("section.candidate").wait_for()
    assert window.page.locator(".candidate [data-subject]").get_attribute("value") == names[1]


def test_a_story_is_chosen_counted_with_its_money_saved_and_taken_back(reader) -> None:
    window = reader(1300).move("?page=growth&decided=undecided")
    window.page.locator("#growth-by-story").click()
    window.page.locator("table.groups").wait_for()
    assert window.page.locator("#scope-ticked").is_disabled()
    window.page.locator("#growth-tick-1").check()
    window.page.locator("#scope-ticked:checked").wait_for()
    window.page.locator(".bulk button[value=accept]").click()
    assert "Accept 1 candidate," in window.page.locator(".confirm").inner_text()
    assert "at unit price?" in window.page.locator(".confirm").inner_text()
    before = window.page.locator(".found strong").inner_text()
    window.page.locator("#bulk-save").click()
    window.page.locator(".bulk .reply.done").wait_for()
    wait_for_text(window.page.locator(".found strong"), str(int(before) - 1))
    window.page.locator(".bulk [data-do=undo]").click()
    window.page.locator(".bulk .reply", has_text="Undone").wait_for()
    wait_for_text(window.page.locator(".found strong"), before)
