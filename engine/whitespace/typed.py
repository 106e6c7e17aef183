"""Typed: the usable rows of a delivery in the types of `Tables`, money in whole cents.

In: rows under contract. Out: the same as `Tables` has them.
"""

import datetime as dt
from collections.abc import Mapping, Sequence

import polars as pl

from engine.contracts.whitespace import DETAILS, NAME_SPELLINGS, PRODUCT_DETAILS
from engine.delivery.tables import EXAMPLES
from engine.errors import Problem
from engine.vocabulary import whitespace as v
from engine.whitespace.names import one_spelling, tidy
from engine.whitespace.tables import Tables

CENTS = 100
UNEVEN_CENTS = 0.01
"""An amount is uneven that is so far from a whole cent: far more than binary fractions are."""
FLAGS = ("open_deal", "do_not_call")
EMPTY: Mapping[str, pl.DataFrame] = {
    v.ASSETS: pl.DataFrame(
        schema={
            "customer_id": pl.String,
            "product": pl.String,
            "quantity": pl.Float64,
            "purchase_date": pl.Date,
            "expiration_date": pl.Date,
            "known_at": pl.Date,
        }
    ),
    v.CONTACTS: pl.DataFrame(
        schema={"customer_id": pl.String, "division": pl.String, "date": pl.Date, "action": pl.String}
    ),
    v.PRODUCTS: pl.DataFrame(schema=dict.fromkeys(("sku_id", *PRODUCT_DETAILS), pl.String)),
    v.CUSTOMERS: pl.DataFrame(schema={v.CUSTOMER: pl.String}),
}
"""Tables that were not delivered."""


def in_cents(lines: pl.DataFrame) -> tuple[pl.DataFrame, list[Problem]]:
    """Lines with revenue_cents and gross_profit_cents (Int64) instead of amounts, and what rounding did.

    An unknown quantity or revenue counts as 0.
    """
    money = ("revenue", "gross_profit")
    cents = [(pl.col(name).fill_null(0.0) * CENTS).round().cast(pl.Int64).alias(f"{name}_cents") for name in money]
    exact = lines.with_columns(*cents, pl.col("quantity").fill_null(0.0))
    remarks = []
    for name in money:
        off = pl.col(name) * CENTS - pl.col(f"{name}_cents")
        facts = exact.select(n=(off.abs() > UNEVEN_CENTS).sum(), moved=off.sum() / CENTS).row(0)
        if facts[0]:
            shown = exact.filter(off.abs() > UNEVEN_CENTS).select(pl.col("customer_id").cast(pl.String), name)
            examples = tuple(
                f"customer_id {one}: {name} {amount}" for one, amount in shown.head(EXAMPLES).iter_rows()
            )
            what = f"{name} is no whole number of cents; rounding moves the sum by {-facts[1]:,.2f}"
            advice = "nothing, where amounts are converted or of low precision; else deliver cents"
            remarks.append(Problem(v.TRANSACTIONS, what, advice, facts[0], exact.height, examples))
    return exact.drop(money), remarks


def typed(lines: pl.DataFrame, delivered: Mapping[str, pl.DataFrame], newest: dt.date) -> Tables:
    """The tables of the desk. lines: with their divisions. delivered: the other tables as their contracts have them.

    Names are tidied, and rows sorted, so that neither their order nor their spelling changes a result.
    """
    rest = {name: _as_text(delivered.get(name, EMPTY[name])) for name in EMPTY}
    ids = [lines, *(rest[name] for name in (v.CUSTOMERS, v.ASSETS, v.CONTACTS))]
    customers = _enum([frame["customer_id"] for frame in ids])
    skus = _enum([lines["sku_id"], rest[v.PRODUCTS]["sku_id"]])
    # A division of which every line was set aside is none of those that are sold.
    divisions = _enum([lines["division"]])
    first = ("customer_id", "order_date", "division", "sku_id")
    known = pl.max_horizontal("order_date", pl.coalesce("known_at", "order_date"))
    transactions = lines.select(
        pl.col("customer_id").cast(customers),
        pl.col("division").cast(pl.String).cast(divisions),
        pl.col("sku_id").cast(skus),
        "order_date",
        known.alias("known_at"),
        "quantity",
        "revenue_cents",
        "gross_profit_cents",
        pl.col("order_id", "rep", "branch").cast(pl.String),
    )
    return Tables(
        transactions=transactions.sort(*first, pl.exclude(first)),
        customers=_customers(rest[v.CUSTOMERS], customers),
        products=_products(rest[v.PRODUCTS], skus, transactions),
        assets=_assets(rest[v.ASSETS], customers),
        contacts=_contacts(rest[v.CONTACTS], customers, divisions),
        data_as_of=newest,
    )


