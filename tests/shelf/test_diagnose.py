from __future__ import annotations

import polars as pl
import pytest

from engine.settings.shelf.classic import (
    ConversionScores,
    MisallocationScores,
    OverstockScores,
    PriceScores,
    PromoScores,
)
from engine.shelf.classic import diagnose
from tests.planted.chain import PANEL_DAYS, sells

LAST_WEEK = range(83, 90)


def points(score: pl.Expr, **evidence: float | None) -> float:
    """The score of one case with this evidence."""
    columns = {name: pl.Series([value], dtype=pl.Float64) for name, value in evidence.items()}
    return pl.DataFrame(columns).select(score).item()


@pytest.mark.parametrize(
    ("price", "category", "own", "score"),
    [
        pytest.param(11.5, 10, None, 0, id="exactly_1.15_of_the_category"),
        pytest.param(1.61, 1.4, None, 0, id="exactly_1.15_of_the_category_where_division_is_inexact"),
        pytest.param(11.499, 10, None, 0, id="just_under_1.15_of_the_category"),
        pytest.param(11.501, 10, None, 50.01, id="just_over_1.15_of_the_category"),
        pytest.param(12.5, 10, None, 60, id="1.25_of_the_category"),
        pytest.param(14.49, 10, None, 79.9, id="just_under_the_most_that_percents_add"),
        pytest.param(14.5, 10, None, 80, id="exactly_the_most_that_percents_add"),
        pytest.param(30, 10, None, 80, id="thrice_the_category"),
        pytest.param(11, None, 10, 0, id="exactly_1.10_of_its_own_past"),
        pytest.param(10.999, None, 10, 0, id="just_under_1.10_of_its_own_past"),
        pytest.param(11.001, None, 10, 20, id="just_over_1.10_of_its_own_past"),
        pytest.param(12.5, 10, 10, 80, id="above_both"),
        pytest.param(30, 10, 10, 100, id="far_above_both"),
        pytest.param(30, None, None, 0, id="no_average_adds_nothing"),
        pytest.param(None, 10, 10, 0, id="no_price_scores_nothing"),
        pytest.param(5, 0, 0, 0, id="an_average_of_nothing_has_no_ratio"),
    ],
)
def test_price_too_high(price, category, own, score):
    given = points(
        diagnose.price_too_high(PriceScores()), own_price=price, category_average=category, own_average=own
    )
    assert given == pytest.approx(score)


@pytest.mark.parametrize(
    ("drop", "score"),
    [
        pytest.param(29.99, 0, id="just_under_30_percent"),
        pytest.param(30, 0, id="exactly_30_percent"),
        pytest.param(30.01, 60.01, id="just_over_30_percent"),
        pytest.param(50, 80, id="50_percent"),
        pytest.param(69.99, 99.99, id="just_under_the_cap"),
        pytest.param(70, 100, id="exactly_at_the_cap"),
        pytest.param(100, 100, id="nobody_buys"),
        pytest.param(-50, 0, id="more_buy_than_before"),
        pytest.param(None, 0, id="unknown"),
    ],
)
def test_conversion_drop(drop, score):
    given = points(diagnose.conversion_drop(ConversionScores()), conversion_drop_pct=drop)
    assert given == pytest.approx(score)


@pytest.mark.parametrize(
    ("cover", "trend", "score"),
    [
        pytest.param(44.99, 0, 0, id="just_under_45_days"),
        pytest.param(45, 0, 0, id="exactly_45_days"),
        pytest.param(45.02, 0, 40.01, id="just_over_45_days"),
        pytest.param(65, 0, 50, id="65_days"),
        pytest.param(104.98, 0, 69.99, id="just_under_the_most_that_days_add"),
        pytest.param(105, 0, 70, id="exactly_the_most_that_days_add"),
        pytest.param(999, 0, 70, id="nothing_sells"),
        pytest.param(10, -9.99, 0, id="falling_by_just_under_10_percent"),
        pytest.param(10, -10, 0, id="falling_by_exactly_10_percent"),
        pytest.param(10, -10.01, 30, id="falling_by_just_over_10_percent"),
        pytest.param(65, -50, 80, id="long_cover_and_falling"),
        pytest.param(999, -50, 100, id="endless_cover_and_falling"),
        pytest.param(65, None, 50, id="an_unknown_trend_adds_nothing"),
        pytest.param(None, -50, 0, id="an_unknown_cover_scores_nothing"),
    ],
)
def test_overstock(cover, trend, score):
    given = points(diagnose.overstock(OverstockScores()), days_of_supply=cover, trend_pct=trend)
    assert given == pytest.approx(score)


@pytest.mark.parametrize(
    ("lift", "score"),
    [
        pytest.param(-100, 90, id="nothing_sells_on_promo"),
        pytest.param(-0.01, 90, id="just_under_no_lift"),
        pytest.param(0, 70, id="no_lift"),
        pytest.param(14, 56, id="a_lift_of_14_percent"),
        pytest.param(19.99, 50.01, id="just_under_20_percent"),
        pytest.param(20, 0, id="exactly_20_percent"),
        pytest.param(45, 0, id="a_promo_that_works"),
        pytest.param(None, 0, id="no_promo_or_no_base"),
    ],
)
def test_promo_ineffective(lift, score):
    assert points(diagnose.promo_ineffective(PromoScores()), promo_lift_pct=lift) == pytest.approx(score)


