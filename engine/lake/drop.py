"""Drop: take a day out of a lake, of one table or of all that hold it.

In: a lake and a day. Out: the same lake without it. A day that was delivered by mistake goes, and so does one whose
date was a slip of the pen: a single row of it would be the newest day of the chain.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from engine.errors import InputError, Problem
from engine.lake.gather import gather
from engine.lake.manifest import Day, Partition, open_lake
from engine.lake.write import writer
from engine.mirrors import told


def drop(lake: Path, date: dt.date, table: str | None = None) -> Mapping[str, Day]:
    """Take a day out of a lake; returns what was known of it, by table. table: of this one alone.

    Raises InputError when there is no such lake, table or day, or when a file that is needed is damaged;
    TryLaterError while an ingest is under way; OutputError when the lake cannot be written. Then the lake is as it
    was.
    """
    open_lake(lake)
    day = date.isoformat()
    with writer(lake) as staged:
        held = {name: staged.lake.days(name) for name in staged.lake.tables if table in (None, name)}
        dropped = {name: days[day] for name, days in held.items() if day in days}
        if not dropped:
            raise InputError([_nothing_there(lake, day, table, staged.lake.tables.keys(), held)])
        tables = dict(staged.lake.tables)
        for name in dropped:
            left = gather(staged, name, tuple(_without(day, tables[name])))
            if left:
                tables[name] = left
            else:
                del tables[name]
        staged.publish(tables)
        return dropped


def _without(day: str, parts: tuple[Partition, ...]) -> Iterator[Partition]:
    """The partitions without a day; one that keeps others has its files still, and `gather` sets that right."""
    for part in parts:
        days = {name: known for name, known in part.days.items() if name != day}
        if days:
            yield part if len(days) == len(part.days) else part.model_copy(update={"days": days})


def _nothing_there(
    lake: Path, day: str, table: str | None, tables: Collection[str], held: Mapping[str, Mapping[str, Day]]
) -> Problem:
    if table is not None and table not in tables:
        return Problem("--table", f"{table} is no table of {told(lake)}", f"name one of {', '.join(tables)}")
    spans = "; ".join(f"{name} {min(days)} to {max(days)}" for name, days in held.items() if len(days) > 1)
    return Problem("--date", f"{day} is no day that {table or told(lake)} holds", f"name one it holds: {spans}")
