"""The tables of the whitespace desk, as contracts (specification of whitespace, section Tables).

The key of the transactions names a row in messages; a customer may well buy a SKU twice on one day.
"""

import datetime as dt

import polars as pl

from engine.contracts.contract import Column, Consequence, Contract, Kind, Rule
from engine.vocabulary import whitespace as v

CUSTOMER_ID = Column("customer_id", Kind.ID, null=Consequence.STOP)
SKU_ID = Column("sku_id", Kind.ID, null=Consequence.STOP)
NAME_SPELLINGS = ("name", "customer_name")
DETAILS = ("industry", "industry_sub", "region", "city", "size", "rep", "zip")
"""Texts that describe a customer and may be absent."""
PRODUCT_DETAILS = ("division", "category", "family")


def whitespace_contracts(first_date: dt.date, max_line_amount: float) -> dict[str, Contract]:
    """Every table's contract by name. first_date, max_line_amount: bounds beyond which a row is a fault."""
    made = (
        _transactions(first_date, max_line_amount),
        _customers(),
        Contract(v.PRODUCTS, ("sku_id",), (SKU_ID, *map(_text, PRODUCT_DETAILS)), required=False, ids_are_text=True),
        _assets(first_date),
        Contract(
            v.CONTACTS,
            (v.CUSTOMER,),
            (CUSTOMER_ID, _text("division"), Column("date", Kind.DATE, null=Consequence.STOP), _text("action")),
            (_not_before("date", first_date),),
            required=False,
            repeats=True,
            ids_are_text=True,
        ),
    )
    return {contract.table: contract for contract in made}


def _transactions(first_date: dt.date, max_line_amount: float) -> Contract:
    columns = (
        CUSTOMER_ID,
        SKU_ID,
        Column("order_date", Kind.DATE, null=Consequence.STOP),
        _text("division"),
        Column("quantity", Kind.NUMBER, null=Consequence.NOTE),
        Column("revenue", Kind.NUMBER, null=Consequence.NOTE, low=-max_line_amount, high=max_line_amount),
        Column("gross_profit", Kind.NUMBER, null=Consequence.QUARANTINE, low=-max_line_amount, high=max_line_amount),
        *map(_text, ("order_id", "rep", "branch")),
        Column("known_at", Kind.DATE, required=False, null=Consequence.NOTE),
    )
    early = Rule(
        "known_at is before the order date",
        "known_at",
        pl.col("known_at") < pl.col("order_date"),
        Consequence.NOTE,
        "such rows count as known on their order date",
    )
    rules = (_not_before("order_date", first_date), early)
    return Contract(v.TRANSACTIONS, (v.CUSTOMER, "sku_id"), columns, rules, repeats=True, ids_are_text=True)


def _customers() -> Contract:
    columns = (
        CUSTOMER_ID,
        *map(_text, (*NAME_SPELLINGS, *DETAILS)),
        Column("latitude", Kind.NUMBER, required=False, low=-90, high=90, fault=Consequence.NOTE),
        Column("longitude", Kind.NUMBER, required=False, low=-180, high=180, fault=Consequence.NOTE),
        Column("open_deal", Kind.FLAG, required=False),
        Column("do_not_call", Kind.FLAG, required=False),
    )
    nameless = Rule(
        "no name is given",
        v.CUSTOMER,
        pl.coalesce(NAME_SPELLINGS).is_null(),
        Consequence.NOTE,
        f"deliver it in a column {' or '.join(NAME_SPELLINGS)}: lists show the id instead",
    )
    return Contract(v.CUSTOMERS, (v.CUSTOMER,), columns, (nameless,), ids_are_text=True)


def _assets(first_date: dt.date) -> Contract:
    columns = (
        CUSTOMER_ID,
        Column("product", Kind.TEXT, null=Consequence.QUARANTINE),
        Column("quantity", Kind.NUMBER, required=False, null=Consequence.NOTE),
        Column("purchase_date", Kind.DATE, null=Consequence.NOTE),
        Column("expiration_date", Kind.DATE, required=False),
        Column("known_at", Kind.DATE, null=Consequence.NOTE),
    )
    rules = (
        _not_before("purchase_date", first_date),
        Rule(
            "neither purchase date nor known_at is given",
            v.CUSTOMER,
            pl.coalesce("purchase_date", "known_at").is_null(),
            Consequence.QUARANTINE,
            "such rows are set aside: nobody can tell since when the asset is known",
        ),
        Rule(
            "expiration_date is before the purchase",
            "expiration_date",
            pl.col("expiration_date") < pl.col("purchase_date"),
            Consequence.QUARANTINE,
            "such rows are set aside; correct one of the dates",
        ),
    )
    return Contract(v.ASSETS, (v.CUSTOMER,), columns, rules, required=False, repeats=True, ids_are_text=True)


def _not_before(column: str, first_date: dt.date) -> Rule:
    return Rule(
        f"{column} is before {first_date}",
        column,
        pl.col(column) < first_date,
        Consequence.QUARANTINE,
        "such rows are set aside; correct their dates, or name an earlier day in whitespace.inputs.first_date",
    )


def _text(name: str) -> Column:
    return Column(name, Kind.TEXT, required=False)
