"""Holidays: those of countries and their parts, as rows of the table `events`.

In: places and days. Out: a file of date, kind, name and, where places are of regions, region. The calendars are those
of the package `holidays`, which comes with an extra.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl

from engine.disk import raised_as_output_error
from engine.errors import InputError, Problem
from engine.outputs.write import write_csv
from engine.places.extras import needed
from engine.vocabulary import shelf as v

EXTRA: Final = "holidays"
DAY: Final = dt.timedelta(days=1)
KINDS: Final = {"public": v.PUBLIC_HOLIDAY, "half_day": v.HALF_HOLIDAY}
"""What the package calls categories of days on which shops are closed, all day or in part."""
LANGUAGE: Final = "en_US"
"""Of names, where the package has them in it; elsewhere they are in the country's own."""
MOST_DAYS: Final = 3_700
"""Ten years and some days: more is a slip of the pen."""


class HolidayPlace(NamedTuple):
    """Whose holidays are meant. code: ISO 3166, a country or a part of one. region: of the stores, None for all."""

    code: str
    region: str | None


def holiday_place(text: str) -> HolidayPlace:
    """A place as it is typed: `DE`, `DE-BY`, `south=DE-BY`."""
    region, equals, code = text.rpartition("=")
    return HolidayPlace(code.strip(), region.strip() if equals else None)


def write_holidays(places: Sequence[HolidayPlace], first: dt.date, last: dt.date, file: Path) -> pl.DataFrame:
    """Write the holidays of the places, and the days before public ones, from one day to another, both included.

    Returns the rows, sorted. Raises InputError naming every place that has no calendar, when the file is there
    already and when the extra is missing, OutputError when it cannot be written.
    """
    if file.exists():
        advice = "delete it, or name another one: all files events-*.csv of a folder are the table"
        raise InputError([Problem(str(file), "is there already", advice)])
    table = _table(places, first, last)
    with raised_as_output_error(file, "Nothing was written."):
        write_csv(table, file)
    return table


def _table(places: Sequence[HolidayPlace], first: dt.date, last: dt.date) -> pl.DataFrame:
    if not dt.timedelta(0) <= last - first <= MOST_DAYS * DAY:
        what = f"is {(last - first).days:,} days after the first, {first}"
        raise InputError([Problem("--to", what, f"name a last day at most {MOST_DAYS:,} days after the first")])
    package = needed("holidays", EXTRA, "holidays")
    known = {place: _calendars(package, place, first, last) for place in places}
    problems = [calendars for calendars in known.values() if isinstance(calendars, Problem)]
    if problems:
        raise InputError(problems)
    rows = [row for place, found in known.items() if not isinstance(found, Problem) for row in _rows(place, found)]
    schema = {"date": pl.Date, "kind": pl.String, "name": pl.String, "region": pl.String}
    table = pl.DataFrame(rows, schema=schema, orient="row").filter(pl.col("date").is_between(first, last))
    table = table.unique().sort("date", "region", "kind", "name")
    return table if any(place.region for place in places) else table.drop("region")


def _calendars(
    package: Any, place: HolidayPlace, first: dt.date, last: dt.date
) -> dict[str, dict[dt.date, str]] | Problem:
    """Names by day, by category; the problem of a place that has none."""
    country, _, part = place.code.partition("-")
    country = country.upper()
    known = package.list_supported_countries(include_aliases=True)
    if country not in known:
        return Problem(place.code, f"{country} is no country with a calendar", _instead(country, known))
    parts = {name.upper(): name for name in known[country]}
    if part and part.upper() not in parts:
        return Problem(place.code, f"{part} is no part of {country} with a calendar", _instead(part, known[country]))
    years = range(first.year, (last + DAY).year + 1)
    offered = package.country_holidays(country).supported_categories
    return {
        category: dict(
            package.country_holidays(
                country,
                subdiv=parts.get(part.upper()),
                years=years,
                language=LANGUAGE,
                categories=category,
                expand=False,
            )
        )
        for category in KINDS
        if category in offered
    }


def _instead(code: str, known: Collection[str]) -> str:
    """What may have been meant by a code."""
    alike = get_close_matches(code.upper(), known, 5, 0.5) or sorted(known)[:20]
    return f"name it by ISO 3166, such as {', '.join(alike)}" if alike else "leave the part out"


def _rows(
    place: HolidayPlace, calendars: dict[str, dict[dt.date, str]]
) -> Iterator[tuple[dt.date, str, str, str | None]]:
    for category, days in calendars.items():
        for day, name in days.items():
            yield day, KINDS[category], name, place.region
    public = calendars.get("public", {})
    for day, name in public.items():
        # Of holidays in a row the day before the first one is the day on which people shop.
        if day - DAY not in public:
            yield day - DAY, v.DAY_BEFORE_HOLIDAY, f"day before {name}", place.region