@pytest.mark.parametrize(("stores", "score"), [(0, 0), (1, 65), (2, 80), (3, 95), (4, 100), (40, 100)])
def test_misallocation(stores, score):
    assert points(diagnose.misallocation(MisallocationScores()), neighbours_over=stores) == score


SETTINGS = {
    "category_ratio": (PriceScores, 1.3),
    "category_score": (PriceScores, 35),
    "category_extra_per_pct": (PriceScores, 0.5),
    "category_extra_max": (PriceScores, 5),
    "own_ratio": (PriceScores, 1.3),
    "own_score": (PriceScores, 10),
    "min_drop_pct": (ConversionScores, 45),
    "score": (ConversionScores, 50),
    "extra_max": (ConversionScores, 15),
    "cover_days": (OverstockScores, 50),
    "cover_score": (OverstockScores, 30),
    "cover_extra_per_day": (OverstockScores, 0.25),
    "cover_extra_max": (OverstockScores, 5),
    "falling_trend_pct": (OverstockScores, -60),
    "falling_score": (OverstockScores, 20),
    "min_lift_pct": (PromoScores, 5),
    "weak_score": (PromoScores, 60),
    "score_per_store": (MisallocationScores, 10),
}
ANALYZERS = {
    PriceScores: diagnose.price_too_high,
    ConversionScores: diagnose.conversion_drop,
    OverstockScores: diagnose.overstock,
    PromoScores: diagnose.promo_ineffective,
    MisallocationScores: diagnose.misallocation,
}
SOME_EVIDENCE = {
    "own_price": 12.5,
    "category_average": 10,
    "own_average": 10,
    "conversion_drop_pct": 50,
    "days_of_supply": 65,
    "trend_pct": -50,
    "promo_lift_pct": 10,
    "neighbours_over": 2,
}


@pytest.mark.parametrize("key", SETTINGS)
def test_every_setting_of_a_score_is_heeded(key):
    kind, value = SETTINGS[key]
    usual, other = (points(ANALYZERS[kind](one), **SOME_EVIDENCE) for one in (kind(), kind(**{key: value})))
    assert other != pytest.approx(usual)


def views(usual: int, lately: int) -> dict[int, int]:
    return dict.fromkeys(range(PANEL_DAYS), usual) | dict.fromkeys(LAST_WEEK, lately)


def neighbour_selling_over(chain, store: str, sku: str) -> None:
    """A store eleven kilometres away that sells the SKU at 1.3 of its expectation over the last month."""
    chain.store(store, 0.1, 20 + float(int(store)) / 1000)
    chain.staple(store)
    chain.shelf(store, sku, sells(10, (89, 94)))


def dark_shelf(chain, **facts) -> None:
    """Five a day in the last week, after ten a day; on hand for a few days."""
    chain.sku("sku", "tea", cost=1.0)
    chain.shelf("1", "sku", sells(10, (LAST_WEEK, 5)), **facts)


def named(case: dict) -> tuple[str | None, str]:
    return case["primary_cause"], case["secondary_causes"]


def test_the_better_of_two_causes_is_primary_and_the_other_secondary(chain, only_case):
    dark_shelf(chain, impressions=views(100, 200), promo_days=LAST_WEEK)
    case = only_case(chain)
    assert case["score_conversion_drop"] > case["score_promo_ineffective"] == 90.0
    assert named(case) == ("conversion_drop", "promo_ineffective")


def test_causes_with_equal_scores_stand_in_the_order_of_the_specification(chain, only_case):
    chain.sku("other", "tea")
    chain.shelf("1", "other", sells(8), price=10)
    dark_shelf(chain, price=30, promo_days=LAST_WEEK)
    for store in ("2", "3"):
        neighbour_selling_over(chain, store, "sku")
    case = only_case(chain, "causes.promo_ineffective.negative_score=80")
    scores = {cause: case[f"score_{cause}"] for cause in ("price_too_high", "promo_ineffective", "misallocation")}
    assert scores == dict.fromkeys(scores, 80.0)
    assert named(case) == ("price_too_high", "promo_ineffective,misallocation")


@pytest.mark.slow
def test_scores_are_capped(chain, only_case):
    dark_shelf(chain, impressions=views(100, 900))
    assert only_case(chain, "causes.conversion_drop.score=90")["score_conversion_drop"] == 100.0
    assert only_case(chain, "causes.max_score=75")["score_conversion_drop"] == 75.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("score", "causes"),
    [
        pytest.param(50.001, ("promo_ineffective", ""), id="just_over_50_is_primary"),
        pytest.param(50, (None, "promo_ineffective"), id="exactly_50_is_secondary"),
        pytest.param(40.001, (None, "promo_ineffective"), id="just_over_40_is_secondary"),
        pytest.param(40, (None, ""), id="exactly_40_is_nothing"),
    ],
)
def test_a_cause_needs_more_than_its_threshold(chain, only_case, score, causes):
    dark_shelf(chain, promo_days=LAST_WEEK)
    case = only_case(chain, f"causes.promo_ineffective.negative_score={score}")
    assert case["score_promo_ineffective"] == score
    assert named(case) == causes


def test_a_price_borrowed_from_the_category_cannot_be_too_high(chain, judged):
    chain.sku("sku", "tea")
    chain.sku("other", "tea")
    chain.shelf("1", "sku", sells(10, (LAST_WEEK, 5)), price=None)
    chain.shelf("1", "other", sells(8), price=10)
    case = judged(chain, "causes.price_too_high.category_ratio=1").cases.row(0, named=True)
    assert (case["price_basis"], case["score_price_too_high"]) == ("category_average", 0.0)
