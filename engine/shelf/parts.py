"""Parts: the rows of a night on disk while it runs, so that memory follows a block of them.

In: cases, findings and other rows, some at a time, of every block of the chain. Out: the same in the order in which
they are published, some at a time. How they were cut leaves no trace.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from engine.arrays import Integers
from engine.blocks.together import Together
from engine.disk import PARTIAL
from engine.outputs.write import write_arrow
from engine.shelf.cases import RANKED_BY, rank

ROWS_PER_BATCH = 10_000
"""A part is read in pieces of so many rows; what is asked for may begin and end inside one."""


@dataclass(frozen=True)
class Table:
    """One of the further outputs of a night.

    rows: as far as they are of this block of the chain. by: what the rows of all blocks are sorted by; empty where
    every block holds all rows in their order.
    """

    rows: pl.DataFrame
    by: tuple[str, ...] = ()


class CaseParts:
    """The cases of a night in files of a folder. Each is sorted by rank, so that all are ranked by merging them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: list[Path] = []
        self._heights: list[int] = []

    @property
    def height(self) -> int:
        """How many cases there are."""
        return sum(self._heights)

    def add(self, cases: pl.DataFrame) -> None:
        """Keep the published columns of some cases, and `pair`. Raises OSError when the disk does not take them."""
        file = self._folder / f"cases-{len(self._files)}.arrow"
        _write(rank(cases), file)
        self._files.append(file)
        self._heights.append(cases.height)

    def replace(self, cases: pl.DataFrame) -> None:
        """Keep these cases in place of all there were."""
        for file in self._files:
            file.unlink()
        self._files, self._heights = [], []
        self.add(cases)

    def of_all_blocks(self, together: Together) -> "CaseParts":
        """The cases of the whole chain, in the files of the blocks; `pair` is a number of each block's own."""
        every = CaseParts(self._folder)
        for files, heights in together.gathered((self._files, self._heights)):
            every._files += files
            every._heights += heights
        return every

    def columns(self, *names: str) -> pl.DataFrame:
        """Some columns of all cases, in no order."""
        return pl.scan_ipc(self._files, glob=False).select(names).collect()

    def whole(self) -> pl.DataFrame:
        """All cases, by store-SKU and first day; they have to fit into memory."""
        return pl.scan_ipc(self._files, glob=False).collect().sort("pair", "detection_date")

    def ranked(self, cases_at_a_time: int) -> Iterator[pl.DataFrame]:
        """All cases by rank, some at a time; one empty block when there are none."""
        keys = pl.scan_ipc(self._files, glob=False).select(RANKED_BY).with_row_index("row").collect()
        places = _places(rank(keys)["row"].to_numpy(), self._heights)
        return _interleaved(self._files, places, cases_at_a_time)


class StoreParts:
    """Rows of every block, each sorted by store and SKU, in files of a folder.

    stores: the ids of the chain's stores, ascending.
    """

    def __init__(self, folder: Path, stores: pl.Series) -> None:
        self._folder = folder
        self._ids = stores
        self._files: list[Path] = []
        self._stores: list[Integers] = []

    def add(self, rows: pl.DataFrame) -> None:
        """Keep some rows, the next ones of the block. Raises OSError when the disk does not take them."""
        file = self._folder / f"{len(self._files)}.arrow"
        _write(rows, file)
        self._files.append(file)
        self._stores.append(self._ids.search_sorted(rows["store_id"]).to_numpy().astype(np.int64))

    def merged(self, together: Together, rows_at_a_time: int) -> Iterator[pl.DataFrame]:
        """The rows of all blocks by store and SKU, some at a time; one empty block without.

        Every block asks for it, and one of them reads it: blocks are ranges of SKUs, so those of a store follow one
        another.
        """
        every = together.gathered((self._files, self._stores))
        files = [file for own, _ in every for file in own]
        return _sorted(files, [store for _, own in every for store in own], rows_at_a_time)


class FindingParts:
    """The findings of a night in files of a folder, cause by cause in each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: list[Path] = []
        self._stores: list[pl.Series] = []
        self._causes: list[str] = []

    def add(self, findings: pl.DataFrame, stores: pl.Series) -> None:
        """Keep the findings of some cases. stores: id of the store of each of the cases, ascending.

        Raises OSError when the disk does not take them.
        """
        file = self._folder / f"findings-{len(self._files)}.arrow"
        _write(findings, file)
        self._files.append(file)
        self._stores.append(stores)
        self._causes = findings["cause"].unique(maintain_order=True).to_list() or self._causes

    def by_cause(self, together: Together, findings_at_a_time: int) -> Iterator[pl.DataFrame]:
        """All findings, cause by cause and within one by store and SKU, some at a time; one empty block without.

        Every block asks for it, and one of them reads it.
        """
        every = together.gathered((self._files, self._stores, self._causes))
        files = [file for own, _, _ in every for file in own]
        stores = [store for _, own, _ in every for store in own]
        n_causes = max(len(causes) for _, _, causes in every)
        store = pl.concat(stores).rank("dense").cast(pl.Int64).to_numpy()
        of_part = np.split(store, np.cumsum([len(each) for each in stores])[:-1])
        # Every case has a finding of every cause, and a file holds all of one cause after all of another.
        keys = [(np.arange(n_causes)[:, None] * (store.size + 1) + part).ravel() for part in of_part]
        # Lists are laid out in a file by the frames they come in: these are of one size.
        return _sorted(files, keys, findings_at_a_time)


def _write(rows: pl.DataFrame, file: Path) -> None:
    """Have the file there whole or not at all: a block that runs again writes what another may be reading."""
    partial = file.with_suffix(PARTIAL)
    # A worker that is cut off must not bring the folder of a night back that has ended without it.
    file.parent.mkdir(exist_ok=True)
    write_arrow(rows, partial, ROWS_PER_BATCH)
    partial.replace(file)


def _sorted(files: list[Path], keys: list[Integers], rows_at_a_time: int) -> Iterator[pl.DataFrame]:
    """The rows of all files by the keys of each; equal ones in the order of the files."""
    order = np.argsort(np.concatenate(keys), kind="stable")
    yield from _interleaved(files, _places(order, [key.size for key in keys]), rows_at_a_time)


def _places(order: Integers, heights: Iterable[int]) -> list[Integers]:
    """Of every part the places of its rows among all, from 0, ascending. order: row of each place, over all parts."""
    place = np.empty(order.size, np.int64)
    place[order] = np.arange(order.size)
    return np.split(place, np.cumsum(list(heights))[:-1])


def _interleaved(files: list[Path], places: list[Integers], rows_at_a_time: int) -> Iterator[pl.DataFrame]:
    """The rows of all files by their places, so many at a time; one empty block when there are none."""
    n_rows = sum(place.size for place in places)
    for first in range(0, max(n_rows, 1), rows_at_a_time):
        bounds = [np.searchsorted(place, (first, first + rows_at_a_time)).tolist() for place in places]
        # Most parts of a large chain have no row among so few: opening them all took longer than reading the rest.
        asked = [part for part, (start, stop) in enumerate(bounds) if start < stop] or [0]
        found = pl.collect_all([_between(files[part], *bounds[part]) for part in asked])
        place = np.concatenate([places[part][slice(*bounds[part])] for part in asked])
        yield pl.concat(found)[np.argsort(place)]


def _between(file: Path, start: int, stop: int) -> pl.LazyFrame:
    """The rows of a part from one to before another."""
    return pl.scan_ipc(file, glob=False).slice(start, stop - start)
