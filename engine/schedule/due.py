"""Due: the days for which a job should have a run and has none.

In: how often a job runs, the days it has runs for, and the last day that may be run. Out: the days that are missing,
oldest first.
"""

import calendar
import datetime as dt
from collections.abc import Collection
from typing import Final

from engine.settings.schedule import JobSettings, Rhythm

SUNDAY: Final = 6
DECIDES_NOW: Final = "delivery"
"""The rhythm without days: every call asks the input."""
MONTHS_A_QUARTER: Final = 3


def due(
    job: JobSettings, published: Collection[dt.date], until: dt.date, since: dt.date | None = None
) -> tuple[dt.date, ...]:
    """The days of a job's rhythm without a run, oldest first, at most `look_back_days` before `until`.

    published: the days it has runs for. What lies before the oldest of them was never missed, or was let go. Before
    the first run the newest day is due, or all from the job's first day on. since: all from this day on, whatever
    there is.
    """
    first = since or _looked_back_to(job, published, until)
    days = (first + dt.timedelta(days=n) for n in range((until - first).days + 1))
    wanted = [day for day in days if _closes(day, job.rhythm)]
    if not published and job.first_day is None and since is None:
        wanted = wanted[-1:]
    return tuple(day for day in wanted if day not in published)


def _looked_back_to(job: JobSettings, published: Collection[dt.date], until: dt.date) -> dt.date:
    first = until - dt.timedelta(days=job.look_back_days - 1)
    return max([first, *([job.first_day] if job.first_day else []), *([min(published)] if published else [])])


def _closes(day: dt.date, rhythm: Rhythm) -> bool:
    """Whether a period of the rhythm ends with a day."""
    if rhythm == "weekly":
        return day.weekday() == SUNDAY
    ends_month = day.day == calendar.monthrange(day.year, day.month)[1]
    if rhythm == "monthly":
        return ends_month
    if rhythm == "quarterly":
        return ends_month and day.month % MONTHS_A_QUARTER == 0
    return True
