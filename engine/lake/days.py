"""Days: the rows of a delivered table, apart by day, whatever it weighs.

In: a source. Out: one frame a day in the order of the rows. Memory is the rows held, or one day when that is more:
what goes beyond is laid aside in files.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from engine.contracts.contract import UNUSABLE, Contract
from engine.delivery.sent_twice import SENT_TWICE
from engine.delivery.source import Source, batches
from engine.lake.manifest import WHOLE

ROWS_HELD = 2_000_000
"""So many rows are held before they are laid aside: about 150 MB, twice while they are parted."""


@dataclass
class Days:
    """The rows of a table by day: ISO dates, `WHOLE` where a table is not delivered by day.

    usable, unusable: how many rows there are of each.
    """

    contract: Contract
    place: Path
    usable: int = 0
    unusable: int = 0
    held: dict[str, pl.DataFrame] = field(default_factory=dict)
    laid_aside: dict[str, list[Path]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[tuple[str, pl.DataFrame]]:
        """Day and rows, the oldest day first. Rows without a date, empty lines, are of the newest day."""
        days = sorted({*self.held, *self.laid_aside})
        for day in days[:-2] if WHOLE in days else days[:-1]:
            yield day, self._rows(day)
        if days:
            last = days[-2:] if WHOLE in days else days[-1:]
            yield last[0], pl.concat(self._rows(day) for day in last)

    def lay_aside(self, rows: pl.DataFrame) -> None:
        """Write the rows of each day to a file of its own."""
        for day, part in _apart(rows, self.contract).items():
            files = self.laid_aside.setdefault(day, [])
            files.append(self.place / f"{day}-{len(files)}.arrow")
            part.write_ipc(files[-1])

    def _rows(self, day: str) -> pl.DataFrame:
        files = self.laid_aside.get(day)
        found = [pl.scan_ipc(files).collect()] if files else []
        if day in self.held:
            found.append(self.held[day])
        return pl.concat(found, rechunk=True)


def by_day(source: Source, place: Path) -> Days:
    """The typed rows of a table and whether each is `unusable`, by day; those that were sent twice are left out.

    place: a folder for files that are needed on the way.
    """
    days = Days(source.contract, place)
    waiting: list[pl.DataFrame] = []
    for batch in batches(source.judged(without=SENT_TWICE)):
        unusable = int(batch[UNUSABLE].sum())
        days.unusable += unusable
        days.usable += batch.height - unusable
        waiting.append(batch)
        if sum(held.height for held in waiting) >= ROWS_HELD:
            days.lay_aside(pl.concat(waiting))
            waiting = []
    if waiting:
        days.held = _apart(pl.concat(waiting), source.contract)
    return days


def _apart(rows: pl.DataFrame, contract: Contract) -> dict[str, pl.DataFrame]:
    if not contract.is_daily:
        return {WHOLE: rows} if rows.height else {}
    parts = rows.partition_by("date", maintain_order=True)
    return {_name(part["date"].head(1)): part for part in parts}


def _name(date: pl.Series) -> str:
    # Not as a Python date: a row that will be refused may bear one that Python cannot name.
    return date.dt.to_string("%Y-%m-%d").item() or WHOLE
