"""Check: from tables to sources under contract, or every problem at once.

In: a folder of tables, or a lake of days. Out: `Sources`, opened but not read. Nothing is written.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from engine import vocabulary as v
from engine.contracts.tables import contracts
from engine.daylake.manifest import DayLake, refuse_lake
from engine.daylake.source import open_days
from engine.delivery import broken_files, near_misses, open_tables, verify
from engine.errors import InputError, Problem, TryLaterError
from engine.input_settings import InputSettings
from engine.keys import Keys, in_two_forms, keys, without_digits
from engine.lake import UNREADABLE, Source
from engine.sent_twice import sent_twice
from engine.shelf.meet import meet
from engine.shelf.places import unknown_places

Place = Path | DayLake
"""Where the tables of a night are: a folder of them, or a lake."""
DEFAULT = InputSettings()


@dataclass(frozen=True)
class Sources:
    """The tables of a night, by name. as_of: the last day that may be seen.

    notices: what is odd about the input, known before a row is placed. unknown_places: the stores whose coordinates
    are no place. settings: what the input was judged by.
    """

    place: Place
    as_of: dt.date
    tables: Mapping[str, Source]
    notices: tuple[Problem, ...] = ()
    unknown_places: tuple[str | int, ...] = ()
    settings: InputSettings = DEFAULT

    @property
    def folder(self) -> Path:
        """The folder of the tables or of the lake."""
        return self.place.folder if isinstance(self.place, DayLake) else self.place

    def within(self, n_days: int) -> "Sources":
        """The same tables, of which days before the last n are read only where they have to be."""
        first = self.as_of - dt.timedelta(days=n_days - 1)
        return replace(self, tables={name: source.since(first) for name, source in self.tables.items()})

    @property
    def ids_as_text(self) -> frozenset[str]:
        """The id columns that are text everywhere, because some table carries them so."""
        return frozenset().union(*(source.ids_as_text for source in self.tables.values()))


def check(
    place: Place, as_of: dt.date | None = None, settings: InputSettings = DEFAULT, *, as_text: bool = False
) -> Sources:
    """Open every table and settle the as-of day: the given one, else the latest sales date.

    Raises InputError with every problem of files and columns, when a required table has no row that can be used, and
    when the ids of the tables do not meet or lost their digits; TryLaterError when the sales do not reach the as-of
    day yet.
    """
    tables, problems = _open(place, None, as_text=as_text)
    if problems:
        # The rows of a lake were judged when they came.
        opened = {} if isinstance(place, DayLake) else _open(place, None, as_text=True)[0]
        raise InputError([*problems, *verify(opened)[0]])
    as_of = _settle_as_of(place, tables[v.SALES], as_of, as_text=as_text)
    tables, _ = _open(place, as_of, as_text=as_text)
    if not all(source.is_usable() for source in tables.values() if source.contract.required):
        opened, _ = _open(place, as_of, as_text=True)
        raise InputError(verify(opened)[0])
    try:
        return _told_of(Sources(place, as_of, tables, settings=settings))
    except UNREADABLE:
        if not as_text:
            # Some cell cannot be read by its type. As text it can, and whoever needs the cell judges it.
            return check(place, as_of, settings, as_text=True)
        stops, _ = verify(tables)
        if stops:
            raise InputError(stops) from None
        raise


def reread_as_text(sources: Sources) -> Sources:
    """The same sources with every CSV cell read as text, so that each can be judged on its own.

    Raises InputError when rows stop the run or files cannot be read even so.
    """
    as_text = check(sources.place, sources.as_of, sources.settings, as_text=True)
    stops, _ = verify(as_text.tables)
    if stops:
        raise InputError(stops)
    return as_text


def _told_of(sources: Sources) -> Sources:
    """The sources with what is to be told of their ids, repeats and places. Raises InputError when that stops it."""
    stops, notices = _about_keys(sources)
    tables, again, surplus = _about_repeats(sources)
    if stops or again:
        raise InputError([*stops, *again])
    places, odd = _about_places(sources)
    told = (*sources.notices, *_about_names(sources), *surplus, *notices, *odd)
    return replace(sources, tables=tables, notices=told, unknown_places=places)


def _about_keys(sources: Sources) -> tuple[list[Problem], list[Problem]]:
    """What stops the night, and what is to be told. Old days of a lake are looked at only when new ones do not do."""
    first = sources.as_of - dt.timedelta(days=sources.settings.keys_days - 1)
    lately = {name: source.since(first) for name, source in sources.tables.items()}
    found = _keys(lately, first)
    stops, notices = meet(found, sources.settings)
    if (stops or notices) and any(lately[name] is not source for name, source in sources.tables.items()):
        found = _keys(sources.tables, first)
        stops, notices = meet(found, sources.settings)
    lost = [problem for table in found.values() for problem in without_digits(table)]
    return lost + stops, in_two_forms(found.values()) + notices


def _keys(tables: Mapping[str, Source], first: dt.date) -> dict[str, Keys]:
    """The keys of all tables; of what sold long ago nothing need be known."""
    return {name: keys(source, first if name == v.SALES else None) for name, source in tables.items()}


def _about_names(sources: Sources) -> list[Problem]:
    """What looks like a table or a column that is not there; a lake keeps neither."""
    if isinstance(sources.place, DayLake):
        return []
    return near_misses(sources.place, contracts(sources.as_of), sources.tables)


def _about_repeats(sources: Sources) -> tuple[Mapping[str, Source], list[Problem], list[Problem]]:
    """The tables to go on with. Sales alone add up; a lake was asked when its days came."""
    if isinstance(sources.place, DayLake):
        return sources.tables, [], []
    sales, stops, notices = sent_twice(sources.tables[v.SALES], sources.settings)
    return {**sources.tables, v.SALES: sales}, stops, notices


def _about_places(sources: Sources) -> tuple[tuple[str | int, ...], list[Problem]]:
    if v.STORES not in sources.tables:
        return (), []
    stores = sources.tables[v.STORES].usable().collect()
    places, odd = unknown_places(stores, sources.settings)
    return tuple(places), odd


def _open(place: Place, as_of: dt.date | None, *, as_text: bool) -> tuple[dict[str, Source], list[Problem]]:
    if isinstance(place, DayLake):
        return open_days(place, contracts(as_of), as_of)
    refuse_lake(place)
    return open_tables(place, contracts(as_of), as_text=as_text)


def _settle_as_of(place: Place, sales: Source, as_of: dt.date | None, *, as_text: bool) -> dt.date:
    try:
        span = sales.span()
    except UNREADABLE as error:
        if as_text:
            raise InputError(broken_files(sales, error)) from None
        reread, _ = _open(place, None, as_text=True)
        return _settle_as_of(place, reread[v.SALES], as_of, as_text=True)
    if span is None:
        tables, _ = _open(place, None, as_text=True)
        raise InputError(verify(tables)[0])
    first, last = span
    if as_of is None:
        return last
    if as_of < first:
        advice = f"choose an as-of day from {first} to {last}"
        raise InputError([Problem(v.SALES, f"the as-of day {as_of} is before all sales ({first} … {last})", advice)])
    if as_of > last:
        raise TryLaterError(
            f"the day {as_of} is not complete yet: sales end on {last}. Try later, or run --as-of {last}"
        )
    return as_of
