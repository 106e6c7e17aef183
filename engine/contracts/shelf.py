"""The tables of the shelf desk, as contracts (specification, section 1)."""

import datetime as dt

import polars as pl

from engine.contracts.contract import Column, Consequence, Contract, Kind, Rule
from engine.vocabulary import shelf as v

STORE_ID = Column("store_id", Kind.ID, null=Consequence.STOP)
SKU_ID = Column("sku_id", Kind.ID, null=Consequence.STOP)
DATE = Column("date", Kind.DATE, null=Consequence.STOP)
AFTER_AS_OF = "date is after the as-of day"
LONGEST_KIND = 60
"""Characters: a kind is a word that returns, not a sentence."""
PAIR_DAY = ("store_id", "sku_id", "date")


def _measure(name: str, low: float | None = 0) -> Column:
    return Column(name, Kind.NUMBER, null=Consequence.QUARANTINE, low=low)


def _half_a_place() -> Rule:
    return Rule(
        "only one coordinate is given",
        "latitude",
        pl.col("latitude").is_null() != pl.col("longitude").is_null(),
        Consequence.QUARANTINE,
        "give both coordinates or neither",
    )


def contracts(as_of: dt.date | None, *, signed: bool = False) -> dict[str, Contract]:
    """Every table's contract by name.

    as_of: rows dated later break a rule; None while the as-of day is still to be found in the data. signed: units
    below 0 are returns and stock below 0 is a wrong record, which are read; otherwise such rows are set aside.
    """
    low = None if signed else 0
    after: tuple[Rule, ...] = ()
    if as_of is not None:
        advice = "such rows are set aside; nothing after the as-of day is read"
        is_after = pl.col("date") > as_of
        set_aside = Consequence.QUARANTINE
        after = (Rule(AFTER_AS_OF, "date", is_after, set_aside, advice, is_fault=False),)
    flag = Column("promo_flag", Kind.FLAG, required=False, null=Consequence.NOTE)
    sales = (
        _measure("units_sold", low),
        Column("revenue", Kind.NUMBER, required=False, null=Consequence.NOTE),
        flag,
    )
    prices = (_measure("price"), flag, Column("promo_type", Kind.TEXT, required=False))
    place = (
        Column("latitude", Kind.NUMBER, required=False, low=-90, high=90),
        Column("longitude", Kind.NUMBER, required=False, low=-180, high=180),
    )
    keys = (STORE_ID, SKU_ID, DATE)
    all_tables = (
        Contract(v.SALES, PAIR_DAY, (*keys, *sales), after, repeats=True),
        Contract(v.INVENTORY, PAIR_DAY, (*keys, _measure("quantity_on_hand", low)), after, holds="quantity_on_hand"),
        Contract(v.PRICING, PAIR_DAY, (*keys, *prices), after, required=False, holds="price"),
        Contract(v.IMPRESSIONS, PAIR_DAY, (*keys, _measure("impression_count")), after, required=False),
        Contract(
            v.STORES,
            ("store_id",),
            (STORE_ID, _text("store_name"), *place, _text("region")),
            (_half_a_place(),),
            required=False,
        ),
        Contract(
            v.SKUS,
            ("sku_id",),
            (
                SKU_ID,
                _text("sku_name"),
                _text("category"),
                _text("brand"),
                Column("cost", Kind.NUMBER, required=False, low=0),
            ),
            required=False,
        ),
    )
    return {contract.table: contract for contract in (*all_tables, *_outside(after))}


def _outside(after: tuple[Rule, ...]) -> tuple[Contract, ...]:
    """What happens outside the stores: a calendar, which knows days to come, and the weather as it was."""
    anywhere = (Column("store_id", Kind.ID, required=False), Column("sku_id", Kind.ID, required=False))
    wordy = Rule(
        f"kind is longer than {LONGEST_KIND} characters",
        "kind",
        pl.col("kind").str.len_chars() > LONGEST_KIND,
        Consequence.QUARANTINE,
        "such rows are set aside; kind is a word that returns, put the sentence into name",
    )
    return (
        Contract(
            v.CALENDAR,
            ("date", "kind"),
            (
                DATE,
                Column("kind", Kind.TEXT, null=Consequence.QUARANTINE),
                _text("name"),
                *anywhere,
                _text("region"),
                _text("category"),
                Column("known_since", Kind.DATE, required=False),
            ),
            (wordy,),
            required=False,
            repeats=True,
            whole=True,
        ),
        Contract(
            v.WEATHER,
            ("store_id", "date"),
            (
                STORE_ID,
                DATE,
                Column("temperature_celsius", Kind.NUMBER, required=False, null=Consequence.NOTE, low=-70, high=60),
                Column("rain_millimetres", Kind.NUMBER, required=False, null=Consequence.NOTE, low=0, high=2000),
            ),
            after,
            required=False,
        ),
    )


def _text(name: str) -> Column:
    return Column(name, Kind.TEXT, required=False)
