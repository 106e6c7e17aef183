"""What blocks publish together is the same to the byte as what one block publishes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from engine.blocks.turns import in_turns
from engine.shelf.parts import Table
from engine.shelf.press import Press

if TYPE_CHECKING:
    from pathlib import Path

    from engine.blocks.together import Together

N_STORES, N_SKUS = 40, 30
STORES = pl.Series("store_id", [f"S{number:02}" for number in range(N_STORES)])


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    """Most of the store-SKUs, each with a number, a text and a list, some of them unknown."""
    draw = np.random.default_rng(3)
    every = pl.DataFrame({"store_id": STORES}).join(pl.DataFrame({"sku_id": np.arange(N_SKUS)}), how="cross")
    known = every.filter(pl.Series(draw.random(every.height) < 0.8))
    lists = pl.Series(draw.random((known.height, 5))).reshape((known.height, 5))
    return known.with_columns(
        value=pl.when(pl.col("sku_id") % 7 > 0).then(pl.Series(draw.random(known.height))),
        text=pl.format("about {}", "sku_id"),
        days=lists,
    )


def published(rows: pl.DataFrame, folder: Path, blocks: int, by: tuple[str, ...] | None) -> bytes:
    """The file that so many blocks make of the rows. by: of a table; rows by store without."""
    folder.mkdir()

    def program(together: Together) -> None:
        bounds = [N_SKUS * block // blocks for block in range(blocks + 1)]
        first, end = bounds[together.number : together.number + 2]
        own = rows.filter(pl.col("sku_id").is_between(first, end - 1))
        parts = folder / str(together.number)
        parts.mkdir()
        press = Press(folder, parts, together)
        if by is None:
            press.write_by_store("out.parquet", own.iter_slices(50) if own.height else [own], STORES, 50, 100)
        else:
            press.write_table("out.parquet", Table(own if by else rows, by), STORES)
        together.gathered(None)

    in_turns(program, blocks)
    return (folder / "out.parquet").read_bytes()


@pytest.mark.parametrize("by", [None, ("store_id", "sku_id"), ("text", "store_id"), ()])
@pytest.mark.parametrize("blocks", [2, 7, N_SKUS + 5])
def test_the_cut_leaves_no_trace_in_the_bytes(rows, tmp_path, by, blocks):
    one = published(rows, tmp_path / "one", 1, by)
    assert published(rows, tmp_path / "many", blocks, by) == one


def test_a_table_without_a_row_is_published(rows, tmp_path):
    assert published(rows.clear(), tmp_path / "one", 1, None) == published(rows.clear(), tmp_path / "many", 3, None)
