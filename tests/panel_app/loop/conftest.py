"""One browser, two nights with names in many scripts, and a growth run, for the whole room."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from engine.config import Settings
from engine.growth import desk as growth_desk
from engine.growth.settings import GrowthSettings
from engine.shelf import desk
from engine.synth.chain import write_chain
from engine.synth.plan import ChainPlan
from tests.growth.test_desk import golden_tables
from tests.outputs.nights import HOSTILE
from tests.panel_app.loop.screen import CHROMIUM, Open, served, watched

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = (HOSTILE, "上海南京路店", "متجر الرياض", "=SUM(A1)", "O’Brien’s")
DAYS = (dt.date(2026, 3, 20), dt.date(2026, 3, 31))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no chromium: install it, see tests/system_packages.sh")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def runs(tmp_path_factory) -> Path:
    """Two nights of one chain whose stores are called anything, one row of which is set aside."""
    folder = tmp_path_factory.mktemp("runs")
    write_chain(folder / "in", ChainPlan(stores=160, skus=12, days=75))
    stores = pl.read_parquet(folder / "in" / "stores.parquet")
    named = pl.Series("store_name", [*NAMES, *stores["store_name"][len(NAMES) :]])
    stores.with_columns(named).write_parquet(folder / "in" / "stores.parquet")
    pricing = pl.read_parquet(folder / "in" / "pricing.parquet")
    faulty = pl.when(pl.int_range(pl.len()) == 3).then(-1.0).otherwise("price").alias("price")
    pricing.with_columns(faulty).write_parquet(folder / "in" / "pricing.parquet")
    folding = Settings.model_validate({"stories": {"fold_stores": 3}})
    for day in DAYS:
        desk.run(folder / "in", folder / "out", folding, day)
    return folder / "out"


@pytest.fixture(scope="session")
def growth_runs(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("growth")
    growth_desk.run(golden_tables().write(folder / "in"), folder / "out", GrowthSettings(profile="reference"))
    return folder / "out"


@pytest.fixture(scope="session")
def server(runs, growth_runs) -> Iterator[str]:
    with served(runs, growth_runs) as url:
        yield url


@pytest.fixture
def open_page(browser, server) -> Iterator[Open]:
    with watched(browser, server) as opening:
        yield opening
