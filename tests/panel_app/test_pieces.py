"""Pieces of pages: texts stay texts, numbers keep their value, and what adds up adds up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panel_app.markup import count, day, inline, money, number, percent, render, short_money
from panel_app.pages.shelf.reasoning import factors, parts_of_the_fall

if TYPE_CHECKING:
    from collections.abc import Callable

HOSTILE = '"><img src=x onerror=alert(1)>'
causes = st.sampled_from(["price_too_high", "conversion_drop", "overstock", "not_on_shelf", "store_wide"])


@pytest.mark.slow
@given(st.text(max_size=80))
def test_no_text_becomes_markup(text: str) -> None:
    made = inline('<p title="{{ text }}">{{ text }}</p>', text=text)
    assert made.count("<") == 2
    assert made.count(">") == 2


def test_a_hostile_text_is_shown_as_it_is() -> None:
    made = render("trouble.html", title=HOSTILE, lines=[HOSTILE], href="?x", link=HOSTILE)
    assert "<img" not in made
    assert made.count("&lt;img") == 3


def test_the_menu_of_every_page_names_the_runs_that_are_skipped() -> None:
    bare = {"desks": [], "pages": [], "searches": False, "opened": None, "user": "", "languages": []}
    made = render(
        "menu.html",
        **bare,
        skipped=[f"run {HOSTILE} is damaged", "run b is damaged"],
    )
    assert ">2</data> skipped: run &#34;&gt;&lt;img" in made
    assert "run b is damaged" in made
    assert "<img" not in made
    assert "skipped" not in render("menu.html", **bare, skipped=[])


@pytest.mark.parametrize(
    ("made", "value", "text"),
    [
        pytest.param(money(1234.56, "$"), "1234.56", "$1,235", id="money"),
        pytest.param(money(0.05, "€"), "0.05", "€0.05", id="cents"),
        pytest.param(short_money(12_345_678.9, "kr "), "12345678.9", "kr 12,345,679", id="headline"),
        pytest.param(count(1_000_000), "1000000", "1,000,000", id="count"),
        pytest.param(number(12.345, 2), "12.345", "12.35", id="number"),
        pytest.param(number(24.45), "24.45", "24.5", id="a tie goes up, as in every text of a run"),
        pytest.param(percent(0.5), "0.5", "50%", id="percent"),
    ],
)
def test_a_number_carries_its_value_for_every_language(made: str, value: str, text: str) -> None:
    assert f'value="{value}"' in made
    assert made.endswith(f">{text}</data>")


def test_what_is_unknown_is_a_dash() -> None:
    assert all("–" in make(None) for make in (count, number, percent, day))
    assert all("–" in make(None, "€") for make in (money, short_money))


@pytest.mark.parametrize("make", [money, short_money])
def test_the_sign_of_a_currency_is_a_text_like_any_other(make: Callable[[float, str], str]) -> None:
    made = make(5, HOSTILE)
    assert "<img" not in made
    assert made.count("&#34;&gt;&lt;img") == 2


@given(st.lists(st.tuples(causes, st.floats(0, 100)), min_size=1, max_size=5, unique_by=lambda pair: pair[0]))
def test_the_parts_of_a_fall_add_up_to_all_of_it(scores: list[tuple[str, float]]) -> None:
    ordered = sorted(scores, key=lambda pair: -pair[1])
    evidence = [{"cause": cause, "score": score, "rank": n} for n, (cause, score) in enumerate(ordered, 1)]
    parts = parts_of_the_fall(evidence)
    assert sum(part for _, part in parts) == pytest.approx(100)
    assert all(part >= 0 for _, part in parts)


def test_a_cause_that_says_why_counts_before_one_that_says_how() -> None:
    evidence = [
        {"cause": "conversion_drop", "score": 90.0, "rank": 1},
        {"cause": "price_too_high", "score": 80.0, "rank": 2},
    ]
    assert parts_of_the_fall(evidence) == [("Price too high", 80.0), ("Seen but not bought", 20.0)]


def test_the_factors_of_an_expectation_add_up_to_it() -> None:
    given_factors = {"weekday_factor": 1.2, "offer_factor": 0.9, "store_factor": 1.0, "sku_factor": 1.1}
    expected = 10 * 1.2 * 0.9 * 1.0 * 1.1
    told = factors({"level": 10.0, "expected_units": expected, **given_factors}, [])
    assert told is not None
    assert told["level"] + sum(step["adds"] for step in told["steps"]) == pytest.approx(expected)
