"""Tables: the delivered tables of the whitespace desk, checked and typed, and the same as of a day.

Every builder of a feature or a label takes what `as_of` gives it, so that nothing later can reach it.
"""

import datetime as dt
from dataclasses import dataclass, replace

import polars as pl


@dataclass(frozen=True)
class Tables:
    """Checked tables, ids as `pl.Enum` whose categories are in the order of their text.

    transactions: line grain; customer_id, division, sku_id (Enum), order_date, known_at (Date; the order date where
    the delivery does not say), quantity, revenue_cents, gross_profit_cents (Int64, signed: returns are negative),
    order_id, rep, branch (String, null where not delivered).
    customers: one row a customer that is in any table; customer_id, name, industry, industry_sub, region, city, size,
    rep, zip (String or null), latitude, longitude, open_deal, do_not_call (Boolean, false where not delivered).
    products: one row a SKU of any table; sku_id, division, category, family (null where not delivered).
    assets: customer_id, product, quantity, purchase_date, expiration_date (null: none), known_at; may be empty.
    contacts: customer_id, division (null: all), date, action; may be empty.
    data_as_of: the newest complete day of the delivery: no label whose interval ends later is whole.
    """

    transactions: pl.DataFrame
    customers: pl.DataFrame
    products: pl.DataFrame
    assets: pl.DataFrame
    contacts: pl.DataFrame
    data_as_of: dt.date

    @property
    def first_day(self) -> dt.date:
        """The day of the first order. There is one: a delivery without orders is refused."""
        first = self.transactions["order_date"].min()
        if not isinstance(first, dt.date):
            raise ValueError("there is no order")
        return first


def divisions_of(tables: Tables) -> tuple[str, ...]:
    """The divisions that something is sold in, in the order of their names."""
    kind = tables.transactions.schema["division"]
    return tuple(kind.categories) if isinstance(kind, pl.Enum) else ()


def as_of(tables: Tables, cutoff: dt.date) -> Tables:
    """What had happened and was known at the end of `cutoff`: event time and known time both on or before it.

    Of an asset that was recorded several times (same customer, product and purchase date) the newest record known.
    """
    sales = tables.transactions.filter(pl.max_horizontal("order_date", "known_at") <= cutoff)
    known = tables.assets.filter(pl.max_horizontal("purchase_date", "known_at") <= cutoff)
    asset = ("customer_id", "product", "purchase_date")
    return replace(
        tables,
        transactions=sales,
        assets=known.sort(*asset, "known_at").unique(asset, keep="last", maintain_order=True),
        contacts=tables.contacts.filter(pl.col("date") <= cutoff),
        data_as_of=min(cutoff, tables.data_as_of),
    )
