"""A fall is named by the event that took it, however its views fell; a loss of views stays one whatever came."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from bench.accuracy import causes
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf import desk
from engine.synth.chain import write_chain
from engine.synth.scenarios import SCENARIOS
from engine.vocabulary import shelf as v

pytestmark = pytest.mark.slow

SEED = 20_271
"""Nothing was tuned on it."""
FEWEST_RIGHT = 0.85


@pytest.mark.parametrize("way", ["views follow", "price up weeks before", "promotion ended weeks before"])
def test_what_happened_is_named_and_not_how_it_showed(way):
    named = causes.named(SEED, way)
    assert named.height >= 15
    assert named.select((pl.col("said") == pl.col("wanted")).mean()).item() >= FEWEST_RIGHT


def test_an_event_says_when_it_came_and_that_views_fell_as_a_symptom(tmp_path):
    write_chain(tmp_path / "in", causes.PLAN.model_copy(update={"seed": SEED}))
    truth = pl.read_parquet(tmp_path / "in" / "truth.parquet").filter(pl.col("sku_id") > len(SCENARIOS))
    causes.views_follow(tmp_path / "in", truth, np.random.default_rng(SEED))
    night = desk.run(tmp_path / "in", tmp_path / "out", CalibratedSettings())
    cases = pl.read_parquet(night.folder / "cases.parquet").filter(pl.col("sku_id") > len(SCENARIOS))
    told = pl.read_parquet(night.folder / "evidence.parquet").join(
        cases.select("case_id", "primary_cause"), on="case_id"
    )
    raised = told.filter(primary_cause=v.PRICE_TOO_HIGH)
    assert raised.filter(cause=v.PRICE_TOO_HIGH)["explanation"].str.contains(r"; it rose (on|\d+ days?)").all()
    assert raised.filter(cause=v.PRICE_TOO_HIGH)["explanation"].str.contains("a symptom.", literal=True).mean() > 0.8
    views = raised.filter(cause=v.TRAFFIC_DROP)["explanation"]
    assert views.str.contains("a symptom of price too high.", literal=True).mean() > 0.8
    lost = told.filter(primary_cause=v.TRAFFIC_DROP, cause=v.TRAFFIC_DROP)
    assert lost.height
    assert not lost["explanation"].str.contains("symptom").any()


def test_without_views_a_fall_without_an_event_is_unknown():
    named = causes.named(SEED, "no views")
    symptoms = named.filter(pl.col("cause").is_in(causes.SYMPTOMS))
    assert set(symptoms["said"]) & {v.TRAFFIC_DROP, v.CONVERSION_DROP} == set()
    assert symptoms.select((pl.col("said") == causes.UNKNOWN).mean()).item() >= 0.8
