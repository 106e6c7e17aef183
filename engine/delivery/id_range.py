"""Id range: of the ids of a column, in their order, those of one stretch; every row of a table falls into one."""

from dataclasses import dataclass

import polars as pl

Id = str | int


@dataclass(frozen=True)
class IdRange:
    """Ids from `first` on and below `end`, in the order in which they are sorted. Nothing where both are the same.

    first: None for the lowest of all; rows without an id that can be read are in that range, too. end: None for none.
    """

    first: Id | None = None
    end: Id | None = None

    @property
    def is_whole(self) -> bool:
        """Whether all rows fall into it."""
        return self.first is None and self.end is None

    def holds(self, ids: pl.Expr) -> pl.Expr:
        """Whether rows with these ids fall into it."""
        is_below = pl.lit(value=True) if self.end is None else ids < pl.lit(self.end)
        if self.first is None:
            return is_below | ids.is_null()
        # Readers of Parquet see by such comparisons, and no others, which groups of rows they need not read.
        return (ids >= pl.lit(self.first)) & is_below


EVERY_ID = IdRange()
"""The range of all rows."""
