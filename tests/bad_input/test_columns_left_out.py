"""Columns that may be left out, and what takes their place."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from tests.bad_input.night import SALES
from tests.planted.small import DARK, FIRST_DAY, KEY, small_chain

if TYPE_CHECKING:
    from tests.planted.small import Tables

PRICING = "pricing"
BY_PRICE = f"no row of {SALES} has a revenue: units × price takes its place, and prices are held against nothing"
NO_PROMOTION = "has a promo_flag: it knows of no promotion"


def with_prices_that_rise() -> Tables:
    """The small chain with prices that rise from week to week, and what was taken at the price of each day."""
    tables = small_chain()
    weeks = (pl.col("date") - FIRST_DAY).dt.total_days() // 7
    prices = tables[PRICING].with_columns(pl.col("price") + 0.25 * weeks)
    on = pl.col("date") - pl.duration(days=(pl.col("date") - FIRST_DAY).dt.total_days() % 7)
    asked = (
        tables[SALES]
        .with_columns(week=on)
        .join(prices.select("store_id", "sku_id", "price", week="date"), on=["store_id", "sku_id", "week"])
    )
    sales = asked.select(*KEY, "units_sold", revenue=pl.col("units_sold") * pl.col("price"), promo_flag=False)
    return tables | {PRICING: prices, SALES: sales.sort(KEY)}


def without_warnings(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if name != "data_quality.json"}


@pytest.mark.parametrize("absent", ["left_out", "empty"])
def test_without_a_revenue_units_times_the_price_of_the_day_takes_its_place(night, absent):
    tables = with_prices_that_rise()
    night.csv(**tables)
    whole = night.passes()
    sales = tables[SALES]
    left = sales.drop("revenue") if absent == "left_out" else sales.with_columns(revenue=pl.lit(None, pl.Float64))
    night.csv(**tables | {SALES: left})
    assert without_warnings(night.passes()) == without_warnings(whole)
    assert [warning for warning in night.quality()["warnings"] if "revenue" in warning] == [BY_PRICE]


def test_a_revenue_that_some_rows_have_is_not_made_up_in_the_others(night):
    is_early = pl.col("date") < FIRST_DAY + timedelta(days=9)
    some = small_chain()[SALES].with_columns(revenue=pl.when(is_early).then("revenue"))
    night.csv(**{SALES: some})
    features = pl.read_parquet(night.passes()["features.parquet"])
    known = features.drop_nulls("baseline_mean_revenue")
    # Days on which nothing sold took nothing, whatever else is known.
    assert known.select("store_id", "sku_id", "baseline_mean_revenue").rows() == [(*map(str, DARK), 0.0)]
    told = [warning for warning in night.quality()["warnings"] if "revenue" in warning]
    assert len(told) == 1
    assert told[0].endswith(f"rows of {SALES} have no revenue: it counts as unknown")


def test_without_a_flag_no_promotion_is_known(night, plain_csv):
    tables = small_chain()
    night.csv(**{name: tables[name].drop("promo_flag") for name in (SALES, PRICING)})
    assert without_warnings(night.passes()) == without_warnings(plain_csv)
    told = [warning for warning in night.quality()["warnings"] if "promo_flag" in warning]
    assert told == [f"no row of {name} {NO_PROMOTION}" for name in (SALES, PRICING)]
