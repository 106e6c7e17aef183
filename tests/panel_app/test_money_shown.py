"""Money is shown in the currency of its run and in the form of the reader's language."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from panel_app.app import Shell
from panel_app.markup import Html
from panel_app.rooms import Rooms
from panel_app.session import Session
from panel_app.settings import load_settings
from tests.panel_app.nights import AS_OF, publish, tables
from tests.panel_app.serving import serving
from tests.panel_app.test_forms import HOVERS, MODELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from engine.decisions.store import Decisions
    from tests.panel_app.conftest import Window

pytestmark = pytest.mark.filterwarnings("ignore:Both 'variant' and:PendingDeprecationWarning")
CASE = "2_12_2025-06-19"
CASE_PAGE = f"?page=case&case={CASE}"


@pytest.fixture(scope="module")
def told_in(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """An output folder with a night in dollars and the next one in euros, and their run ids."""
    folder = tmp_path_factory.mktemp("currencies")
    dollars = publish(folder / "in", folder / "out", tables(), AS_OF - timedelta(days=2))
    return folder / "out", dollars, publish(folder / "in", folder / "out", tables(), currency="€")


@pytest.fixture(scope="module")
def home(told_in: tuple[Path, str, str]) -> Iterator[str]:
    """The dashboard over both."""
    with serving(told_in[0]) as address:
        yield address


def pieces(out: Path, decisions: Decisions, address: str) -> str:
    """Everything that a page says before a script runs."""
    shell = Shell(Session(Rooms(out, load_settings()), decisions, address))
    return "".join(piece.html for piece in shell.content.select(Html))


@pytest.mark.parametrize("page", ["", "?page=map", "?page=cases", CASE_PAGE, "?page=findings", "?page=tasks"])
def test_no_page_of_a_night_in_euros_tells_of_dollars(
    told_in: tuple[Path, str, str], decisions: Decisions, page: str
) -> None:
    text = pieces(told_in[0], decisions, page)
    assert 'data-currency="€">€' in text
    assert "$" not in text


def test_an_earlier_night_keeps_its_own(told_in: tuple[Path, str, str], decisions: Decisions) -> None:
    text = pieces(told_in[0], decisions, f"?run={told_in[1]}")
    assert 'data-currency="$">$' in text
    assert "€" not in text


def test_of_two_nights_that_are_compared_each_has_its_own(
    told_in: tuple[Path, str, str], decisions: Decisions
) -> None:
    _, dollars, euros = told_in
    text = pieces(told_in[0], decisions, f"?page=run&run={euros}&with={dollars}")
    signs = re.findall('data-currency="(.)"', text.partition('id="compare"')[2].partition("<h3>")[0])
    assert signs == ["$", "€", "€"] * (len(signs) // 3)
    assert signs


@pytest.mark.parametrize(
    ("locale", "amount"),
    [
        pytest.param("en-US", r"€[\d,]+(\.\d\d)?", id="English"),
        pytest.param("de-DE", r"[\d.]+(,\d\d)?\xa0€", id="German"),
        pytest.param("ja-JP", r"€[\d,]+(\.\d\d)?", id="Japanese"),
    ],
)
def test_the_sign_is_the_runs_and_its_place_the_readers(
    window: Callable[..., Window], home: str, locale: str, amount: str
) -> None:
    reader = window(1440, home=home, locale=locale).move()
    reader.page.locator(".content .bars .amount").first.wait_for()
    told = reader.page.locator(".content .bars .amount").all_inner_texts()
    assert [text for text in told if not re.fullmatch(amount, text)] == []
    title = reader.page.locator('.content data[data-form="short"]').first.get_attribute("title")
    assert re.fullmatch(amount, title)
    assert "$" not in reader.text()


def test_the_map_tells_money_in_the_currency_of_its_night(window: Callable[..., Window], home: str) -> None:
    reader = window(1440, home=home, locale="de-DE").move("?page=map")
    reader.page.locator("canvas").first.wait_for()
    reader.page.wait_for_function(f"() => {MODELS}.some((m) => m.type === 'CustomJSHover')")
    hovers: list[Any] = reader.page.evaluate(HOVERS)
    assert sorted(hovers) == ["1.234.567", "1.234.567\xa0€"]
    limits = re.findall(r"from\s+([\d.,]+\xa0€)", reader.text(".legend"))
    assert len(limits) == 2


def test_the_history_of_a_case_tells_each_night_in_its_own(window: Callable[..., Window], home: str) -> None:
    reader = window(1440, home=home).move(CASE_PAGE)
    rows = reader.page.locator("section[aria-labelledby=history-title] tbody tr")
    rows.nth(1).wait_for()
    assert [sign for text in rows.all_inner_texts() for sign in "$€" if sign in text] == ["€", "$"]
