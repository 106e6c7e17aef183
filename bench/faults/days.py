"""Days that come late, in part, twice as far or not at all."""

import datetime as dt
from typing import Final

import polars as pl

from bench.faults.chain import DAILY, Chain
from bench.faults.fault import (
    DONE,
    LATER,
    REFUSED,
    Delivery,
    Draw,
    Fault,
    appended,
    changed,
    on,
    since,
    some,
    without,
)
from engine.vocabulary import shelf as v

SUNDAY: Final = 7


def half_of_the_last_day(chain: Chain, draw: Draw) -> Delivery:
    """A transfer that broke off: every second row of the last day."""
    sales = chain.tables[v.SALES]
    return changed(chain, **{v.SALES: sales.filter(~some(sales, 0.5, draw, on(chain, 0)))})


def fifth_of_the_last_day(chain: Chain, draw: Draw) -> Delivery:
    """Some tills have not reported yet."""
    sales = chain.tables[v.SALES]
    return changed(chain, **{v.SALES: sales.filter(~some(sales, 0.2, draw, on(chain, 0)))})


def last_day_until_noon(chain: Chain, draw: Draw) -> Delivery:
    """The export ran at noon: every shelf sold a part of its units."""
    sales = chain.tables[v.SALES]
    units = pl.Series(draw.binomial(sales["units_sold"].cast(pl.Int64), 0.5)).cast(sales["units_sold"].dtype)
    part = units / sales["units_sold"]
    until_noon = sales.with_columns(
        pl.when(on(chain, 0)).then(units).otherwise(pl.col("units_sold")).alias("units_sold"),
        pl.when(on(chain, 0)).then(pl.col("revenue") * part).otherwise(pl.col("revenue")).alias("revenue"),
    )
    return changed(chain, **{v.SALES: until_noon.filter(pl.col("units_sold") > 0)})


def category_missing_on_the_last_day(chain: Chain, draw: Draw) -> Delivery:
    """One department's system did not deliver."""
    skus = chain.tables[v.SKUS]
    category = skus.filter(sku_id=chain.sku)["category"].item()
    missing = skus.filter(category=category)["sku_id"].implode()
    sales = chain.tables[v.SALES].filter(~(on(chain, 0) & pl.col("sku_id").is_in(missing)))
    return changed(chain, **{v.SALES: sales})


def store_missing_on_the_last_day(chain: Chain, draw: Draw) -> Delivery:
    """One store's line was down."""
    sales = chain.tables[v.SALES].filter(~(on(chain, 0) & (pl.col("store_id") == chain.store)))
    return changed(chain, **{v.SALES: sales})


