"""The engine against its independent oracle: every number of a classic night on chains full of awkward facts."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from tests.oracles.nights import Written, judged
from tests.planted.awkward import AS_OF

if TYPE_CHECKING:
    from pathlib import Path

    from tests.oracles.nights import Judged

RELATIVE_TOLERANCE = 1e-6
PUBLISHED_COLUMNS = (
    "case_id",
    "store_id",
    "sku_id",
    "detection_date",
    "duration_days",
    "expected_daily_units",
    "actual_daily_units",
    "underperformance_pct",
    "revenue_at_risk",
    "confidence_score",
    "primary_cause",
    "secondary_causes",
    "recommended_action",
    "projected_recovery",
)
FURTHER_COLUMNS = (
    "last_dark_date",
    "status",
    "price",
    "price_basis",
    "on_hand",
    "revenue_at_risk_low",
    "revenue_at_risk_high",
    "projected_30d_loss",
    "score_price_too_high",
    "score_conversion_drop",
    "score_overstock",
    "score_promo_ineffective",
    "score_misallocation",
    "review_flags",
    "store_name",
    "region",
    "sku_name",
    "category",
    "brand",
)
FEATURES = (
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
)
CHAINS = [
    pytest.param(Written("csv"), id="csv"),
    pytest.param(Written("csv.gz", seed=19), id="csv.gz-other-seed", marks=pytest.mark.slow),
    pytest.param(Written("parquet", 19, whole_ids=True), id="parquet-whole-ids-other-seed", marks=pytest.mark.slow),
]


@dataclass(frozen=True)
class BothNights:
    """The same night twice: what the oracle says and what the engine published."""

    oracle: Judged
    published: Path

    def engine_cases(self) -> list[dict]:
        """The rows of cases.parquet in file order."""
        return pl.read_parquet(self.published / "cases.parquet").to_dicts()


@pytest.fixture(scope="module", params=CHAINS)
def night(request, tmp_path_factory) -> BothNights:
    """One awkward chain, judged by both."""
    from engine.settings.shelf.classic import ClassicSettings
    from engine.shelf import desk

    folder, oracle = judged(tmp_path_factory, request.param)
    result = desk.run(folder, tmp_path_factory.mktemp("out"), ClassicSettings(), as_of=AS_OF)
    return BothNights(oracle, result.folder)


def same(engine: Any, oracle: Any) -> bool:
    """Floats to 1e-6 relative, everything else exactly; a null equals only a null, and NaN nothing."""
    if isinstance(oracle, float) and isinstance(engine, int | float):
        return math.isclose(engine, oracle, rel_tol=RELATIVE_TOLERANCE, abs_tol=1e-9)
    return engine == oracle


def differences(engine_rows: list[dict], oracle_rows: list[dict], key: tuple[str, ...], column: str) -> list[str]:
    """A sentence for every row of both sides whose column differs."""
    by_key = {tuple(row[name] for name in key): row for row in engine_rows}
    return [
        f"{' '.join(map(str, row_key))}: {column}: engine {by_key[row_key][column]!r}, oracle {row[column]!r}"
        for row in oracle_rows
        if (row_key := tuple(row[name] for name in key)) in by_key and not same(by_key[row_key][column], row[column])
    ]


@pytest.mark.slow
def test_the_same_shelves_are_dark_on_the_same_days(night):
    engine = {case["case_id"] for case in night.engine_cases()}
    oracle = {case["case_id"] for case in night.oracle.cases}
    assert sorted(engine - oracle) == [], "cases of the engine alone"
    assert sorted(oracle - engine) == [], "cases of the oracle alone"


def test_cases_stand_in_the_published_order(night):
    assert [case["case_id"] for case in night.engine_cases()] == [case["case_id"] for case in night.oracle.cases]


@pytest.mark.parametrize("column", PUBLISHED_COLUMNS + FURTHER_COLUMNS)
def test_every_case_carries_the_same(night, column):
    assert differences(night.engine_cases(), night.oracle.cases, ("case_id",), column) == []


def test_the_csv_holds_the_fourteen_columns_in_order(night):
    with (night.published / "dark_shelf_cases.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines))
    assert tuple(rows[0]) == PUBLISHED_COLUMNS
    assert len(rows) - 1 == len(night.oracle.cases)
    wrong = [
        f"{case['case_id']}: {column}: csv {cell!r}, oracle {case[column]!r}"
        for cells, case in zip(rows[1:], night.oracle.cases, strict=True)
        for column, cell in zip(PUBLISHED_COLUMNS, cells, strict=True)
        if not same_as_printed(cell, case[column])
    ]
    assert wrong == []


def same_as_printed(cell: str, oracle: Any) -> bool:
    """A CSV cell against a value: null is nothing, a date ISO, a float any text that reads as it."""
    if oracle is None:
        return cell == ""
    if isinstance(oracle, float):
        return cell != "" and same(float(cell), oracle)
    return cell == (oracle.isoformat() if isinstance(oracle, date) else str(oracle))


def test_features_cover_the_active_store_skus(night):
    features = pl.read_parquet(night.published / "features.parquet")
    engine = set(features.select("store_id", "sku_id").iter_rows())
    assert features.height == len(engine)
    assert engine == {(row["store_id"], row["sku_id"]) for row in night.oracle.features}


@pytest.mark.parametrize("feature", FEATURES)
def test_every_feature_is_the_same(night, feature):
    engine = pl.read_parquet(night.published / "features.parquet").to_dicts()
    assert differences(engine, night.oracle.features, ("store_id", "sku_id"), feature) == []


def test_every_row_is_accounted_for_alike(night):
    report = json.loads((night.published / "data_quality.json").read_text(encoding="utf-8"))["rows"]
    oracle = {
        table: {"outside_panel" if name == "outside" else name: rows for name, rows in account.items()}
        for table, account in night.oracle.accounts.items()
    }
    counted = {table: {name: report[table][name] for name in oracle[table]} for table in oracle}
    assert counted == oracle
