"""Check: from tables to sources under contract, or every problem at once.

In: a folder of tables, frames in memory, or a lake of days. Out: `Sources`, opened but not read. Nothing is written.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from engine.contracts.shelf import contracts
from engine.delivery.keys import Keys, in_two_forms, keys, without_digits
from engine.delivery.midnight import shifted_days
from engine.delivery.parsed import parsed
from engine.delivery.sent_twice import sent_twice
from engine.delivery.source import UNREADABLE, Source
from engine.delivery.tables import Delivered, broken_files, empty_files, near_misses, open_tables, verify, where
from engine.errors import InputError, Problem
from engine.lake.manifest import DayLake, refuse_lake
from engine.lake.source import open_days
from engine.settings.shelf.delivered import DeliverySettings, InputSettings, PanelSettings
from engine.shelf.as_of import choose_as_of
from engine.shelf.meet import meet
from engine.shelf.places import unknown_places
from engine.shelf.seen import Seen, seen_of
from engine.vocabulary import shelf as v

Place = Delivered | DayLake
"""Where the tables of a night are: in a folder, in memory, or in a lake."""


@dataclass(frozen=True)
class Readings:
    """How a profile reads ordinary rows (specification, section 1).

    signed: units below 0 are returns, stock below 0 is none, a price of 0 is none; otherwise rows below 0 are set
    aside and a price of 0 is one. interpolates: short gaps are filled; otherwise what was not delivered is unknown.
    """

    signed: bool
    interpolates: bool


CLASSIC = Readings(signed=False, interpolates=True)
CALIBRATED = Readings(signed=True, interpolates=False)


@dataclass(frozen=True)
class Intake:
    """How an input is taken in: what it is judged by, how its rows are read, and on which days of a panel."""

    inputs: InputSettings = field(default_factory=InputSettings)
    delivery: DeliverySettings = field(default_factory=DeliverySettings)
    readings: Readings = CALIBRATED
    panel: PanelSettings = field(default_factory=PanelSettings)


USUAL = Intake()


def readings_of(profile: str) -> Readings:
    """How the profile reads rows."""
    return CLASSIC if profile == "classic" else CALIBRATED


@dataclass(frozen=True)
class Sources:
    """The tables of a night, by name. as_of: the last day that may be seen.

    intake: how they are read and what they are judged by. notices: what is odd about the input, known before a row is
    placed. unknown_places: the stores whose coordinates are no place. seen: the store-SKUs of the days of the
    intake's panel; None where nobody looked for them yet.
    """

    place: Place
    as_of: dt.date
    tables: Mapping[str, Source]
    intake: Intake
    notices: tuple[Problem, ...] = ()
    unknown_places: tuple[str | int, ...] = ()
    seen: Seen | None = field(default=None, compare=False, repr=False)

    @property
    def folder(self) -> Path | str | None:
        """The folder or the place of the tables, or the lake; None where they are in memory."""
        if isinstance(self.place, DayLake):
            origin = self.place.origin
            return self.place.folder if origin is None else str(origin.place)
        return where(self.place)

    def since(self, n_days: int) -> dt.date:
        """The first of so many days, of which the as-of day is the last."""
        return self.as_of - dt.timedelta(days=n_days - 1)

    def within(self, n_days: int, held_days: int) -> "Sources":
        """The same tables, of which days before the last n are read only where they have to be.

        held_days: stock and prices of so many days before may still hold.
        """
        first = self.since(n_days)
        return replace(self, tables={name: source.since(first, held_days) for name, source in self.tables.items()})

    @property
    def ids_as_text(self) -> frozenset[str]:
        """The id columns that are text everywhere, because some table carries them so."""
        return frozenset().union(*(source.ids_as_text for source in self.tables.values()))


def check(place: Place, as_of: dt.date | None = None, intake: Intake = USUAL, *, as_text: bool = False) -> Sources:
    """Open every table and choose the as-of day: the given one, else the newest date that is one of a day's delivery.

    Raises InputError with every problem of files and columns, when a required table has no row that can be used, and
    when the ids of the tables do not meet or lost their digits; TryLaterError when the sales do not reach the as-of
    day yet.
    """
    tables, problems = _open(place, None, intake.readings, as_text=as_text)
    if problems:
        # The rows of a lake were judged when they came.
        opened = {} if isinstance(place, DayLake) else _open(place, None, intake.readings, as_text=True)[0]
        raise InputError([*problems, *verify(opened)[0]])
    if not as_text:
        tables = parsed(tables)
    dates = _dates_of_sales(place, tables[v.SALES], intake.readings, as_text=as_text)
    as_of, notices = choose_as_of(dates, as_of, intake.delivery)
    tables = _as_seen_on(place, tables, as_of, intake.readings)
    if not all(source.is_usable() for source in tables.values() if source.contract.required):
        opened, _ = _open(place, as_of, intake.readings, as_text=True)
        raise InputError(verify(opened)[0])
    try:
        return _with_notices(Sources(place, as_of, tables, intake, notices))
    except UNREADABLE:
        if not as_text:
            # Some cell cannot be read by its type. As text it can, and whoever needs the cell judges it.
            return check(place, as_of, intake, as_text=True)
        stops, _ = verify(tables)
        if stops:
            raise InputError(stops) from None
        raise


def reread_as_text(sources: Sources) -> Sources:
    """The same sources with every CSV cell read as text, so that each can be judged on its own.

    Raises InputError when rows stop the run or files cannot be read even so.
    """
    as_text = check(sources.place, sources.as_of, sources.intake, as_text=True)
    stops, _ = verify(as_text.tables)
    if stops:
        raise InputError(stops)
    return as_text


def _with_notices(sources: Sources) -> Sources:
    """The sources with what is to be told of their ids, repeats and places. Raises InputError when that stops it."""
    stops, notices, seen = _about_keys(sources)
    tables, again, surplus = _about_repeats(sources)
    if stops or again:
        # Whoever mends the export wants to hear of everything at once.
        as_text, _ = _open(sources.place, sources.as_of, sources.intake.readings, as_text=True)
        raise InputError([*stops, *again, *verify(as_text)[0]])
    places, odd = _about_places(sources)
    every_notice = (*sources.notices, *_about_names(sources), *surplus, *notices, *odd)
    return replace(sources, tables=tables, notices=every_notice, unknown_places=places, seen=seen)


def _about_keys(sources: Sources) -> tuple[list[Problem], list[Problem], Seen | None]:
    """What stops the night, what is to be told, and the store-SKUs of the panel where their days were looked at.

    Old days of a lake are looked at only when new ones do not do.
    """
    first = sources.since(sources.intake.inputs.keys_days)
    lately = {name: source.since(first) for name, source in sources.tables.items()}
    found = _keys(sources, lately, first)
    stops, notices = meet(found, sources.intake.inputs)
    if (stops or notices) and any(lately[name] is not source for name, source in sources.tables.items()):
        found = _keys(sources, sources.tables, first)
        stops, notices = meet(found, sources.intake.inputs)
    lost = [problem for table in found.values() for problem in without_digits(table)]
    is_seen = first <= sources.since(sources.intake.panel.lookback_days)
    seen = seen_of([found[name] for name in (v.SALES, v.INVENTORY)]) if is_seen else None
    return lost + stops, in_two_forms(found.values()) + notices, seen


def _keys(sources: Sources, tables: Mapping[str, Source], first: dt.date) -> dict[str, Keys]:
    """The keys of all tables, those of the panel's days told apart; of what sold long ago nothing need be known."""
    days = sources.since(sources.intake.panel.lookback_days), sources.as_of
    of_panel = {v.SALES: days, v.INVENTORY: days}
    return {
        name: keys(source, first if name == v.SALES else None, of_panel.get(name)) for name, source in tables.items()
    }


