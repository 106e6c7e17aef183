"""Layout: in which order the rows of a table lie in a file of a lake.

In: rows of some days. Out: the same rows, whose row groups each hold the rows of neighbouring SKUs, so that whoever
wants some SKUs skips most of a file by its statistics; within a group they are sorted by key, so that rows of one
store-SKU follow one another.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.delivery.id_range import EVERY_ID, Id, IdRange
from engine.outputs.write import MOST_ROWS_PER_GROUP

DAY_ROWS_PER_GROUP = 25_000
"""Of a file of one day: a block of many reads little of what is not its own, and a small chain has one group."""
MONTH_ROWS_PER_GROUP = MOST_ROWS_PER_GROUP
"""Of a file of many days."""
DAYS_TOGETHER = 10
"""So many days of a month are sorted into one another: a night whose first day lies in the month skips the others."""
ROWS_SORTED = 2_000_000
"""So many rows are sorted at a time; of more, one stretch of SKUs after the other."""


def laid(rows: pl.DataFrame, keys: Sequence[str], per_group: int, begun: int = 0) -> pl.DataFrame:
    """The rows as they are to lie in a file, in groups of `per_group`; rows of one key keep their order.

    keys: in which order rows are sorted within a group. begun: so many rows lie before them in the last group.
    """
    if "sku_id" not in keys or begun + rows.height <= per_group:
        return rows.sort(keys, maintain_order=True)
    numbers = {key: _numbers(rows[key]) for key in keys}
    by_key = np.lexsort([numbers[key] for key in reversed(keys)])
    # From here on a row is its place among the rows sorted by key: rows of a group in this order are sorted by key.
    by_sku = np.argsort(numbers["sku_id"][by_key], kind="stable")
    group = np.empty(rows.height, np.int64)
    group[by_sku] = (np.arange(rows.height) + begun) // per_group
    return rows[by_key[np.argsort(_narrow(group), kind="stable")]]


def _numbers(ids: pl.Series) -> NDArray[np.integer]:
    """Whole numbers in the order of the ids or dates."""
    if ids.dtype == pl.String:
        known = ids.unique().sort().to_frame().with_row_index("number")
        ids = ids.to_frame().join(known, on=ids.name, how="left", maintain_order="left")["number"]
    return _narrow(ids.to_physical().to_numpy())


def _narrow(numbers: NDArray[np.integer]) -> NDArray[np.integer]:
    """The numbers in their order, in two bytes where they lie near one another: NumPy sorts those in two steps."""
    least = int(numbers.min())
    return (numbers - least).astype(np.uint16) if int(numbers.max()) - least <= np.iinfo(np.uint16).max else numbers


def rows_by_sku(rows: pl.LazyFrame) -> pl.LazyFrame:
    """How many rows each SKU has, as sku_id and rows; one row without an id where a table is of no SKUs."""
    if "sku_id" in rows.collect_schema():
        return rows.group_by("sku_id").agg(rows=pl.len().cast(pl.Int64))
    return rows.select(sku_id=pl.lit(None), rows=pl.len().cast(pl.Int64))


def stretches(n_rows: int, counts: Iterable[pl.DataFrame]) -> Iterator[IdRange]:
    """Ranges of SKUs, one after the other, with about as many rows in each as are sorted at a time.

    n_rows: of all files whose rows are sorted together. counts: what `rows_by_sku` says of each; not asked for where
    all rows are sorted at once.
    """
    if n_rows <= ROWS_SORTED:
        yield from [EVERY_ID] if n_rows else []
        return
    of_all = pl.concat(counts).group_by("sku_id").agg(pl.col("rows").sum()).sort("sku_id")
    before = pl.col("rows").cum_sum() - pl.col("rows")
    firsts = of_all.group_by(before // ROWS_SORTED, maintain_order=True).agg(pl.col("sku_id").first())
    bounds: list[Id | None] = [None, *firsts["sku_id"][1:], None]
    yield from (IdRange(first, end) for first, end in pairwise(bounds))


def of_skus(skus: IdRange, rows: pl.LazyFrame) -> pl.LazyFrame:
    """The rows of a range of SKUs."""
    return rows if skus.is_whole else rows.filter(skus.holds(pl.col("sku_id")))


def all_of(rows: pl.LazyFrame) -> pl.LazyFrame:
    """All rows."""
    return rows
