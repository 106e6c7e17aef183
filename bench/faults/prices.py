"""Prices in another unit, prices that are none, and prices written only when they change.

They befall an open case, whose value they change, unless the fault says otherwise.
"""

from typing import Final

import polars as pl

from bench.faults.chain import Chain
from bench.faults.fault import DONE, REFUSED, Delivery, Draw, Fault, changed, of, since, some
from engine.vocabulary import shelf as v

PRICE: Final = "pric"


def cents_for_one_sku(chain: Chain, draw: Draw) -> Delivery:
    """The price list of one SKU is in cents; revenue is in whole money."""
    return _times(chain, 100, pl.col("sku_id") == chain.case[1])


def cents_for_one_store(chain: Chain, draw: Draw) -> Delivery:
    """One store keeps its prices in cents."""
    return _times(chain, 100, pl.col("store_id") == chain.case[0])


def cents_everywhere(chain: Chain, draw: Draw) -> Delivery:
    """All prices are in cents; revenue is in whole money."""
    return _times(chain, 100, pl.lit(value=True))


def before_tax(chain: Chain, draw: Draw) -> Delivery:
    """Prices of one store are net, revenue is gross."""
    return _times(chain, 1 / 1.19, pl.col("store_id") == chain.case[0])


def price_of_a_pack(chain: Chain, draw: Draw) -> Delivery:
    """The price of one SKU is that of a pack of six, of which units are sold."""
    return _times(chain, 6, pl.col("sku_id") == chain.case[1])


def another_currency(chain: Chain, draw: Draw) -> Delivery:
    """The prices of one store are in another currency than its revenue."""
    return _times(chain, 25.3, pl.col("store_id") == chain.case[0])


def price_0_on_the_last_day(chain: Chain, draw: Draw) -> Delivery:
    """The price of a case is 0 on the last day."""
    return _last_days(chain, 1)


def price_0_on_the_last_days(chain: Chain, draw: Draw) -> Delivery:
    """The price of a case is 0 on the last three days."""
    return _last_days(chain, 3)


def price_0_everywhere_on_the_last_day(chain: Chain, draw: Draw) -> Delivery:
    """The price feed wrote a default on the last day."""
    zero = pl.when(since(chain, 0)).then(0.0).otherwise(pl.col("price"))
    return changed(chain, **{v.PRICING: chain.tables[v.PRICING].with_columns(price=zero)})


def no_price_at_all(chain: Chain, draw: Draw) -> Delivery:
    """A case has no price row; its revenue and its units tell the price."""
    return changed(chain, **{v.PRICING: chain.tables[v.PRICING].filter(~of(chain.case))})


def prices_as_changes(chain: Chain, draw: Draw) -> Delivery:
    """Prices are written when they change; the first ones lie before the panel. That is no fault."""
    prices = chain.tables[v.PRICING].with_columns(pl.col("promo_type").cast(pl.String))
    values = pl.struct("price", "promo_flag", pl.col("promo_type").fill_null(""))
    is_new = values.ne_missing(values.shift()) | pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(name).shift()) for name in v.PAIR
    )
    is_first = pl.struct(v.PAIR).is_first_distinct()
    first = prices.select(pl.col("date").min()).item()
    earlier = pl.when(is_first).then(pl.lit(first).dt.offset_by("-60d")).otherwise(pl.col("date"))
    return changed(chain, **{v.PRICING: prices.filter(is_new).with_columns(date=earlier)})


def decimal_commas(chain: Chain, draw: Draw) -> Delivery:
    """Prices say 5,75."""
    written = pl.col("price").cast(pl.String).str.replace(".", ",", literal=True)
    return changed(chain, **{v.PRICING: chain.tables[v.PRICING].with_columns(written)})


def fifth_of_the_prices_lost(chain: Chain, draw: Draw) -> Delivery:
    """Rows got lost on the way, here and there."""
    prices = chain.tables[v.PRICING]
    return changed(chain, **{v.PRICING: prices.filter(~some(prices, 0.2, draw))})


def prices_end_early(chain: Chain, draw: Draw) -> Delivery:
    """The price feed stopped twenty days ago in all stores."""
    return changed(chain, **{v.PRICING: chain.tables[v.PRICING].filter(~since(chain, 19))})


def _times(chain: Chain, factor: float, where: pl.Expr) -> Delivery:
    price = pl.when(where).then(pl.col("price") * factor).otherwise(pl.col("price")).round(2)
    return changed(chain, **{v.PRICING: chain.tables[v.PRICING].with_columns(price=price)})


def _last_days(chain: Chain, days: int) -> Delivery:
    prices = chain.tables[v.PRICING]
    zero = pl.when(of(chain.case) & since(chain, days - 1)).then(0.0).otherwise(pl.col("price"))
    return changed(chain, **{v.PRICING: prices.with_columns(price=zero)})


PRICES: Final = (
    Fault("price in cents for one SKU", cents_for_one_sku, tells="cent"),
    Fault("price in cents for one store", cents_for_one_store, tells="cent"),
    Fault("price in cents everywhere", cents_everywhere, (DONE, REFUSED), "cent"),
    Fault("price before tax in one store", before_tax, tells=PRICE),
    Fault("price of a pack of six for one SKU", price_of_a_pack, tells=PRICE),
    Fault("price in another currency in one store", another_currency, tells=PRICE),
    Fault("price 0 on the last day of a case", price_0_on_the_last_day),
    Fault("price 0 on the last three days of a case", price_0_on_the_last_days),
    Fault("price 0 everywhere on the last day", price_0_everywhere_on_the_last_day, tells=PRICE),
    Fault("no price row of a case", no_price_at_all),
    Fault("prices as a change log from before the panel", prices_as_changes),
    Fault("prices with decimal commas", decimal_commas, (REFUSED,), PRICE),
    Fault("a fifth of the price rows lost", fifth_of_the_prices_lost),
    Fault("price feed stopped 20 days ago", prices_end_early, tells=PRICE),
)
