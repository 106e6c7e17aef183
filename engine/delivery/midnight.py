"""Midnight: whole tables whose days are moments at midnight somewhere else, such as in UTC.

In: sources. Out: a problem a table and column, for whoever reads the notices.
"""

import datetime as dt
from collections.abc import Iterator, Mapping

import polars as pl

from engine.delivery.source import UNREADABLE, Source
from engine.errors import Problem

MIDNIGHT = dt.time(0)
HOURS_OF_A_ZONE = 2
"""A zone is at most so many whole offsets away from another one in the course of a year: summer and winter."""


def shifted_days(tables: Mapping[str, Source]) -> list[Problem]:
    """What is to be told of tables of which every moment is at one hour, or two, and none at midnight."""
    try:
        return [problem for source in tables.values() for problem in _shifted(source)]
    except UNREADABLE:
        # What cannot be read is told by whoever reads all of it.
        return []


def _shifted(source: Source) -> Iterator[Problem]:
    hours: dict[str, set[dt.time]] = {}
    for part in source.parts:
        moments = part.moments()
        names = [name for name in moments.collect_schema() if name in source.contract.names]
        for name in names:
            found = moments.select(pl.col(name).drop_nulls().dt.time().unique().head(HOURS_OF_A_ZONE + 1)).collect()
            hours.setdefault(name, set()).update(found.to_series())
    for name, times in hours.items():
        if 0 < len(times) <= HOURS_OF_A_ZONE and MIDNIGHT not in times:
            shown = " or ".join(f"{time:%H:%M}" for time in sorted(times))
            what = f"every {source.in_their_words(name)} is a moment at {shown}: midnight on other clocks"
            advice = 'name the stores\' zone in a mapping, such as zone = "Europe/Berlin", or deliver dates'
            yield Problem(source.contract.table, f"{what}, so the days may be those before", advice)
