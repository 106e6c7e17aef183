"""Frames in memory are a delivery like any other: the same rules, complaints and results as the rows as files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet
import pytest

import engine as darkshelf
from engine.contracts.growth import growth_contracts
from engine.contracts.shelf import contracts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LIBRARIES = {
    "polars": pl.read_parquet,
    "lazy_polars": pl.scan_parquet,
    "pandas": pd.read_parquet,
    "pyarrow": pyarrow.parquet.read_table,
    "duckdb": lambda file: duckdb.read_parquet(str(file)),
}
SHELF, GROWTH = tuple(contracts(None)), tuple(growth_contracts(()))
MADE = {"manifest.json", "logs.jsonl", "config_resolved.toml"}
"""What says how a run came about; everything else is its data."""


def frames(folder: Path, library: str, names: tuple[str, ...]) -> dict[str, Any]:
    files = {name: folder / f"{name}.parquet" for name in names}
    return {name: LIBRARIES[library](file) for name, file in files.items() if file.exists()}


def data_of(result: darkshelf.Result) -> dict[str, bytes]:
    files = (file for file in sorted(result.folder.rglob("*")) if file.is_file() and file.name not in MADE)
    return {file.relative_to(result.folder).as_posix(): file.read_bytes() for file in files}


@pytest.fixture(scope="module")
def faulty(place, tmp_path_factory) -> Path:
    """The chain with a row of every daily table that breaks a rule."""
    folder = tmp_path_factory.mktemp("faulty")
    for file in (place / "data" / "chain").glob("*.parquet"):
        pl.read_parquet(file).write_parquet(folder / file.name)
    for name, column in (("sales_transactions", "revenue"), ("pricing", "price")):
        rows = pl.read_parquet(folder / f"{name}.parquet")
        broken = pl.when(pl.int_range(pl.len()) == 3).then(-1.0).otherwise(column).alias(column)
        rows.with_columns(broken).write_parquet(folder / f"{name}.parquet")
    return folder


@pytest.fixture(scope="module")
def of_files(faulty) -> Mapping[str, bytes]:
    return data_of(darkshelf.run_shelf(faulty))


@pytest.mark.slow
@pytest.mark.parametrize("library", LIBRARIES)
def test_a_night_over_frames_publishes_the_bytes_of_one_over_files(faulty, of_files, library):
    night = darkshelf.run_shelf(frames(faulty, library, SHELF))
    assert "quarantine/pricing.parquet" in of_files
    assert data_of(night) == of_files
    assert json.loads((night.folder / "manifest.json").read_text("utf-8"))["input"] == "frames"


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_scaling_of_frames_publishes_the_bytes_of_one_of_files(place, scaling, library):
    assert data_of(darkshelf.run_growth(frames(place / "data" / "growth", library, GROWTH))) == data_of(scaling)


@pytest.mark.slow
def test_a_folder_may_be_named_as_text(chain, night):
    assert data_of(darkshelf.run_shelf(str(chain))) == data_of(night)


@pytest.mark.slow
def test_a_lake_gives_what_its_tables_give(capsys, chain, night, tmp_path):
    from tests.command import darkshelf as command

    assert command(capsys, "ingest", chain, "--lake", tmp_path / "lake").code == 0
    assert darkshelf.run_shelf(tmp_path / "lake").cases.equals(night.cases)


@pytest.mark.slow
def test_the_same_rows_are_the_same_run_whatever_library_holds_them(chain, tmp_path):
    ids = {
        darkshelf.run_shelf(frames(chain, library, SHELF), tmp_path / "out").run_id
        for library in ("polars", "pyarrow", "duckdb")
    }
    assert len(ids) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda rows: rows.with_columns(pl.col("cost") + 0.01), id="a_value"),
        pytest.param(lambda rows: rows.reverse(), id="the_order_of_rows"),
        pytest.param(lambda rows: rows.rename({"brand": "make"}), id="a_name"),
        pytest.param(lambda rows: rows.with_columns(pl.col("sku_id").cast(pl.Int32)), id="a_type"),
    ],
)
def test_other_frames_are_another_run(chain, tmp_path, change):
    tables = frames(chain, "polars", SHELF)
    first = darkshelf.run_shelf(tables, tmp_path)
    other = darkshelf.run_shelf({**tables, "skus": change(tables["skus"])}, tmp_path)
    assert other.is_new
    assert other.run_id != first.run_id


@pytest.mark.slow
def test_categories_are_the_texts_they_stand_for(chain, night):
    tables = frames(chain, "polars", SHELF)
    tables["skus"] = tables["skus"].with_columns(pl.col("category").cast(pl.Categorical))
    assert darkshelf.run_shelf(tables).cases.equals(night.cases)


def test_a_complaint_about_rows_names_the_frame_and_the_row(chain):
    tables = frames(chain, "polars", SHELF)
    broken = pl.when(pl.int_range(pl.len()) < 2).then(None).otherwise("store_id").alias("store_id")
    tables["pricing"] = tables["pricing"].with_columns(broken)
    with pytest.raises(darkshelf.InputError, match="store_id is missing") as caught:
        darkshelf.run_shelf(tables)
    (problem,) = caught.value.problems
    assert (problem.where, problem.what, problem.count) == ("pricing", "store_id is missing", 2)
    assert problem.of == tables["pricing"].height
    assert problem.examples[0].startswith("pricing (frame) row 1: store_id (empty), sku_id 1")
    assert problem.advice


def test_a_frame_under_another_name_is_recognised(chain):
    tables = frames(chain, "polars", SHELF)
    tables["sales"] = tables.pop("sales_transactions")
    with pytest.raises(darkshelf.InputError, match="sales looks like sales_transactions: rename it; or give a frame"):
        darkshelf.run_shelf(tables)


def test_a_column_under_another_name_is_recognised(chain):
    tables = frames(chain, "polars", SHELF)
    tables["pricing"] = tables["pricing"].rename({"price": "unit_price"})
    with pytest.raises(darkshelf.InputError, match=r"pricing \(frame\) has no column price") as caught:
        darkshelf.run_shelf(tables)
    assert "unit_price looks like price" in caught.value.problems[0].advice


@pytest.mark.parametrize(
    ("frame", "what"),
    [
        pytest.param([1, 2], "it is a list", id="a_list"),
        pytest.param(None, "it is a NoneType", id="nothing"),
        pytest.param(pd.DataFrame({"store_id": [1, "x"]}), "cannot be read as a table", id="mixed_objects"),
        pytest.param(pl.DataFrame({"store_id": [object()]}), "store_id holds objects", id="objects"),
        pytest.param(pl.scan_parquet("no-such-file.parquet"), "cannot be read as a table", id="a_plan_that_fails"),
    ],
)
def test_everything_that_is_no_frame_is_named_at_once(frame, what):
    with pytest.raises(darkshelf.InputError, match=what) as caught:
        darkshelf.run_shelf({"stores": frame, "skus": frame})
    assert [problem.where for problem in caught.value.problems] == ["stores", "skus"]


def test_a_scaling_says_which_frames_it_lacks(place):
    tables = frames(place / "data" / "growth", "polars", GROWTH)
    del tables["step9"]
    with pytest.raises(darkshelf.InputError, match="give a frame by the name step9, or allow it by name"):
        darkshelf.run_growth(tables)


def test_one_frame_alone_is_no_delivery(chain):
    with pytest.raises(darkshelf.InputError, match="tables: is a DataFrame"):
        darkshelf.run_shelf(pl.read_parquet(chain / "skus.parquet"))
