"""Recovery that is incremental, against its definition in plain numbers (specification, sections 7 and 9)."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.settings.shelf.common import RecommendSettings
from engine.shelf.calibrated.recommend import KEEP_STOCK, OVER, at_risk, recommend
from engine.vocabulary import shelf as v
from tests.oracles import actions as plain

CASE: dict[str, object] = {
    "primary_cause": v.PRICE_TOO_HIGH,
    "status": v.OPEN,
    "price": 10.0,
    "cost": 6.0,
    "category_average": 9.0,
    "own_average": None,
    "conversion_drop_pct": None,
    "days_of_supply": None,
    "is_aged": False,
    "on_hand": 500.0,
    "expected_daily_units": 12.0,
    "actual_daily_units": 4.0,
    "price_response": 2.0,
    "price_response_low": 1.5,
    "price_response_high": 2.5,
    "price_response_basis": "category",
    "promo_lift": 0.25,
}
TEXTS = {"primary_cause", "status", "price_response_basis"}


def advised(settings: RecommendSettings | None = None, **facts: object) -> dict:
    """A case with its action: 12 a day expected, 4 sold, $10, cost $6, 500 on hand."""
    row = CASE | facts
    row["gap_units"] = row["expected_daily_units"] - row["actual_daily_units"]
    kinds = {name: pl.String if name in TEXTS else pl.Boolean if name == "is_aged" else pl.Float64 for name in row}
    case = pl.DataFrame({name: pl.Series([value], dtype=kinds[name]) for name, value in row.items()})
    return recommend(case, settings or RecommendSettings()).row(0, named=True)


def shelf_of(case: dict) -> plain.Shelf:
    names = ("expected_daily_units", "actual_daily_units", "price", "cost", "on_hand", "price_response")
    return plain.Shelf(*(case[name] for name in names))


AMOUNT = st.floats(0, 40)
SHELVES = st.builds(
    dict,
    expected_daily_units=st.floats(0.05, 40),
    actual_daily_units=AMOUNT,
    price=st.floats(0.5, 50),
    cost=st.none() | st.floats(0, 60),
    on_hand=st.none() | st.integers(0, 900).map(float),
    price_response=st.floats(0, 6),
)


@given(
    SHELVES, st.sampled_from([v.PRICE_TOO_HIGH, v.OVERSTOCK, v.PROMO_INEFFECTIVE, v.NOT_ON_SHELF, v.CONVERSION_DROP])
)
def test_recovery_is_never_a_loss_nor_above_what_is_recoverable_nor_that_above_what_is_at_risk(facts, cause):
    case = advised(primary_cause=cause, days_of_supply=80.0, category_average=facts["price"] * 0.9, **facts)
    with_risk = pl.DataFrame([case], infer_schema_length=None).cast({"cost": pl.Float64, "on_hand": pl.Float64})
    stake = with_risk.select(at_risk(RecommendSettings())).item()
    assert case["recoverable_30d"] == pytest.approx(plain.recoverable(shelf_of(case)), abs=1e-6)
    assert 0 <= case["projected_recovery"] <= case["recoverable_30d"] + 1e-9
    assert case["recoverable_30d"] <= stake + 1e-6


@given(SHELVES)
def test_a_price_cut_brings_the_margin_it_adds(facts):
    case = advised(category_average=facts["price"] * 0.88, **facts)
    shelf = shelf_of(case)
    offered = max(shelf.price * 0.88, 1.05 * (shelf.cost or 0.0))
    wanted = 0.0 if offered >= shelf.price else plain.recovery_by_price(shelf, offered)
    assert case["projected_recovery"] == pytest.approx(wanted, rel=1e-6, abs=1e-6)
    assert case["recommended_action"].startswith("Reduce" if wanted > 0 else "Hold") or wanted < 1e-6


@pytest.mark.parametrize(
    ("facts", "action"),
    [
        pytest.param(
            {},
            "Reduce price by 10% from $10.00 to $9.00; "
            "2.0% more units per percent off (1.5 to 2.5), learnt from price changes of the category",
            id="a_response_that_was_learnt",
        ),
        pytest.param(
            {"price_response": 1.5, "price_response_basis": "assumed", "cost": None},
            "Reduce price by 10% from $10.00 to $9.00; "
            "1.5% more units per percent off is assumed: price changes here say nothing",
            id="a_response_that_is_assumed",
        ),
        pytest.param({"cost": 9.6}, "Hold price: $10.00 is already at the cost floor", id="at_the_cost_floor"),
        pytest.param(
            {"price_response": 0.2},
            "Hold price: $10.00 earns more than $9.00 would; "
            "0.2% more units per percent off (1.5 to 2.5), learnt from price changes of the category",
            id="a_cut_that_would_not_pay",
        ),
        pytest.param({"status": v.CLOSED}, OVER, id="a_shelf_that_sells_again"),
        pytest.param({"primary_cause": v.MISALLOCATION}, KEEP_STOCK, id="nowhere_to_ship_to_yet"),
        pytest.param({"primary_cause": None}, "Manual review required", id="no_cause"),
        pytest.param(
            {"primary_cause": v.OVERSTOCK, "days_of_supply": 95.0, "cost": 7.0},
            "Hold price: $10.00 earns more than $7.35 would; "
            "2.0% more units per percent off (1.5 to 2.5), learnt from price changes of the category",
            id="a_markdown_stops_at_the_cost_floor",
        ),
        pytest.param(
            {"primary_cause": v.CONVERSION_DROP, "cost": None},
            "Run 10% off promo for 7 days (estimated 54% lift); "
            "2.0% more units per percent off (1.5 to 2.5), learnt from price changes of the category",
            id="a_promotion_lifts_by_price_and_by_being_one",
        ),
        pytest.param(
            {"primary_cause": v.CONVERSION_DROP, "cost": None, "price_response_basis": "assumed"},
            "Run 10% off promo for 7 days (estimated 30% lift); "
            "2.0% more units per percent off is assumed: price changes here say nothing",
            id="a_promotion_estimated_as_the_specification_does",
        ),
    ],
)
def test_the_sentence_says_what_to_do_and_where_its_effect_was_learnt(facts, action):
    assert advised(**facts)["recommended_action"] == action


@pytest.mark.parametrize(
    ("facts", "recoverable"),
    [
        pytest.param({}, (360 - 120) * 4, id="margin_of_all_that_is_missing"),
        pytest.param({"cost": None}, (360 - 120) * 10, id="revenue_without_a_cost"),
        pytest.param({"on_hand": 200.0}, (200 - 120) * 4, id="no_more_than_is_on_hand"),
        pytest.param({"on_hand": 100.0}, 0, id="nothing_where_all_sells_anyway"),
        pytest.param({"on_hand": None}, (360 - 120) * 4, id="unknown_stock_is_no_limit"),
        pytest.param({"cost": 11.0}, 0, id="nothing_where_a_unit_earns_nothing"),
        pytest.param({"status": v.CLOSED}, 0, id="nothing_where_it_is_over"),
        pytest.param({"price": None}, None, id="unknown_without_a_price"),
    ],
)
def test_what_is_still_recoverable(facts, recoverable):
    assert advised(**facts)["recoverable_30d"] == recoverable


def test_what_is_counted_and_what_is_missing_is_flagged():
    assert (advised()["recovery_basis"], advised()["review_flags"]) == ("margin", "")
    bare = advised(cost=None, on_hand=None)
    assert (bare["recovery_basis"], bare["review_flags"]) == ("revenue", "missing_on_hand,missing_cost")


def test_a_check_of_the_shelf_recovers_what_is_recoverable_and_ending_a_promotion_half_of_it():
    assert advised(primary_cause=v.NOT_ON_SHELF)["projected_recovery"] == 960
    assert advised(primary_cause=v.PROMO_INEFFECTIVE)["projected_recovery"] == 480
