"""Rows that come twice, undo one another, or belong to somebody else."""

import gzip
from typing import Final

import polars as pl

from bench.faults.chain import Chain
from bench.faults.fault import DONE, REFUSED, Delivery, Draw, Fault, appended, as_csv, changed, of, since, without
from engine.vocabulary import shelf as v

TWICE: Final = "twice|equal|again|repeat|same rows"


def every_row_twice(chain: Chain, draw: Draw) -> Delivery:
    """The export ran twice into the same files."""
    return {name: pl.concat([frame, frame]) for name, frame in chain.tables.items()}


def every_sale_twice(chain: Chain, draw: Draw) -> Delivery:
    """A join upstream doubled the sales."""
    sales = chain.tables[v.SALES]
    return changed(
        chain, **{v.SALES: pl.concat([sales, sales]).sort("store_id", "sku_id", "date", maintain_order=True)}
    )


def last_week_sent_twice(chain: Chain, draw: Draw) -> Delivery:
    """The file of the last week lies there a second time, as a browser names a second download."""
    sales = chain.tables[v.SALES]
    week, before = sales.filter(since(chain, 6)), sales.filter(~since(chain, 6))
    files = {f"{v.SALES}-before": before, f"{v.SALES}-week": week, f"{v.SALES}-week (1)": week}
    return without(chain, v.SALES) | files


def table_in_two_forms(chain: Chain, draw: Draw) -> Delivery:
    """The sales lie there as they are and packed."""
    return changed(chain, **{f"{v.SALES}.csv.gz": gzip.compress(as_csv(chain.tables[v.SALES]), mtime=0)})


def files_overlap_by_a_day(chain: Chain, draw: Draw) -> Delivery:
    """Two files of which the second begins with the last day of the first."""
    sales = chain.tables[v.SALES]
    cut = pl.col("date") <= chain.day(10)
    first, second = sales.filter(cut), sales.filter(since(chain, 10))
    return without(chain, v.SALES) | {f"{v.SALES}-1": first, f"{v.SALES}-2": second}


def receipts_instead_of_days(chain: Chain, draw: Draw) -> Delivery:
    """A row a receipt and not a row a day: many equal rows of one unit, which is no fault."""
    sales = chain.tables[v.SALES]
    receipts = sales.filter(pl.col("units_sold") > 0).with_columns(
        units_sold=pl.lit(1.0),
        revenue=pl.col("revenue") / pl.col("units_sold"),
        n=pl.col("units_sold").cast(pl.Int64),
    )
    each = receipts.select(pl.exclude("n").repeat_by("n").explode())
    none = sales.filter(pl.col("units_sold") == 0).with_columns(pl.col("units_sold").cast(pl.Float64))
    return changed(
        chain, **{v.SALES: pl.concat([each, none]).sort("store_id", "sku_id", "date", maintain_order=True)}
    )


def rows_in_any_order(chain: Chain, draw: Draw) -> Delivery:
    """Every table shuffled, which is no fault."""
    return {name: frame[draw.permutation(frame.height)] for name, frame in chain.tables.items()}


def void_of_900(chain: Chain, draw: Draw) -> Delivery:
    """900 units rung up and voided on one day."""
    return changed(chain, **{v.SALES: _booked(_booked(chain.tables[v.SALES], chain, 5, 900.0), chain, 5, -900.0)})


def returned_the_next_day(chain: Chain, draw: Draw) -> Delivery:
    """300 units sold one day and brought back the next."""
    return changed(chain, **{v.SALES: _booked(_booked(chain.tables[v.SALES], chain, 6, 300.0), chain, 5, -300.0)})


def return_without_a_sale(chain: Chain, draw: Draw) -> Delivery:
    """Far more units come back on one day than were ever sold there."""
    sales = chain.tables[v.SALES]
    ever = float(sales.filter(of(chain.pair)).select(pl.col("units_sold").sum()).item())
    return changed(chain, **{v.SALES: _booked(sales, chain, 5, -10.0 * ever)})


def returns_everywhere(chain: Chain, draw: Draw) -> Delivery:
    """Every shelf sells one unit more on one day a week and takes it back on the same day."""
    sales = chain.tables[v.SALES]
    weekly = sales.filter(pl.col("date").dt.weekday() == 2)
    price = pl.col("revenue") / pl.col("units_sold")
    weekly = weekly.filter(pl.col("units_sold") > 0).with_columns(revenue=price)
    one = pl.lit(1.0).cast(sales.schema["units_sold"]).alias("units_sold")
    back = weekly.with_columns(-one, revenue=-pl.col("revenue"))
    more = weekly.with_columns(one)
    return changed(chain, **{v.SALES: pl.concat([sales, more, back])})


def stock_of_another_chain(chain: Chain, draw: Draw) -> Delivery:
    """The inventory of another customer: none of its stores is ours."""
    theirs = chain.tables[v.INVENTORY].with_columns(pl.format("K{}", "store_id").alias("store_id"))
    return changed(chain, **{v.INVENTORY: theirs})


def stock_of_half_the_stores(chain: Chain, draw: Draw) -> Delivery:
    """Half of the stores count their stock in another system."""
    stores = chain.tables[v.STORES]["store_id"]
    kept = stores.head(len(stores) // 2).implode()
    return changed(chain, **{v.INVENTORY: chain.tables[v.INVENTORY].filter(pl.col("store_id").is_in(kept))})


def _booked(sales: pl.DataFrame, chain: Chain, back: int, units: float) -> pl.DataFrame:
    """The sales and one more row of an ordinary shelf, at its own price."""
    store, sku = chain.pair
    own = sales.filter(of(chain.pair), pl.col("units_sold") > 0)
    price = own.select(pl.col("revenue").sum() / pl.col("units_sold").sum()).item()
    cells = {"units_sold": units, "revenue": units * price, "promo_flag": False}
    return appended(sales, store_id=store, sku_id=sku, date=chain.day(back), **cells)


ROWS: Final = (
    Fault("every row of every table delivered twice", every_row_twice, (DONE, REFUSED), TWICE),
    Fault("every sales row twice", every_sale_twice, (DONE, REFUSED), TWICE),
    Fault("the last week's file sent twice", last_week_sent_twice, (DONE, REFUSED), r"\(1\)"),
    Fault("the sales as a file and as a packed file", table_in_two_forms, (DONE, REFUSED), r"\.gz"),
    Fault("two files that overlap by a day", files_overlap_by_a_day, (DONE, REFUSED), "-2"),
    Fault("a row a receipt in place of a row a day", receipts_instead_of_days, is_ordinary=True),
    Fault("rows in any order", rows_in_any_order, is_ordinary=True),
    Fault("900 rung up and voided on one day", void_of_900),
    Fault("300 sold and returned the next day", returned_the_next_day),
    Fault("more returned than was ever sold", return_without_a_sale, tells="return"),
    Fault("a unit returned in every shelf every week", returns_everywhere),
    Fault("the inventory of another chain", stock_of_another_chain, (REFUSED,), "inventory"),
    Fault("inventory of half the stores", stock_of_half_the_stores, tells="inventory"),
)
