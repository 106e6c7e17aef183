"""What is missing, empty or delivered twice is refused, every problem at once."""

from __future__ import annotations

import gzip
import math
import re

import polars as pl
import pytest

from tests.bad_input.night import INVENTORY, MEASURES, REQUIRED, SALES
from tests.planted.small import small_chain


def test_an_input_folder_that_is_not_there_is_refused(night):
    assert "cannot be listed: No such file or directory" in night.refuses_input()


def test_an_input_folder_that_is_a_file_is_refused(night):
    night.folder.write_text("store_id")
    assert "cannot be listed: Not a directory" in night.refuses_input()


MAY_BE_LEFT_OUT = ("revenue", "latitude", "cost")


@pytest.mark.parametrize("table", REQUIRED)
def test_a_missing_required_table_is_named_with_what_to_put_where(night, table):
    night.csv()
    (night.folder / f"{table}.csv").unlink()
    message = night.refuses_input()
    assert f"1. {table}: the table is missing" in message
    assert f"put {table}.parquet, {table}.csv or a folder {table}" in message


def test_without_the_optional_tables_the_night_runs_and_says_so(night):
    night.csv()
    absent = ("pricing", "impressions", "stores", "skus")
    for table in absent:
        (night.folder / f"{table}.csv").unlink()
    told = [warning for warning in night.quality()["warnings"] if "not delivered" in warning]
    assert [warning.partition(":")[0] for warning in told] == [
        f"the table {name} was not delivered" for name in absent
    ]


@pytest.mark.parametrize(("table", "column"), [m for m in MEASURES if m[1] not in MAY_BE_LEFT_OUT])
def test_a_missing_column_is_named_with_the_columns_there_are(night, table, column):
    night.csv(**{table: small_chain()[table].rename({column: "else"})})
    message = night.refuses_input()
    assert f"{table}: {table}.csv has no column {column}" in message
    assert re.search(r"mend its columns: store_id, sku_id, date, .*else", message)


def test_a_column_there_twice_is_refused(night):
    night.csv()
    night.edit(
        SALES, lambda c: c.replace(b"promo_flag\n", b"promo_flag,units_sold\n").replace(b"false\n", b"false,1\n")
    )
    assert "has units_sold twice" in night.refuses_input()


def test_many_files_with_the_same_fault_are_one_problem(night):
    night.csv()
    sales = small_chain()[SALES].drop("units_sold")
    (night.folder / f"{SALES}.csv").unlink()
    for number in range(30):
        sales.write_csv(night.folder / f"{SALES}-{number:02}.csv")
    message = night.refuses_input()
    assert "cannot be used (1)" in message
    assert f"{SALES}-00.csv, like 29 more files, has no column units_sold" in message


def test_several_problems_are_told_at_once(night):
    night.csv(**{SALES: small_chain()[SALES].drop("units_sold")})
    night.edit("pricing", lambda content: content.replace(b"price,", b"else,", 1))
    night.add_lines(INVENTORY, "1,,2025-06-01,5", "1,11,soon,5", "1,11,2025-06-02,many")
    night.edit("impressions", lambda _: b"")
    message = night.refuses_input()
    assert "cannot be used (6)" in message
    for problem in (
        "pricing.csv has no column price",
        f"{SALES}.csv has no column units_sold",
        "impressions.csv cannot be read: empty CSV",
        f"{INVENTORY}: sku_id is missing: 1 of 99 rows",
        f"{INVENTORY}: date cannot be read as a date (YYYY-MM-DD): 1 of 99 rows",
        f"{INVENTORY}: quantity_on_hand cannot be read as a number: 1 of 99 rows",
    ):
        assert problem in message


@pytest.mark.parametrize(
    "twin",
    [
        pytest.param(lambda folder: folder / f"{SALES}.csv.gz", id="packed_beside_plain"),
        pytest.param(lambda folder: folder / f"{SALES}.parquet", id="parquet_beside_csv"),
        pytest.param(lambda folder: folder / SALES / "part.csv", id="folder_beside_file"),
    ],
)
def test_the_same_table_delivered_twice_is_refused_because_sales_would_double(night, twin):
    night.csv()
    file = twin(night.folder)
    file.parent.mkdir(exist_ok=True)
    content = (night.folder / f"{SALES}.csv").read_bytes()
    file.write_bytes(gzip.compress(content) if file.suffix == ".gz" else content)
    if file.suffix == ".parquet":
        small_chain()[SALES].write_parquet(file)
    message = night.refuses_input()
    assert f"{SALES}: is there more than once: " in message
    assert file.relative_to(night.folder).as_posix() in message


@pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf"], ids=["no_byte", "a_newline", "a_mark"])
@pytest.mark.parametrize("table", [SALES, "pricing"])
def test_an_empty_file_cannot_be_read(night, table, content):
    night.csv()
    night.edit(table, lambda _: content)
    message = night.refuses_input()
    assert f"cannot be used (1):\n  1. {table}: {table}.csv cannot be read: empty CSV" in message


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("table", REQUIRED)
def test_a_required_table_without_rows_is_refused(night, table, ending):
    write = night.csv if ending == "csv" else night.parquet
    write(**{table: small_chain()[table].head(0)})
    assert f"cannot be used (1):\n  1. {table}: has no rows" in night.refuses_input()


@pytest.mark.parametrize("table", ["impressions", "stores", "skus"])
def test_an_optional_table_may_be_empty(night, table):
    night.csv(**{table: small_chain()[table].head(0)})
    assert night.quality()["rows"][table]["read"] == 0


def test_sales_of_which_no_row_can_be_used_are_refused_with_the_reason(night):
    sales = small_chain()[SALES].with_columns(units_sold=pl.lit(math.inf))
    night.parquet(**{SALES: sales})
    message = night.refuses_input()
    assert f"1. {SALES}: no usable row is left" in message
    assert f"2. {SALES}: units_sold is not finite: {sales.height} of {sales.height} rows (100.00%)" in message


def test_a_required_table_of_which_no_row_can_be_used_is_refused(night):
    night.parquet(**{INVENTORY: small_chain()[INVENTORY].with_columns(quantity_on_hand=pl.lit(math.nan))})
    message = night.refuses_input()
    assert f"1. {INVENTORY}: no usable row is left" in message
    assert f"2. {INVENTORY}: quantity_on_hand is not finite: 96 of 96 rows (100.00%)" in message


def test_prices_of_which_no_row_can_be_used_are_refused_and_not_made_up(night):
    night.parquet(pricing=small_chain()["pricing"].with_columns(price=pl.lit(math.nan)))
    assert "pricing: more than 20% of the rows cannot be used: 96 of 96 rows" in night.refuses_input()


@pytest.mark.parametrize(("table", "column"), [(SALES, "units_sold"), (INVENTORY, "quantity_on_hand")])
def test_a_table_whose_sign_is_turned_is_refused(night, table, column):
    night.parquet(**{table: small_chain()[table].with_columns(-pl.col(column))})
    assert f"1. {table}: more rows" in night.refuses_input()
