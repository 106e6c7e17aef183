"""A cell that cannot be read stops the night and is named."""

from __future__ import annotations

import polars as pl
import pytest

from tests.bad_input.night import INVENTORY, SALES
from tests.planted.small import AS_OF, small_chain


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_cell_a_million_rows_down_is_named_by_table_column_row_and_value(night, ending):
    n_rows = 1_000_010
    wrong = {1_000_003: "twelve", 1_000_007: "n/a"}
    cells = pl.Series("quantity_on_hand", ["12"] * n_rows)
    for row, value in wrong.items():
        cells[row - 1] = value
    row_numbers = pl.int_range(n_rows, eager=True)
    table = pl.DataFrame({"store_id": 1, "sku_id": row_numbers % 10_000, "date": AS_OF, "quantity_on_hand": cells})
    (night.csv if ending == "csv" else night.parquet)(**{INVENTORY: table})
    message = night.refuses_input()
    assert f"{INVENTORY}: quantity_on_hand cannot be read as a number: 2 of 1,000,010 rows" in message
    for row, value in wrong.items():
        assert f"{INVENTORY}.{ending} row {row:,}: " in message
        assert f"sku_id {(row - 1) % 10_000}, date {AS_OF}, quantity_on_hand {value}\n" in message


@pytest.mark.parametrize(
    ("column", "cell", "complaint"),
    [
        pytest.param("store_id", "", "store_id is missing", id="no_store"),
        pytest.param("sku_id", '""', "sku_id is missing", id="quoted_nothing_for_a_sku"),
        pytest.param("date", "", "date is missing", id="no_date"),
        pytest.param("date", "03/04/2024", "date cannot be read as a date (YYYY-MM-DD)", id="day_or_month_first"),
        pytest.param("date", "2025/06/03", "date cannot be read as a date (YYYY-MM-DD)", id="slashes"),
        pytest.param("date", "2025-6-3", "date cannot be read as a date (YYYY-MM-DD)", id="no_leading_zeros"),
        pytest.param("date", "20250603", "date cannot be read as a date (YYYY-MM-DD)", id="no_dashes"),
        pytest.param("date", "2025-02-30", "date cannot be read as a date (YYYY-MM-DD)", id="no_such_day"),
        pytest.param("date", "0000-01-01", "date cannot be read as a date (YYYY-MM-DD)", id="before_the_calendar"),
        pytest.param("date", "-2025-06-03", "date cannot be read as a date (YYYY-MM-DD)", id="before_christ"),
        pytest.param("date", "2025-06-03 08:00", "date cannot be read as a date (YYYY-MM-DD)", id="with_a_time"),
        pytest.param("units_sold", "abc", "units_sold cannot be read as a number", id="words"),
        pytest.param("units_sold", '"1,5"', "units_sold cannot be read as a number", id="decimal_comma"),
        pytest.param("revenue", "NULL", "revenue cannot be read as a number", id="a_word_for_nothing"),
        pytest.param("promo_flag", "yes", "promo_flag cannot be read as a flag (0/1 or true/false)", id="yes"),
        pytest.param("promo_flag", "2", "promo_flag cannot be read as a flag (0/1 or true/false)", id="two"),
    ],
)
def test_a_cell_that_is_not_what_its_column_holds_stops_the_night(night, column, cell, complaint):
    night.csv()
    row = {
        "store_id": "1",
        "sku_id": "11",
        "date": "2025-06-03",
        "units_sold": "5",
        "revenue": "5",
        "promo_flag": "1",
    }
    night.add_lines(SALES, ",".join((row | {column: cell}).values()))
    message = night.refuses_input()
    assert f"cannot be used (1):\n  1. {SALES}: {complaint}: 1 of 595 rows (0.17%)" in message
    assert f"first: {SALES}.csv row 595: store_id" in message
    assert f"{column} {cell.strip(chr(34)) or '(empty)'}" in message


def test_dates_with_the_day_first_are_refused_wherever_they_stand(night):
    sales = small_chain()[SALES].with_columns(pl.col("date").dt.strftime("%d/%m/%Y"))
    night.csv(**{SALES: sales})
    message = night.refuses_input()
    assert "594 of 594 rows" in message
    assert message.count("row ") == 5, "five examples are enough"


@pytest.mark.parametrize(
    ("column", "values", "shown"),
    [
        pytest.param("store_id", pl.lit(1.5), "store_id 1.5", id="half_an_id"),
        pytest.param("store_id", pl.lit(2**63 + 5, pl.UInt64), f"store_id {2**63 + 5}", id="id_beyond_64_bits"),
        pytest.param("store_id", pl.concat_list("store_id"), "store_id List(Int64)", id="ids_in_lists"),
        pytest.param("date", pl.lit(20250603), "date 20250603", id="dates_as_numbers"),
        pytest.param("date", pl.lit(5_000_000).cast(pl.Int32).cast(pl.Date), "date +15659-07-15", id="far_future"),
        pytest.param("units_sold", pl.lit("five"), "units_sold five", id="words"),
        pytest.param("units_sold", pl.col("date"), "units_sold 2025-05-12", id="dates_for_units"),
        pytest.param("promo_flag", pl.lit(2), "promo_flag 2", id="flag_of_two"),
        pytest.param("promo_flag", pl.lit("ja"), "promo_flag ja", id="flag_in_words"),
    ],
)
def test_a_parquet_column_that_is_not_what_it_holds_stops_the_night(night, column, values, shown):
    night.parquet(**{SALES: small_chain()[SALES].with_columns(values.alias(column))})
    message = night.refuses_input()
    assert f"{SALES}: {column} cannot be read as " in message
    assert "594 of 594 rows" in message
    assert shown in message


@pytest.mark.parametrize("as_of", [AS_OF, None], ids=["as_of_given", "latest_sales"])
def test_one_impossible_date_among_good_ones_stops_the_night(night, as_of):
    sales = small_chain()[SALES]
    impossible = sales.head(1).with_columns(date=pl.lit(-5_000_000).cast(pl.Int32).cast(pl.Date))
    night.parquet(**{SALES: pl.concat([sales, impossible])})
    message = night.refuses_input(*(["--as-of", as_of] if as_of else []))
    assert "date cannot be read as a date (YYYY-MM-DD): 1 of 595 rows" in message


def test_a_message_holds_no_control_characters_and_no_novel(night):
    night.csv()
    night.add_lines(SALES, '1,11,2025-06-03,"two\nlines \x1b[31m",5,0', "1,11,2025-06-03," + "x" * 5000 + ",5,0")
    message = night.refuses_input()
    assert r"units_sold 'two\nlines \x1b[31m'" in message
    assert "units_sold " + "x" * 80 + "\n" in message
