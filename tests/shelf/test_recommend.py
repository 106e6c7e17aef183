from __future__ import annotations

import polars as pl
import pytest

from engine.settings.shelf.classic import RecoverySettings
from engine.shelf.classic.recommend import recommend
from engine.vocabulary import shelf as v

CASE: dict[str, object] = {
    "primary_cause": None,
    "price": 10.0,
    "cost": None,
    "category_average": None,
    "own_average": None,
    "conversion_drop_pct": None,
    "days_of_supply": None,
    "is_aged": False,
    "on_hand": 45.0,
    "expected_daily_units": 12.0,
    "gap_units": 8.0,
    "revenue_at_risk": 240.0,
    "neighbour_stores": [],
    "neighbour_km": [],
    "neighbour_ratios": [],
}
TYPES = {
    "primary_cause": pl.String,
    "is_aged": pl.Boolean,
    "neighbour_stores": pl.List(pl.String),
    "neighbour_km": pl.List(pl.Float64),
    "neighbour_ratios": pl.List(pl.Float64),
}


def advised(settings: RecoverySettings | None = None, **facts: object) -> tuple[str, float | None, str]:
    """Action, projected recovery and review flags of a case: 12 expected, 4 sold, $10, 45 on hand, $240 at risk."""
    case = pl.DataFrame(
        {
            name: pl.Series([value], dtype=TYPES.get(name, pl.Float64), strict=False)
            for name, value in (CASE | facts).items()
        }
    )
    row = recommend(case, settings or RecoverySettings()).row(0, named=True)
    return row["recommended_action"], row["projected_recovery"], row["review_flags"]


@pytest.mark.parametrize(
    ("facts", "action", "cut", "new_price"),
    [
        pytest.param(
            {"category_average": 9.0}, "Reduce price by 10% from $10.00 to $9.00", 10, 9, id="to_the_category"
        ),
        pytest.param(
            {"category_average": 9.0, "own_average": 8.5},
            "Reduce price by 15% from $10.00 to $8.50",
            15,
            8.5,
            id="to_the_lower_of_both_averages",
        ),
        pytest.param(
            {"own_average": 8.8}, "Reduce price by 12% from $10.00 to $8.80", 12, 8.8, id="to_its_own_average_alone"
        ),
        pytest.param(
            {"category_average": 2.0}, "Reduce price by 20% from $10.00 to $8.00", 20, 8, id="by_twenty_at_most"
        ),
        pytest.param(
            {"category_average": 9.9}, "Reduce price by 5% from $10.00 to $9.50", 5, 9.5, id="by_five_at_least"
        ),
        pytest.param(
            {"category_average": 8.0, "cost": 8.0},
            "Reduce price by 16% from $10.00 to $8.40",
            16,
            8.4,
            id="not_below_the_cost_floor",
        ),
        pytest.param(
            {"category_average": 8.0, "cost": 9.4},
            "Reduce price by 1% from $10.00 to $9.87",
            1.3,
            9.87,
            id="by_less_than_five_when_the_floor_is_near",
        ),
        pytest.param(
            {"category_average": 8.0, "cost": 9.47},
            "Reduce price by 1% from $10.00 to $9.94",
            0.565,
            9.9435,
            id="by_half_a_percent_down_to_the_floor",
        ),
        pytest.param(
            {"category_average": 9.0, "cost": 1.0},
            "Reduce price by 10% from $10.00 to $9.00",
            10,
            9,
            id="far_from_cost",
        ),
    ],
)
def test_a_price_too_high_is_reduced(facts, action, cut, new_price):
    text, recovery, flags = advised(primary_cause=v.PRICE_TOO_HIGH, **facts)
    assert text == action
    assert recovery == pytest.approx(12 * (1.5 * cut / 100) * new_price * 30)
    assert flags == ""


@pytest.mark.parametrize(
    ("price", "cost"),
    [pytest.param(10.0, 9.8, id="floor_above_the_price"), pytest.param(3.99, 3.8, id="floor_at_the_price")],
)
def test_a_price_at_its_cost_floor_is_held(price, cost):
    text, recovery, _ = advised(primary_cause=v.PRICE_TOO_HIGH, category_average=price / 2, price=price, cost=cost)
    assert text == f"Hold price: ${price:.2f} is already at the cost floor"
    assert recovery == 0.0


