"""Advice: what both methods say of a case: what is missing behind its numbers, and where stock goes to."""

import polars as pl

from engine.stats import round_half_up
from engine.vocabulary import shelf as v

REVIEW = "Manual review required"
END_PROMO = "End current promo and revert to regular pricing"


def flags() -> pl.Expr:
    """What a person should know is missing behind the numbers of a case, comma-separated."""
    return pl.concat_str(
        pl.when(pl.col("price").is_null()).then(pl.lit(v.MISSING_PRICE)),
        pl.when(pl.col("on_hand").is_null()).then(pl.lit(v.MISSING_ON_HAND)),
        separator=",",
        ignore_nulls=True,
    ).alias("review_flags")


def destination(store: pl.Expr, km: pl.Expr) -> pl.Expr:
    """`Store #7 (12.3km)`."""
    tenths = (round_half_up(km, decimals=1) * 10).round().cast(pl.Int64)
    return pl.format("Store #{} ({}.{}km)", store, tenths // 10, tenths % 10)
