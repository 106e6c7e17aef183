"""Parts: the cases of a night and their findings, on disk while it runs, so that memory follows a block of them.

In: cases and findings, some at a time. Out: the same in the order in which they are published, some at a time. How
they were cut leaves no trace.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from engine.arrays import Integers
from engine.outputs.write import appended_parquet
from engine.shelf.cases import RANKED_BY, rank

ROWS_PER_GROUP = 10_000
"""A part is read in pieces of so many rows; what is asked for may begin and end inside one."""
_PLACE = "place"


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
        file = self._folder / f"cases-{len(self._files)}.parquet"
        _write(rank(cases), file)
        self._files.append(file)
        self._heights.append(cases.height)

    def replace(self, cases: pl.DataFrame) -> None:
        """Keep these cases in place of all there were."""
        for file in self._files:
            file.unlink()
        self._files, self._heights = [], []
        self.add(cases)

    def columns(self, *names: str) -> pl.DataFrame:
        """Some columns of all cases, in no order."""
        return pl.scan_parquet(self._files, glob=False).select(names).collect()

    def whole(self) -> pl.DataFrame:
        """All cases, by store-SKU and first day; they have to fit into memory."""
        return pl.read_parquet(self._files, glob=False).sort("pair", "detection_date")

    def ranked(self, cases_at_a_time: int) -> Iterator[pl.DataFrame]:
        """All cases by rank, some at a time; one empty block when there are none."""
        places = self._places()
        for first in range(0, max(self.height, 1), cases_at_a_time):
            bounds = (first, first + cases_at_a_time)
            found = [_between(file, place, *bounds) for file, place in zip(self._files, places, strict=True)]
            yield pl.concat(found).sort(_PLACE).drop(_PLACE)

    def _places(self) -> list[Integers]:
        """Of every part the ranks of its rows among all cases, from 0, ascending."""
        keys = pl.scan_parquet(self._files, glob=False).select(RANKED_BY).with_row_index("row").collect()
        place = np.empty(self.height, np.int64)
        place[rank(keys)["row"].to_numpy()] = np.arange(self.height)
        return np.split(place, np.cumsum(self._heights)[:-1])


class FindingParts:
    """The findings of a night in files of a folder, cause by cause in each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: list[Path] = []
        self._heights: list[dict[str, int]] = []

    def add(self, findings: pl.DataFrame) -> None:
        """Keep the findings of some cases. Raises OSError when the disk does not take them."""
        file = self._folder / f"findings-{len(self._files)}.parquet"
        _write(findings, file)
        self._files.append(file)
        self._heights.append(dict(findings.group_by("cause", maintain_order=True).len().iter_rows()))

    def by_cause(self, findings_at_a_time: int) -> Iterator[pl.DataFrame]:
        """All findings, cause by cause and within one in the order in which they came; one empty block without."""
        # Lists are laid out in a file by the frames they come in.
        return _recut(self._by_part(), findings_at_a_time)

    def _by_part(self) -> Iterator[pl.DataFrame]:
        causes = list(self._heights[0])
        if not causes:
            yield pl.read_parquet(self._files[0], glob=False)
        for number, cause in enumerate(causes):
            for file, heights in zip(self._files, self._heights, strict=True):
                first = sum(heights[earlier] for earlier in causes[:number])
                yield pl.scan_parquet(file, glob=False).slice(first, heights[cause]).collect()


def _write(rows: pl.DataFrame, file: Path) -> None:
    with appended_parquet(file, ROWS_PER_GROUP) as add:
        add(rows)


def _recut(blocks: Iterable[pl.DataFrame], rows: int) -> Iterator[pl.DataFrame]:
    """The same rows, so many at a time."""
    waiting: list[pl.DataFrame] = []
    for block in blocks:
        whole = pl.concat([*waiting, block])
        while whole.height > rows:
            yield whole.head(rows)
            whole = whole.slice(rows)
        waiting = [whole]
    yield from waiting


def _between(file: Path, place: Integers, first: int, end: int) -> pl.DataFrame:
    """The rows of a part whose places lie in a range, with their places."""
    start, stop = np.searchsorted(place, (first, end)).tolist()
    rows = pl.scan_parquet(file, glob=False).slice(start, stop - start).collect()
    return rows.with_columns(pl.Series(_PLACE, place[start:stop]))
