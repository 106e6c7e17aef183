"""As-of: the last day that a night may see, from the dates of the sales.

In: usable rows of sales by date. Out: the day, and what is to be told of dates behind it. Whether that day was
delivered as usual is judged later, by its store-SKUs.
"""

import datetime as dt
from collections.abc import Mapping
from itertools import pairwise
from statistics import median

from engine.delivery.tables import EXAMPLES
from engine.errors import InputError, Problem, TryLaterError
from engine.settings.shelf.delivered import DeliverySettings
from engine.vocabulary import shelf as v

ENOUGH_WEEKDAYS = 3
"""Days of a weekday that tell how many rows are usual on it; else all recent days do."""


def choose_as_of(
    dates: Mapping[dt.date, int], as_of: dt.date | None, of: DeliverySettings
) -> tuple[dt.date, tuple[Problem, ...]]:
    """The as-of day, and what is to be told of dates behind the bulk of them.

    dates: usable rows of sales by date, in order. A date typed wrong is no day of the chain: the newest one is the
    newest that holds a fair part of the rows of a day. Raises InputError, TryLaterError.
    """
    days = without_strays(dates, of)
    first, last = days[0], days[-1]
    if as_of is not None and as_of < first:
        advice = f"choose an as-of day from {first} to {last}"
        raise InputError([Problem(v.SALES, f"the as-of day {as_of} is before all sales ({first} … {last})", advice)])
    if as_of is not None and as_of > last:
        raise TryLaterError(
            f"the day {as_of} is not complete yet: sales end on {last}. Try later, or run --as-of {last}"
        )
    strays = {day: rows for day, rows in dates.items() if day > last}
    if not strays:
        return as_of or last, ()
    count, total = sum(strays.values()), sum(dates.values())
    examples = tuple(f"{day}: {rows:,} rows" for day, rows in strays.items())[:EXAMPLES]
    what = f"rows are dated after {last}, the newest day that holds the rows of a day"
    advice = "they are set aside; correct their dates, or wait until that day is delivered whole"
    return as_of or last, (Problem(v.SALES, what, advice, count, total, examples),)


def without_strays(dates: Mapping[dt.date, int], of: DeliverySettings) -> list[dt.date]:
    """The dates up to the newest that is a day of the chain: it has a fair part of the rows of the days before it.

    A few days far behind all others are typed wrong, however full they are.
    """
    days = list(dates)
    for place, (day, following) in enumerate(pairwise(dates), 1):
        if (following - day).days > of.far_gap_days and len(dates) - place < min(of.usual_days, place):
            days = days[:place]
            break
    while len(days) > 1:
        *before, newest = days
        recent = before[-of.usual_days :]
        same = [day for day in recent if day.weekday() == newest.weekday()]
        usual = median(dates[day] for day in (same if len(same) >= ENOUGH_WEEKDAYS else recent))
        is_late = (newest - before[-1]).days > of.stray_gap_days
        if dates[newest] >= (of.stray_late_share if is_late else of.stray_share) * usual:
            return days
        days = before
    return days
