"""Small chains of even trade, in which nothing happens but what some settings are about."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from tests.planted.small import KEY, write_parquet

if TYPE_CHECKING:
    from pathlib import Path

    from tests.planted.small import Tables

LAST = date(2025, 6, 30)
DAYS = 70
STORES, SKUS = range(1, 13), range(1, 31)
SALES, STOCK, PRICES = "sales_transactions", "inventory_snapshot", "pricing"


def even_trade(stores: range = STORES) -> Tables:
    """Every SKU sells every day, a little unevenly; stock is recorded and delivered every third day."""
    grid = (
        pl.DataFrame({"store_id": stores})
        .join(pl.DataFrame({"sku_id": SKUS}), how="cross")
        .join(pl.DataFrame({"back": range(DAYS)}), how="cross")
        .with_columns(date=pl.lit(LAST) - pl.duration(days="back"))
        .sort(KEY)
    )
    sold = 8 + pl.col("sku_id") % 5 + (pl.col("back") * 5 + pl.col("store_id") * 3 + pl.col("sku_id") * 7) % 11 % 4
    price = 2.0 + pl.col("sku_id") % 5
    recorded = grid.filter(pl.col("back") % 3 == 2)
    return {
        SALES: grid.select(*KEY, "back", units_sold=sold.cast(pl.Float64), revenue=sold * price, promo_flag=False),
        STOCK: recorded.select(*KEY, "back", quantity_on_hand=150.0 + pl.col("back") % 4),
        PRICES: recorded.select(*KEY, "back", price=price, promo_flag=False, promo_type=pl.lit(None, pl.String)),
        "stores": pl.DataFrame({"store_id": stores}).with_columns(
            store_name=pl.format("Store {}", "store_id"),
            latitude=50.0 + pl.col("store_id") * 0.05,
            longitude=10.0 + pl.col("store_id") % 3 * 0.05,
        ),
        "skus": pl.DataFrame({"sku_id": SKUS}).select(
            "sku_id", category=pl.format("category {}", pl.col("sku_id") % 3), cost=1.0 + pl.col("sku_id") % 5 * 0.4
        ),
    }


def write(folder: Path, tables: Tables) -> Path:
    """The tables without what they were made by."""
    return write_parquet(folder, {name: table.drop("back", strict=False) for name, table in tables.items()})


def at(store: int, *skus: int) -> pl.Expr:
    """Some SKUs of a store."""
    return (pl.col("store_id") == store) & pl.col("sku_id").is_in(skus or SKUS)


def lately(days: int, until: int = 0) -> pl.Expr:
    """The last days of the chain, up to so many days before the last one."""
    return pl.col("back").is_between(until, days - 1)


def uneven_deliveries(folder: Path) -> Path:
    """Stores that fall short in every way a day can, and tables that do not quite meet.

    Of the last day one store lacks half its rows, another half of its best sellers, a third half of what it sells on
    two days of three; two are silent, and one has lacked half its rows for five days. One place is swapped, five
    store-SKUs have no price, one has a single unit in stock, and one SKU was sold on the first days alone.
    """
    tables = even_trade()
    sku = pl.col("sku_id")
    sometimes = at(2, *SKUS[8:]) & ((pl.col("back") * 7 + sku * 5) % 16 < 4) & ~lately(1)
    lacking = (
        (at(1, *SKUS[::2]) & lately(1))
        | (at(2, *SKUS[:5]) & lately(1))
        | sometimes
        | (at(3, *SKUS[:18]) & lately(5))
        | (pl.col("store_id").is_in([4, 5]) & lately(1))
        | (at(7) & ((sku + pl.col("back") * 3) % 10 < 3))
        | (at(7, *SKUS[::2]) & lately(1))
    )
    old = tables[SALES].filter(at(6, 1) & lately(DAYS, DAYS - 3)).with_columns(sku_id=pl.lit(99, pl.Int64))
    tables[SALES] = pl.concat([tables[SALES].filter(~lacking), old])
    quantity = pl.when(at(9, 1)).then(1.0).otherwise("quantity_on_hand").alias("quantity_on_hand")
    tables[STOCK] = tables[STOCK].filter(~lately(5)).with_columns(quantity)
    tables[PRICES] = tables[PRICES].filter(~at(8, *SKUS[:5]))
    latitude, longitude, is_swapped = pl.col("latitude"), pl.col("longitude"), pl.col("store_id") == 12
    tables["stores"] = tables["stores"].with_columns(
        latitude=pl.when(is_swapped).then(longitude).otherwise(latitude),
        longitude=pl.when(is_swapped).then(latitude + 0.35).otherwise(longitude),
    )
    return write(folder, tables)


def thin_day(folder: Path) -> Path:
    """Every store lacks some hundredths of its rows on ordinary days, and a seventh of them on the last one.

    A sixth of the SKUs began lately.
    """
    tables = even_trade()
    cell = (pl.col("store_id") * 37 + pl.col("sku_id") * 17 + pl.col("back") * 29) % 101
    usual = pl.when(lately(1)).then(15).otherwise(pl.col("back") % 3 * 2)
    is_late = pl.col("sku_id").is_in(SKUS[:5]) & ~lately(20)
    tables[SALES] = tables[SALES].filter((cell >= usual) & ~is_late)
    return write(folder, tables)


def small_baskets(folder: Path) -> Path:
    """Everything sold on the last day, and less than half of what it sells."""
    tables = even_trade(range(1, 5))
    tables[SALES] = tables[SALES].with_columns(
        units_sold=pl.when(lately(1)).then(pl.col("units_sold") * 0.4).otherwise("units_sold")
    )
    return write(folder, tables)


def some_far_days(folder: Path) -> Path:
    """Ten whole days of sales, a hundred days after the others."""
    tables = even_trade(range(1, 3))
    far = tables[SALES].filter(lately(10)).with_columns(pl.col("date") + timedelta(days=110))
    tables[SALES] = pl.concat([tables[SALES], far])
    return write(folder, tables)


def told_shelves(folder: Path) -> Path:
    """A shelf dark for a month, old stock that lasts two months and longer, lots, SKUs that end, prices that vary."""
    tables = even_trade(range(1, 8))
    sales, back, sku = tables[SALES], pl.col("back"), pl.col("sku_id")
    is_cheap = sku.is_in(SKUS[18:28]) & ((back + sku) % 28 < 7)
    lot = pl.when((back * 11) % 13 < 3).then(4.0 + (back * 17) % 37).otherwise(0.0)
    share = (
        pl.when(at(1, 1) & lately(30)).then(0.0)
        .when((at(5, 2) | at(1, 3, 6)) & lately(5)).then(0.3)
        .when(sku.is_in([4, 5]) & lately(10)).then(0.15)
        .when((sku == 5) & lately(24, 10)).then(4.0)
        .when(at(2, 8) & (lately(8) | ~lately(50))).then(0.4)
        .when(is_cheap).then(1.5)
        .otherwise(1.0)
    )  # fmt: skip
    units = pl.when(at(3, 9)).then(lot).otherwise((pl.col("units_sold") * share).round())
    tables[SALES] = sales.with_columns(units_sold=units, revenue=units * pl.col("revenue") / pl.col("units_sold"))
    shrinking = pl.when(lately(4)).then(560.0).otherwise(700.0)
    tables[STOCK] = tables[STOCK].with_columns(
        quantity_on_hand=pl.when(at(5, 2)).then(shrinking)
        .when(at(1, 3)).then(700.0)
        .when(at(1, 6)).then(950.0)
        .otherwise("quantity_on_hand")
    )  # fmt: skip
    reduced = pl.when(is_cheap).then(pl.col("price") * 0.8).otherwise("price")
    daily = sales.join(tables[PRICES].drop("date", "back").unique(KEY[:2]), on=KEY[:2]).select(
        *KEY, "back", price=reduced, promo_flag=pl.col("promo_flag"), promo_type="promo_type"
    )
    tables[PRICES] = daily
    return write(folder, tables)


# Lakes: what one holds, and what is delivered to it then


def told_of_outside(folder: Path) -> Path:
    """The same shelves with weather, and a calendar of three kinds of days, one of them on two days of five."""
    told_shelves(folder)
    back = pl.DataFrame({"back": range(DAYS)}).with_columns(date=pl.lit(LAST) - pl.duration(days="back"))
    often = back.filter(pl.col("back") % 5 < 2).select("date", kind=pl.lit("late opening"))
    rare = back.filter(pl.col("back") % 9 == 4).select("date", kind=pl.lit("fair"))
    holidays = back.filter(pl.col("back") % 11 == 6).select("date", kind=pl.lit("public holiday"))
    day = pl.col("back") * 7 + pl.col("store_id")
    weather = pl.DataFrame({"store_id": STORES}).join(back, how="cross")
    outside = {
        "events": pl.concat([often, rare, holidays]),
        "weather": weather.select("store_id", "date", temperature_celsius=day % 17, rain_millimetres=day % 23),
    }
    return write_parquet(folder, outside)


def half_monday(folder: Path) -> Path:
    """Five Mondays, a little uneven, with one left out between them; then half of the rows of the next one."""
    counts = {42: 1600, 35: 1500, 28: 1700, 14: 1560, 7: 1640}
    return _held_and_delivered(folder, counts, {0: 810})


def shrunk_monday(folder: Path) -> Path:
    """Two Mondays; then one of them again, with less than half of its rows."""
    return _held_and_delivered(folder, {7: 100, 0: 100}, {0: 40})


def _held_and_delivered(folder: Path, held: dict[int, int], delivered: dict[int, int]) -> Path:
    """Numbers of rows of sales by days before the last one."""
    for name, counts in (("held", held), ("delivered", delivered)):
        days = [
            pl.DataFrame({"store_id": pl.int_range(n, eager=True) // 40, "sku_id": pl.int_range(n, eager=True) % 40})
            .with_columns(date=pl.lit(LAST - timedelta(days=back)), units_sold=1.0, revenue=2.0, promo_flag=False)
            for back, n in counts.items()
        ]  # fmt: skip
        write_parquet(folder / name, {SALES: pl.concat(days)})
    return folder


# Answers of stores


def answers_of_stores(file: Path) -> Path:
    """Forty answers on an earlier night, fewer of which found a dark shelf than it had believed."""
    n = pl.int_range(40, eager=True)
    pl.DataFrame(
        {
            "run_id": "2025-06-01-0123456789abcdef",
            "case_id": n.cast(pl.String),
            "confidence": 0.5 + n % 10 * 0.05,
            "is_dark": n % 10 > 5,
            "answered_on": date(2025, 6, 20),
        }
    ).write_parquet(file)
    return file
