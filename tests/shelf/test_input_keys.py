"""Whether the keys of the tables meet is asked before the night (specification, section 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from engine.errors import InputError
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.settings.shelf.delivered import InputSettings
from engine.shelf import desk
from engine.shelf.check import Intake, check
from tests.command import data_files
from tests.planted.small import small_chain, write_csv, write_parquet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.errors import Problem

INVENTORY, PRICING, IMPRESSIONS = "inventory_snapshot", "pricing", "impressions"
SALES, STORES, SKUS = "sales_transactions", "stores", "skus"
SKU = pl.col("sku_id").cast(pl.String)


def as_text(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The chain with codes in the place of numbers."""
    coded = {"store_id": pl.format("S0{}", "store_id"), "sku_id": pl.format("P{}", "sku_id")}
    return {
        name: frame.with_columns(**{key: code for key, code in coded.items() if key in frame.columns})
        for name, frame in tables.items()
    }


def stops_of(folder: Path, settings: InputSettings | None = None) -> tuple[Problem, ...]:
    with pytest.raises(InputError) as refused:
        check(folder, None, Intake(settings or InputSettings()))
    return refused.value.problems


@pytest.mark.parametrize("write", [write_csv, write_parquet], ids=["csv", "parquet"])
def test_tables_whose_keys_meet_are_nothing_to_tell(tmp_path, write):
    assert check(write(tmp_path, small_chain())).notices == ()


@pytest.mark.parametrize(
    ("written", "way"),
    [
        pytest.param(SKU.str.to_lowercase(), "with upper and lower case alike", id="case"),
        pytest.param(pl.format("000{}", SKU.str.strip_prefix("P")), "without letters before", id="letters"),
        pytest.param(SKU.str.replace("P", "P "), "without blanks", id="blanks"),
        pytest.param(SKU + ".0", "without .0", id="fraction_behind_a_code"),
        pytest.param(SKU.str.replace("P", "P-"), "without signs between", id="signs"),
    ],
)
def test_ids_written_differently_stop_the_night_and_the_way_to_meet_is_told(tmp_path, written, way):
    tables = as_text(small_chain())
    tables[PRICING] = tables[PRICING].with_columns(sku_id=written)
    (problem,) = stops_of(write_csv(tmp_path, tables))
    assert problem.where == PRICING
    assert problem.what.startswith(f"4 of 4 SKUs of {SALES} (100.0%) are not in {PRICING}, which has 4")
    assert way in problem.advice or "all of that" in problem.advice
    shown = tables[PRICING]["sku_id"].min()
    assert problem.examples[0] == f"sku_id 'P11' in {SALES}, sku_id {shown!r} in {PRICING}"


def test_leading_zeros_on_one_side_alone_stop_the_night(tmp_path):
    tables = small_chain()
    tables[INVENTORY] = tables[INVENTORY].with_columns(store_id=pl.format("00{}", "store_id"))
    (problem,) = stops_of(write_csv(tmp_path, tables))
    assert (problem.where, "without leading zeros 100%" in problem.advice) == (INVENTORY, True)
    assert problem.examples[0] == f"store_id '1' in {SALES}, store_id '001' in {INVENTORY}"


def test_ids_of_another_chain_are_shown_side_by_side(tmp_path):
    tables = small_chain()
    tables[STORES] = tables[STORES].with_columns(store_id=pl.col("store_id") + 100)
    (problem,) = stops_of(write_csv(tmp_path, tables))
    assert problem.where == STORES
    assert [example.partition(":")[0] for example in problem.examples] == [SALES, STORES]


def in_part(table: str, kept: pl.Expr) -> Callable[[dict[str, pl.DataFrame]], dict[str, pl.DataFrame]]:
    return lambda tables: tables | {table: tables[table].filter(kept)}


@pytest.mark.parametrize(
    "partial",
    [
        pytest.param(in_part(IMPRESSIONS, pl.col("store_id") == 1), id="impressions_of_one_store"),
        pytest.param(in_part(SALES, pl.col("sku_id") != 14), id="stock_of_a_sku_that_never_sold"),
        pytest.param(in_part(SALES, pl.col("store_id") == 2), id="a_store_that_sells_alone"),
    ],
)
def test_a_table_that_covers_more_or_fewer_is_nothing_to_tell(tmp_path, partial):
    assert check(write_csv(tmp_path, partial(small_chain()))).notices == ()


