"""Small statistics on expressions: comparisons that respect ties, and rounding as people round."""

import math

import polars as pl

from engine.vocabulary.common import TIE_TOLERANCE

PERCENT = 0.01
"""Percent are multiplied into shares: a product is the same whatever the length of the column."""


def above(value: pl.Expr, threshold: float | pl.Expr) -> pl.Expr:
    """True where a number exceeds a threshold in real arithmetic: an exact tie is no excess. Null stays null."""
    threshold = threshold if isinstance(threshold, pl.Expr) else pl.lit(threshold)
    larger = pl.max_horizontal(value.abs(), threshold.abs())
    return value - threshold > TIE_TOLERANCE * larger


def below(value: pl.Expr, threshold: float | pl.Expr) -> pl.Expr:
    """True where a number falls short of a threshold in real arithmetic. Null stays null."""
    return above(-value, -threshold)


def ratio(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """A quotient, null where the whole is 0 or unknown."""
    return part / pl.when(whole != 0).then(whole)


def round_half_up(value: pl.Expr, decimals: int) -> pl.Expr:
    """Rounded to decimals, exact ties going up."""
    scale = 10.0**decimals
    whole = (value * scale + 0.5 + TIE_TOLERANCE).floor()
    # Dividing by a literal multiplies by its inverse in long columns: rounding again restores the nearest decimal.
    return (whole / scale).round(decimals)


def half_up(value: float, decimals: int) -> float:
    """One number as `round_half_up` rounds a column; what is not finite stays as it is."""
    if not math.isfinite(value):
        return value
    return round(math.floor(value * 10.0**decimals + 0.5 + TIE_TOLERANCE) / 10.0**decimals, decimals)
