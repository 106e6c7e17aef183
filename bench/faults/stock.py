"""Stock that is old, below zero, counted now and then, or not there."""

import datetime as dt
from typing import Final

import polars as pl

from bench.faults.chain import Chain
from bench.faults.fault import DONE, LATER, REFUSED, Delivery, Draw, Fault, changed, of, on, since, some
from engine.vocabulary import shelf as v

STOCK: Final = "inventory|stock"


def sold_out_below_zero(chain: Chain, draw: Draw) -> Delivery:
    """A shelf sold out twelve days ago; the book says -3 since."""
    return _sold_out(chain, -3.0)


def sold_out_at_zero(chain: Chain, draw: Draw) -> Delivery:
    """A shelf sold out twelve days ago and the book says so, which is no fault."""
    return _sold_out(chain, 0.0)


def stock_below_zero_while_selling(chain: Chain, draw: Draw) -> Delivery:
    """The book of a shelf is below zero for twelve days on which it sells as ever."""
    below = pl.when(of(chain.pair) & since(chain, 11)).then(-3.0).otherwise(pl.col("quantity_on_hand"))
    return changed(chain, **{v.INVENTORY: chain.tables[v.INVENTORY].with_columns(quantity_on_hand=below)})


def stock_ends_early(chain: Chain, draw: Draw) -> Delivery:
    """The stock feed stopped twenty days ago in all stores."""
    return changed(chain, **{v.INVENTORY: chain.tables[v.INVENTORY].filter(~since(chain, 19))})


def stock_of_a_store_ends_early(chain: Chain, draw: Draw) -> Delivery:
    """The stock feed of the store of a case stopped twenty days ago."""
    old = since(chain, 19) & (pl.col("store_id") == chain.case[0])
    return changed(chain, **{v.INVENTORY: chain.tables[v.INVENTORY].filter(~old)})


def stock_repeated(chain: Chain, draw: Draw) -> Delivery:
    """The stock feed has sent the same counts every day for twenty days."""
    frozen = chain.tables[v.INVENTORY].filter(on(chain, 20)).select(*v.PAIR, pl.col("quantity_on_hand").alias("old"))
    stock = chain.tables[v.INVENTORY].join(frozen, on=v.PAIR, how="left", maintain_order="left")
    same = (
        pl.when(since(chain, 19)).then(pl.coalesce("old", "quantity_on_hand")).otherwise(pl.col("quantity_on_hand"))
    )
    return changed(chain, **{v.INVENTORY: stock.with_columns(quantity_on_hand=same).drop("old")})


def stock_0_everywhere_on_the_last_day(chain: Chain, draw: Draw) -> Delivery:
    """The stock feed wrote a default on the last day."""
    zero = pl.when(on(chain, 0)).then(0.0).otherwise(pl.col("quantity_on_hand"))
    return changed(chain, **{v.INVENTORY: chain.tables[v.INVENTORY].with_columns(quantity_on_hand=zero)})


def stock_counted_weekly(chain: Chain, draw: Draw) -> Delivery:
    """Stock is counted on Mondays."""
    return changed(chain, **{v.INVENTORY: chain.tables[v.INVENTORY].filter(pl.col("date").dt.weekday() == 1)})


def stock_as_changes(chain: Chain, draw: Draw) -> Delivery:
    """Stock is written when it changes, which is no fault."""
    stock = chain.tables[v.INVENTORY]
    is_new = pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(name).shift()) for name in (*v.PAIR, "quantity_on_hand")
    )
    return changed(chain, **{v.INVENTORY: stock.filter(is_new)})


def stock_of_a_case_counted_before_the_panel(chain: Chain, draw: Draw) -> Delivery:
    """A case's stock was counted once, before the panel, and has held since."""
    stock = chain.tables[v.INVENTORY]
    counted = stock.filter(of(chain.case)).head(1)
    first = counted.with_columns(
        quantity_on_hand=pl.lit(400.0, stock.schema["quantity_on_hand"]),
        date=pl.lit(chain.last_day - dt.timedelta(95)),
    )
    return changed(chain, **{v.INVENTORY: pl.concat([stock.filter(~of(chain.case)), first])})


def fifth_of_the_stock_lost(chain: Chain, draw: Draw) -> Delivery:
    """Rows got lost on the way, here and there."""
    stock = chain.tables[v.INVENTORY]
    return changed(chain, **{v.INVENTORY: stock.filter(~some(stock, 0.2, draw))})


def fifth_of_the_prices_and_the_stock_lost(chain: Chain, draw: Draw) -> Delivery:
    """Rows of both got lost on the way, here and there."""
    tables = {name: chain.tables[name] for name in (v.INVENTORY, v.PRICING)}
    return changed(chain, **{name: frame.filter(~some(frame, 0.2, draw)) for name, frame in tables.items()})


def impressions_end_early(chain: Chain, draw: Draw) -> Delivery:
    """Views were not delivered for the last twenty days."""
    return changed(chain, **{v.IMPRESSIONS: chain.tables[v.IMPRESSIONS].filter(~since(chain, 19))})


def _sold_out(chain: Chain, on_hand: float) -> Delivery:
    gone = of(chain.pair) & since(chain, 11)
    stock = pl.when(gone).then(on_hand).otherwise(pl.col("quantity_on_hand"))
    return changed(
        chain,
        **{
            v.SALES: chain.tables[v.SALES].filter(~gone),
            v.INVENTORY: chain.tables[v.INVENTORY].with_columns(quantity_on_hand=stock),
        },
    )


STOCKS: Final = (
    Fault("a shelf sold out, -3 on hand for 12 days", sold_out_below_zero, tells="below 0|negative"),
    Fault("a shelf sold out, 0 on hand for 12 days", sold_out_at_zero, is_ordinary=True),
    Fault("-3 on hand for 12 days while it sells", stock_below_zero_while_selling, tells="below 0|negative"),
    Fault("stock feed stopped 20 days ago", stock_ends_early, tells=STOCK),
    Fault("stock feed of one store stopped 20 days ago", stock_of_a_store_ends_early, tells=STOCK),
    Fault("stock feed repeats itself for 20 days", stock_repeated, tells=STOCK),
    Fault(
        "stock 0 everywhere on the last day", stock_0_everywhere_on_the_last_day, (DONE, REFUSED, LATER), tells=STOCK
    ),
    Fault("stock counted weekly", stock_counted_weekly),
    Fault("stock as a change log", stock_as_changes, is_ordinary=True),
    Fault("stock of a case counted 95 days ago", stock_of_a_case_counted_before_the_panel),
    Fault("a fifth of the stock rows lost", fifth_of_the_stock_lost),
    Fault("a fifth of the price and stock rows lost", fifth_of_the_prices_and_the_stock_lost),
)
VIEWS: Final = (Fault("impressions feed stopped 20 days ago", impressions_end_early, tells="impressions"),)
