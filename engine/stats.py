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


def quotient(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """One number over the other, the nearest to it whatever the length of the column. Null where either is."""
    # Polars divides by a constant column by multiplying with its inverse; a column that takes its rows from the part
    # is none.
    return part / (whole + (part - part).fill_nan(0.0))


def ratio(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """A quotient, null where the whole is 0 or unknown."""
    return quotient(part, pl.when(whole != 0).then(whole))


def power(base: pl.Expr, exponent: pl.Expr) -> pl.Expr:
    """A number above 0 raised to an exponent, the same whatever the length of the column."""
    # Polars takes squares and roots where the exponent is one constant column.
    return (exponent * base.log()).exp()


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
