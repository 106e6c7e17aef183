from __future__ import annotations

import json

import polars as pl
import pytest

from engine.shelf import summary
from tests.planted.chain import date_of, sells

LAST_THREE = range(87, 90)
NOTHING_AT_THE_END = sells(10, (LAST_THREE, None))


@pytest.fixture
def night(chain, judged):
    """Three stores; open cases of $300, $600 and an unknown amount, and a closed one of $300."""
    for store in ("2", "3"):
        chain.store(store, 80.0 if store == "2" else None)
        chain.staple(store)
    chain.sku("promoted", "tea")
    chain.shelf("1", "silent", NOTHING_AT_THE_END)
    chain.shelf("1", "promoted", NOTHING_AT_THE_END, price=20, promo_days=LAST_THREE)
    chain.shelf("2", "unpriced", NOTHING_AT_THE_END, price=None)
    chain.shelf("3", "recovered", sells(10, (range(60, 63), None)))
    return judged(chain)


@pytest.mark.slow
def test_figures_add_up_to_the_cases(night):
    figures = summary.key_figures(night.panel, night.cases)
    assert figures == {
        "as_of": "2025-06-30",
        "store_skus": 7,
        "store_skus_judged": 7,
        "cases": 4,
        "cases_open": 3,
        "stores_with_open_cases": 2,
        "revenue_at_risk": 1200.0,
        "revenue_at_risk_open": 900.0,
        "projected_30d_loss_open": 9000.0,
        "daily_revenue_at_risk_open": 300.0,
        "recoverable_margin_30d_open": None,
        "recoverable_revenue_30d_open": None,
        "projected_recovery_open": 300.0,
        "projected_recovery_margin_open": None,
        "projected_recovery_revenue_open": None,
        "mean_confidence_open": 100.0,
        "open_by_cause": {
            "promo_ineffective": {"cases": 1, "revenue_at_risk": 600.0},
            "none": {"cases": 2, "revenue_at_risk": 300.0},
        },
    }
    assert json.loads(json.dumps(figures)) == figures


@pytest.mark.slow
def test_margin_and_revenue_are_never_added_up(night):
    mixed = night.cases.with_columns(
        recovery_basis=pl.when(pl.col("sku_id") == "promoted").then(pl.lit("margin")).otherwise(pl.lit("revenue"))
    )
    figures = summary.key_figures(night.panel, mixed)
    assert figures["projected_recovery_open"] is None
    assert figures["projected_recovery_margin_open"] == 300.0
    assert figures["projected_recovery_revenue_open"] == 0.0
    assert summary.stores_table(night.panel, mixed)["projected_recovery_open"].to_list() == [None, None, 0.0]


@pytest.mark.slow
def test_a_sum_of_nothing_known_is_unknown_and_not_nothing(night):
    nothing = night.cases.with_columns(pl.lit(None, pl.Float64).alias("revenue_at_risk"))
    figures = summary.key_figures(night.panel, nothing)
    assert (figures["revenue_at_risk"], figures["revenue_at_risk_open"]) == (None, None)


@pytest.mark.slow
def test_figures_are_added_up_in_cents(chain, judged):
    prices = [0.1, 0.2, 0.3, 1 / 3, 2 / 3, 9.999]
    for number, price in enumerate(prices):
        chain.shelf("1", f"sku{number}", NOTHING_AT_THE_END, price=price)
    night = judged(chain)
    figures = summary.key_figures(night.panel, night.cases)
    assert figures["revenue_at_risk"] == 3 + 6 + 9 + 10 + 20 + 299.97
    backwards = summary.key_figures(night.panel, night.cases.reverse())
    assert backwards == figures


def test_mean_confidence_is_of_the_open_cases_to_one_decimal(chain, judged):
    chain.shelf("1", "sure", NOTHING_AT_THE_END)
    chain.shelf("1", "less", sells(10, (LAST_THREE, 5.5)))
    chain.shelf("1", "least", sells(10, (LAST_THREE, 5.9)))
    chain.shelf("1", "closed", sells(10, (range(60, 63), 5.9)))
    night = judged(chain)
    assert night.cases["confidence_score"].sort().to_list() == pytest.approx([94.6, 94.6, 97.0, 100.0])
    assert summary.key_figures(night.panel, night.cases)["mean_confidence_open"] == 97.2


