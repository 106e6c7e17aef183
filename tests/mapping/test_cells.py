"""A cell becomes what the mapping says, exactly; one that is not written so is counted, never guessed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.contracts.contract import Column, Contract, Kind, read_as
from engine.delivery.mapped.cells import moment, quoted, spelled
from engine.settings.mapping import ColumnMapping, SourceMapping

KINDS = {"number": Kind.NUMBER, "date": Kind.DATE, "flag": Kind.FLAG}


def read(kind: str, cells: list[object], **options: object) -> tuple[list[object], int]:
    """Cells of a column X as the contract reads them through a mapping, and how many it cannot read."""
    column = Column("ours", KINDS[kind], required=False)
    how = ColumnMapping.model_validate({"from": "X", **options})
    source = SourceMapping.model_validate({"source": "file"})
    raw = pl.LazyFrame({"X": cells})
    made = raw.select(spelled(column, how, source, dict(raw.collect_schema())))
    reading = read_as(Contract("table", ("ours",), (column,)), dict(made.collect_schema()), frozenset())
    judged = reading.judged(made).collect()
    complaints = [name for name in judged.columns if "cannot be read" in name]
    return judged["ours"].to_list(), sum(int(judged[name].sum()) for name in complaints)


@given(st.integers(-(10**11), 10**11), st.integers(0, 4))
def test_a_number_with_commas_is_the_number_that_is_written_with_a_point(whole: int, places: int) -> None:
    number = Decimal(whole).scaleb(-places)
    american = f"{number:,}"
    german = american.translate(str.maketrans(",.", ".,"))
    assert read("number", [german], decimal=",", thousands=".") == ([float(number)], 0)
    assert read("number", [american], thousands=",") == ([float(number)], 0)
    assert read("number", [f"{abs(number):,}-"], thousands=",", minus="behind") == ([-abs(float(number))], 0)


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=5), st.sampled_from([1, 2, 3]))
def test_what_is_counted_in_hundredths_is_the_decimal_number_of_them(cents: list[int], places: int) -> None:
    meant = [float(Decimal(each).scaleb(-places)) for each in cents]
    scale = 10.0**-places
    assert read("number", list(cents), scale=scale) == (meant, 0)
    assert read("number", [str(each) for each in cents], scale=scale) == (meant, 0)


@pytest.mark.parametrize(
    ("cell", "options"),
    [
        ("1.5", {"decimal": ","}),
        ("1.50", {"decimal": ",", "thousands": "."}),
        ("12.34.567", {"decimal": ",", "thousands": "."}),
        ("1,5", {}),
        ("5-", {}),
        ("-5", {"minus": "behind"}),
        ("five", {"scale": 0.01}),
        ("1e5", {"decimal": ","}),
    ],
)
def test_a_number_that_is_not_written_as_the_mapping_says_is_counted(cell: str, options: dict[str, object]) -> None:
    assert read("number", [cell, None, ""], **options) == ([None, None, None], 1)


@given(st.dates(dt.date(1900, 1, 1), dt.date(2199, 12, 31)))
def test_a_date_is_read_by_its_format_whether_it_is_text_or_a_number(day: dt.date) -> None:
    assert read("date", [f"{day:%d.%m.%Y}"], format="%d.%m.%Y") == ([day], 0)
    assert read("date", [int(f"{day:%Y%m%d}")], format="%Y%m%d") == ([day], 0)
    assert read("date", [f"{day:%m/%d/%Y} 13:05"], format="%m/%d/%Y %H:%M") == ([day], 0)


@pytest.mark.parametrize("cell", ["31.03.2026", "2026-03-31", "20260332", "2026033", ""])
def test_a_date_that_is_not_written_by_its_format_is_counted(cell: str) -> None:
    assert read("date", [cell], format="%Y%m%d") == ([None], int(cell != ""))


def test_a_moment_belongs_to_the_day_of_the_stores_clocks() -> None:
    cells = ["2026-03-31T22:00:00Z", "2026-03-31T21:59:59Z", "2026-03-31T22:00:00+02:00"]
    days = [dt.date(2026, 4, 1), dt.date(2026, 3, 31), dt.date(2026, 3, 31)]
    assert read("date", list(cells), zone="Europe/Berlin") == (days, 0)
    naive = [dt.datetime(2026, 3, 31, 22), dt.datetime(2026, 3, 31, 21)]
    assert read("date", list(naive), zone="Europe/Berlin") == (days[:2], 0)
    assert read("date", ["2026-03-31 22:00:00"], zone="Europe/Berlin", format="%Y-%m-%d %H:%M:%S") == (days[:1], 0)


ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC")


@given(st.lists(st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2037, 12, 31)), min_size=1), st.sampled_from(ZONES))
def test_the_day_of_a_moment_is_that_of_python_in_summer_and_in_winter(moments: list[dt.datetime], zone: str) -> None:
    meant = [each.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(zone)).date() for each in moments]
    aware = [each.replace(tzinfo=dt.UTC) for each in moments]
    written = [each.isoformat() for each in aware]
    for cells in (moments, aware, written):
        assert read("date", list(cells), zone=zone) == (meant, 0)


def test_a_column_of_days_has_no_moments() -> None:
    how = ColumnMapping.model_validate({"from": "X", "format": "%Y%m%d"})
    assert moment(how, {"X": pl.String()}) is None


def test_a_flag_is_one_of_its_words_and_no_other() -> None:
    cells = ["J", " N ", "", None, "X", "true"]
    assert read("flag", list(cells), true=["J"], false=["N"]) == ([True, False, None, None, None, None], 2)


def test_an_empty_flag_means_no_where_the_mapping_says_so() -> None:
    assert read("flag", ["X", "", None], true=["X"], false=[""]) == ([True, False, False], 0)


def test_no_kind_is_read_from_a_quoted_cell() -> None:
    cells = pl.select(quoted(pl.Series(["1", "2026-03-31", "true"]))).to_series().to_list()
    for kind in KINDS:
        assert read(kind, list(cells)) == ([None] * 3, 3)