@pytest.mark.parametrize(
    ("drop", "action", "lift"),
    [
        pytest.param(49.99, "Run 10% off promo for 7 days (estimated 30% lift)", 30, id="just_under_50_percent"),
        pytest.param(50.0, "Run 10% off promo for 7 days (estimated 30% lift)", 30, id="exactly_50_percent"),
        pytest.param(50.01, "Run 20% off promo for 7 days (estimated 50% lift)", 50, id="just_over_50_percent"),
    ],
)
def test_a_conversion_drop_is_promoted(drop, action, lift):
    text, recovery, _ = advised(primary_cause=v.CONVERSION_DROP, conversion_drop_pct=drop)
    assert text == action
    assert recovery == pytest.approx(8 * lift / 100 * 7 * 10 * 0.9)


@pytest.mark.parametrize(
    ("cover", "is_aged", "action", "recovery"),
    [
        pytest.param(50, False, "Run 10% off promo for 7 days (estimated 30% lift)", 151.2, id="fresh_for_50_days"),
        pytest.param(60, False, "Run 10% off promo for 7 days (estimated 30% lift)", 151.2, id="fresh_for_60_days"),
        pytest.param(
            60.01, False, "Markdown by 30% to clear aged inventory ($10.00 → $7.00)", 220.5, id="just_over_60_days"
        ),
        pytest.param(90, False, "Markdown by 30% to clear aged inventory ($10.00 → $7.00)", 220.5, id="90_days"),
        pytest.param(
            90.01, False, "Markdown by 40% to clear aged inventory ($10.00 → $6.00)", 189.0, id="just_over_90_days"
        ),
        pytest.param(
            50, True, "Markdown by 20% to clear aged inventory ($10.00 → $8.00)", 252.0, id="aged_at_50_days"
        ),
        pytest.param(
            60, True, "Markdown by 20% to clear aged inventory ($10.00 → $8.00)", 252.0, id="aged_at_60_days"
        ),
        pytest.param(
            999, True, "Markdown by 40% to clear aged inventory ($10.00 → $6.00)", 189.0, id="aged_and_endless"
        ),
    ],
)
def test_overstock_is_promoted_or_marked_down(cover, is_aged, action, recovery):
    text, amount, _ = advised(primary_cause=v.OVERSTOCK, days_of_supply=cover, is_aged=is_aged)
    assert text == action
    assert amount == pytest.approx(recovery)


def test_overstock_is_promoted_at_the_ordinary_depth_however_deep_conversion_fell():
    text, _, _ = advised(primary_cause=v.OVERSTOCK, days_of_supply=50, conversion_drop_pct=80)
    assert text == "Run 10% off promo for 7 days (estimated 30% lift)"


def test_a_markdown_without_a_price_names_none():
    text, recovery, flags = advised(primary_cause=v.OVERSTOCK, days_of_supply=100, price=None, revenue_at_risk=None)
    assert (text, recovery, flags) == ("Markdown by 40% to clear aged inventory", None, "missing_price")


def test_an_ineffective_promo_is_ended():
    text, recovery, _ = advised(primary_cause=v.PROMO_INEFFECTIVE)
    assert (text, recovery) == ("End current promo and revert to regular pricing", 120.0)


@pytest.mark.parametrize(
    ("stores", "kms", "ratios", "action", "recovery"),
    [
        pytest.param(
            ["0042", "101", "7"],
            [3.14, 12.25, 49.96],
            [1.5, 1.4, 1.3],
            "Transfer 22 units to: Store #0042 (3.1km), Store #101 (12.3km), Store #7 (50.0km)",
            22 * (1.4 - 0.6) * 10,
            id="three_stores",
        ),
        pytest.param(
            ["9"],
            [0.0],
            [2.0],
            "Transfer 22 units to: Store #9 (0.0km)",
            22 * (2 - 0.6) * 10,
            id="one_store_next_door",
        ),
    ],
)
def test_stock_is_transferred_to_the_best_neighbours(stores, kms, ratios, action, recovery):
    text, amount, _ = advised(
        primary_cause=v.MISALLOCATION, neighbour_stores=stores, neighbour_km=kms, neighbour_ratios=ratios
    )
    assert text == action
    assert amount == pytest.approx(recovery)


ONE_NEIGHBOUR = {
    "primary_cause": v.MISALLOCATION,
    "neighbour_stores": ["7"],
    "neighbour_km": [5.0],
    "neighbour_ratios": [1.5],
}


@pytest.mark.parametrize(("on_hand", "units"), [(46.0, 23), (45.5, 22), (1.0, 0), (0.0, 0)])
def test_half_of_what_is_on_hand_is_transferred_in_whole_units(on_hand, units):
    text, recovery, _ = advised(on_hand=on_hand, **ONE_NEIGHBOUR)
    assert text == f"Transfer {units} units to: Store #7 (5.0km)"
    assert recovery == pytest.approx(units * 0.9 * 10)


