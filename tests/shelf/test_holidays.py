"""Holidays of countries and their parts are written as a table `events` that a night takes."""

from __future__ import annotations

import json
import sys
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from engine.contracts.shelf import contracts
from engine.delivery.tables import open_tables
from engine.errors import InputError, OutputError
from engine.shelf.holidays import holiday_place, write_holidays
from tests.command import darkshelf

if TYPE_CHECKING:
    from pathlib import Path

DAY = timedelta(days=1)
FIRST, LAST = date(2024, 1, 1), date(2026, 12, 31)


def easter(year: int) -> date:
    """Easter Sunday by the anonymous Gregorian algorithm (Meeus, Jones and Butcher)."""
    golden, century, rest = year % 19, *divmod(year, 100)
    leaps, correction = century // 4, (century + 8) // 25
    epact = (19 * golden + century - leaps - (century - correction + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    shift = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * shift + 114, 31)
    return date(year, month, day + 1)


def written(folder: Path, *places: str, first: date = FIRST, last: date = LAST) -> pl.DataFrame:
    return write_holidays([holiday_place(place) for place in places], first, last, folder / "events-holidays.csv")


@pytest.mark.slow
def test_the_days_around_easter_are_where_astronomy_has_them(tmp_path):
    rows = written(tmp_path, "DE")
    named = dict(rows.filter(kind="public holiday").select("date", "name").iter_rows())
    for year in (2024, 2025, 2026):
        assert named[easter(year) - 2 * DAY] == "Good Friday"
        assert named[easter(year) + DAY] == "Easter Monday"
        assert named[date(year, 10, 3)] == "German Unity Day"


def test_a_part_of_a_country_has_its_own(tmp_path):
    epiphany = pl.col("date") == date(2026, 1, 6)
    rows = written(tmp_path, "south=DE-BY", "north=de-hh")
    assert rows.filter(epiphany, kind="public holiday")["region"].to_list() == ["south"]
    assert set(rows.filter(name="Good Friday")["region"]) == {"south", "north"}


def test_the_day_before_holidays_in_a_row_is_that_before_the_first(tmp_path):
    rows = written(tmp_path, "DE", first=date(2025, 12, 20), last=date(2025, 12, 28))
    assert rows.rows() == [
        (date(2025, 12, 24), "day before a public holiday", "day before Christmas Day"),
        (date(2025, 12, 25), "public holiday", "Christmas Day"),
        (date(2025, 12, 26), "public holiday", "Second Day of Christmas"),
    ]


def test_the_day_before_new_year_is_known_at_the_end_of_the_year(tmp_path):
    rows = written(tmp_path, "DE", first=date(2025, 12, 31), last=date(2025, 12, 31))
    assert rows["name"].to_list() == ["day before New Year's Day"]


def test_days_on_which_part_of_a_country_stops_early_are_half_holidays(tmp_path):
    assert "half holiday" in set(written(tmp_path, "GR")["kind"])


def test_what_is_written_keeps_the_contract(tmp_path):
    rows = written(tmp_path, "south=DE-BY")
    tables, problems = open_tables(tmp_path, {"events": contracts(None)["events"]})
    assert problems == []
    assert tables["events"].complaints()["unusable"] == 0
    read = tables["events"].usable().select("date", "kind", "name", "region").collect()
    assert read.equals(rows)


def test_every_place_without_a_calendar_is_named_with_what_may_be_meant(tmp_path):
    with pytest.raises(InputError) as refused:
        written(tmp_path, "DE-BYX", "ZZZ", "DE")
    where = [problem.where for problem in refused.value.problems]
    assert where == ["DE-BYX", "ZZZ"]
    assert "BY" in refused.value.problems[0].advice
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("last", [date(2023, 12, 31), date(2044, 1, 1)])
def test_days_the_wrong_way_round_or_too_many_are_refused(tmp_path, last):
    with pytest.raises(InputError, match="days after the first"):
        written(tmp_path, "DE", last=last)


def test_a_file_that_is_there_is_left_alone(tmp_path):
    file = tmp_path / "events-holidays.csv"
    file.write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="is there already"):
        written(tmp_path, "DE")
    assert file.read_text(encoding="utf-8") == "mine"


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        written(tmp_path / "nowhere", "DE")


def test_without_the_extra_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(InputError, match=r"darkshelf\[holidays\]"):
        written(tmp_path, "DE")


def test_the_command_counts_what_it_wrote(tmp_path, capsys):
    file = tmp_path / "events.csv"
    days = ("--from", "2026-04-01", "--to", "2026-04-30", "--out", str(file), "--json")
    told = json.loads(darkshelf(capsys, "holidays", "DE-BY", *days).out)
    assert told["rows"] == 5
    assert told["kinds"] == {"day before a public holiday": 3, "public holiday": 2}
    assert pl.read_csv(file).height == 5
