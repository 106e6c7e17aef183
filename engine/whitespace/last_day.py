"""Last day: the newest complete day of a delivery, from the dates of its orders.

In: rows of transactions by date. Out: the day, which no row dated wrong can move.
"""

import datetime as dt
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise
from statistics import median

from engine.settings.whitespace.inputs import InputSettings
from engine.whitespace.months import month_end

YEAR_DAYS = 365
USUAL_GAP_QUANTILE = 0.95


def last_day(dates: Sequence[tuple[dt.date, int]], settings: InputSettings) -> dt.date:
    """The newest day of a delivery that holds orders as usual, or the end of its month where no order was due since.

    dates: rows by date, in order, at least one. A date counts when the days up to it hold a fair share of the rows
    that as many days usually hold, and when it does not stand with few others far behind the rest.
    """
    days = [day for day, _ in dates]
    until = [0, *accumulate(rows for _, rows in dates)]
    place = _without_far(days, until, settings)
    while place > 1 and not _is_usual(days[:place], until, settings):
        place -= 1
    newest = days[place - 1]
    end = month_end(newest)
    return end if (end - newest).days < _usual_gap(days[:place]) else newest


def _without_far(days: Sequence[dt.date], until: Sequence[int], settings: InputSettings) -> int:
    """How many dates stand before the first gap behind which there is hardly anything."""
    for place, (day, following) in enumerate(pairwise(days), 1):
        is_far = (following - day).days > settings.far_gap_days
        if is_far and until[-1] - until[place] <= settings.as_of_share * until[place]:
            return place
    return len(days)


def _is_usual(days: Sequence[dt.date], until: Sequence[int], settings: InputSettings) -> bool:
    """Whether the window that ends on the last of the days holds a fair share of the windows of the year before."""
    width, newest = dt.timedelta(days=settings.as_of_window_days), days[-1]

    def rows(end: dt.date) -> int:
        return until[bisect_right(days, end)] - until[bisect_right(days, end - width)]

    n_before = min(YEAR_DAYS, (newest - days[0]).days) // settings.as_of_window_days
    before = [rows(newest - back * width) for back in range(1, n_before + 1)]
    return not before or rows(newest) >= settings.as_of_share * median(before)


def _usual_gap(days: Sequence[dt.date]) -> int:
    """Days from one date to the next that hardly any gap of the last year exceeds."""
    gaps = sorted((following - day).days for day, following in pairwise(days[-YEAR_DAYS:]))
    return gaps[int(USUAL_GAP_QUANTILE * (len(gaps) - 1))] if gaps else 1
