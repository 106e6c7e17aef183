"""Files of another name, cut short, or not what they say."""

import gzip
from typing import Final

import polars as pl

from bench.faults.chain import Chain
from bench.faults.fault import DONE, LATER, REFUSED, Delivery, Draw, Fault, as_csv, as_parquet, changed, without
from engine.vocabulary import shelf as v

SALES_FILE: Final = f"{v.SALES}.csv"


def table_of_another_name(chain: Chain, draw: Draw) -> Delivery:
    """The sales are called sales."""
    return without(chain, v.SALES) | {"sales": chain.tables[v.SALES]}


def column_of_another_name(chain: Chain, draw: Draw) -> Delivery:
    """The price column is called unit_price."""
    return changed(chain, **{v.PRICING: chain.tables[v.PRICING].rename({"price": "unit_price"})})


def file_cut_in_a_row(chain: Chain, draw: Draw) -> Delivery:
    """The disk was full: the sales end in the middle of a row, a fifth before their end."""
    whole = as_csv(chain.tables[v.SALES])
    return without(chain, v.SALES) | {SALES_FILE: whole[: len(whole) * 4 // 5]}


def packed_file_cut(chain: Chain, draw: Draw) -> Delivery:
    """A packed file whose end is missing."""
    packed = gzip.compress(as_csv(chain.tables[v.SALES]), mtime=0)
    return without(chain, v.SALES) | {f"{SALES_FILE}.gz": packed[: len(packed) * 4 // 5]}


def file_in_utf16(chain: Chain, draw: Draw) -> Delivery:
    """A spreadsheet saved the sales as Unicode text."""
    return without(chain, v.SALES) | {SALES_FILE: as_csv(chain.tables[v.SALES]).decode().encode("utf-16")}


def table_without_rows(chain: Chain, draw: Draw) -> Delivery:
    """The stock holds nothing but its header."""
    return changed(chain, **{v.INVENTORY: chain.tables[v.INVENTORY].clear()})


def datetimes_in_parquet(chain: Chain, draw: Draw) -> Delivery:
    """The sales come from a program that knows times alone, in Parquet; every time is midnight."""
    sales = chain.tables[v.SALES].with_columns(pl.col("date").cast(pl.Datetime("us")))
    return without(chain, v.SALES) | {f"{v.SALES}.parquet": as_parquet(sales)}


def columns_shifted(chain: Chain, draw: Draw) -> Delivery:
    """Two columns changed their headers: store and SKU in the stock."""
    swapped = chain.tables[v.INVENTORY].rename({"store_id": "sku_id", "sku_id": "store_id"})
    return changed(chain, **{v.INVENTORY: swapped})


def units_and_revenue_swapped(chain: Chain, draw: Draw) -> Delivery:
    """Units and revenue changed their headers in the last month's file."""
    sales = chain.tables[v.SALES].with_columns(pl.col("units_sold").cast(pl.Float64))
    late = pl.col("date") > chain.day(30)
    swapped = sales.filter(late).rename({"units_sold": "revenue", "revenue": "units_sold"}).select(sales.columns)
    return without(chain, v.SALES) | {f"{v.SALES}-1": sales.filter(~late), f"{v.SALES}-2": swapped}


FILES: Final = (
    Fault("the sales called `sales`", table_of_another_name, (REFUSED,), "sales"),
    Fault("`price` called `unit_price`", column_of_another_name, (REFUSED,), "unit_price"),
    Fault("the sales file cut in the middle of a row", file_cut_in_a_row, (DONE, REFUSED, LATER), "sales"),
    Fault("a packed sales file cut", packed_file_cut, (REFUSED,), "sales"),
    Fault("the sales in UTF-16", file_in_utf16, (REFUSED,), "sales"),
    Fault("the inventory has no row", table_without_rows, (REFUSED,), "inventory"),
    Fault("dates as times in Parquet", datetimes_in_parquet, (DONE, REFUSED)),
    Fault("store and SKU swapped in the inventory", columns_shifted, (REFUSED,), "inventory"),
    Fault("units and revenue swapped in a file", units_and_revenue_swapped, (DONE, REFUSED, LATER), "pric|units"),
)
