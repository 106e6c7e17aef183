"""Completeness: whether the newest day of a delivery holds as many rows as such a day does.

In: rows by day, those that are held and those that came. Out: what falls short. A table that is written when
something changes has days of any size, and none of them falls short.
"""

import datetime as dt
from collections.abc import Mapping, Set
from math import sqrt
from statistics import median
from typing import NamedTuple

from engine.settings.ingest import IngestSettings

MAD_SIGMA = 1.4826
"""Standard deviation of normal numbers over the median of their absolute deviations."""


class ShortDay(NamedTuple):
    """The newest day of a delivery, which holds fewer rows than usual on that weekday."""

    day: dt.date
    rows: int
    usual: float


def short_day(rows: Mapping[dt.date, int], delivered: Set[dt.date], of: IngestSettings) -> ShortDay | None:
    """The newest delivered day when it falls short, else None.

    rows: of every day of the table, held or delivered. A date with hardly any row is no day: a night sets it aside
    and says so.
    """
    for day in sorted(delivered, reverse=True):
        before = [known for known in rows if known < day and (day - known).days <= of.usual_days]
        same = [rows[known] for known in before if known.weekday() == day.weekday()]
        if len(same) < of.min_weekdays:
            return None
        usual = median(same)
        if rows[day] < of.stray_share * usual:
            continue
        spread = MAD_SIGMA * median(abs(count / usual - 1.0) for count in same)
        share = 1.0 - max(of.slack, of.spreads * spread, of.errors / sqrt(usual))
        return ShortDay(day, rows[day], usual) if rows[day] < share * usual else None
    return None
