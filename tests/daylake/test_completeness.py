"""A newest day with fewer rows than its weekday usually has is taken when it is whole, or when told to."""

from __future__ import annotations

import datetime as dt

import pytest

from engine.errors import TryLaterError
from engine.lake.completeness import ShortDay, short_day
from engine.lake.ingest import ingest
from engine.settings.ingest import IngestSettings
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.settings.shelf.night import load
from tests.daylake.deliveries import SALES, within
from tests.planted.small import AS_OF, small_chain

RULES = IngestSettings()
LAST = dt.date(2026, 3, 31)


def rows(**of_last: int) -> dict[dt.date, int]:
    usual = {LAST - dt.timedelta(days=back): 1000 + back % 5 for back in range(63)}
    return usual | {LAST: of_last["last"]}


@pytest.mark.parametrize(
    ("last", "is_short"),
    [
        pytest.param(1000, False, id="whole"),
        pytest.param(900, False, id="a_quiet_day"),
        pytest.param(500, True, id="half"),
        pytest.param(20, False, id="hardly_a_row_is_no_day"),
    ],
)
def test_the_newest_day_is_held_against_its_weekday(last, is_short):
    found = short_day(rows(last=last), {LAST}, RULES)
    assert (found is not None) == is_short
    assert found is None or found[:2] == (LAST, last)


def test_a_table_of_days_of_any_size_has_no_short_day():
    wild = {LAST - dt.timedelta(days=back): 10 + 990 * (back // 7 % 2) for back in range(63)}
    assert short_day(wild | {LAST: 300}, {LAST}, RULES) is None


def test_an_older_day_is_not_the_newest():
    short = rows(last=1000) | {LAST - dt.timedelta(days=1): 400}
    assert short_day(short, set(short), RULES) is None


def test_a_history_that_begins_tells_nothing():
    assert short_day({LAST: 1}, {LAST}, RULES) is None


@pytest.mark.slow
def test_an_incomplete_day_leaves_the_lake_as_it_was_and_is_taken_when_told(chain):
    tables = small_chain()
    before = AS_OF - dt.timedelta(days=1)
    chain.ingest(within(tables, dt.date.min, before))
    held = chain.content()
    part = {SALES: within(tables, AS_OF, AS_OF)[SALES].gather_every(2)}
    with pytest.raises(TryLaterError, match=rf"{SALES}: the day {AS_OF} holds .* --allow-partial"):
        chain.ingest(part, settings=load(assignments=["ingest.errors=0"]))
    assert chain.content() == held
    done = ingest(chain.delivery(part), chain.lake, CalibratedSettings().ingest, allow_partial=True)
    assert done.tables[SALES].new == (AS_OF.isoformat(),)


def test_the_figures_are_those_of_the_day():
    assert short_day(rows(last=500), {LAST}, RULES) == ShortDay(LAST, 500, 1002)
