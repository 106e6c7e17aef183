"""Rows of a file lie in groups of neighbouring SKUs, and are sorted a stretch of SKUs at a time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from engine.delivery.id_range import EVERY_ID, IdRange
from engine.lake.layout import laid, of_skus, rows_by_sku, stretches

KEYS = ("store_id", "sku_id", "date")
ROWS = pl.DataFrame([(store, sku, 1) for store in (2, 1) for sku in (3, 1, 4, 2)], KEYS, orient="row")


def pairs(rows: pl.DataFrame) -> list[tuple[int, int]]:
    return rows.select("store_id", "sku_id").rows()


@pytest.mark.parametrize(
    ("begun", "per_group", "wanted"),
    [
        pytest.param(0, 4, [11, 12, 21, 22, 13, 14, 23, 24], id="from_the_start"),
        pytest.param(2, 4, [11, 21, 12, 13, 22, 23, 14, 24], id="behind_others_in_a_group"),
        pytest.param(4, 8, [11, 12, 21, 22, 13, 14, 23, 24], id="few_that_do_not_fit_behind_others"),
    ],
)
def test_a_group_holds_neighbouring_skus_sorted_by_key(begun, per_group, wanted):
    assert pairs(laid(ROWS, KEYS, per_group, begun)) == [divmod(pair, 10) for pair in wanted]


def test_what_fits_into_one_group_and_what_is_of_no_sku_is_sorted_by_key():
    assert pairs(laid(ROWS, KEYS, per_group=8)) == sorted(pairs(ROWS))
    stores = ROWS.rename({"sku_id": "region"})
    assert laid(stores, ("store_id",), per_group=2)["region"].to_list() == [3, 1, 4, 2] * 2


@pytest.mark.parametrize("begun", [0, 11])
@pytest.mark.parametrize(
    "as_id",
    [
        pytest.param(lambda n: n, id="small_numbers"),
        pytest.param(lambda n: (n - 40) * 50_000_000_000_012_345, id="numbers_far_apart"),
        pytest.param(lambda n: pl.format("S{}", n), id="text"),
    ],
)
def test_a_group_has_the_next_skus_sorted_by_key_and_equal_keys_in_their_order(as_id, begun):
    drawn = np.random.default_rng(8).integers(0, 90, (3, 2_000))
    rows = pl.DataFrame(dict(zip(KEYS, drawn, strict=True))).with_columns(
        as_id(pl.col("store_id")), as_id(pl.col("sku_id")), pl.col("date").cast(pl.Date), row=pl.int_range(pl.len())
    )
    by_sku = sorted(rows.iter_rows(), key=lambda row: (row[1], row[0], row[2]))
    bounds = [0, *range(300 - begun, len(by_sku), 300), len(by_sku)]
    expected = [row for first, end in pairwise(bounds) for row in sorted(by_sku[first:end])]
    assert laid(rows, KEYS, 300, begun).rows() == expected


def test_stretches_cover_all_skus_with_about_as_many_rows_as_are_sorted(monkeypatch):
    monkeypatch.setattr("engine.lake.layout.ROWS_SORTED", 8)
    files = [rows_by_sku(ROWS.lazy()).collect(), rows_by_sku(ROWS.lazy()).collect()]
    ranges = list(stretches(16, files))
    assert ranges == [IdRange(None, 3), IdRange(3, None)]
    assert [of_skus(skus, ROWS.lazy()).collect().height for skus in ranges] == [4, 4]
    assert of_skus(ranges[0], ROWS.lazy()).collect()["sku_id"].max() == 2
    assert list(stretches(8, ())) == [EVERY_ID]
    assert list(stretches(0, ())) == []


def test_rows_of_a_table_without_skus_are_counted_as_one():
    assert rows_by_sku(ROWS.lazy().drop("sku_id")).collect().rows() == [(None, 8)]