def _about_names(sources: Sources) -> list[Problem]:
    """Names that look like a table or a column, files without a row, days that are shifted; a lake keeps none."""
    if isinstance(sources.place, DayLake):
        return []
    tables = sources.tables
    meant = near_misses(sources.place, contracts(sources.as_of), tables)
    return [*meant, *empty_files(tables), *shifted_days(tables)]


def _about_repeats(sources: Sources) -> tuple[Mapping[str, Source], list[Problem], list[Problem]]:
    """The tables to go on with. Sales alone add up; a lake was asked when its days came."""
    if isinstance(sources.place, DayLake):
        return sources.tables, [], []
    sales, stops, notices = sent_twice(sources.tables[v.SALES], sources.intake.inputs)
    return {**sources.tables, v.SALES: sales}, stops, notices


def _about_places(sources: Sources) -> tuple[tuple[str | int, ...], list[Problem]]:
    if v.STORES not in sources.tables:
        return (), []
    stores = sources.tables[v.STORES].usable().collect()
    places, odd = unknown_places(stores, sources.intake.inputs)
    return tuple(places), odd


def _open(
    place: Place, as_of: dt.date | None, readings: Readings, *, as_text: bool
) -> tuple[dict[str, Source], list[Problem]]:
    promised = contracts(as_of, signed=readings.signed)
    if isinstance(place, DayLake):
        return open_days(place, promised, as_of)
    if isinstance(place, Path):
        refuse_lake(place)
    return open_tables(place, promised, as_text=as_text)


def _as_seen_on(place: Place, tables: Mapping[str, Source], as_of: dt.date, readings: Readings) -> dict[str, Source]:
    """The tables that are open, judged by what may be seen on a day."""
    promised = contracts(as_of, signed=readings.signed)
    if isinstance(place, DayLake):
        return open_days(place, promised, as_of)[0]
    return {name: replace(source, contract=promised[name]) for name, source in tables.items()}


def _dates_of_sales(place: Place, sales: Source, readings: Readings, *, as_text: bool) -> dict[dt.date, int]:
    """How many usable rows of sales every date has. Raises InputError when there is none."""
    try:
        dates = sales.rows_by_date()
    except UNREADABLE as error:
        if as_text:
            raise InputError(broken_files(sales, error)) from None
        reread, _ = _open(place, None, readings, as_text=True)
        return _dates_of_sales(place, reread[v.SALES], readings, as_text=True)
    if not dates:
        tables, _ = _open(place, None, readings, as_text=True)
        raise InputError(verify(tables)[0])
    return dates
