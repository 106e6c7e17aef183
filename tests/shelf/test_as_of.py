"""The as-of day is the newest date that holds a day's rows; what lies behind it is set aside and named."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError, TryLaterError
from engine.settings.shelf.delivered import DeliverySettings
from engine.shelf.as_of import choose_as_of

LAST = dt.date(2026, 3, 31)
RULES = DeliverySettings()


def dates(*further: tuple[int, int], rows: int = 100, n_days: int = 60) -> dict[dt.date, int]:
    """So many rows on every day up to the last, and further days after it with theirs."""
    usual = {LAST - dt.timedelta(days=back): rows for back in reversed(range(n_days))}
    return usual | {LAST + dt.timedelta(days=after): count for after, count in further}


@pytest.mark.parametrize(
    ("further", "newest"),
    [
        pytest.param([], 0, id="nothing_behind_it"),
        pytest.param([(1, 100)], 1, id="another_whole_day"),
        pytest.param([(1, 9)], 0, id="hardly_a_row_of_the_next_day"),
        pytest.param([(1, 40)], 1, id="a_part_of_the_next_day_is_that_day"),
        pytest.param([(26_000, 1)], 0, id="one_row_in_another_century"),
        pytest.param([(30, 3), (31, 2)], 0, id="a_few_rows_a_month_ahead"),
        pytest.param([(30, 40)], 0, id="part_of_a_day_behind_a_gap"),
        pytest.param([(20, 100)], 20, id="a_whole_day_behind_a_holiday"),
        pytest.param([(13_000, 100), (13_001, 100)], 0, id="two_whole_days_typed_into_another_century"),
    ],
)
def test_the_newest_day_holds_the_rows_of_a_day(further, newest):
    as_of, notices = choose_as_of(dates(*further), None, RULES)
    assert as_of == LAST + dt.timedelta(days=newest)
    strays = [(after, count) for after, count in further if after > newest]
    assert sum(notice.count for notice in notices) == sum(count for _, count in strays)
    for after, _ in strays:
        assert str(LAST + dt.timedelta(days=after)) in str(notices[0])


def test_quiet_weekdays_are_judged_by_their_like():
    quiet = {day: 5 if day.weekday() == LAST.weekday() else 100 for day in dates()}
    assert choose_as_of(quiet, None, RULES) == (LAST, ())


def test_a_day_that_is_named_is_taken_or_refused():
    with_stray = dates((400, 1))
    assert choose_as_of(with_stray, LAST - dt.timedelta(days=3), RULES)[0] == LAST - dt.timedelta(days=3)
    with pytest.raises(TryLaterError, match=f"sales end on {LAST}"):
        choose_as_of(with_stray, LAST + dt.timedelta(days=1), RULES)
    with pytest.raises(InputError, match="before all sales"):
        choose_as_of(with_stray, dt.date(2020, 1, 1), RULES)


@given(
    st.dictionaries(st.dates(dt.date(2025, 1, 1), dt.date(2027, 1, 1)), st.integers(1, 50), min_size=1, max_size=40)
)
def test_there_is_always_a_day_and_every_row_behind_it_is_told(counts):
    ordered = dict(sorted(counts.items()))
    as_of, notices = choose_as_of(ordered, None, RULES)
    behind = sum(rows for day, rows in ordered.items() if day > as_of)
    assert as_of in ordered
    assert sum(notice.count for notice in notices) == behind