def third_of_the_stores_missing_on_the_last_day(chain: Chain, draw: Draw) -> Delivery:
    """A regional server was down."""
    stores = chain.tables[v.STORES]["store_id"]
    missing = stores.head(len(stores) // 3).implode()
    sales = chain.tables[v.SALES].filter(~(on(chain, 0) & pl.col("store_id").is_in(missing)))
    return changed(chain, **{v.SALES: sales})


def next_day_has_begun(chain: Chain, draw: Draw) -> Delivery:
    """The export ran after midnight: the first sales of the next day are in it."""
    sales = chain.tables[v.SALES]
    early = sales.filter(some(sales, 0.03, draw, on(chain, 7)))
    begun = early.with_columns(date=pl.lit(chain.day(-1)))
    return changed(chain, **{v.SALES: pl.concat([sales, begun])})


def last_file_empty(chain: Chain, draw: Draw) -> Delivery:
    """A file a day, and the newest holds nothing but its header."""
    sales = chain.tables[v.SALES]
    before = {f"{v.SALES}-until-{chain.day(1)}": sales.filter(~on(chain, 0))}
    return without(chain, v.SALES) | before | {f"{v.SALES}-{chain.day(0)}": sales.clear()}


def day_lost(chain: Chain, draw: Draw) -> Delivery:
    """A day of sales was never delivered, weeks ago."""
    return changed(chain, **{v.SALES: chain.tables[v.SALES].filter(~on(chain, 23))})


def half_a_day_lost(chain: Chain, draw: Draw) -> Delivery:
    """Half the rows of a day were never delivered, weeks ago."""
    sales = chain.tables[v.SALES]
    return changed(chain, **{v.SALES: sales.filter(~some(sales, 0.5, draw, on(chain, 23)))})


def day_lost_a_few_days_ago(chain: Chain, draw: Draw) -> Delivery:
    """A day of sales was never delivered, and the days after it were."""
    return changed(chain, **{v.SALES: chain.tables[v.SALES].filter(~on(chain, 3))})


def week_of_a_store_lost(chain: Chain, draw: Draw) -> Delivery:
    """One store did not deliver for a week, three weeks ago."""
    lost = pl.col("date").is_between(chain.day(27), chain.day(21)) & (pl.col("store_id") == chain.store)
    return changed(chain, **{v.SALES: chain.tables[v.SALES].filter(~lost)})


def closed_on_sundays(chain: Chain, draw: Draw) -> Delivery:
    """The chain does not trade on Sundays, which leave no rows."""
    return changed(chain, **{v.SALES: chain.tables[v.SALES].filter(pl.col("date").dt.weekday() != SUNDAY)})


def closed_on_sundays_as_zeros(chain: Chain, draw: Draw) -> Delivery:
    """The chain does not trade on Sundays, which come as rows of 0 units."""
    return changed(chain, **{v.SALES: nothing_sold(chain.tables[v.SALES], pl.col("date").dt.weekday() == SUNDAY)})


def store_closed(chain: Chain, draw: Draw) -> Delivery:
    """A store has been closed for twelve days: it has no rows."""
    closed = since(chain, 11) & (pl.col("store_id") == chain.store)
    return changed(chain, **{v.SALES: chain.tables[v.SALES].filter(~closed)})


def store_closed_as_zeros(chain: Chain, draw: Draw) -> Delivery:
    """A store has been closed for twelve days, and its rows say 0 units."""
    days = pl.DataFrame({"date": pl.date_range(chain.day(11), chain.last_day, eager=True)})
    sales = chain.tables[v.SALES]
    of_store = sales.filter(store_id=chain.store)
    zeros = of_store.select("store_id", "sku_id").unique(maintain_order=True).join(days, how="cross")
    rows = zeros.with_columns(
        units_sold=pl.lit(0.0, sales.schema["units_sold"]), revenue=pl.lit(0.0), promo_flag=pl.lit(value=False)
    )
    open_days = sales.filter(~(since(chain, 11) & (pl.col("store_id") == chain.store)))
    return changed(chain, **{v.SALES: pl.concat([open_days, rows.select(sales.columns)])})


def one_row_in_2099(chain: Chain, draw: Draw) -> Delivery:
    """A date was mistyped, decades ahead."""
    return changed(chain, **{v.SALES: _mistyped(chain, dt.date(2099, 3, 31))})


def one_row_in_1926(chain: Chain, draw: Draw) -> Delivery:
    """A date was mistyped, a century back."""
    return changed(chain, **{v.SALES: _mistyped(chain, dt.date(1926, 3, 31))})


def one_row_a_week_ahead(chain: Chain, draw: Draw) -> Delivery:
    """A till's clock is a week fast."""
    return changed(chain, **{v.SALES: _mistyped(chain, chain.day(-7))})


def some_rows_a_month_ahead(chain: Chain, draw: Draw) -> Delivery:
    """Day and month were swapped in some rows, or a till's clock is wrong."""
    sales = chain.tables[v.SALES]
    ahead = sales.filter(on(chain, 2)).head(5).with_columns(date=pl.lit(chain.day(-30)))
    return changed(chain, **{v.SALES: pl.concat([sales, ahead])})


def prices_of_next_week(chain: Chain, draw: Draw) -> Delivery:
    """Prices that will hold next week are delivered ahead, which is no fault."""
    prices = chain.tables[v.PRICING]
    ahead = prices.filter(on(chain, 0)).with_columns(date=pl.lit(chain.day(-7)))
    return changed(chain, **{v.PRICING: pl.concat([prices, ahead])})


def dates_as_timestamps(chain: Chain, draw: Draw) -> Delivery:
    """Every date carries midnight."""
    stamped = pl.col("date").dt.strftime("%Y-%m-%d 00:00:00")
    return changed(chain, **{name: chain.tables[name].with_columns(stamped) for name in DAILY})


def dates_day_first(chain: Chain, draw: Draw) -> Delivery:
    """Dates are written with the day in front."""
    written = pl.col("date").dt.strftime("%d/%m/%Y")
    return changed(chain, **{name: chain.tables[name].with_columns(written) for name in DAILY})


def nothing_sold(sales: pl.DataFrame, where: pl.Expr) -> pl.DataFrame:
    """The same rows, which sold nothing somewhere."""
    zero = [pl.when(where).then(0.0).otherwise(pl.col(name)).alias(name) for name in ("units_sold", "revenue")]
    return sales.with_columns(zero)


def _mistyped(chain: Chain, date: dt.date) -> pl.DataFrame:
    """The sales and one more row of an ordinary shelf, on another date."""
    store, sku = chain.pair
    cells = {"units_sold": 3.0, "revenue": 9.0, "promo_flag": False}
    return appended(chain.tables[v.SALES], store_id=store, sku_id=sku, date=date, **cells)


LAST_DAY: Final = (
    Fault("half of the last day's sales rows missing", half_of_the_last_day, (LATER,), "2026-03-31"),
    Fault("a fifth of the last day's sales rows missing", fifth_of_the_last_day, (LATER,), "2026-03-31"),
    Fault("the last day until noon", last_day_until_noon, (LATER,), "2026-03-31"),
    Fault("one category not delivered on the last day", category_missing_on_the_last_day, (DONE, LATER), "categor"),
    Fault("one store not delivered on the last day", store_missing_on_the_last_day, (DONE, LATER), "store"),
    Fault(
        "a third of the stores not delivered on the last day",
        third_of_the_stores_missing_on_the_last_day,
        (DONE, LATER),
        "store",
    ),
    Fault("the first sales of the next day", next_day_has_begun, (DONE, LATER), "2026-04-01"),
    Fault("the newest file holds no row", last_file_empty, (DONE, REFUSED, LATER), "2026-03-3[01]"),
)
CALENDAR: Final = (
    Fault("one day of sales lost weeks ago", day_lost, tells="2026-03-08"),
    Fault("half a day of sales lost weeks ago", half_a_day_lost, tells="2026-03-08"),
    Fault("one day of sales lost three days ago", day_lost_a_few_days_ago, tells="2026-03-28"),
    Fault("one store not delivered for a week", week_of_a_store_lost, tells="store"),
    Fault("chain closed on Sundays, no rows", closed_on_sundays),
    Fault("chain closed on Sundays, rows of 0", closed_on_sundays_as_zeros),
    Fault("a store closed for 12 days, no rows", store_closed, tells="store"),
    Fault("a store closed for 12 days, rows of 0", store_closed_as_zeros, tells="store"),
    Fault("one row dated 2099", one_row_in_2099, tells="2099"),
    Fault("one row dated 1926", one_row_in_1926),
    Fault("one row a week ahead", one_row_a_week_ahead, tells="2026-04-07"),
    Fault("a few rows a month ahead", some_rows_a_month_ahead, tells="2026-04-30"),
    Fault("prices of next week delivered ahead", prices_of_next_week, is_ordinary=True),
    Fault("dates as timestamps", dates_as_timestamps, (DONE, REFUSED)),
    Fault("dates with the day in front", dates_day_first, (REFUSED,), "date"),
)
