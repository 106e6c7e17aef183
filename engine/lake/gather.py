"""Gather: the days of a closed month lie in one file, so that a long history is not a heap of small files.

In: the partitions of a table, each day once. Out: the same days, whose partitions hold them and nothing else.
"""

from collections.abc import Mapping

from engine.lake.manifest import WHOLE, Partition
from engine.lake.write import Writer

MONTH = len("YYYY-MM")


def gather(staged: Writer, table: str, parts: tuple[Partition, ...]) -> tuple[Partition, ...]:
    """One partition a closed month and kind of ids; a month is closed when a later one has begun.

    Days of the newest month stay apart: they are the ones that come and are corrected. Where it was closed before,
    since what came after it was dropped, they stay together. A month of which a day was replaced is written anew.
    Raises InputError when a file that is needed for it cannot be read.
    """
    newest = max((day[:MONTH] for part in parts for day in part.days if day != WHOLE), default="")
    months: dict[tuple[str, tuple[str, ...]], dict[str, Partition]] = {}
    gathered: list[Partition] = []
    for part in parts:
        for day in part.days:
            if day == WHOLE or (day[:MONTH] == newest and len(staged.held(table, part).days) == 1):
                gathered.append(part)
            else:
                months.setdefault((day[:MONTH], part.text_ids), {})[day] = part
    for (month, _), days in months.items():
        gathered.append(_gathered(staged, table, month, days))
    return tuple(gathered)


def _gathered(staged: Writer, table: str, month: str, days: Mapping[str, Partition]) -> Partition:
    first = next(iter(days.values()))
    # A partition that has lost a day still has its rows in its files.
    is_whole = staged.held(table, first).days.keys() == first.days.keys()
    if is_whole and all(part is first for part in days.values()):
        return first
    return staged.gathered(table, month, days)
