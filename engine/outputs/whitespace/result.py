"""The result of a whitespace run, as Python sees it."""

import datetime as dt
from functools import cached_property
from typing import Final

import polars as pl

from engine.outputs.markup import first_rows
from engine.outputs.result import Result
from engine.outputs.shown import Grid
from engine.outputs.whitespace.shapes import ranking_file

ROWS_SHOWN: Final = 10
COLUMNS_SHOWN: Final = ("rank", "customer_id", "division", "p_icp", "value", "nba_reason")


class Ranked(Result):
    """A published run of the whitespace desk.

    >>> ranked
    Ranked(2024-12-31-default-...: ... of ... candidates to call, gauntlet ...)
    """

    @cached_property
    def candidates(self) -> pl.DataFrame:
        """Everyone that was scored, by rank. Grain: customer, division. Raises NotFoundError, DamagedRunError.

        >>> ranked.candidates["rank"].to_list() == list(range(1, ranked.candidates.height + 1))
        True
        """
        return self.table(ranking_file(dt.date.fromisoformat(self.run.as_of)).removesuffix(".parquet"))

    @property
    def selected(self) -> pl.DataFrame:
        """Whom to call, by rank.

        >>> ranked.selected.height == ranked.summary["selected"]
        True
        """
        return self.candidates.filter("is_selected")

    def found(self) -> list[Grid]:
        """The first of the list; nothing where the run did not rank."""
        if not self.run.holds(ranking_file(dt.date.fromisoformat(self.run.as_of))):
            return []
        return [first_rows(self.selected, COLUMNS_SHOWN, ROWS_SHOWN, "customers to call")]
