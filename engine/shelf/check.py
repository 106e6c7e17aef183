"""Check: from a folder to sources under contract, or every problem at once.

In: a folder of tables. Out: `Sources`, opened but not read. Nothing is written.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from engine import vocabulary as v
from engine.contracts.contract import UNUSABLE, Consequence, Rule
from engine.contracts.tables import contracts
from engine.errors import InputError, Problem, TryLaterError
from engine.lake import CELL, SOURCE_FILE, SOURCE_ROW, UNREADABLE, Source, find_files, open_source, unreadable_file

EXAMPLES = 5
"""Rows shown of every problem."""


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


def verify(tables: Mapping[str, Source]) -> tuple[list[Problem], list[Problem]]:
    """Judge every row of every table by every rule: problems that stop a run, and what else there is to know.

    A required table of which no row can be used stops the run, and so do the rules that kept its rows out.
    """
    stops: list[Problem] = []
    remarks: list[Problem] = []
    for source in tables.values():
        try:
            counts = source.complaints()
            broken = [rule for rule in source.rules() if counts[rule.complaint]]
            stopped = any(rule.consequence is Consequence.STOP for rule in broken)
            nothing_left = source.contract.required and not stopped and counts[UNUSABLE] == counts["rows"]
            if nothing_left:
                what = "no usable row is left" if counts["rows"] else "has no rows"
                stops.append(Problem(source.contract.table, what, "deliver the table with rows that can be used"))
            for rule in broken:
                stops_it = nothing_left or rule.consequence is Consequence.STOP
                (stops if stops_it else remarks).append(_problem(source, rule, counts))
        except UNREADABLE as error:
            stops += _broken_files(source, error)
    return stops, remarks


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
    promised = contracts(as_of)
    files, problems = find_files(folder, promised)
    tables: dict[str, Source] = {}
    for name, contract in promised.items():
        if name in files:
            source, wrong = open_source(contract, files[name], as_text=as_text)
            problems += wrong
            if source.parts:
                tables[name] = source
    text_ids: frozenset[str] = frozenset().union(*(source.text_ids for source in tables.values()))
    return {name: replace(source, ids_as_text=text_ids) for name, source in tables.items()}, problems


def _settle_as_of(folder: Path, sales: Source, as_of: dt.date | None, *, as_text: bool) -> dt.date:
    try:
        seen = sales.usable().select(first=pl.col("date").min(), last=pl.col("date").max()).collect()
    except UNREADABLE as error:
        if as_text:
            raise InputError(_broken_files(sales, error)) from None
        reread, _ = _open(folder, None, as_text=True)
        return _settle_as_of(folder, reread[v.SALES], as_of, as_text=True)
    first, last = seen.row(0)
    if first is None:
        tables, _ = _open(folder, None, as_text=True)
        raise InputError(verify(tables)[0])
    if as_of is None:
        return last  # type: ignore[no-any-return]
    if as_of < first:
        advice = f"choose an as-of day from {first} to {last}"
        raise InputError([Problem(v.SALES, f"the as-of day {as_of} is before all sales ({first} … {last})", advice)])
    if as_of > last:
        raise TryLaterError(
            f"the day {as_of} is not complete yet: sales end on {last}. Try later, or run --as-of {last}"
        )
    return as_of


def _problem(source: Source, rule: Rule, counts: Mapping[str, int]) -> Problem:
    examples = []
    for row in source.examples(rule, EXAMPLES).iter_rows(named=True):
        key = ", ".join(f"{name} {_printable(row[name])}" for name in source.contract.key)
        cell = "" if rule.column in source.contract.key else f", {rule.column} {_printable(row[CELL])}"
        examples.append(f"{row[SOURCE_FILE]} row {row[SOURCE_ROW]:,}: {key}{cell}")
    count = counts[rule.complaint]
    return Problem(source.contract.table, rule.complaint, rule.advice, count, counts["rows"], tuple(examples))


def _printable(cell: str | None) -> str:
    """A cell as a message can hold it: on one line and without control characters."""
    return "(empty)" if not cell else cell if cell.isprintable() else repr(cell)


def _broken_files(source: Source, error: BaseException) -> list[Problem]:
    """One problem per file that cannot be read to its end.

    error: what stopped the reading; it is told when every file can be read for itself.
    """
    table, problems = source.contract.table, []
    for part in source.parts:
        for file in part.files:
            try:
                replace(part, files=(file,)).scan().select(pl.all().count()).collect()
            except UNREADABLE as reason:
                problems.append(unreadable_file(table, file, reason))
    return problems or [unreadable_file(table, source.parts[0].files[0], error)]
