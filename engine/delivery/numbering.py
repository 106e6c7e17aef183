"""Numbering: keys of one or several id columns, each as one whole number, which is faster to compare and to sort.

In: all ids there are. Out: the numbers of keys, and the keys of numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

import polars as pl


@dataclass(frozen=True)
class Numbering:
    """Numbers for all keys that can be made of some ids; they sort as the keys do.

    every: by id column, all ids, sorted. The number of a key is that of its first id times how many its second may
    be, plus that of its second, and so on.
    """

    every: Mapping[str, pl.Series]

    @property
    def names(self) -> tuple[str, ...]:
        """The id columns."""
        return tuple(self.every)

    def distinct(self, places: Mapping[str, pl.Series]) -> pl.Series:
        """The numbers of keys, each once, sorted. places: by column where each id stands in `every`.

        A key of which an id stands nowhere, which is null, has no number.
        """
        first = pl.Series([0], dtype=pl.Int64)
        numbers = reduce(lambda key, name: key * len(self.every[name]) + places[name], self.names, first)
        return numbers.drop_nulls().unique().sort()

    def keys(self, numbers: pl.Series) -> pl.DataFrame:
        """The keys of some numbers, in their order."""
        found = {}
        for name in reversed(self.names):
            ids = self.every[name]
            found[name] = ids.gather(numbers % len(ids))
            numbers = numbers // len(ids)
        return pl.DataFrame(found).select(self.names)


def places(ids: pl.Series, among: pl.Series) -> pl.Series:
    """Where each id stands among distinct ones; null where it is not there. A null may be one of them."""
    numbered = among.alias(ids.name).to_frame().with_row_index("place")
    found = ids.to_frame().join(numbered, on=ids.name, how="left", nulls_equal=True, maintain_order="left")
    return found["place"].cast(pl.Int64)
