"""One cell that is wrong, on an ordinary shelf, twelve days back."""

from typing import Final

import polars as pl

from bench.faults.chain import Chain
from bench.faults.fault import DONE, REFUSED, Delivery, Draw, Fault, changed, of, on
from engine.vocabulary import shelf as v

BACK: Final = 12


def units_times_10000(chain: Chain, draw: Draw) -> Delivery:
    """Units of one row times 10,000; revenue as it was."""
    return _cell(chain, v.SALES, "units_sold", pl.col("units_sold") * 10_000)


def units_times_100(chain: Chain, draw: Draw) -> Delivery:
    """A scanner read the code twice: units of one row times 100."""
    return _cell(chain, v.SALES, "units_sold", pl.col("units_sold") * 100)


def units_1e9(chain: Chain, draw: Draw) -> Delivery:
    """An id in the column of the units."""
    return _cell(chain, v.SALES, "units_sold", pl.lit(1e9))


def units_1e308(chain: Chain, draw: Draw) -> Delivery:
    """A number at the edge of what a number can be."""
    return _cell(chain, v.SALES, "units_sold", pl.lit(1e308))


def units_infinite(chain: Chain, draw: Draw) -> Delivery:
    """A division by zero upstream."""
    return _cell(chain, v.SALES, "units_sold", pl.lit(float("inf")))


def units_not_a_number(chain: Chain, draw: Draw) -> Delivery:
    """A missing value upstream."""
    return _cell(chain, v.SALES, "units_sold", pl.lit(float("nan")))


def half_a_unit(chain: Chain, draw: Draw) -> Delivery:
    """One fraction in a chain that sells pieces."""
    return _cell(chain, v.SALES, "units_sold", pl.col("units_sold") + 0.5)


def revenue_1e9(chain: Chain, draw: Draw) -> Delivery:
    """An id in the column of the revenue."""
    return _cell(chain, v.SALES, "revenue", pl.lit(1e9))


def revenue_1e308(chain: Chain, draw: Draw) -> Delivery:
    """A revenue at the edge of what a number can be."""
    return _cell(chain, v.SALES, "revenue", pl.lit(1e308))


def stock_1e9(chain: Chain, draw: Draw) -> Delivery:
    """A code in the column of the stock."""
    return _cell(chain, v.INVENTORY, "quantity_on_hand", pl.lit(1e9))


def stock_1e308(chain: Chain, draw: Draw) -> Delivery:
    """A stock at the edge of what a number can be."""
    return _cell(chain, v.INVENTORY, "quantity_on_hand", pl.lit(1e308))


def price_times_100(chain: Chain, draw: Draw) -> Delivery:
    """One price of one day in cents."""
    return _cell(chain, v.PRICING, "price", pl.col("price") * 100)


def price_1e308(chain: Chain, draw: Draw) -> Delivery:
    """A price at the edge of what a number can be."""
    return _cell(chain, v.PRICING, "price", pl.lit(1e308))


def impressions_1e9(chain: Chain, draw: Draw) -> Delivery:
    """One count of views from a robot."""
    return _cell(chain, v.IMPRESSIONS, "impression_count", pl.lit(1_000_000_000))


def bulk_order(chain: Chain, draw: Draw) -> Delivery:
    """One order of 900, five days ago, truly sold and paid."""
    rows = of(chain.pair) & on(chain, 5)
    price = pl.col("revenue") / pl.col("units_sold")
    sold = [
        pl.when(rows).then(900.0).otherwise(pl.col("units_sold")).alias("units_sold"),
        pl.when(rows).then(900.0 * price).otherwise(pl.col("revenue")).alias("revenue"),
    ]
    return changed(chain, **{v.SALES: chain.tables[v.SALES].with_columns(sold)})


def _cell(chain: Chain, table: str, column: str, value: pl.Expr) -> Delivery:
    """The tables with one cell of the chain's best-selling ordinary shelf changed."""
    frame = chain.tables[table]
    row = of(chain.pair) & (pl.col("date") == _day(chain, frame))
    cell = pl.when(row).then(value).otherwise(pl.col(column)).cast(pl.Float64)
    return changed(chain, **{table: frame.with_columns(cell.alias(column))})


def _day(chain: Chain, frame: pl.DataFrame) -> object:
    """The last day that has a row and is at least so many days back."""
    return frame.filter(of(chain.pair), pl.col("date") <= chain.day(BACK))["date"].max()


CELLS: Final = (
    Fault("one cell of units times 10,000", units_times_10000),
    Fault("one cell of units times 100", units_times_100),
    Fault("one cell of units 1e9", units_1e9, (DONE, REFUSED)),
    Fault("one cell of units 1e308", units_1e308, (DONE, REFUSED)),
    Fault("one cell of units infinite", units_infinite, (DONE, REFUSED)),
    Fault("one cell of units NaN", units_not_a_number, (DONE, REFUSED)),
    Fault("one cell with half a unit", half_a_unit),
    Fault("one cell of revenue 1e9", revenue_1e9),
    Fault("one cell of revenue 1e308", revenue_1e308, (DONE, REFUSED)),
    Fault("one cell of stock 1e9", stock_1e9),
    Fault("one cell of stock 1e308", stock_1e308, (DONE, REFUSED)),
    Fault("one price times 100 on one day", price_times_100),
    Fault("one price 1e308", price_1e308, (DONE, REFUSED)),
    Fault("one count of impressions 1e9", impressions_1e9),
    Fault("one order of 900, five days ago", bulk_order),
)
