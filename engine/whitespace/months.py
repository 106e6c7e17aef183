"""Months: calendar arithmetic from month end to month end.

Half a year after 2020-06-30 is 2020-12-31, and half a year before it 2019-12-31: a cutoff at the end of a month stays
at the end of one.
"""

import calendar
import datetime as dt


def month_end(day: dt.date) -> dt.date:
    """The last day of the month of a day."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def add_months(day: dt.date, months: int) -> dt.date:
    """The day so many months later, earlier where negative.

    The last day of a month goes to the last day of the other month; another day keeps its number, or becomes the last
    day where the other month is too short for it.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return dt.date(year, month + 1, last if day == month_end(day) else min(day.day, last))
