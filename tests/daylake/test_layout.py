"""Rows lie in the files of a lake by SKU, so that a block of a chain reads little of what is not its own."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import polars as pl
import pyarrow.parquet as pq
import pytest

from engine.lake.ingest import ingest
from engine.lake.manifest import open_lake
from engine.settings.ingest import IngestSettings
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf import desk
from engine.synth.chain import write_chain
from engine.synth.plan import ChainPlan
from tests.daylake.deliveries import SALES, differences, results

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.lake.manifest import DayLake

STORES, SKUS, DAYS = 5, 8, 75


@pytest.fixture(scope="module", params=["numbers", "text"])
def delivery(request, tmp_path_factory) -> Path:
    """A chain of some months, of which rows of one key differ and some are faulty."""
    folder = tmp_path_factory.mktemp("delivery") / "in"
    write_chain(folder, ChainPlan(stores=STORES, skus=SKUS, days=DAYS, seed=4))
    (folder / "truth.parquet").unlink()
    for file in folder.glob("*.parquet"):
        rows = pl.read_parquet(file)
        if file.stem == "pricing":
            rows = pl.concat([rows, rows.gather_every(7).with_columns(pl.col("price") + 1)])
        if file.stem == SALES:
            rows = rows.with_columns(revenue=pl.when(pl.int_range(pl.len()) % 97 != 5).then("revenue"))
        if request.param == "text":
            rows = rows.with_columns(pl.col("^(store|sku)_id$").cast(pl.String))
        rows.write_parquet(file)
    return folder


@pytest.fixture(scope="module")
def lake(delivery, tmp_path_factory) -> Iterator[Path]:
    """Its lake, in groups of few rows, of which few are sorted at a time. Nobody writes there."""
    folder = tmp_path_factory.mktemp("lake") / "lake"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.lake.write.DAY_ROWS_PER_GROUP", 2 * STORES)
        patch.setattr("engine.lake.write.MONTH_ROWS_PER_GROUP", 10 * STORES)
        patch.setattr("engine.lake.layout.ROWS_SORTED", 25 * STORES)
        ingest(delivery, folder, IngestSettings())
        yield folder


@pytest.fixture(scope="module")
def over_the_files(delivery, tmp_path_factory) -> dict[str, bytes]:
    """What a night over the delivery itself publishes."""
    return night(delivery, tmp_path_factory.mktemp("over_the_files"))


def night(place: Path | DayLake, out: Path, blocks: int = 1) -> dict[str, bytes]:
    return results(desk.run(place, out, CalibratedSettings(), allow_partial=True, blocks=blocks).folder)


def groups_that_may_hold(file: Path, sku: str | int) -> float:
    """The share of the row groups of a file whose statistics do not rule an SKU out."""
    found = pq.ParquetFile(file).metadata
    column = found.schema.names.index("sku_id")
    bounds = [found.row_group(group).column(column).statistics for group in range(found.num_row_groups)]
    return sum(bound.min <= sku <= bound.max for bound in bounds) / len(bounds)


@pytest.mark.slow
def test_most_row_groups_of_days_and_months_do_not_hold_a_sku(lake):
    for part in open_lake(lake).tables["inventory_snapshot"]:
        file = lake / "inventory_snapshot" / part.rows.name
        for sku in pl.read_parquet(file)["sku_id"].unique():
            assert groups_that_may_hold(file, sku) <= 0.5, part.span


def test_days_of_a_store_sku_follow_one_another_in_a_month(lake):
    part = max(open_lake(lake).tables["inventory_snapshot"], key=lambda part: len(part.days))
    rows = pl.read_parquet(lake / "inventory_snapshot" / part.rows.name)
    is_next = (rows.select("store_id", "sku_id") == rows.select("store_id", "sku_id").shift()).select(
        pl.all_horizontal(pl.all())
    )
    assert is_next.to_series().sum() > 0.8 * rows.height


@pytest.mark.slow
@pytest.mark.parametrize("blocks", [1, 3])
def test_a_night_in_blocks_has_the_bytes_of_a_night_over_the_files(over_the_files, lake, tmp_path, blocks):
    assert differences(night(open_lake(lake), tmp_path, blocks), over_the_files) == []


@pytest.mark.slow
def test_a_night_in_blocks_over_days_whose_ids_are_of_two_kinds(delivery, lake, tmp_path):
    sales = pl.read_parquet(delivery / f"{SALES}.parquet")
    newest = sales.filter(pl.col("date") == sales["date"].max())
    (tmp_path / "newest").mkdir()
    newest.with_columns(pl.col("sku_id").cast(pl.String)).write_parquet(tmp_path / "newest" / f"{SALES}.parquet")
    mixed = shutil.copytree(lake, tmp_path / "lake")
    ingest(tmp_path / "newest", mixed, IngestSettings())
    nights = [night(open_lake(mixed), tmp_path / f"{blocks}", blocks) for blocks in (1, 3)]
    assert differences(*nights) == []
