"""Two nights with names in many scripts, and a growth run, with one server over them."""

from __future__ import annotations

import datetime as dt
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from engine.growth import desk as growth_desk
from engine.settings.growth.scaling import GrowthSettings
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf import desk
from engine.synth.chain import write_chain
from engine.synth.plan import ChainPlan
from tests.growth.test_desk import golden_tables
from tests.outputs.nights import HOSTILE
from tests.panel_app.conftest import serving, windows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.panel_app.conftest import Profiles

NAMES = (HOSTILE, "上海南京路店", "=SUM(A1)", "متجر الرياض", "O’Brien’s")
DAYS = (dt.date(2026, 3, 20), dt.date(2026, 3, 31))


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
    grouping = CalibratedSettings.model_validate({"events": {"group_stores": 3}})
    for day in DAYS:
        desk.run(folder / "in", folder / "out", grouping, day)
    return folder / "out"


@pytest.fixture(scope="session")
def growth_runs(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("growth")
    growth_desk.run(golden_tables().write(folder / "in"), folder / "out", GrowthSettings(profile="reference"))
    return folder / "out"


@pytest.fixture(scope="session")
def server(runs, growth_runs) -> Iterator[str]:
    with serving(runs, "--growth", growth_runs, "--set", "page_rows=10") as address:
        yield address


@pytest.fixture
def open_page(chromium, server, shared) -> Iterator[Callable[..., Any]]:
    """A function that brings a window to an address of the dashboard, see `opening`."""
    yield from opening(chromium, server, shared)


@pytest.fixture
def open_in_the_dark(chromium, server, dark) -> Iterator[Callable[..., Any]]:
    """The same in the dark theme."""
    yield from opening(chromium, server, dark)


def opening(chromium: Any, server: str, profiles: Profiles) -> Iterator[Callable[..., Any]]:
    """Bring the one window of a test to an address, by its width. It must not complain."""
    with contextmanager(windows)(chromium, server, profiles) as make:
        window = cache(lambda: make(height=1000))

        def opened(query: str, *, width: int = 1440) -> Any:
            window().page.set_viewport_size({"width": width, "height": 1000})
            return window().move(query).page

        yield opened
