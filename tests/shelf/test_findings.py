from __future__ import annotations

import polars as pl
import pytest

from engine.settings.shelf.classic import CauseScores
from engine.shelf.classic.findings import findings
from engine.vocabulary import shelf as v
from tests.planted.chain import sells

LAST_WEEK = range(83, 90)
CASE: dict[str, object] = {
    "case_id": "1_2_2026-01-03",
    "primary_cause": v.OVERSTOCK,
    "price_basis": "own",
    "price": 12.5,
    "category_average": 10.0,
    "own_average": 12.0,
    "recent_units": 35.0,
    "recent_impressions": 1400.0,
    "conversion_current": 0.025,
    "conversion_baseline": 0.05,
    "conversion_drop_pct": 50.0,
    "on_hand": 600.0,
    "velocity_recent": 2.0,
    "velocity_baseline": 8.0,
    "days_of_supply": 75.0,
    "trend_pct": -75.0,
    "inventory_age_days": 19.0,
    "is_aged": False,
    "promo": True,
    "promo_units": 9.0,
    "promo_base_units": 10.0,
    "promo_lift_pct": -10.0,
    "neighbours_over": 2,
    "neighbour_stores": ["7", "0042"],
    "neighbour_km": [12.25, 3.14159],
    "neighbour_ratios": [1.4567, 1.3],
    **{f"score_{cause}": float(10 * place) for place, cause in enumerate(v.CAUSES)},
    **{f"rank_{cause}": 5 - place for place, cause in enumerate(v.CAUSES)},
}
TYPES = {
    "case_id": pl.String,
    "primary_cause": pl.String,
    "price_basis": pl.String,
    "is_aged": pl.Boolean,
    "promo": pl.Boolean,
    "neighbours_over": pl.Int64,
    "neighbour_stores": pl.List(pl.String),
    "neighbour_km": pl.List(pl.Float64),
    "neighbour_ratios": pl.List(pl.Float64),
    **{f"rank_{cause}": pl.Int8 for cause in v.CAUSES},
}


def found(cause: str, **facts: object) -> dict:
    """The row of one cause of a case with these facts."""
    case = pl.DataFrame(
        {
            name: pl.Series([value], dtype=TYPES.get(name, pl.Float64), strict=False)
            for name, value in (CASE | facts).items()
        }
    )
    return findings(case, CauseScores()).row(by_predicate=pl.col("cause") == cause, named=True)


@pytest.mark.parametrize(
    ("cause", "facts", "says"),
    [
        pytest.param(
            v.PRICE_TOO_HIGH,
            {},
            "Price $12.50: 125% of its category's average $10.00, 104% of its own average $12.00.",
            id="price_with_both_averages",
        ),
        pytest.param(
            v.PRICE_TOO_HIGH,
            {"category_average": None},
            "Price $12.50: no category average, 104% of its own average $12.00.",
            id="price_without_a_category",
        ),
        pytest.param(
            v.PRICE_TOO_HIGH,
            {"own_average": None},
            "Price $12.50: 125% of its category's average $10.00, no average of its own.",
            id="price_without_a_past",
        ),
        pytest.param(
            v.PRICE_TOO_HIGH, {"price_basis": "category_average"}, "No price is known.", id="price_of_the_category"
        ),
        pytest.param(v.PRICE_TOO_HIGH, {"price_basis": None, "price": None}, "No price is known.", id="no_price"),
        pytest.param(
            v.CONVERSION_DROP,
            {},
            "35.0 units from 1400 views in the last 7 days: 50% less than usual per view.",
            id="conversion_fell",
        ),
        pytest.param(
            v.CONVERSION_DROP,
            {"conversion_drop_pct": -20.0},
            "35.0 units from 1400 views in the last 7 days: 20% more than usual per view.",
            id="conversion_rose",
        ),
        pytest.param(
            v.CONVERSION_DROP,
            {"conversion_drop_pct": None},
            "No views are known, so nothing can be said of conversion.",
            id="no_views",
        ),
        pytest.param(
            v.OVERSTOCK,
            {},
            "600.0 on hand last 75 days at the month's pace; sales -75% against the month; "
            "last restocked 19 days before.",
            id="overstock",
        ),
        pytest.param(
            v.OVERSTOCK,
            {"trend_pct": 12.4},
            "600.0 on hand last 75 days at the month's pace; sales +12% against the month; "
            "last restocked 19 days before.",
            id="overstock_while_sales_rise",
        ),
        pytest.param(
            v.OVERSTOCK,
            {"trend_pct": None, "inventory_age_days": None},
            "600.0 on hand last 75 days at the month's pace; no recent sales known; no restock seen.",
            id="overstock_without_trend_and_restock",
        ),
        pytest.param(
            v.OVERSTOCK,
            {"on_hand": None, "days_of_supply": None},
            "On-hand or sales are unknown, so cover is too.",
            id="no_on_hand",
        ),
        pytest.param(
            v.PROMO_INEFFECTIVE,
            {},
            "On promotion and selling 9.0 a day against 10.0 before: -10%.",
            id="promo_that_sinks",
        ),
        pytest.param(v.PROMO_INEFFECTIVE, {"promo": False}, "Not on promotion.", id="no_promo"),
        pytest.param(
            v.PROMO_INEFFECTIVE,
            {"promo_base_units": None, "promo_lift_pct": None},
            "On promotion, but no days before it to compare with.",
            id="promo_without_a_before",
        ),
        pytest.param(
            v.MISALLOCATION,
            {},
            "2 stores within 50 km sell it above 120% of expectation; best: 7, 0042.",
            id="neighbours_sell_over",
        ),
        pytest.param(
            v.MISALLOCATION,
            {"neighbours_over": 0, "neighbour_stores": []},
            "No store within 50 km sells it above 120% of expectation.",
            id="no_neighbour_sells_over",
        ),
        pytest.param(
            v.MISALLOCATION,
            {"neighbours_over": 1, "neighbour_stores": ["7"]},
            "1 store within 50 km sells it above 120% of expectation; best: 7.",
            id="one_neighbour_sells_over",
        ),
    ],
)
def test_every_finding_says_its_sentence(cause, facts, says):
    assert found(cause, **facts)["explanation"] == says


