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
    names = [_named(position(last) - age) for age in range(before + 1)]
    return period.cast(pl.String).is_in(names).fill_null(value=True)


def position(period: str) -> int:
    """The half month as a whole number, one more for each that follows."""
    return (int(period[:4]) * MONTHS_A_YEAR + int(period[4:6]) - 1) * len(HALVES) + HALVES[period[6]]


def following(period: str) -> str:
    """The half month after this one."""
    return _named(position(period) + 1)


def _named(place: int) -> str:
    months, half = divmod(place, len(HALVES))
    year, month = divmod(months, MONTHS_A_YEAR)
    return f"{year:04}{month + 1:02}{'AB'[half]}"