def _as_text(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col(pl.Categorical).cast(pl.String))


def _enum(columns: Sequence[pl.Series]) -> pl.Enum:
    """The categories of ids of several columns, in the order of their text."""
    return pl.Enum(pl.concat([column.unique().cast(pl.String) for column in columns]).drop_nulls().unique().sort())


def _tidied(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """The frame with texts tidied; what is nothing but blanks is null."""
    return frame.with_columns(
        pl.col(name).replace_strict(
            texts := frame[name].drop_nulls().unique(),
            [tidy(text) or None for text in texts],
            default=None,
            return_dtype=pl.String,
        )
        for name in names
    )


def _customers(delivered: pl.DataFrame, customers: pl.Enum) -> pl.DataFrame:
    """One row a customer of any table, with nulls where nothing is known of it."""
    kinds = dict.fromkeys((*NAME_SPELLINGS, *DETAILS), pl.String())
    absent = [pl.lit(None, kind).alias(name) for name, kind in kinds.items() if name not in delivered.columns]
    absent += [pl.lit(None, pl.Float64).alias(n) for n in ("latitude", "longitude") if n not in delivered.columns]
    absent += [pl.lit(None, pl.Boolean).alias(name) for name in FLAGS if name not in delivered.columns]
    known = _tidied(delivered.with_columns(absent), list(kinds)).with_columns(pl.col(v.CUSTOMER).cast(customers))
    everyone = pl.DataFrame({v.CUSTOMER: pl.Series(customers.categories, dtype=customers)})
    return everyone.join(known, on=v.CUSTOMER, how="left", maintain_order="left").select(
        v.CUSTOMER,
        pl.coalesce(NAME_SPELLINGS).alias("name"),
        *DETAILS,
        "latitude",
        "longitude",
        *(pl.col(flag).fill_null(value=False) for flag in FLAGS),
    )


def _products(delivered: pl.DataFrame, skus: pl.Enum, transactions: pl.DataFrame) -> pl.DataFrame:
    """One row a SKU of any table; its division is where its lines are sold most, else as delivered."""
    known = _tidied(delivered, PRODUCT_DETAILS).with_columns(pl.col("sku_id").cast(skus))
    sold = transactions.group_by("sku_id", "division").len().sort("len", "division", descending=[True, False])
    main = sold.unique("sku_id", keep="first", maintain_order=True).select("sku_id", sold_in="division")
    return (
        pl.DataFrame({"sku_id": pl.Series(skus.categories, dtype=skus)})
        .join(known, on="sku_id", how="left", maintain_order="left")
        .join(main, on="sku_id", how="left", maintain_order="left")
        .select(
            "sku_id",
            pl.coalesce(pl.col("sold_in").cast(pl.String), "division").alias("division"),
            "category",
            "family",
        )
    )


def _assets(delivered: pl.DataFrame, customers: pl.Enum) -> pl.DataFrame:
    """Assets with the day since when each is known: the day it was bought where that is not said."""
    return (
        _tidied(delivered, ["product"])
        .select(
            pl.col("customer_id").cast(customers),
            "product",
            pl.col("quantity").fill_null(1.0),
            "purchase_date",
            "expiration_date",
            pl.coalesce("known_at", "purchase_date"),
        )
        .sort(pl.all(), nulls_last=True)
    )


def _contacts(delivered: pl.DataFrame, customers: pl.Enum, divisions: pl.Enum) -> pl.DataFrame:
    """Contacts, of the divisions that are sold; one of another division concerns none of them."""
    known = list(divisions.categories)
    given = delivered["division"].drop_nulls().unique().to_list()
    spelling = one_spelling([*known, *given])
    owner = {spelling[name]: name for name in known}
    found = {name: owner.get(spelling[name]) for name in given}
    division = pl.col("division").replace_strict(list(found), list(found.values()), return_dtype=pl.String)
    return (
        delivered.select("customer_id", "date", "action", given=pl.col("division"), division=division)
        .filter(pl.col("given").is_null() | pl.col("division").is_not_null())
        .select(pl.col("customer_id").cast(customers), pl.col("division").cast(divisions), "date", "action")
        .sort(pl.all(), nulls_last=True)
    )
