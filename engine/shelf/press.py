"""Press: what the blocks of a chain publish together. Every block hands its rows in; the first one writes the files.

In: rows of every block. Out: files of the run folder, the same to the byte however the chain was cut.
"""

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from engine.blocks.together import Together
from engine.outputs.write import appended_parquet, evenly, write_parquet
from engine.shelf.parts import StoreParts, Table
from engine.vocabulary import shelf as v

ROWS_AT_A_TIME = 50_000
"""Of a table with a row a store-SKU."""


class Press:
    """Where a block hands in. folder: of the run. parts: where the block keeps rows until all of them are written.

    All methods are called by every block, and raise OSError when a disk does not take what is written.
    """

    def __init__(self, folder: Path, parts: Path, together: Together) -> None:
        self.folder = folder
        self._parts = parts
        self._together = together

    @property
    def is_writer(self) -> bool:
        """Whether this block writes the files of all."""
        return self._together.number == 0

    def write(self, name: str, blocks: Iterable[pl.DataFrame], rows_per_group: int) -> None:
        """One Parquet file of rows that are in their order already."""
        if self.is_writer:
            with appended_parquet(self.folder / name, rows_per_group) as add:
                for rows in blocks:
                    add(rows)

    def write_by_store(
        self, name: str, blocks: Iterable[pl.DataFrame], stores: pl.Series, rows_at_a_time: int, rows_per_group: int
    ) -> None:
        """One Parquet file by store and SKU.

        blocks: own rows in that order, rows_at_a_time of them each. stores: ids of the chain's stores.
        """
        self.write(name, self._by_store(name, blocks, stores, rows_at_a_time), rows_per_group)

    def write_table(self, name: str, table: Table, stores: pl.Series) -> None:
        """One Parquet file of a table of the method."""
        if table.by == v.PAIR:
            most = evenly(self._together.count(table.rows.height), ROWS_AT_A_TIME)
            self.write_by_store(name, table.rows.iter_slices(most), stores, most, ROWS_AT_A_TIME)
            return
        rows = table.rows
        if table.by:
            every = self._together.gathered(rows)
            rows = pl.concat(every).sort(table.by, maintain_order=True) if self.is_writer else rows
        if self.is_writer:
            write_parquet(rows, self.folder / name)

    def _by_store(
        self, name: str, blocks: Iterable[pl.DataFrame], stores: pl.Series, rows_at_a_time: int
    ) -> Iterable[pl.DataFrame]:
        """The rows of all blocks in their order; the rows of one that is alone are in it as they come."""
        if self._together.of == 1:
            return blocks
        parts = StoreParts(self._parts / name, stores)
        for rows in blocks:
            parts.add(rows)
        return parts.merged(self._together, rows_at_a_time)