@pytest.mark.parametrize(
    ("table", "kept", "told"),
    [
        pytest.param(
            INVENTORY, pl.col("store_id") != 3, f"1 of 3 stores of {SALES} (33.3%)", id="no_stock_of_a_store"
        ),
        pytest.param(
            INVENTORY, pl.col("store_id") == 1, f"2 of 3 stores of {SALES} (66.7%)", id="stock_of_one_store_alone"
        ),
        pytest.param(PRICING, pl.col("sku_id") != 14, f"1 of 4 SKUs of {SALES} (25.0%)", id="no_price_of_a_sku"),
        pytest.param(STORES, pl.col("store_id") != 3, f"1 of 3 stores of {SALES} (33.3%)", id="an_unknown_store"),
        pytest.param(
            PRICING,
            (pl.col("sku_id") != 14) | (pl.col("store_id") != 3),
            f"1 of 12 store-SKUs of {SALES} (8.3%)",
            id="no_price_of_a_store_sku",
        ),
    ],
)
def test_keys_that_are_lacking_are_told_with_examples_and_the_night_runs(tmp_path, table, kept, told):
    (notice,) = check(write_csv(tmp_path, in_part(table, kept)(small_chain()))).notices
    assert (notice.where, notice.what.partition(" are not in")[0]) == (table, told)
    assert notice.examples


@pytest.mark.slow
def test_the_bounds_are_settings(tmp_path):
    folder = write_csv(tmp_path, in_part(INVENTORY, pl.col("store_id") != 3)(small_chain()))
    assert check(folder, None, Intake(InputSettings(usual_keys_meeting=0.6))).notices == ()
    tables = small_chain()
    moved = tables[PRICING].with_columns(pl.col("sku_id") + pl.when(pl.col("sku_id") > 12).then(100).otherwise(0))
    folder = write_csv(tmp_path, tables | {PRICING: moved})
    assert len(check(folder).notices) == 1, "half of the keys meet"
    (problem,) = stops_of(folder, InputSettings(min_keys_meeting=0.6))
    assert problem.where == PRICING


@pytest.mark.slow
@pytest.mark.parametrize("write", [write_csv, write_parquet], ids=["csv", "parquet"])
@pytest.mark.parametrize(
    "written",
    [
        pytest.param(SKU + ".0", id="as_floats_in_text"),
        pytest.param(pl.col("sku_id").cast(pl.Float64), id="as_floats"),
        pytest.param(SKU + "  ", id="padded"),
    ],
)
def test_two_forms_of_an_id_are_one_id_and_told_once(tmp_path, write, written):
    tables = small_chain()
    plain = tables | {PRICING: tables[PRICING].with_columns(SKU)}
    other = {name: tables[name].with_columns(sku_id=written) for name in (INVENTORY, PRICING)}
    (notice,) = check(write(tmp_path / "in", tables | other)).notices
    assert notice.where == "sku_id"
    assert f"(4 of 4 in {INVENTORY}, 4 of 4 in {PRICING})" in notice.what
    assert notice.examples[0].endswith("in inventory_snapshot is '11'")
    runs = [
        desk.run(folder, tmp_path / "out", CalibratedSettings()).folder
        for folder in (tmp_path / "in", write(tmp_path / "plain", plain))
    ]
    found, expected = (
        pl.read_parquet(run / "cases.parquet").cast({"store_id": pl.String, "sku_id": pl.String}) for run in runs
    )
    assert found.equals(expected, null_equal=True)
    assert data_files(runs[0]).keys() == data_files(runs[1]).keys()


def test_a_number_that_lost_its_digits_stops_the_night_with_its_rows(tmp_path):
    tables = small_chain()
    spelled = {11: "761234001", 12: "761234002", 13: "7.61234E+12", 14: "7.61234E+12"}
    lost = {
        name: frame.with_columns(pl.col("sku_id").replace_strict(spelled, return_dtype=pl.String))
        for name, frame in tables.items()
        if "sku_id" in frame.columns
    }
    problems = stops_of(write_csv(tmp_path, tables | lost))
    assert [problem.where for problem in problems] == [SALES, INVENTORY, PRICING, IMPRESSIONS, SKUS]
    assert problems[0].what == "sku_id is a number that lost its digits: 7.61234E+12"
    assert problems[0].examples[0].startswith(f"{SALES}.csv row 101: store_id 1, sku_id 7.61234E+12")


def test_a_code_that_reads_like_such_a_number_is_an_ordinary_id(tmp_path):
    tables = small_chain()
    codes = {11: "5A10", 12: "5E10", 13: "5E11", 14: "6B10"}
    coded = {
        name: frame.with_columns(pl.col("sku_id").replace_strict(codes, return_dtype=pl.String))
        for name, frame in tables.items()
        if "sku_id" in frame.columns
    }
    assert check(write_csv(tmp_path, tables | coded)).notices == ()
