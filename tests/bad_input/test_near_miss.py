"""What was probably meant is said: a file, a column; and too many faulty rows make no night."""

from __future__ import annotations

import polars as pl
import pytest

from engine.settings.shelf.night import load
from engine.shelf.check import check
from tests.bad_input.night import INVENTORY, SALES
from tests.planted.small import AS_OF, small_chain


@pytest.mark.parametrize(
    ("file", "looks_like"),
    [
        pytest.param("sales.csv", SALES, id="short"),
        pytest.param("Sales_Transactions.csv", SALES, id="capitals"),
        pytest.param("sales-transactions.csv", SALES, id="another_sign"),
        pytest.param("sale_transaction-2025-06-30.csv", SALES, id="misspelt_with_a_date"),
        pytest.param("sales_transactions.xlsx", None, id="named_well_but_no_table"),
        pytest.param("weather.csv", None, id="something_else"),
    ],
)
def test_a_missing_table_is_told_with_the_file_that_looks_like_it(night, file, looks_like):
    night.csv()
    (night.folder / f"{SALES}.csv").rename(night.folder / file)
    message = night.refuses_input()
    assert f"1. {SALES}: the table is missing" in message
    assert (f"{file} looks like {SALES}: rename it; or put {SALES}.parquet" in message) == (looks_like is not None)


@pytest.mark.parametrize(
    ("table", "column", "written"),
    [
        (SALES, "units_sold", "qty"),
        (SALES, "units_sold", "Units_Sold"),
        (SALES, "units_sold", "unit_sold"),
        (SALES, "store_id", "Store ID"),
        (INVENTORY, "quantity_on_hand", "stock"),
        ("pricing", "date", "business_date"),
    ],
)
def test_a_missing_column_is_told_with_the_one_that_looks_like_it(night, table, column, written):
    night.csv(**{table: small_chain()[table].rename({column: written})})
    message = night.refuses_input()
    assert f"{table}.csv has no column {column}" in message
    assert f"do   : {written} looks like {column}: rename it; mend its columns: " in message


def test_a_table_and_a_column_that_are_not_required_are_told_before_the_night(night):
    skus = small_chain()["skus"].rename({"category": "department", "cost": "else"})
    night.csv(skus=skus)
    (night.folder / "stores.csv").rename(night.folder / "shops.csv")
    found = {notice.where: notice.what for notice in check(night.folder).notices}
    assert found == {
        "stores": "was not delivered, but shops.csv looks like it",
        "skus": "skus.csv has no column category, but department looks like it",
    }


def test_nothing_is_meant_by_what_is_there_for_itself(night):
    """`revenue` and `units_sold` are columns of their own, and notes are no tables."""
    night.csv()
    (night.folder / "README.md").write_text("sales")
    (night.folder / "_sales").mkdir()
    assert check(night.folder).notices == ()


def faulty(n: int) -> pl.DataFrame:
    """The stock of the chain, of which the first n rows of 96 cannot be used."""
    row = pl.int_range(pl.len())
    measure = pl.when(row < n // 2).then(float("inf")).when(row < n).then(None).otherwise("quantity_on_hand")
    return small_chain()[INVENTORY].with_columns(quantity_on_hand=measure.cast(pl.Float64))


@pytest.mark.slow
def test_more_faulty_rows_than_a_fifth_stop_the_night_with_their_reasons(night):
    night.csv(**{INVENTORY: faulty(19)})
    night.passes()
    night.csv(**{INVENTORY: faulty(20)})
    message = night.refuses_input()
    assert f"1. {INVENTORY}: more than 20% of the rows cannot be used: 20 of 96 rows (20.83%)" in message
    assert "quantity_on_hand is missing: 10 rows" in message
    assert "quantity_on_hand is not finite: 10 rows" in message


def test_the_bound_is_a_setting(night):
    night.csv(**{INVENTORY: faulty(20)})
    night.passes("--set", "inputs.max_set_aside_share=0.21")
    assert load(assignments=["inputs.max_set_aside_share=1"]).inputs.max_set_aside_share == 1


def test_rows_that_are_merely_not_asked_for_are_no_faults(night):
    """Of a night in the past most rows are after its day; empty lines carry nothing."""
    night.csv()
    night.add_lines(INVENTORY, *[""] * 50, *["1,11,2025-07-01,5"] * 50)
    assert night.quality("--as-of", AS_OF)["rows"][INVENTORY]["quarantined"] == 100


def test_a_table_that_only_describes_may_have_more_faults(night):
    night.csv(stores=small_chain()["stores"].with_columns(latitude=pl.lit(95.0)))
    assert night.quality()["rows"]["stores"]["quarantined"] == 3
