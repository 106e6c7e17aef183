from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from engine.settings.shelf.classic import ClassicSettings
from engine.shelf import desk, series
from tests.planted.chain import AS_OF, sells, write_tables

if TYPE_CHECKING:
    from engine.settings.shelf.night import Settings

LAST_WEEK = range(83, 90)
SORTED_BY = {
    "cases": None,
    "evidence": ["case_id", "rank"],
    "features": None,
    "daily": None,
    "stores": None,
}
"""The Parquet outputs and, where blocks may come in another order, the columns that tell their rows apart."""


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
    tables = {name: pl.read_parquet(night.folder / f"{name}.parquet") for name in SORTED_BY}
    return {name: tables[name].sort(columns) if columns else tables[name] for name, columns in SORTED_BY.items()}


@pytest.mark.parametrize("size", [1, 3])
def test_the_size_of_the_blocks_changes_no_number(folder, tmp_path, monkeypatch, size):
    whole = published(folder, tmp_path / "whole")
    monkeypatch.setattr(desk, "CASES_PER_BLOCK", size)
    monkeypatch.setattr(series, "PAIRS_PER_BLOCK", size)
    blocks = published(folder, tmp_path / "blocks")
    assert whole["cases"].height == 10
    assert [name for name in SORTED_BY if not whole[name].equals(blocks[name])] == []


def test_a_night_without_cases_publishes_tables_of_the_same_shape(folder, tmp_path):
    some = published(folder, tmp_path / "some")
    none = published(folder, tmp_path / "none", ClassicSettings.model_validate({"detect": {"min_dark_days": 28}}))
    for name in ("cases", "evidence", "daily"):
        assert none[name].height == 0
        assert none[name].schema == some[name].schema
    assert none["features"].equals(some["features"])
