"""Leaks: features that know what they must not, each as a builder that stands in for the desk's own.

A leaky builder computes the features of the desk and one more. What it says of the dates that it saw is a lie
wherever the leak is of a kind whose author would not know better.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from engine.settings.whitespace.features import FeatureSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.features.build import build
from engine.whitespace.features.matrix import Matrix
from engine.whitespace.features.registry import Feature
from engine.whitespace.features.state import State
from engine.whitespace.gauntlet import date_audit, overlap, static_scan, truncation
from engine.whitespace.gauntlet.context import Builders
from engine.whitespace.months import add_months
from engine.whitespace.tables import Tables

HORIZON_MONTHS: Final = 6

Values = Callable[[Tables, dt.date], pl.DataFrame]
"""The leaking column of every customer, or of every customer and division, as of a cutoff."""


@dataclass(frozen=True)
class Leak:
    """A planted leak. check: which one must fail. feature: what is added, None where the delivery itself leaks.

    values: see `Values`. saw_until: the newest day that the feature admits to have seen.
    """

    name: str
    check: str
    feature: Feature | None = None
    values: Values | None = None
    saw_until: Callable[[dt.date], dt.date] = lambda cutoff: cutoff

    def builders(self) -> Builders:
        """What computes features with the leak among them."""
        return Builders(build=self._build) if self.values else Builders()

    def _build(self, tables: Tables, cutoff: dt.date, state: State, settings: FeatureSettings) -> Matrix:
        matrix = build(tables, cutoff, state, settings)
        if self.feature is None or self.values is None:
            return matrix
        name, column = self.feature.name, self.values(tables, cutoff)
        day = self.saw_until(cutoff)
        seen = pl.DataFrame([(name, self.feature.source, day, day)], matrix.seen.schema, orient="row")
        planted = replace(matrix, seen=pl.concat([matrix.seen, seen]))
        filled = pl.col(name).cast(pl.Float32).fill_null(0.0)
        if self.feature.scope == v.OF_CUSTOMER:
            return replace(planted, customers=_joined(matrix.customers, column, [v.CUSTOMER]).with_columns(filled))
        return replace(planted, pairs=_joined(matrix.pairs, column, list(v.PAIR)).with_columns(filled))


def _joined(table: pl.DataFrame, column: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    return table.join(column, on=keys, how="left", maintain_order="left")


def _orders_ever(tables: Tables, _cutoff: dt.date) -> pl.DataFrame:
    """Order lines of a customer, those to come included."""
    return tables.transactions.group_by(v.CUSTOMER).agg(orders__all__n__life=pl.len())


def _assets_active(tables: Tables, cutoff: dt.date) -> pl.DataFrame:
    """Assets whose purchase, moved to the cutoff where it lies after it, is not after it."""
    bought = pl.min_horizontal("purchase_date", pl.lit(cutoff))
    owned = tables.assets.filter(bought <= cutoff)
    return owned.group_by(v.CUSTOMER).agg(assets__all__active=pl.len())


def _bought_next(tables: Tables, cutoff: dt.date) -> pl.DataFrame:
    """What the label says: whether a customer buys of a division within the months after the cutoff."""
    after = tables.transactions.filter(
        pl.col("order_date") > cutoff, pl.col("order_date") <= add_months(cutoff, HORIZON_MONTHS)
    )
    profit = after.group_by(v.PAIR).agg(pl.col("gross_profit_cents").sum())
    return profit.select(*v.PAIR, affinity__div__signal=(pl.col("gross_profit_cents") > 0).cast(pl.Float32))


def _encoded(tables: Tables, cutoff: dt.date) -> pl.DataFrame:
    """The share of buyers of a division within an industry, over the very rows that are predicted."""
    industries = tables.customers.select(v.CUSTOMER, "industry")
    bought = _bought_next(tables, cutoff).join(industries, on=v.CUSTOMER)
    buyers = bought.group_by("industry", v.DIVISION).agg(pl.col("affinity__div__signal").sum().alias("buyers"))
    sizes = industries.group_by("industry").len()
    rates = buyers.join(sizes, on="industry").with_columns(enc__industry__rate=pl.col("buyers") / pl.col("len"))
    return industries.join(rates, on="industry").select(*v.PAIR, "enc__industry__rate")


LEAKS: Final = (
    Leak(
        "a count of orders to come",
        truncation.NAME,
        Feature("orders__all__n__life", "windows", v.TRANSACTIONS, "all", "count"),
        _orders_ever,
    ),
    Leak(
        "a purchase after the cutoff hidden in assets",
        truncation.NAME,
        Feature("assets__all__active", "assets", v.ASSETS, "all", "count"),
        _assets_active,
    ),
    Leak(
        "a target encoding that saw the rows it is validated on",
        date_audit.NAME,
        Feature("enc__industry__rate", "encoders", "labels", "div", "share"),
        _encoded,
        lambda cutoff: add_months(cutoff, HORIZON_MONTHS),
    ),
    Leak("one customer under two ids", overlap.NAME),
    Leak(
        "the label as a column",
        static_scan.NAME,
        Feature("affinity__div__signal", "affinity", v.TRANSACTIONS, "div", "score"),
        _bought_next,
    ),
)
DUPLICATES: Final = LEAKS[3]
"""The one leak that the delivery itself has."""
