"""Which days are due: those of the rhythm without a run, within what is looked back on."""

import calendar
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.schedule.due import due
from engine.settings.schedule import JobSettings

SUNDAY = dt.date(2026, 11, 29)
DAYS = st.integers(0, 900).map(lambda n: dt.date(2024, 1, 1) + dt.timedelta(days=n))


def job(**given: object) -> JobSettings:
    return JobSettings.model_validate({"name": "shelf", "input": "in", "out": "out", **given})


def ends_period(day: dt.date, rhythm: str) -> bool:
    after = day + dt.timedelta(days=1)
    ends = {
        "daily": True,
        "weekly": after.isocalendar().week != day.isocalendar().week,
        "monthly": after.month != day.month,
        "quarterly": (after.month - 1) // 3 != (day.month - 1) // 3,
    }
    return ends[rhythm]


def test_before_the_first_run_only_the_newest_day_is_due():
    assert due(job(), (), SUNDAY) == (SUNDAY,)
    assert due(job(rhythm="monthly", look_back_days=60), (), SUNDAY) == (dt.date(2026, 10, 31),)


def test_days_without_a_run_after_the_first_run_are_made_up_for():
    published = [SUNDAY - dt.timedelta(days=n) for n in (1, 3, 5)]
    missed = tuple(SUNDAY - dt.timedelta(days=n) for n in (4, 2, 0))
    assert due(job(), published, SUNDAY) == missed
    assert due(job(look_back_days=2), published, SUNDAY) == (SUNDAY,)


@pytest.mark.parametrize("rhythm", ["daily", "weekly", "monthly", "quarterly"])
@given(st.sets(DAYS, max_size=40), DAYS, DAYS, st.integers(1, 400))
def test_due_is_what_closes_a_period_has_no_run_and_is_looked_back_on(rhythm, published, until, first_day, look_back):
    of = job(rhythm=rhythm, first_day=first_day, look_back_days=look_back)
    every = [dt.date(2023, 1, 1) + dt.timedelta(days=n) for n in range(1300)]
    wanted = [
        day
        for day in every
        if ends_period(day, rhythm)
        and day not in published
        and first_day <= day <= until
        and (until - day).days < look_back
    ]
    oldest = min(published, default=first_day)
    assert list(due(of, published, until)) == [day for day in wanted if day >= oldest]
    since = max(until - dt.timedelta(days=look_back), every[0])
    assert list(due(job(rhythm=rhythm), published, until, since)) == [
        day for day in every if ends_period(day, rhythm) and day not in published and since <= day <= until
    ]


def test_february_of_a_leap_year_ends_on_its_29th():
    leap = dt.date(2024, 2, calendar.monthrange(2024, 2)[1])
    assert due(job(rhythm="monthly", first_day=leap), (), leap) == (leap,)
