"""Value: from what a night has at risk to what accepted actions bring, in all and by region.

In: the open cases of a night with what was decided on them, and its stores. Out: `Value`. Money is summed in whole
cents. What is recoverable, what actions bring and what of it is accepted are of the next 30 days; each is null where
some cases count it as margin and some as revenue, since the two are never added up.
"""

from dataclasses import dataclass
from typing import Final

import polars as pl

from engine.decisions import words as w
from engine.outputs.shelf.figures import money_sum, recovery_sum

ACTED: Final = (w.DECISIONS[w.ACCEPT], w.DECISIONS[w.MODIFY])
REGION_SCHEMA: Final = pl.Schema(
    {
        "region": pl.String(),
        "stores": pl.Int64(),
        "cases": pl.Int64(),
        "at_risk": pl.Float64(),
        "brings": pl.Float64(),
        "accepted": pl.Float64(),
        "undecided": pl.Int64(),
        "at_risk_per_store": pl.Float64(),
    }
)
"""A row per region, null for stores without one: all its stores, and its open cases. undecided: of the cases."""


@dataclass(frozen=True)
class Value:
    """A night in money. cases, undecided, accepted_cases: of the open ones. accepted: what the actions of those bring
    that were accepted or modified. basis: what recoverable, brings and accepted are counted as; null where mixed or
    none. regions: `REGION_SCHEMA`, most at risk per store first.
    """

    cases: int
    undecided: int
    accepted_cases: int
    without_gain: int
    at_risk: float | None
    recoverable: float | None
    brings: float | None
    accepted: float | None
    basis: str | None
    regions: pl.DataFrame


def value(cases: pl.LazyFrame, stores: pl.DataFrame) -> Value:
    """What the open cases of a night come to. cases: with decision and region. stores: a row each, with region."""
    sums = cases.select(*_sums(), basis=_basis(), accepted_cases=_acted().sum(), without_gain=_without_gain().sum())
    facts = sums.collect().row(0, named=True)
    return Value(**facts, regions=_regions(cases, stores))


def _sums() -> list[pl.Expr]:
    """Figures of all cases or of those of one region."""
    return [
        pl.len().cast(pl.Int64).alias("cases"),
        money_sum("revenue_at_risk").alias("at_risk"),
        recovery_sum("recoverable_30d").alias("recoverable"),
        recovery_sum("projected_recovery").alias("brings"),
        _accepted().alias("accepted"),
        (pl.col("decision") == w.UNDECIDED).sum().cast(pl.Int64).alias("undecided"),
    ]


def _acted() -> pl.Expr:
    return pl.col("decision").is_in(ACTED)


def _accepted() -> pl.Expr:
    cents = (pl.col("projected_recovery").filter(_acted()) * 100).round().cast(pl.Int64).sum()
    return pl.when(pl.col("recovery_basis").n_unique() <= 1).then(cents / 100)


def _without_gain() -> pl.Expr:
    return (pl.col("projected_recovery") > 0).fill_null(value=False).not_()


def _basis() -> pl.Expr:
    return pl.when(pl.col("recovery_basis").n_unique() == 1).then(pl.col("recovery_basis").first())


def _regions(cases: pl.LazyFrame, stores: pl.DataFrame) -> pl.DataFrame:
    of_cases = cases.group_by("region").agg(*_sums()).collect()
    found = stores.group_by("region").agg(stores=pl.len()).join(of_cases, on="region", how="left", nulls_equal=True)
    known = found.with_columns(pl.col("cases", "at_risk", "brings", "accepted", "undecided").fill_null(0))
    averages = known.with_columns(at_risk_per_store=pl.col("at_risk") / pl.col("stores"))
    ranked = averages.sort("at_risk_per_store", "region", descending=[True, False], nulls_last=True)
    return ranked.select(*REGION_SCHEMA).cast(REGION_SCHEMA)
