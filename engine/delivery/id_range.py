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
        bounds = [pl.lit(value=True)]
        if self.first is not None:
            bounds.append(ids >= pl.lit(self.first))
        if self.end is not None:
            bounds.append(ids < pl.lit(self.end))
        return pl.all_horizontal(bounds).fill_null(self.first is None)


EVERY_ID = IdRange()
"""The range of all rows."""
