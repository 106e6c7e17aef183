"""Wording: the evidence of cases as rows, and numbers as the words of their sentences.

In: diagnosed cases. Out: one row per case and cause, cause by cause, the cases of a cause in their order.
"""

from collections.abc import Mapping

import polars as pl

from engine.stats import round_half_up
from engine.vocabulary import shelf as v

NUMBERS: Mapping[str, tuple[str, ...]] = {
    v.PRICE_TOO_HIGH: ("price", "category_average", "own_average"),
    v.CONVERSION_DROP: (
        "recent_units",
        "recent_impressions",
        "conversion_current",
        "conversion_baseline",
        "conversion_drop_pct",
    ),
    v.OVERSTOCK: (
        "on_hand",
        "velocity_recent",
        "velocity_baseline",
        "days_of_supply",
        "trend_pct",
        "inventory_age_days",
        "is_aged",
    ),
    v.PROMO_INEFFECTIVE: ("promo", "promo_units", "promo_base_units", "promo_lift_pct"),
    v.MISALLOCATION: ("neighbours_over", "neighbour_stores", "neighbour_km", "neighbour_ratios"),
}
"""Which measures stand behind each cause; empty for the others."""


def table_of(
    cases: pl.DataFrame, numbers_of: Mapping[str, tuple[str, ...]], explanations: Mapping[str, pl.Expr]
) -> pl.DataFrame:
    """One row a case and cause, cause by cause: score, rank, sentence, and the numbers of the cause.

    numbers_of, explanations: by cause; the sentences read the numbers as they are published.
    """
    named = cases.lazy().with_columns(
        price=pl.when(pl.col("price_basis") == "own").then("price"),
        neighbour_km=pl.col("neighbour_km").list.eval(round_half_up(pl.element(), decimals=1)),
        neighbour_ratios=pl.col("neighbour_ratios").list.eval(pl.element().round(2)),
    )
    tables = [
        named.select(
            "case_id",
            pl.lit(cause).alias("cause"),
            pl.col(f"score_{cause}").alias("score"),
            pl.col(f"rank_{cause}").alias("rank"),
            (pl.col("primary_cause") == cause).fill_null(value=False).alias("is_primary"),
            explanations[cause].alias("explanation"),
            *numbers,
        )
        for cause, numbers in numbers_of.items()
    ]
    return pl.concat(tables, how="diagonal").collect()


def unless_known(text: pl.Expr, otherwise: str) -> pl.Expr:
    """The text, or the other one where something in it is not known."""
    return pl.coalesce(text, pl.lit(otherwise))


def rounded(value: pl.Expr, decimals: int) -> pl.Expr:
    """A number as text."""
    rounded = value.round(decimals)
    return rounded.cast(pl.Int64).cast(pl.String) if decimals == 0 else rounded.cast(pl.String)


def percent(share: pl.Expr) -> pl.Expr:
    """A share as whole percent, as text."""
    return rounded(share * 100, 0)


def changed(share: pl.Expr) -> pl.Expr:
    """What a share of the usual is as a change: `25% more`, `30% less` or `unchanged`."""
    whole = ((share - 1) * 100).round(0).cast(pl.Int64)
    size = pl.format("{}% ", whole.abs())
    word = pl.when(whole > 0).then(pl.lit("more")).otherwise(pl.lit("less"))
    return pl.when(whole == 0).then(pl.lit("unchanged")).otherwise(size + word)


def money(amount: pl.Expr, currency: str) -> pl.Expr:
    """An amount as text. currency: what stands before it."""
    return pl.lit(currency) + amount.cast(pl.Decimal(38, 2)).cast(pl.String)
