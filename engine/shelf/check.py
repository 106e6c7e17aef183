"""Check: from tables to sources under contract, or every problem at once.

In: a folder of tables, or a lake of days. Out: `Sources`, opened but not read. Nothing is written.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from engine import vocabulary as v
from engine.config import DeliverySettings
from engine.contracts.tables import contracts
from engine.daylake.manifest import DayLake, refuse_lake
from engine.daylake.source import open_days
from engine.delivery import broken_files, open_tables, verify
from engine.errors import InputError, Problem
from engine.lake import UNREADABLE, Source
from engine.shelf.as_of import settle_as_of

Place = Path | DayLake
"""Where the tables of a night are: a folder of them, or a lake."""


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


HELD = (v.INVENTORY, v.PRICING)
"""Tables whose last row holds until the next one."""
DEFAULTS = DeliverySettings()


def readings_of(profile: str) -> Readings:
    """How the profile reads rows."""
    return CLASSIC if profile == "classic" else CALIBRATED


@dataclass(frozen=True)
class Sources:
    """The tables of a night, by name. as_of: the last day that may be seen. notices: what is odd about them."""

    place: Place
    as_of: dt.date
    tables: Mapping[str, Source]
    readings: Readings = CALIBRATED
    notices: tuple[Problem, ...] = ()

    @property
    def folder(self) -> Path:
        """The folder of the tables or of the lake."""
        return self.place.folder if isinstance(self.place, DayLake) else self.place

    def within(self, n_days: int, held_days: int) -> "Sources":
        """The same tables, of which days before the last n are read only where they have to be.

        held_days: stock and prices of so many days before may still hold.
        """
        first = self.as_of - dt.timedelta(days=n_days - 1)
        back = {name: dt.timedelta(days=held_days if name in HELD else 0) for name in self.tables}
        return replace(self, tables={name: source.since(first - back[name]) for name, source in self.tables.items()})

    @property
    def ids_as_text(self) -> frozenset[str]:
        """The id columns that are text everywhere, because some table carries them so."""
        return frozenset().union(*(source.ids_as_text for source in self.tables.values()))


def check(
    place: Place,
    as_of: dt.date | None = None,
    of: DeliverySettings = DEFAULTS,
    readings: Readings = CALIBRATED,
    *,
    as_text: bool = False,
) -> Sources:
    """Open every table and settle the as-of day: the given one, else the newest date that is one of a day's delivery.

    Raises InputError with every problem of files and columns, or when a required table has no row that can be used;
    TryLaterError when the sales do not reach the as-of day yet.
    """
    tables, problems = _open(place, None, readings, as_text=as_text)
    if problems:
        # The rows of a lake were judged when they came.
        opened = {} if isinstance(place, DayLake) else _open(place, None, readings, as_text=True)[0]
        raise InputError([*problems, *verify(opened)[0]])
    dates = _dates_of_sales(place, tables[v.SALES], readings, as_text=as_text)
    as_of, notices = settle_as_of(dates, as_of, of)
    tables, _ = _open(place, as_of, readings, as_text=as_text)
    if not all(source.is_usable() for source in tables.values() if source.contract.required):
        opened, _ = _open(place, as_of, readings, as_text=True)
        raise InputError(verify(opened)[0])
    return Sources(place, as_of, tables, readings, notices)


def reread_as_text(sources: Sources) -> Sources:
    """The same sources with every CSV cell read as text, so that each can be judged on its own.

    Raises InputError when rows stop the run or files cannot be read even so.
    """
    tables, _ = _open(sources.place, sources.as_of, sources.readings, as_text=True)
    stops, _ = verify(tables)
    if stops:
        raise InputError(stops)
    return replace(sources, tables=tables)


def _open(
    place: Place, as_of: dt.date | None, readings: Readings, *, as_text: bool
) -> tuple[dict[str, Source], list[Problem]]:
    promised = contracts(as_of, signed=readings.signed)
    if isinstance(place, DayLake):
        return open_days(place, promised, as_of)
    refuse_lake(place)
    return open_tables(place, promised, as_text=as_text)


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
