"""The same input and settings make the same bytes, however the rows lie and however many threads read them."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from engine.contracts.shelf import contracts
from engine.outputs.shelf import shapes
from engine.runs.registry import Registry
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf import desk
from tests.command import data_files, latest_data
from tests.planted.awkward import AS_OF, write_awkward_chain
from tests.planted.chain import SHAPES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SALES = "sales_transactions"
Tables = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """The awkward chain with each key once, but in sales, where the rows of a key are summed in any order.

    Elsewhere the last row of a key in file order wins: there the order of rows is part of the input.
    """
    folder = tmp_path_factory.mktemp("awkward")
    write_awkward_chain(folder, format="parquet")
    keys = {table: contract.key for table, contract in contracts(None).items()}
    frames = {table: pl.read_parquet(folder / f"{table}.parquet") for table in SHAPES}
    return {
        table: frame if table == SALES else frame.unique(keys[table], keep="last", maintain_order=True)
        for table, frame in frames.items()
    }


def write(folder: Path, tables: Tables, **options: Any) -> Path:
    """A Parquet file a table."""
    folder.mkdir(parents=True)
    for table, frame in tables.items():
        frame.write_parquet(folder / f"{table}.parquet", **options)
    return folder


def write_csv(folder: Path, tables: Tables) -> Path:
    """A CSV file a table."""
    folder.mkdir(parents=True)
    for table, frame in tables.items():
        frame.write_csv(folder / f"{table}.csv")
    return folder


def write_csv_gz(folder: Path, tables: Tables) -> Path:
    """A packed CSV file a table."""
    folder.mkdir(parents=True)
    for table, frame in tables.items():
        (folder / f"{table}.csv.gz").write_bytes(gzip.compress(frame.write_csv().encode()))
    return folder


def write_csv_files(folder: Path, tables: Tables) -> Path:
    """Many CSV files a table, of very different lengths."""
    for table, frame in tables.items():
        (folder / table).mkdir(parents=True)
        ends = sorted({1, 10, frame.height // 3, frame.height})
        for number, (start, end) in enumerate(pairwise([0, *ends])):
            frame[start:end].write_csv(folder / table / f"{number}.csv")
    return folder


def write_parquet_files(folder: Path, tables: Tables) -> Path:
    """Many Parquet files a table."""
    for table, frame in tables.items():
        (folder / table).mkdir(parents=True)
        for number, part in enumerate(frame.iter_slices(max(1, frame.height // 7))):
            part.write_parquet(folder / table / f"{number}.parquet")
    return folder


def shuffled(tables: Tables, seed: int) -> Tables:
    """Every table with its rows in another order."""
    return {table: frame.sample(fraction=1, shuffle=True, seed=seed) for table, frame in tables.items()}


def night(folder: Path, out: Path) -> dict[str, bytes]:
    """The data files of a run in this process."""
    return data_files(desk.run(folder, out, CalibratedSettings(), AS_OF).folder)


@pytest.fixture(scope="module")
def expected(tables: Tables, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    place = tmp_path_factory.mktemp("expected")
    return night(write(place / "in", tables), place / "out")


def assert_same_bytes(found: dict[str, bytes], expected: dict[str, bytes]) -> None:
    assert sorted(found) == sorted(expected)
    assert [name for name in expected if found[name] != expected[name]] == []


@pytest.mark.slow
def test_every_promised_file_is_compared(expected):
    assert set(shapes.DATA_FILES) < set(expected)
    assert {f"{shapes.QUARANTINE}/{table}.parquet" for table in SHAPES} < set(expected)


@pytest.mark.slow
def test_a_second_run_makes_the_same_bytes(tables, expected, tmp_path):
    folder = write(tmp_path / "in", tables)
    assert_same_bytes(night(folder, tmp_path / "out"), expected)
    again = desk.run(folder, tmp_path / "out", CalibratedSettings(), AS_OF, force=True)
    assert_same_bytes(data_files(again.folder), expected)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_order_of_rows_changes_no_byte(tables, expected, tmp_path, seed):
    assert_same_bytes(night(write(tmp_path / "in", shuffled(tables, seed)), tmp_path / "out"), expected)


@pytest.mark.parametrize(
    "write_as",
    [
        write_csv,
        write_csv_gz,
        pytest.param(write_csv_files, marks=pytest.mark.slow),
        pytest.param(write_parquet_files, marks=pytest.mark.slow),
        pytest.param(lambda folder, tables: write(folder, tables, row_group_size=500), id="small_row_groups"),
    ],
)
def test_how_the_rows_are_laid_into_files_changes_no_byte(tables, expected, tmp_path, write_as):
    assert_same_bytes(night(write_as(tmp_path / "in", tables), tmp_path / "out"), expected)


IN_A_PROCESS = """
import datetime as dt, sys
from pathlib import Path
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.settings.shelf.night import Settings
from engine.shelf import desk
import polars as pl

folder, out, as_of, n_threads = sys.argv[1:]
assert pl.thread_pool_size() == int(n_threads)
desk.run(Path(folder), Path(out), CalibratedSettings(), dt.date.fromisoformat(as_of))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n_threads", "write_as", "batches"),
    [
        pytest.param(1, write, {}, id="one_thread"),
        pytest.param(2, write_csv, {}, id="two_threads"),
        pytest.param(
            5,
            write_csv,
            {"POLARS_IDEAL_MORSEL_SIZE": "777", "POLARS_CSV_CHUNK_SIZE": "3001"},
            id="five_threads_small_batches",
        ),
        pytest.param(2, write, {"POLARS_IDEAL_MORSEL_SIZE": "97"}, id="two_threads_tiny_batches"),
    ],
)
def test_neither_threads_nor_the_size_of_batches_change_a_byte(
    tables, expected, tmp_path, n_threads: int, write_as: Callable[..., Path], batches: dict[str, str]
):
    folder = write_as(tmp_path / "in", shuffled(tables, 4))
    words = [sys.executable, "-c", IN_A_PROCESS, folder, tmp_path / "out", AS_OF.isoformat(), str(n_threads)]
    environment = os.environ | batches | {"POLARS_MAX_THREADS": str(n_threads)}
    subprocess.run(words, check=True, timeout=120, env=environment)
    assert_same_bytes(latest_data(tmp_path / "out"), expected)


@pytest.mark.slow
def test_the_same_rows_twice_in_other_files_are_two_runs_with_the_same_bytes(tables, tmp_path):
    """What names a run is its input as delivered; what it comes to is a matter of the rows alone."""
    first = desk.run(write(tmp_path / "one", tables), tmp_path / "out", CalibratedSettings(), AS_OF)
    second = desk.run(write(tmp_path / "two", shuffled(tables, 5)), tmp_path / "out", CalibratedSettings(), AS_OF)
    assert first.run_id != second.run_id
    assert len(Registry(tmp_path / "out").runs()) == 2
    assert_same_bytes(data_files(second.folder), data_files(first.folder))
