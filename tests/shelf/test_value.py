"""What a case took once its cause is known: at the usual price, and since the cover began."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from engine.settings.shelf.calibrated import PatternSettings
from engine.settings.shelf.common import RecommendSettings
from engine.shelf.calibrated.value import value
from engine.vocabulary import shelf as v

DAYS = 60
BEGAN, FOUND, LAST = 30, 40, 59
"""Stock came on a morning, sales fell from then on, and ten days later the fall stood out."""


def panel_of(on_hand: np.ndarray, units: np.ndarray, expected: np.ndarray) -> SimpleNamespace:
    arrays = {"on_hand": on_hand[None], "units": units[None], "expected": expected[None]}
    return SimpleNamespace(array=lambda name, pair: arrays[name][pair], n_days=DAYS)


ORDINARY_UNITS = 10.0
SOLD = np.where(np.arange(DAYS) < BEGAN, ORDINARY_UNITS, ORDINARY_UNITS * 0.4)
STOCKED = np.where(np.arange(DAYS) < BEGAN, 200.0, 800.0)
DEMAND = SimpleNamespace(
    usable=np.ones((1, DAYS), np.uint8), clean=np.ones((1, DAYS), np.uint8), learnt_units=np.array([50.0])
)


def valued(expected: float = ORDINARY_UNITS, **facts: object) -> dict:
    """A case of twenty days; 10 a day are due and 4 sold, at $12 and before that at $10."""
    days, gap = LAST - FOUND + 1, expected - 4
    row = {
        "pair": 0,
        "first": FOUND,
        "last": LAST,
        "primary_cause": v.OVERSTOCK,
        "stock_share": 4.0,
        "price": 12.0,
        "usual_price": 10.0,
        "expected_daily_units": expected,
        "actual_daily_units": 4.0,
        "gap_units": gap,
        "underperformance_pct": 100 * gap / expected,
        **{f"lost_units{end}": gap * days * scale for end, scale in (("", 1.0), ("_low", 0.5), ("_high", 1.5))},
        **{
            f"revenue_at_risk{end}": 12 * gap * days * scale
            for end, scale in (("", 1.0), ("_low", 0.5), ("_high", 1.5))
        },
        "projected_30d_loss": 12 * gap * 30,
    } | facts
    panel = panel_of(STOCKED, SOLD, np.full(DAYS, expected))
    case = pl.DataFrame([row], schema_overrides={"stock_share": pl.Float64, "usual_price": pl.Float64})
    return value(panel, DEMAND, case, PatternSettings(), RecommendSettings()).row(0, named=True)


def test_a_raised_price_took_what_would_have_sold_at_the_usual_one():
    case = valued(primary_cause=v.PRICE_TOO_HIGH)
    assert case["revenue_at_risk"] == pytest.approx(20 * (10 - 4) * 10)
    assert (case["revenue_at_risk_low"], case["revenue_at_risk_high"]) == pytest.approx((600, 1800))
    assert case["daily_revenue_at_risk"] == pytest.approx((10 - 4) * 10)
    assert case["projected_30d_loss"] == pytest.approx(30 * (10 - 4) * 10)


@pytest.mark.parametrize(
    "facts",
    [{"usual_price": 13.0}, {"usual_price": None}, {"primary_cause": v.NOT_ON_SHELF}, {"primary_cause": None}],
)
def test_other_cases_are_valued_at_their_price(facts):
    case = valued(**({"primary_cause": v.PRICE_TOO_HIGH} | facts))
    assert case["revenue_at_risk"] == 20 * 6 * 12
    assert case["daily_revenue_at_risk"] == 6 * 12


def test_overstock_took_sales_from_the_day_its_cover_began():
    case = valued()
    assert case["lost_units"] == pytest.approx(30 * 6)
    assert (case["lost_units_low"], case["lost_units_high"]) == pytest.approx((90, 270))
    assert case["revenue_at_risk"] == pytest.approx(30 * 6 * 12)
    assert case["daily_revenue_at_risk"] == pytest.approx(6 * 12)


def test_a_level_that_learnt_from_the_fall_is_told_by_the_days_before_the_cover():
    case = valued(expected=8.0)
    # Thirty ordinary days sold 300 where 240 were expected; the level weighs with the 50 units it was learnt from.
    due = 8 * (300 + 50) / (240 + 50)
    assert case["expected_daily_units"] == pytest.approx(due)
    assert case["lost_units"] == pytest.approx(30 * (due - 4))
    assert case["underperformance_pct"] == pytest.approx(100 * (1 - 4 / due))


@pytest.mark.parametrize("facts", [{"stock_share": 0.8}, {"stock_share": None}])
def test_stock_that_never_grew_began_nothing(facts):
    assert valued(**facts)["lost_units"] == pytest.approx(20 * 6)
