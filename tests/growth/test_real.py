"""Real shops and items: discover, scale, report and backtest, where the data are there."""

from __future__ import annotations

import polars as pl
import pytest

from engine.growth import desk
from engine.growth.backtest import backtest
from engine.growth.follow import following_sales
from engine.growth.upstream import desk as upstream
from engine.outputs.growth import shapes
from engine.outputs.growth.desk import DESK
from engine.outputs.read import find_run
from engine.runs.registry import Registry
from engine.settings.growth.scaling import BacktestSettings, GrowthSettings
from engine.settings.growth.upstream import DiscoverSettings
from tests.growth.real import PLACE, prepare

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not PLACE.is_dir(), reason="the real data are not here")]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Half months from May to October 2019, discovered and scaled as of the first half of October."""
    folder = tmp_path_factory.mktemp("shops")
    prepare(PLACE, folder / "raw", "201905A", "201910B")
    settings = DiscoverSettings(nominate={"min_adoption": 0.3})
    upstream.discover(folder / "raw", folder / "in", settings, "201910A")
    desk.run(folder / "in", folder / "out", GrowthSettings())
    return folder


@pytest.mark.proves("R78")
def test_every_candidate_of_real_shops_is_answered_within_the_boundary(place):
    run = find_run(place / "out")
    audit = pl.read_parquet(run.folder / shapes.AUDIT)
    marked = pl.read_parquet(place / "in" / "step11.parquet").filter("is_growth_candidate")
    assert audit.height == marked.height == 14_180
    assert audit.filter(pl.col("status") == "SCALED").height == 14_094


def test_names_of_real_shops_stay_as_they_are(place):
    run = find_run(place / "out")
    audit = pl.read_parquet(run.folder / shapes.AUDIT).select("str_code", "store_name").unique()
    shops = pl.read_parquet(PLACE / "customers.parquet").select(
        pl.col("customer_id").cast(pl.String).alias("str_code"), "customer_name"
    )
    both = audit.join(shops, on="str_code")
    assert both.height == audit.height
    assert both["store_name"].equals(both["customer_name"].alias("store_name"))
    assert both["store_name"].str.contains("'").any()


def test_the_report_of_real_shops_can_be_drawn(place):
    page = DESK.report(Registry(place / "out"), find_run(place / "out"), DESK.report_settings())
    assert len(page.encode()) > 100_000


def test_the_next_half_month_of_real_shops_is_compared(place):
    run = find_run(place / "out")
    whole = backtest(run, following_sales(place / "raw", run), BacktestSettings())[0]
    assert (whole.scaled, whole.matched) == (14_094, 3_155)
    assert whole.difference_low < whole.difference < whole.difference_high
