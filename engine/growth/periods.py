"""Half months, such as 202506A: which one is how long before another."""

import polars as pl

MONTHS_A_YEAR = 12
HALVES = {"A": 0, "B": 1}


def within(period: pl.Expr, last: str | None, before: int) -> pl.Expr:
    """True for half months from `last` back to so many before it, and where no half month is given.

    last: None when the run has none; then every row counts.
    """
    if last is None:
        return pl.lit(value=True)
    age = position(last) - _position(period)
    return age.is_between(0, before).fill_null(value=True)


def position(period: str) -> int:
    """The half month as a whole number, one more for each that follows."""
    return (int(period[:4]) * MONTHS_A_YEAR + int(period[4:6]) - 1) * len(HALVES) + HALVES[period[6]]


def following(period: str) -> str:
    """The half month after this one."""
    year, month, half = int(period[:4]), int(period[4:6]), period[6]
    if half == "A":
        return f"{period[:6]}B"
    return f"{year + month // MONTHS_A_YEAR:04}{month % MONTHS_A_YEAR + 1:02}A"


def _position(period: pl.Expr) -> pl.Expr:
    year, month = period.str.slice(0, 4).cast(pl.Int32), period.str.slice(4, 2).cast(pl.Int32)
    half = period.str.slice(6, 1).replace_strict(HALVES, return_dtype=pl.Int32)
    return (year * MONTHS_A_YEAR + month - 1) * len(HALVES) + half
