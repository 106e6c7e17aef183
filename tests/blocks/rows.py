"""Rows that the blocks of a chain found, held against those of the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable


def assert_same_rows(found: Iterable[pl.DataFrame], whole: pl.DataFrame, *by: str) -> None:
    """The rows of all blocks, sorted by these columns, are those of the whole to the last digit.

    Numbers of a block's own rows are compared by none.
    """
    together, expected = (rows.sort(by).drop("pair", strict=False) for rows in (pl.concat(found), whole))
    assert together.schema == expected.schema
    assert together.height == expected.height
    # Every float is written with all of its digits.
    differing = [
        name for name in expected.columns if repr(together[name].to_list()) != repr(expected[name].to_list())
    ]
    assert differing == []
