"""Seven nights on the sales of real stores, scored against the stock-outs that those stores recorded."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from engine.settings.shelf.classic import ClassicSettings
from engine.shelf import desk

SHARED = Path(__file__).parents[2] / "shared"
DATA = SHARED / "data" / "freshretailnet"
SCORER = SHARED / "tools" / "score_freshretailnet.py"
NIGHTS = [date(2024, 5, 12) + timedelta(weeks=week) for week in range(7)]
STORE_SKUS = 25_335

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (DATA.is_dir() and SCORER.is_file()), reason="the real data are not here"),
]


class Scored(NamedTuple):
    """The nights and what the scorer says of their open cases."""

    nights: list[desk.Night]
    score: dict[str, Any]


@pytest.fixture(scope="module")
def scored(tmp_path_factory) -> Scored:
    """Every night judged as of its day, then all of them scored together."""
    out = tmp_path_factory.mktemp("nights")
    nights = [desk.run(DATA, out, ClassicSettings(), as_of=day) for day in NIGHTS]
    cases = [f"{day}={night.folder / 'cases.parquet'}" for day, night in zip(NIGHTS, nights, strict=True)]
    done = subprocess.run(
        [sys.executable, SCORER, DATA / "truth.parquet", *cases], capture_output=True, encoding="utf-8", check=True
    )
    return Scored(nights, json.loads(done.stdout))


def test_every_store_sku_is_judged_every_night(scored):
    assert [night.summary["store_skus_judged"] for night in scored.nights] == [STORE_SKUS] * 7


def test_every_alert_of_every_night_is_scored(scored):
    assert scored.score["nights"] == 7
    assert scored.score["alerts"] == sum(night.summary["cases_open"] for night in scored.nights), (
        "a store-SKU has one open case at most"
    )


def test_half_of_the_alerts_are_stock_outs(scored):
    assert scored.score["precision"] == pytest.approx(0.498, abs=0.003)


def test_three_quarters_of_the_stock_outs_are_found(scored):
    assert scored.score["recall"] == pytest.approx(0.741, abs=0.003)
