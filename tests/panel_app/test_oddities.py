"""What is odd about the data and a day that is not complete: told above the figures, and on every page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.panel_app.conftest import wait_for_count
from tests.panel_app.oddities import NOTICES, write_night
from tests.panel_app.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.panel_app.conftest import Published, Window


@pytest.fixture(scope="module")
def odd(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard over a night with seven notices, of a partial day."""
    out = tmp_path_factory.mktemp("odd")
    write_night(published, out, NOTICES, partial=True)
    with serving(out) as address:
        yield address


@pytest.mark.parametrize("width", [390, 1400])
def test_the_first_five_oddities_stand_between_the_headline_and_the_figures(
    window: Callable[..., Window], odd: str, width: int
) -> None:
    page = window(width, home=odd).move().page
    lines = page.locator(".notices li")
    wait_for_count(lines, 5)
    first = " ".join(lines.first.inner_text().split())
    assert first == (
        "sales_transactions: category food was not delivered on 2025-06-30: 12 of 480 rows (2.50%), such as "
        "store 1, sku 13. Ask for the feed of that day; its shelves are not judged."
    )
    headline, notices, figures = (
        page.locator(each).first.bounding_box()["y"] for each in ("h1", ".notices", ".tiles")
    )
    assert headline < notices < figures
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_page_of_the_run_has_all_of_them(window: Callable[..., Window], odd: str) -> None:
    reader = window(1400, home=odd).move()
    reader.page.locator(".notices").get_by_role("link", name="all 7").click()
    reader.wait_for_query("page=run")
    shown = reader.page.locator("section[aria-labelledby=warnings]").first
    shown.locator("text=oddity 4").wait_for()
    wait_for_count(shown.locator("ul").first.locator("li"), len(NOTICES))


@pytest.mark.parametrize("query", ["", "?page=cases", "?page=run", "?page=case&case=2_12_2025-06-19"])
def test_a_partial_day_is_marked_on_every_page(window: Callable[..., Window], odd: str, query: str) -> None:
    reader = window(1400, home=odd).move(query)
    wait_for_count(reader.page.locator("nav.menu .night", has_text="partial day"), 1)


def test_a_night_without_either_says_nothing_of_it(
    window: Callable[..., Window], published: Published, tmp_path: Path
) -> None:
    write_night(published, tmp_path, [], partial=False)
    with serving(tmp_path) as address:
        reader = window(1400, home=address).open()
        assert reader.page.locator(".notices").count() == 0
        assert "partial day" not in reader.text()
        reader.page.close()
