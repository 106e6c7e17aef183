"""The chains that are measured: copies of a simulated one differ from it in their SKUs alone."""

from __future__ import annotations

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pyarrow.parquet import read_metadata

from bench.speed import sizes
from bench.speed.sizes import Size, chain
from engine.synth.plan import ChainPlan

COPIES = 2
PLAN = ChainPlan(stores=40, skus=10, days=60)


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """The chain as it was simulated, and its copies."""
    monkeypatch.setenv("DARKSHELF_BENCH_DATA", str(tmp_path))
    monkeypatch.setattr(sizes, "SIZES", {"one": Size("one", PLAN)})
    return chain(Size("one", PLAN)), chain(Size("two", PLAN, copies=COPIES))


def test_the_first_copy_is_the_simulated_chain_byte_for_byte(folders):
    one, two = folders
    files = list(one.glob("*.parquet"))
    assert files
    assert all((two / file.stem / "0.parquet").read_bytes() == file.read_bytes() for file in files)


def test_further_copies_have_other_skus_and_the_same_stores(folders):
    one, two = folders
    assert [file.name for file in (two / "stores").iterdir()] == ["0.parquet"]
    for name in ("sales_transactions", "skus"):
        rows, copied = pl.read_parquet(one / f"{name}.parquet"), two / name / f"{COPIES - 1}.parquet"
        assert_frame_equal(pl.read_parquet(copied), rows.with_columns(pl.col("sku_id") + PLAN.skus))
        assert read_metadata(copied).num_row_groups == read_metadata(one / f"{name}.parquet").num_row_groups