def test_a_quiet_night_has_figures_too(chain, judged):
    night = judged(chain)
    figures = summary.key_figures(night.panel, night.cases)
    assert (figures["cases"], figures["revenue_at_risk"], figures["open_by_cause"]) == (0, 0.0, {})
    assert figures["mean_confidence_open"] is None


def test_every_store_has_a_row_and_they_add_up_to_the_figures(night):
    stores = summary.stores_table(night.panel, night.cases)
    assert stores.select("store_id", "cases_open", "revenue_at_risk_open", "projected_recovery_open").rows() == [
        ("1", 2, 900.0, 300.0),
        ("2", 1, 0.0, None),
        ("3", 0, 0.0, 0.0),
    ]
    assert {"store_name", "latitude", "longitude", "region"} <= set(stores.columns)


def test_every_row_read_is_used_set_aside_or_outside(night):
    rows = summary.data_quality(night.panel, 28, ())["rows"]
    assert set(rows) == {
        "sales_transactions",
        "inventory_snapshot",
        "pricing",
        "impressions",
        "stores",
        "skus",
    }
    for account in rows.values():
        assert (
            account["read"] == account["used"] + account["netted"] + account["quarantined"] + account["outside_panel"]
        )
    assert rows["sales_transactions"]["outside_panel"] == 7
    assert rows["sales_transactions"]["quarantined"] == 7


def test_rows_set_aside_are_counted_by_the_rule_they_break(chain, judged):
    chain.sale(("1", "staple"), 5, -2)
    chain.sale(("1", "staple"), 95, -2)
    night = judged(chain)
    because = summary.data_quality(night.panel, 28, ())["quarantined_because"]
    assert because["sales_transactions"] == {"units_sold is negative": 2, "date is after the as-of day": 2}


def warnings(night, min_history_days: int = 28) -> list[str]:
    return summary.data_quality(night.panel, min_history_days, ())["warnings"]


@pytest.mark.parametrize(
    "warning",
    [
        "1 of 7 judged store-SKUs have no price on the as-of day",
        "2 of 3 stores have no coordinates: no neighbours are looked at",
    ],
)
def test_what_a_planner_should_know_is_counted(night, warning):
    assert warning in warnings(night)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("min_history_days", "is_warned"),
    [pytest.param(90, False, id="ninety_of_ninety"), pytest.param(91, True, id="ninety_of_ninety_one")],
)
def test_a_short_history_is_warned_of_first(night, min_history_days, is_warned):
    told = warnings(night, min_history_days)
    assert (told[0] == f"only 90 days of sales history; {min_history_days} are wanted") == is_warned


def test_a_clean_night_has_no_warning(chain, judged):
    chain.early["sales_transactions"] = [
        row for row in chain.early["sales_transactions"] if date_of(0) <= row["date"] <= date_of(89)
    ]
    chain.sku("staple", "staples")
    for table in ("inventory_snapshot", "pricing"):
        chain.early[table] = chain.early[table][:1]
    night = judged(chain)
    assert warnings(night) == []


@pytest.mark.slow
def test_history_is_counted_from_the_first_day_any_store_traded(chain, judged):
    chain.early["sales_transactions"] = []
    for day in range(70, 90):
        chain.sale(("1", "staple"), day, 5)
    night = judged(chain)
    facts = summary.data_quality(night.panel, 28, ())["facts"]
    assert (facts["history_days"], facts["closed_store_days"]) == (20, 0)
    assert facts["judged_with_unknown_days"] == 1
    assert warnings(night)[0] == "only 20 days of sales history; 28 are wanted"


def test_a_panel_without_any_sale_has_no_history(chain, judged):
    chain.early["sales_transactions"] = []
    for day in (-3, 91):
        chain.sale(("1", "staple"), day, 5)
    quality = summary.data_quality(judged(chain).panel, 28, ())
    assert quality["facts"]["history_days"] == 0
    assert quality["warnings"][0] == "only 0 days of sales history; 28 are wanted"
