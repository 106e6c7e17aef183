from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from engine.kernels import rows
from engine.outputs.shelf import shapes
from engine.settings.shelf.classic import ClassicSettings
from engine.shelf import desk, features, publish, series
from tests.planted.chain import AS_OF, Chain, sells, write_tables

if TYPE_CHECKING:
    from engine.settings.shelf.night import Settings

LAST_WEEK = range(83, 90)
TABLES = ("cases", "evidence", "features", "daily", "stores")
N_CASES = 32
"""Of the chain that is cut into up to 32 blocks, two a shelf."""


@pytest.fixture
def folder(chain, tmp_path):
    """A chain with a handful of cases of different causes and amounts."""
    for number in range(5):
        level = 6 + 2 * number
        chain.sku(f"sku{number}", "tea", cost=1.0)
        chain.shelf(
            "1",
            f"sku{number}",
            sells(level, (range(40, 44), None), (LAST_WEEK, level / 4)),
            price=4 + 3 * number,
            promo_days=LAST_WEEK if number % 2 else (),
        )
    write_tables(tmp_path / "in", chain.rows_as_written(), "parquet", whole_ids=False)
    return tmp_path / "in"


def published(folder, out, settings: Settings | None = None) -> dict[str, pl.DataFrame]:
    night = desk.run(folder, out, settings or ClassicSettings(), AS_OF)
    return {name: pl.read_parquet(night.folder / f"{name}.parquet") for name in TABLES}


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A chain of a case a block, and the files of a night over it."""
    chain = Chain(seed=1)
    chain.store("1", 0.0, 20.0)
    chain.staple("1")
    for number in range(N_CASES // 2):
        level = 6 + 2 * number
        chain.sku(f"sku{number}", "tea", cost=1.0)
        chain.shelf(
            "1", f"sku{number}", sells(level, (range(40, 44), None), (LAST_WEEK, level / 4)), price=4 + number % 7
        )
    place = tmp_path_factory.mktemp("many")
    write_tables(place / "in", chain.rows_as_written(), "parquet", whole_ids=False)
    return place / "in", bytes_of(desk.run(place / "in", place / "out", ClassicSettings(), AS_OF))


def bytes_of(night) -> dict[str, bytes]:
    return {name: (night.folder / name).read_bytes() for name in shapes.DATA_FILES}


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("blocks", [2, 7, N_CASES])
def test_neither_blocks_nor_threads_change_a_byte(many, tmp_path, monkeypatch, blocks, threads):
    folder, whole = many
    monkeypatch.setattr(desk, "CASES_PER_BLOCK", N_CASES // blocks)
    monkeypatch.setattr(publish, "CASES_PER_BLOCK", N_CASES // blocks)
    monkeypatch.setattr(features, "PAIRS_PER_BLOCK", N_CASES // blocks)
    monkeypatch.setattr(rows, "threads", lambda: threads)
    cut = bytes_of(desk.run(folder, tmp_path / "out", ClassicSettings(), AS_OF))
    assert whole[shapes.CASES_CSV].count(b"\n") == N_CASES + 1
    assert [name for name in whole if cut[name] != whole[name]] == []


@pytest.mark.slow
def test_the_size_of_the_blocks_of_series_changes_no_number(folder, tmp_path, monkeypatch):
    whole = published(folder, tmp_path / "whole")
    monkeypatch.setattr(series, "PAIRS_PER_BLOCK", 1)
    blocks = published(folder, tmp_path / "blocks")
    assert whole["daily"].height == 5
    assert [name for name in TABLES if not whole[name].equals(blocks[name])] == []


@pytest.mark.slow
def test_a_night_without_cases_publishes_tables_of_the_same_shape(folder, tmp_path):
    some = published(folder, tmp_path / "some")
    none = published(folder, tmp_path / "none", ClassicSettings.model_validate({"detect": {"min_dark_days": 28}}))
    for name in ("cases", "evidence", "daily"):
        assert none[name].height == 0
        assert none[name].schema == some[name].schema
    assert none["features"].equals(some["features"])
