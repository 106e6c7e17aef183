"""A fall is named by the event that took it, however its views fell; a loss of views stays one whatever came."""

from __future__ import annotations

import polars as pl
import pytest

from bench.accuracy import causes
from engine.vocabulary import shelf as v

pytestmark = pytest.mark.slow

SEED = 20_271
"""Nothing was tuned on it."""
FEWEST_RIGHT = {"views follow": 0.85, "price up weeks before": 0.85, "promotion ended weeks before": 0.85}


@pytest.mark.parametrize("way", FEWEST_RIGHT)
def test_what_happened_is_named_and_not_how_it_showed(way):
    named = causes.named(SEED, way)
    right = named.select((pl.col("said") == pl.col("wanted")).mean()).item()
    assert named.height >= 15
    assert right >= FEWEST_RIGHT[way]


def test_without_views_a_fall_without_an_event_is_unknown():
    named = causes.named(SEED, "no views")
    symptoms = named.filter(pl.col("cause").is_in(causes.SYMPTOMS))
    assert set(symptoms["said"]) & {v.TRAFFIC_DROP, v.CONVERSION_DROP} == set()
    assert symptoms.select((pl.col("said") == causes.UNKNOWN).mean()).item() >= 0.8
