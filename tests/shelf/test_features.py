from __future__ import annotations

import polars as pl
import pytest

from engine.settings.shelf.common import CauseSettings, ExpectSettings
from engine.shelf.features import feature_blocks
from tests.planted.chain import sells

LAST_WEEK = range(83, 90)
COLUMNS = [
    "store_id",
    "sku_id",
    "baseline_mean_units",
    "baseline_std_units",
    "baseline_cv",
    "baseline_mean_revenue",
    "sales_velocity_7d",
    "sales_velocity_28d",
    "velocity_trend",
    "current_inventory",
    "days_of_supply",
    "inventory_age_days",
    "current_price",
    "price_90d_avg",
    "category_price_avg",
    "price_vs_own_history",
    "price_vs_category",
    "conversion_rate_current",
    "conversion_rate_baseline",
    "conversion_drop_pct",
    "promo_active",
    "promo_lift_pct",
]


@pytest.fixture
def features_of(expected_panel):
    """The features of every judged store-SKU, by SKU."""

    def build(chain) -> dict[str, dict]:
        rows = pl.concat(feature_blocks(expected_panel(chain), ExpectSettings(), CauseSettings())).to_dicts()
        return {row["sku_id"]: row for row in rows}

    return build


def test_features_have_the_columns_of_the_specification(chain, expected_panel):
    (block,) = feature_blocks(expected_panel(chain), ExpectSettings(), CauseSettings())
    assert block.columns == COLUMNS


def test_features_are_measured_on_the_as_of_day(chain, features_of):
    chain.sku("sku", "tea")
    chain.sku("other", "tea")
    chain.shelf("1", "other", sells(5), price=4)
    views = dict.fromkeys(range(90), 100) | dict.fromkeys(LAST_WEEK, 50)
    chain.shelf(
        "1", "sku", sells(10, (LAST_WEEK, 5)), on_hand={0: 20, 80: 70}, price={0: 6, 45: 8}, impressions=views
    )
    assert features_of(chain)["sku"] == {
        "store_id": "1",
        "sku_id": "sku",
        "baseline_mean_units": pytest.approx((22 * 10 + 6 * 5) / 28),
        "baseline_std_units": pytest.approx(((22 * (10 - 250 / 28) ** 2 + 6 * (5 - 250 / 28) ** 2) / 27) ** 0.5),
        "baseline_cv": pytest.approx(2.089 / (250 / 28), rel=1e-3),
        "baseline_mean_revenue": pytest.approx((22 * 100 + 6 * 50) / 28),
        "sales_velocity_7d": 5.0,
        "sales_velocity_28d": pytest.approx((21 * 10 + 7 * 5) / 28),
        "velocity_trend": pytest.approx((5 - 8.75) / 8.75),
        "current_inventory": 70.0,
        "days_of_supply": 8.0,
        "inventory_age_days": 9,
        "current_price": 8.0,
        "price_90d_avg": 7.0,
        "category_price_avg": 6.0,
        "price_vs_own_history": pytest.approx(8 / 7),
        "price_vs_category": pytest.approx(8 / 6),
        "conversion_rate_current": 0.1,
        "conversion_rate_baseline": pytest.approx(245 / (21 * 100 + 7 * 50)),
        "conversion_drop_pct": pytest.approx(0.0, abs=1e-9),
        "promo_active": False,
        "promo_lift_pct": None,
    }


def test_what_cannot_be_known_is_null(chain, features_of):
    chain.shelf("1", "new", sells(4, (range(85), None)), on_hand=None, price=None)
    row = features_of(chain)["new"]
    assert {name for name, value in row.items() if value is None} == {
        "baseline_mean_units",
        "baseline_std_units",
        "baseline_cv",
        "baseline_mean_revenue",
        "current_inventory",
        "days_of_supply",
        "inventory_age_days",
        "current_price",
        "price_90d_avg",
        "category_price_avg",
        "price_vs_own_history",
        "price_vs_category",
        "conversion_rate_current",
        "conversion_rate_baseline",
        "conversion_drop_pct",
        "promo_lift_pct",
    }
    assert (row["sales_velocity_7d"], row["velocity_trend"]) == (4.0, 0.0)


def test_a_baseline_of_nothing_has_no_variation(chain, features_of):
    chain.shelf("1", "sku", sells(0))
    row = features_of(chain)["sku"]
    assert (row["baseline_mean_units"], row["baseline_std_units"], row["baseline_cv"]) == (0.0, 0.0, None)


def test_revenue_is_that_of_the_kept_days_on_which_it_is_known(chain, features_of):
    chain.shelf("1", "sku", sells(10, (70, None), (75, None), (80, None)))
    chain.sale(("1", "sku"), 70, 60, revenue=9999.0)
    chain.sale(("1", "sku"), 75, 10, revenue=None)
    chain.sale(("1", "sku"), 80, 10, revenue=370.0)
    assert features_of(chain)["sku"]["baseline_mean_revenue"] == pytest.approx((25 * 100 + 370) / 26)


def test_only_judged_store_skus_have_features(chain, features_of):
    chain.shelf("1", "gone", sells(5), on_hand={0: 10, 60: 0})
    assert list(features_of(chain)) == ["staple"]
