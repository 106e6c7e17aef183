"""Small chains that need the settings: ordinary trade with every cause, and deliveries with a fault of every kind."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from engine.synth.chain import write_chain
from engine.synth.plan import ChainPlan
from tests.planted.awkward import write_awkward_chain
from tests.planted.small import AS_OF, small_chain, write_parquet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


SALES, STOCK, PRICES, STORES = "sales_transactions", "inventory_snapshot", "pricing", "stores"
TRADE = ChainPlan(
    stores=20,
    skus=16,
    days=90,
    seed=7,
    further_causes=True,
    extra_episodes=0.12,
    median_daily_units=6,
    half_traffic_stores=1,
    fading_skus=1,
)


def trade(folder: Path) -> Path:
    """Three months of ordinary trade with dark shelves of every cause, a store and a SKU that fall as a whole."""
    write_chain(folder, TRADE)
    return folder


def markdowns(folder: Path) -> Path:
    """The same trade where a markdown pays: no cost is known, no store is near, no flyer tells what offers gain."""
    write_chain(folder, TRADE.model_copy(update={"flyer_share": 0.0}))
    tables = {file.stem: pl.read_parquet(file) for file in sorted(folder.glob("*.parquet"))}
    tables["skus"] = tables["skus"].drop("cost")
    tables["stores"] = tables["stores"].drop("latitude", "longitude")
    return write_parquet(folder, tables)


def faulty_trade(folder: Path) -> Path:
    """The same trade with cells that cannot be, returns, lost days, silent stores, stale feeds and weighed goods."""
    write_chain(folder, TRADE)
    tables = {file.stem: pl.read_parquet(file) for file in sorted(folder.glob("*.parquet"))}
    for name, fault in FAULTS:
        tables[name] = fault(tables[name])
    return write_parquet(folder, tables)


def awkward(folder: Path) -> Path:
    """Every awkward fact of the specification."""
    write_awkward_chain(folder, format="parquet")
    return folder


def _day(n: int) -> pl.Expr:
    """So many days before the last one."""
    return pl.col("date") == TRADE.last_date - timedelta(days=n)


def _since(n: int) -> pl.Expr:
    return pl.col("date") > TRADE.last_date - timedelta(days=n)


def _at(store: int, sku: int) -> pl.Expr:
    return (pl.col("store_id") == store) & (pl.col("sku_id") == sku)


def _times(column: str, factor: float, where: pl.Expr) -> Callable[[pl.DataFrame], pl.DataFrame]:
    kept = pl.col(column)
    return lambda rows: rows.with_columns(pl.when(where).then(kept * factor).otherwise(kept).alias(column))


def _without(where: pl.Expr) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda rows: rows.filter(~where)


def _returned(rows: pl.DataFrame) -> pl.DataFrame:
    """Some of what was sold comes back a few days later; some comes back that was never sold."""
    back = rows.filter(_day(20) & (pl.col("store_id") <= 6) & (pl.col("units_sold") > 0))
    late = back.with_columns(-pl.col("units_sold", "revenue"), date=pl.lit(TRADE.last_date - timedelta(days=12)))
    return pl.concat([rows, late.select(rows.columns)])


def _weighed(rows: pl.DataFrame) -> pl.DataFrame:
    """Two SKUs sell by the kilogram."""
    share = pl.when(pl.col("sku_id") <= 2).then(0.37).otherwise(1.0)
    return rows.with_columns(units_sold=pl.col("units_sold") * share)


def _misplaced(stores: pl.DataFrame) -> pl.DataFrame:
    """One store stands at 0.5, 0.5, one where it would if its coordinates were swapped, and three on one point."""
    latitude, longitude, store = (pl.col(name) for name in ("latitude", "longitude", "store_id"))
    is_shared = store.is_between(17, 19)
    return stores.with_columns(
        latitude=pl.when(store == 15).then(longitude).when(store == 16).then(0.5).when(is_shared).then(51.0)
        .otherwise(latitude),
        longitude=pl.when(store == 15).then(latitude).when(store == 16).then(0.5).when(is_shared).then(9.0)
        .otherwise(longitude),
    )  # fmt: skip


FAULTS: tuple[tuple[str, Callable[[pl.DataFrame], pl.DataFrame]], ...] = (
    (SALES, _weighed),
    (SALES, _returned),
    (SALES, _times("units_sold", 40, _at(3, 5) & _day(9))),
    (SALES, _times("revenue", 40, _at(3, 5) & _day(9))),
    (SALES, _times("units_sold", 60, _at(4, 6) & _day(9))),
    (SALES, _times("units_sold", 3000, _at(5, 7) & _day(9))),
    (SALES, _times("revenue", 3.5, pl.col("sku_id") == 9)),
    (SALES, _without((pl.col("store_id") == 7) & (_day(30) | _day(31)))),
    (SALES, _without((pl.col("store_id") == 8) & _since(5))),
    (SALES, _without((pl.col("store_id") == 9) & _since(30) & ~_since(20))),
    (SALES, _without(_day(40))),
    (SALES, _without(_day(50) & (pl.col("sku_id") % 3 != 0))),
    (SALES, _times("units_sold", 0, (pl.col("store_id") == 10) & _since(3))),
    (SALES, _without((pl.col("store_id") == 11) & (pl.col("date").dt.weekday() == 7))),
    (STOCK, _times("quantity_on_hand", 5000, _at(3, 5) & _since(30))),
    (STOCK, _times("quantity_on_hand", 0, (pl.col("store_id") == 12) & _since(15) & ~_since(14))),
    (STOCK, _without((pl.col("store_id") == 13) & _since(25))),
    (STOCK, _times("quantity_on_hand", -1, _at(14, 3) & _since(40) & ~_since(30))),
    (PRICES, _times("price", 60, _at(3, 6) & _since(60) & ~_since(50))),
    (PRICES, _times("price", 0, _at(3, 7) & _since(60) & ~_since(50))),
    (STORES, _misplaced),
)


# The smallest chain with one fault


def half_of_the_keys(folder: Path) -> Path:
    """Prices whose SKUs meet the sales half of the time."""
    tables = small_chain()
    moved = pl.col("sku_id") + pl.when(pl.col("sku_id") > 12).then(100).otherwise(0)
    return write_parquet(folder, tables | {PRICES: tables[PRICES].with_columns(moved)})


def sent_twice(folder: Path) -> Path:
    """The sales of the last week again."""
    return _with_a_copy(folder, days=7, changed=0)


def sent_nearly_twice(folder: Path) -> Path:
    """The sales of the last week again, every fifth row with another number."""
    return _with_a_copy(folder, days=7, changed=5)


def a_few_sent_twice(folder: Path) -> Path:
    """The dozen sales of the last day again."""
    return _with_a_copy(folder, days=1, changed=0)


def _with_a_copy(folder: Path, days: int, changed: int) -> Path:
    tables = small_chain()
    again = tables[SALES].filter(pl.col("date") > AS_OF - timedelta(days=days))
    other = (pl.int_range(pl.len()) % changed == 0) if changed else pl.lit(value=False)
    return write_parquet(folder, tables | {f"{SALES}-copy": again.with_columns(pl.col("units_sold") + other)})


def faulty_prices(folder: Path) -> Path:
    """A tenth of the prices below 0."""
    tables = small_chain()
    wrong = pl.when(pl.int_range(pl.len()) % 10 == 0).then(-1.0).otherwise("price").alias("price")
    return write_parquet(folder, tables | {PRICES: tables[PRICES].with_columns(wrong)})


def a_stray_date(folder: Path) -> Path:
    """A quarter of a day's sales, three days after the last one; and one row of a year later."""
    tables = small_chain()
    last = tables[SALES].filter(pl.col("date") == AS_OF)
    late = last.head(3).with_columns(pl.col("date") + timedelta(days=3))
    return write_parquet(folder, tables | {SALES: pl.concat([tables[SALES], late])})


def a_late_date(folder: Path) -> Path:
    """Nearly half of a day's sales, eight days after the last one."""
    tables = small_chain()
    last = tables[SALES].filter(pl.col("date") == AS_OF)
    late = last.head(5).with_columns(pl.col("date") + timedelta(days=8))
    return write_parquet(folder, tables | {SALES: pl.concat([tables[SALES], late])})


def a_far_date(folder: Path) -> Path:
    """A whole day of sales, a hundred days after the last one."""
    tables = small_chain()
    far = tables[SALES].filter(pl.col("date") == AS_OF).with_columns(pl.col("date") + timedelta(days=100))
    return write_parquet(folder, tables | {SALES: pl.concat([tables[SALES], far])})


def few_days(folder: Path) -> Path:
    """Three weeks of sales."""
    tables = small_chain()
    return write_parquet(folder, tables | {SALES: tables[SALES].filter(pl.col("date") > AS_OF - timedelta(days=20))})
