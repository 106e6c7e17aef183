"""The page of real scores says what was measured."""

from __future__ import annotations

import datetime as dt
import json
from typing import ClassVar

import polars as pl
import pytest

from bench.whitespace import iowa, page
from engine.delivery.frames import frames_of
from engine.settings.whitespace.features import FeatureSettings
from engine.settings.whitespace.inputs import InputSettings
from engine.settings.whitespace.modeling import BoostingSettings, ModelSettings
from engine.settings.whitespace.run import Sections
from engine.synth.company.company import simulate
from engine.synth.company.plan import CompanyPlan
from engine.whitespace.baselines import BASELINES
from engine.whitespace.check import check
from engine.whitespace.panel import cutoffs_for
from tests.whitespace.panels import BLOCKS, dataset


def test_the_page_has_the_tables_of_what_was_measured(monkeypatch, tmp_path):
    copy = tmp_path / "page.md"
    copy.write_text(page.PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(page, "PAGE", copy)
    page_before = copy.read_text(encoding="utf-8")
    page.write_page(json.loads(iowa.FILE.read_text(encoding="utf-8")))
    assert copy.read_text(encoding="utf-8") == page_before


def test_a_score_that_is_a_baseline_is_exactly_once_as_good():
    rows = dataset(100).rows.filter(pl.col("cutoff") == BLOCKS.calibration)
    chance = pl.int_range(pl.len()) % 10 / 20 + 0.2 * pl.col("label")
    scores = rows.with_columns(chance.alias(name) for name in (iowa.MODEL, *BASELINES))
    told = iowa.measure(iowa.Scored(scores, Nothing, {}), Sections())
    assert told["pooled"]["times_best"] == [1.0, 1.0, 1.0]
    assert told["pooled"]["p_icp"]["auc"] == told["pooled"]["als"]["auc"]
    assert told["positives"] == pytest.approx(rows["label"].sum())


class Nothing:
    """What was trained, of no division."""

    cutoff = BLOCKS.scoring
    divisions: ClassVar[dict[str, object]] = {}


@pytest.mark.slow
def test_a_company_is_scored_from_its_tables_alone():
    plan = CompanyPlan(customers=150)
    tables = check(frames_of(simulate(plan).tables), InputSettings()).tables
    trees = BoostingSettings(trees=10, leaves=(4,), leaf_rows=(20,))
    careful = tables.transactions.schema["division"].categories[0]
    settings = Sections(
        features=FeatureSettings(families=("windows", "recency", "neighbours"), windows_months=(12, 24)),
        modeling=ModelSettings(
            boosting=trees, own_boosting=trees, bootstrap_replicates=50, safe_divisions=(careful,)
        ),
    )
    scored = iowa.score(tables, cutoffs_for(dt.date(2024, 6, 30), settings.labels), settings)
    told = iowa.measure(scored, settings)
    assert told["rows"] == scored.rows.height == sum(one["rows"] for one in told["divisions"])
    assert scored.rows.select(iowa.MODEL, *BASELINES).null_count().sum_horizontal().item() == 0
    used = scored.trained.divisions[careful].features
    assert not any(feature.endswith("recency_days__life") for feature in used), "a safe division uses no last days"
