"""On paper: everything that a page shows is printed, counted in the text of the browser's PDF."""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from pypdf import PdfReader

from engine.growth import desk as growth_desk
from engine.outputs.growth.sign_off import SIGNERS
from engine.settings.growth.scaling import GrowthSettings
from tests.growth.test_desk import golden_tables
from tests.panel_app import nights as planted
from tests.panel_app.conftest import Profiles, Window, wait_for_count, windows
from tests.panel_app.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

N_CASES, N_CHECKS = 33, 15


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A night with 33 cases: 15 in one store, the others in one store each."""
    folder = tmp_path_factory.mktemp("paper")
    with pytest.MonkeyPatch.context() as patch:
        stores = {n: (f"Shop{n:02}", 44.0 + n / 50, -93.0, "North") for n in range(1, 41)}
        skus = {n: (f"Ware{n:02}", f"category {n % 4}", "Own", 2.0 + n) for n in range(1, 21)}
        dark = {(1, sku): 9 for sku in range(1, N_CHECKS + 1)}
        dark |= {(store, 16 + store % 5): 8 for store in range(2, 2 + N_CASES - N_CHECKS)}
        patch.setattr(planted, "STORES", stores)
        patch.setattr(planted, "SKUS", skus)
        patch.setattr(planted, "DARK", dark)
        planted.publish(folder / "in", folder / "out", planted.tables())
    growth_desk.run(golden_tables().write(folder / "growth-in"), folder / "growth", GrowthSettings())
    return folder


@pytest.fixture(scope="module")
def home(night: Path) -> Iterator[str]:
    with serving(night / "out", "--growth", night / "growth") as address:
        yield address


@pytest.fixture
def reader(chromium: Any, shared: Profiles, home: str) -> Iterator[Callable[..., Window]]:
    yield from windows(chromium, home, shared)


def printed(window: Window) -> str:
    """The text of the page on paper, without its blanks, which a PDF sets as it likes."""
    pages = PdfReader(BytesIO(window.page.pdf(format="A4"))).pages
    return re.sub(r"\s+", "", "".join(page.extract_text() for page in pages))


@pytest.mark.parametrize("width", [1300, 390])
def test_every_row_of_the_cases_is_printed(reader, width) -> None:
    window = reader(width).move("?page=cases&sort=case_id&asc=1")
    wait_for_count(window.page.locator("tr[data-case]"), N_CASES)
    text = printed(window)
    assert text.count("Shop01") == N_CHECKS
    assert len(set(re.findall(r"Shop\d\d", text))) == 1 + N_CASES - N_CHECKS
    assert len(re.findall(r"Shop\d\d", text)) == N_CASES


def test_a_sheet_prints_all_of_its_checks(reader) -> None:
    window = reader(1300).move("?page=tasks&store=1&minutes=240")
    window.page.locator(".sheet td.product b").nth(N_CHECKS - 1).wait_for()
    shown = window.page.locator(".sheet td.product b").all_inner_texts()
    text = printed(window)
    assert [name for name in shown if text.count(name) != 1] == []


def test_what_the_night_is_worth_is_printed_on_one_sheet(reader) -> None:
    window = reader(1300).move("?page=value")
    window.page.locator(".sentences li").first.wait_for()
    steps = window.page.locator(".waterfall li").evaluate_all("all => all.map((each) => each.dataset.step)")
    assert steps == ["at_risk", "recoverable", "brings", "accepted", "realised"]
    (sheet,) = PdfReader(BytesIO(window.page.pdf(format="A4"))).pages
    text = re.sub(r"\s+", "", sheet.extract_text())
    for told in (
        "Recoverable",
        "Actionsbring",
        "Accepted",
        "Realised",
        "waitforadecision",
        "Whereitisworst",
        "Nightbynight",
    ):
        assert told in text
    assert window.page.locator(".sentences li").count() == 3


def test_the_growth_sign_off_is_printed_with_a_row_for_every_signature(reader) -> None:
    text = printed(reader(1300).move("?page=growth"))
    assert [signer for signer in SIGNERS if text.count(signer.replace(" ", "")) != 1] == []
    assert "RoleNameDateSignature" in text
    for requirement in (*(f"R{n}" for n in range(75, 91)), "caps.current_share", "caps.absolute_units"):
        assert requirement in text