def test_an_unknown_stock_cannot_be_transferred():
    assert advised(on_hand=None, **ONE_NEIGHBOUR) == ("Manual review required", None, "missing_on_hand")


def test_without_a_cause_a_person_has_to_look():
    assert advised() == ("Manual review required", 0.0, "")


def test_without_a_price_no_amount_is_known():
    nothing = {"price": None, "revenue_at_risk": None}
    assert advised(**nothing) == ("Manual review required", None, "missing_price")
    assert advised(primary_cause=v.PROMO_INEFFECTIVE, **nothing)[1] is None
    assert advised(primary_cause=v.CONVERSION_DROP, conversion_drop_pct=40, **nothing)[1] is None
    assert advised(**nothing | ONE_NEIGHBOUR)[1] is None


def test_every_flag_is_named():
    assert advised(price=None, on_hand=None)[2] == "missing_price,missing_on_hand"


def test_a_tie_in_a_text_is_not_decided_by_noise():
    text, _, _ = advised(primary_cause=v.PRICE_TOO_HIGH, price=4.5, category_average=4.5 * (1 - 0.125))
    assert text == "Reduce price by 12% from $4.50 to $3.94"


def test_every_case_has_an_action_and_nothing_of_the_case_is_lost():
    cases = pl.DataFrame(
        [
            CASE | ONE_NEIGHBOUR | {"primary_cause": cause, "category_average": 9.0, "days_of_supply": 70.0}
            for cause in (*v.CAUSES, None)
        ],
        schema_overrides=TYPES | dict.fromkeys(("cost", "own_average", "conversion_drop_pct"), pl.Float64),
    )
    advice = recommend(cases, RecoverySettings())
    assert advice.select(cases.columns).equals(cases)
    assert advice["recommended_action"].null_count() == 0
    assert advice["recommended_action"].n_unique() == 6


PRICEY = {"primary_cause": v.PRICE_TOO_HIGH, "category_average": 8.4}
FALLEN = {"primary_cause": v.CONVERSION_DROP, "conversion_drop_pct": 60.0}
OVERSTOCKED = {"primary_cause": v.OVERSTOCK, "days_of_supply": 70.0}
SLOW = {"primary_cause": v.OVERSTOCK, "days_of_supply": 50.0, "is_aged": True}
ENDLESS = {"primary_cause": v.OVERSTOCK, "days_of_supply": 500.0}


@pytest.mark.parametrize(
    ("key", "value", "facts"),
    [
        ("projection_days", 10, PRICEY),
        ("min_price_cut_pct", 18, PRICEY),
        ("max_price_cut_pct", 8, PRICEY),
        ("cost_floor_ratio", 1.5, PRICEY | {"cost": 6.0}),
        ("price_response", 2, PRICEY),
        ("promo_off_pct", 15, FALLEN),
        ("deep_promo_off_pct", 30, FALLEN),
        ("deep_drop_pct", 70, FALLEN),
        ("promo_lift_pct", 40, FALLEN),
        ("promo_lift_per_pct", 3, FALLEN),
        ("promo_run_days", 14, FALLEN),
        ("promo_margin_share", 0.5, FALLEN),
        ("clearance_cover_days", 80, OVERSTOCKED),
        ("deep_clearance_cover_days", 65, OVERSTOCKED),
        ("clearance_pct", 25, SLOW),
        ("cover_clearance_pct", 35, OVERSTOCKED),
        ("deep_clearance_pct", 45, ENDLESS),
        ("clearance_sell_share", 0.5, OVERSTOCKED),
        ("end_promo_share", 0.25, {"primary_cause": v.PROMO_INEFFECTIVE}),
        ("transfer_share", 0.25, ONE_NEIGHBOUR),
        ("transfer_ratio", 0.8, ONE_NEIGHBOUR),
    ],
)
def test_every_setting_of_an_action_is_heeded(key, value, facts):
    assert advised(RecoverySettings(**{key: value}), **facts) != advised(**facts)


@pytest.mark.parametrize("cost", [2.0, 7.0, 9.0, 9.5, 9.53])
@pytest.mark.parametrize("category", [0.5, 8.0, 9.99])
def test_no_proposed_price_is_below_the_cost_floor_or_beyond_the_bounds(cost, category):
    text, _, _ = advised(primary_cause=v.PRICE_TOO_HIGH, category_average=category, cost=cost)
    new_price = float(text.rpartition("$")[2].split()[0])
    assert new_price >= round(min(1.05 * cost, 10.0), 2)
    assert 8.0 <= new_price <= 10.0
