"""What the design document asks of the list of cases, of one case and of the summary."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl
import pytest

from engine.errors import SettingsError
from engine.outputs.shelf.confidence import WORDS, ConfidenceSettings, in_words
from engine.vocabulary import shelf as v
from panel_app.pages.shelf import charts, summary, value
from panel_app.pages.shelf.cases import CasesPage
from panel_app.pages.shelf.deciding import decide
from panel_app.pages.shelf.words import cause_names
from panel_app.session import Session
from panel_app.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.decisions.store import Decisions
    from panel_app.rooms import Rooms
    from panel_app.stores.shelf import Night

RANKED = (
    *("case_id", "store_id", "sku_id", "primary_cause", "duration_days"),
    *("revenue_at_risk", "confidence_score", "recommended_action", "projected_recovery"),
)
"""The columns of the ranked list of the design document."""


@pytest.fixture
def look(rooms: Rooms, decisions: Decisions) -> Callable[[str], Session]:
    return lambda query: Session(rooms, decisions, query)


def headings(page: CasesPage) -> list[str]:
    return re.findall(r'<th scope="col" class="(\w+)"', page.table.html)


def test_the_list_has_every_column_of_the_document_where_the_address_asks_for_it(look) -> None:
    few, every = CasesPage(look("?page=cases")), CasesPage(look("?page=cases&columns=all"))
    assert set(RANKED) - set(headings(few))
    assert set(RANKED) <= set(headings(every))
    first = every.shown[0]
    for told in (first["case_id"], f">{first['store_key']}<", f">{first['sku_key']}<"):
        assert told in every.table.html
    row = every.table.html.partition("<tbody>")[2].partition("</tr>")[0]
    assert row.count("<td") == len(headings(every))


def test_the_filtered_cases_are_exported_with_the_columns_of_the_published_file(look) -> None:
    page = CasesPage(look("?page=cases&category=drinks"))
    published = page.exports.published
    assert published.filename == "dark_shelf_cases.csv"
    lines = published.callback().read().decode("utf-8-sig").splitlines()
    assert lines[0].split(",") == list(v.CASE_COLUMNS)
    assert len(lines) == 1 + page.night.cases.filter(category="drinks", status="open").height


@pytest.mark.parametrize(
    ("score", "word"),
    [
        (100.0, "high"),
        (80.0, "high"),
        (79.9, "medium"),
        (60.0, "medium"),
        (40.0, "low"),
        (39.9, "very low"),
        (0.0, "very low"),
    ],
)
def test_confidence_has_one_of_four_words(score, word) -> None:
    assert in_words(score, ConfidenceSettings()) == word
    assert word in WORDS


def test_words_for_confidence_that_do_not_descend_are_refused() -> None:
    with pytest.raises(SettingsError, match="do not descend"):
        load_settings(assignments={"shelf.high_from": 50})


def test_every_secondary_cause_is_called_by_its_name() -> None:
    assert cause_names("price_too_high,conversion_drop") == "Price too high, Seen but not bought"
    assert cause_names(None) == cause_names("") == ""


def test_days_on_promotion_are_shaded_where_there_are_any(night: Night) -> None:
    days = charts.day_frame(night.case("2_12_2025-06-19")[2])
    shaded = charts.promotions(days)
    runs = days["promo"].fill_null(value=False).cast(pl.Int8).diff().eq(1).sum() + int(days["promo"][0] or False)
    assert runs > 0
    assert len(shaded) == runs
    assert all(days.filter(pl.col("date").is_between(*spell))["promo"].all() for spell in shaded)
    assert charts.promotions(days.with_columns(promo=False)) == []


def test_the_summary_counts_cases_by_their_primary_cause_and_all_beside_the_open_ones(look, night: Night) -> None:
    session = look("")
    counted = summary._counted(session.view, night)
    assert sum(bar["cases"] for bar in counted) == night.summary["cases_open"]
    assert [bar["cases"] for bar in counted] == sorted((bar["cases"] for bar in counted), reverse=True)
    every = look("?status=any")
    assert sum(bar["cases"] for bar in summary._counted(every.view, night)) == night.cases.height
    assert {tile.key for tile in summary.tiles(every.view, night, None)} >= {"cases", "revenue_at_risk_all"}


def test_what_is_accepted_is_on_the_page_of_the_money(look, night: Night) -> None:
    session = look("?page=value")
    best = (
        night.cases.filter(status="open")
        .sort("projected_recovery", descending=True, nulls_last=True)
        .row(0, named=True)
    )
    assert decide(session, best["case_id"], 0, "accept", {}).kind == "done"
    html = value._render(session)
    accepted = re.search(r'data-step="accepted".*?class="amount".*?value="([\d.]+)"', html, re.DOTALL)
    assert accepted is not None
    assert float(accepted[1]) == round(best["projected_recovery"], 2)
