"""Waiting: what of a list is to be decided on, what is done, and what is set aside until a day.

In: rows with what was decided. Out: an expression. Every desk's list of work has these words.
"""

from datetime import date
from typing import Final

import polars as pl

TO_DECIDE: Final = "to_decide"
DONE: Final = "done"
SNOOZED: Final = "snoozed"


def waiting_state(as_of: date) -> pl.Expr:
    """Whether a row is done, snoozed beyond a day, or to be decided on.

    Of the columns `undecided`, a list of what of the row has no verdict, and `snoozed_until`, null where it is not
    set aside.
    """
    return (
        pl.when(pl.col("undecided").list.len() == 0)
        .then(pl.lit(DONE))
        .when((pl.col("snoozed_until") > as_of).fill_null(value=False))
        .then(pl.lit(SNOOZED))
        .otherwise(pl.lit(TO_DECIDE))
    )
