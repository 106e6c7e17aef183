"""Columns that may be left out, and what takes their place."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from tests.bad_input.night import SALES
from tests.planted.small import AS_OF, DARK, FIRST_DAY, KEY, small_chain, write_csv

if TYPE_CHECKING:
    from tests.bad_input.night import Night
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


@pytest.mark.slow
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


def with_prices_of_the_till() -> Tables:
    """The chain with prices that rise, asked on the days with sales alone, as revenue tells them."""
    tables = with_prices_that_rise()
    asked = tables[SALES].filter(pl.col("units_sold") > 0)
    price = pl.col("revenue") / pl.col("units_sold")
    return tables | {PRICING: asked.select(*KEY, price=price)}


def without_prices(tables: Tables) -> Tables:
    return {name: frame for name, frame in tables.items() if name != PRICING}


def told_of(night: Night, word: str) -> list[str]:
    return [warning for warning in night.quality()["warnings"] if word in warning]


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["calibrated", "classic"])
@pytest.mark.parametrize("lines", [1, 3])
def test_without_prices_revenue_by_units_of_the_last_day_with_sales_takes_their_place(night, profile, lines):
    tables = with_prices_of_the_till()
    # Lines of receipts, of unlike size and in no order, add up to the day.
    shares = {1: [1.0], 3: [0.5, 0.125, 0.375]}[lines]
    parts = [tables[SALES].with_columns(pl.col("units_sold", "revenue") * share) for share in shares]
    tables[SALES] = pl.concat(parts).sample(fraction=1.0, shuffle=True, seed=lines)
    words = ("--profile", profile)
    write_csv(night.folder, tables)
    whole = without_warnings(night.passes(*words))
    (night.folder / f"{PRICING}.csv").unlink()
    left_out = without_warnings(night.passes(*words))
    assert left_out == whole
    assert told_of(night, PRICING) == [
        f"the table {PRICING} was not delivered: the price is revenue ÷ units of the last day with sales; a "
        "change while nothing sells is not seen"
    ]


def test_a_return_at_the_price_that_was_paid_changes_no_price(night):
    tables = without_prices(with_prices_that_rise())
    last = tables[SALES].unique(["store_id", "sku_id"], keep="last", maintain_order=True)
    paid = pl.col("revenue") / pl.col("units_sold")
    # One comes back on a day with sales, one of the dark shelf on a day without.
    back = last.select("store_id", "sku_id", date=AS_OF, units_sold=-1.0, revenue=-paid, promo_flag=False)
    asked = []
    for sales in (tables[SALES], pl.concat([tables[SALES], back])):
        write_csv(night.folder, tables | {SALES: sales})
        asked.append(pl.read_parquet(night.passes()["features.parquet"])["current_price"].to_list())
    plain, returned = asked
    assert None not in plain
    assert returned == pytest.approx(plain)


def test_without_prices_and_revenue_cases_have_no_amount_and_that_is_told_once(night):
    tables = without_prices(small_chain())
    write_csv(night.folder, tables | {SALES: tables[SALES].drop("revenue")})
    cases = pl.read_parquet(night.passes()["cases.parquet"])
    assert cases.select("store_id", "sku_id").rows() == [tuple(map(str, DARK))]
    assert cases["revenue_at_risk"].to_list() == [None]
    (told,) = told_of(night, "revenue")
    assert told.startswith(f"the table {PRICING} was not delivered: no row of sales has a revenue either")


@pytest.mark.parametrize("profile", ["calibrated", "classic"])
def test_required_tables_alone_make_a_night_that_finds_the_dark_shelf(night, profile):
    tables = small_chain()
    write_csv(night.folder, {name: tables[name] for name in (SALES, "inventory_snapshot")})
    files = night.passes("--profile", profile)
    cases = pl.read_parquet(files["cases.parquet"])
    assert tuple(map(str, DARK)) in cases.select("store_id", "sku_id").rows()
    told = told_of(night, "was not delivered")
    assert [warning.split()[2] for warning in told] == [PRICING, "impressions", "stores", "skus"]
    assert not told_of(night, "coordinates")
    if "transfers.parquet" in files:
        assert pl.read_parquet(files["transfers.parquet"]).is_empty()
