"""Outcomes: rows of earlier cutoffs with what was bought after, and how lists of them are judged.

In: scored rows of the past. Out: those that can be judged, the draws of customers behind every interval, and figures.
"""

import numpy as np
import polars as pl

from engine.arrays import Floats, Integers, Marks
from engine.resampling import Clusters, Estimate
from engine.settings.whitespace.ranking import RankingSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.ranking.value import VALUE

CODE = "customer_code"
"""The customers in the order of their ids, as numbers: quicker to draw than texts."""
GAINED = "gained"
"""Money of those that bought."""


def known(past: pl.DataFrame) -> pl.DataFrame:
    """The rows whose outcome is known, with `customer_code` and `gained`, sorted by cutoff, division and customer."""
    rows = past.filter(pl.col("label").is_not_null()).sort(v.CUTOFF, v.DIVISION, v.CUSTOMER)
    gained = pl.col("net_gp_window").fill_null(0.0).clip(0.0) * pl.col("label")
    return rows.with_columns(pl.col(v.CUSTOMER).rank("dense").alias(CODE), gained.alias(GAINED))


def draws(rows: pl.DataFrame, settings: RankingSettings) -> Clusters:
    """The customers of some rows, drawn again and again."""
    return Clusters(rows[CODE], settings.replicates, settings.level)


def comparable(priority: str) -> pl.Expr:
    """Rows on which a priority can be judged: by value, those of cutoffs on whose day some buyer was known."""
    return pl.col("is_worth_known") if priority == VALUE else pl.lit(value=True)


def calls_of(rows: int, share: float) -> int:
    """How many of so many rows a share is, at least one."""
    return max(1, int(rows * share + 1e-9))


def best_of(scores: Floats, calls: int) -> Marks:
    """Which rows have the largest scores; of equal ones the earlier."""
    order: Integers = np.argsort(-scores, kind="stable")
    picked = np.zeros(scores.size, np.bool_)
    picked[order[:calls]] = True
    return picked


def picked_of_eras(rows: pl.DataFrame, priority: str, share: float) -> Marks:
    """The best share of the rows of every cutoff. rows: as `known` sorts them; result: (n_rows,)."""
    picked = [
        best_of(era[priority].to_numpy(), calls_of(era.height, share))
        for era in rows.partition_by(v.CUTOFF, maintain_order=True)
    ]
    return np.concatenate([np.zeros(0, np.bool_), *picked])


def caught(rows: pl.DataFrame, picked: Marks, customers: Clusters, weight: str = "label") -> Estimate:
    """Share of the buyers, or of another weight, that a list catches."""
    whole = rows[weight].cast(pl.Float64)
    return customers.quotient(rows[CODE], whole * pl.Series(picked), whole)


def estimates(figures: dict[str, Estimate]) -> dict[str, float | None]:
    """Estimates as columns: each with `_low` and `_high`, None where unknown."""
    return {
        f"{name}{ending}": number
        for name, figure in figures.items()
        for ending, number in zip(("", "_low", "_high"), figure.as_list(), strict=True)
    }
