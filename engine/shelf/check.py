"""Check: from a folder to sources under contract, or every problem at once.

In: a folder of tables. Out: `Sources`, opened but not read. Nothing is written.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine import vocabulary as v
from engine.contracts.tables import contracts
from engine.delivery import broken_files, open_tables, verify
from engine.errors import InputError, Problem, TryLaterError
from engine.lake import UNREADABLE, Source


@dataclass(frozen=True)
class Sources:
    """The tables of a night, by name. as_of: the last day that may be seen."""

    folder: Path
    as_of: dt.date
    tables: Mapping[str, Source]

    @property
    def ids_as_text(self) -> frozenset[str]:
        """The id columns that are text everywhere, because some table carries them so."""
        return frozenset().union(*(source.ids_as_text for source in self.tables.values()))


def check(folder: Path, as_of: dt.date | None = None, *, as_text: bool = False) -> Sources:
    """Open every table of a folder and settle the as-of day: the given one, else the latest sales date.

    Raises InputError with every problem of files and columns, or when a required table has no row that can be used;
    TryLaterError when the sales do not reach the as-of day yet.
    """
    tables, problems = _open(folder, None, as_text=as_text)
    if problems:
        opened, _ = _open(folder, None, as_text=True)
        raise InputError([*problems, *verify(opened)[0]])
    as_of = _settle_as_of(folder, tables[v.SALES], as_of, as_text=as_text)
    tables, _ = _open(folder, as_of, as_text=as_text)
    if not all(source.is_usable() for source in tables.values() if source.contract.required):
        opened, _ = _open(folder, as_of, as_text=True)
        raise InputError(verify(opened)[0])
    return Sources(folder, as_of, tables)


def reread_as_text(sources: Sources) -> Sources:
    """The same sources with every CSV cell read as text, so that each can be judged on its own.

    Raises InputError when rows stop the run or files cannot be read even so.
    """
    as_text = check(sources.folder, sources.as_of, as_text=True)
    stops, _ = verify(as_text.tables)
    if stops:
        raise InputError(stops)
    return as_text


def _open(folder: Path, as_of: dt.date | None, *, as_text: bool) -> tuple[dict[str, Source], list[Problem]]:
    return open_tables(folder, contracts(as_of), as_text=as_text)


def _settle_as_of(folder: Path, sales: Source, as_of: dt.date | None, *, as_text: bool) -> dt.date:
    try:
        span = sales.span()
    except UNREADABLE as error:
        if as_text:
            raise InputError(broken_files(sales, error)) from None
        reread, _ = _open(folder, None, as_text=True)
        return _settle_as_of(folder, reread[v.SALES], as_of, as_text=True)
    if span is None:
        tables, _ = _open(folder, None, as_text=True)
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