def test_a_trend_that_rounds_to_nothing_has_no_sign():
    says = [found(v.OVERSTOCK, trend_pct=trend)["explanation"] for trend in (0.0, 0.4, -0.4)]
    assert ["sales 0% against" in one for one in says] == [True, True, True]


def test_a_neighbour_is_as_far_in_the_evidence_as_in_the_action():
    assert found(v.MISALLOCATION)["neighbour_km"] == [12.3, 3.1]


def test_ratios_of_neighbours_have_two_decimals():
    assert found(v.MISALLOCATION)["neighbour_ratios"] == [1.46, 1.3]


def test_numbers_stand_in_the_row_of_their_cause_alone():
    assert found(v.CONVERSION_DROP)["on_hand"] is None
    assert found(v.OVERSTOCK)["on_hand"] == 600.0
    assert found(v.PROMO_INEFFECTIVE)["promo_lift_pct"] == -10.0
    assert found(v.PRICE_TOO_HIGH)["neighbour_km"] is None


@pytest.fixture
def evidence_of(chain, judged) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two dark shelves, one with a promo that sinks and fewer buyers, one without any cause; cases and evidence."""
    views = dict.fromkeys(range(90), 100) | dict.fromkeys(LAST_WEEK, 150)
    chain.shelf("1", "sku", sells(10, (LAST_WEEK, 5)), promo_days=LAST_WEEK, impressions=views)
    chain.shelf("1", "other", sells(10, (range(87, 90), None)))
    night = judged(chain)
    return night.cases, findings(night.cases, CauseScores())


def test_every_case_has_a_row_and_a_rank_for_every_cause(evidence_of):
    cases, evidence = evidence_of
    for case in cases.iter_rows(named=True):
        rows = evidence.filter(case_id=case["case_id"]).sort("rank")
        assert rows["rank"].to_list() == [1, 2, 3, 4, 5]
        assert set(rows["cause"]) == set(v.CAUSES)
        assert rows["score"].to_list() == sorted(rows["score"], reverse=True)
        for row in rows.iter_rows(named=True):
            assert row["score"] == case[f"score_{row['cause']}"]
            assert row["is_primary"] == (row["cause"] == case["primary_cause"])
            assert row["explanation"].endswith(".")


def test_equal_scores_rank_in_the_order_of_the_specification(evidence_of):
    cases, evidence = evidence_of
    silent = cases.filter(sku_id="other")["case_id"].item()
    without_score = evidence.filter(pl.col("case_id") == silent, pl.col("score") == 0).sort("rank")["cause"].to_list()
    assert without_score == [cause for cause in v.CAUSES if cause in without_score]


def test_the_sentences_follow_the_settings():
    case = pl.DataFrame({name: pl.Series([value], dtype=TYPES.get(name, pl.Float64)) for name, value in CASE.items()})
    settings = CauseScores.model_validate(
        {"misallocation": {"radius_km": 12.5, "high_ratio": 1.35}, "conversion_drop": {"recent_days": 3}}
    )
    says = " ".join(findings(case, settings)["explanation"])
    assert "2 stores within 12.5 km sell it above 135% of expectation" in says
    assert "in the last 3 days" in says
