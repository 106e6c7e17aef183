"""Delivery: a folder of tables, a mapping or frames in memory, opened under contract and judged row by row.

In: a folder, a file that says where the tables are, frames or a place elsewhere. Out: a `Source` per table, or
every problem at once. Nothing is written.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import polars as pl

from engine.contracts.contract import FAULTY, UNUSABLE, Consequence, Contract, Rule
from engine.delivery.elsewhere import Elsewhere
from engine.delivery.frames import Frames
from engine.delivery.mapped.place import Mapped, is_mapping, open_mapping
from engine.delivery.near_miss import columns_meant, file_alike
from engine.delivery.source import (
    CELL,
    SOURCE_FILE,
    SOURCE_ROW,
    UNREADABLE,
    Loaded,
    Source,
    batches,
    find_files,
    how_to_put,
    open_source,
)
from engine.errors import InputError, Problem
from engine.places.place import Place, place_of

Delivered = Path | Frames | Elsewhere
"""Where tables are that were handed in: in a folder, where a mapping says, which is a TOML file, in memory, or at a
place elsewhere."""
EXAMPLES = 5
"""Rows shown of every problem."""


def open_tables(
    place: Delivered, promised: Mapping[str, Contract], *, as_text: bool = False
) -> tuple[dict[str, Source], list[Problem]]:
    """The tables of a delivery by name, and what is wrong with the place, its files and their columns.

    as_text: read every CSV cell as text, so that each can be judged on its own. Raises InputError when a folder
    cannot be listed or a question of a mapping not be answered, SettingsError when a mapping is none, and as a place
    elsewhere does.
    """
    given = _given(place)
    if isinstance(given, Path):
        tables, problems = _open_files(given, promised, as_text=as_text)
    elif isinstance(given, Elsewhere):
        tables, problems = given.open(promised, as_text=as_text)
    else:
        tables, problems = given.open(promised)
    return with_common_ids(tables), problems


def _given(place: Delivered) -> Path | Frames | Mapped | Elsewhere:
    """What was handed in as it is, a mapping opened."""
    return open_mapping(place) if isinstance(place, Path) and is_mapping(place) else place


def _open_files(
    folder: Path, promised: Mapping[str, Contract], *, as_text: bool
) -> tuple[dict[str, Source], list[Problem]]:
    files, problems = find_files(folder, promised)
    tables: dict[str, Source] = {}
    for name, contract in promised.items():
        if name in files:
            source, wrong = open_source(contract, files[name], as_text=as_text)
            problems += wrong
            if source.parts:
                tables[name] = source
    return tables, problems


def how_to_deliver(place: Delivered, name: str) -> str:
    """What to do about a table that is not there."""
    given = _given(place)
    return how_to_put(name, given) if isinstance(given, Path) else given.how_to_deliver(name)


def delivered(text: str) -> Path | Elsewhere:
    """What was typed for the tables of a delivery. Raises InputError, which never repeats a password."""
    place = place_of(text)
    return Elsewhere(place) if isinstance(place, Place) else place


def holds_anything(place: Path | Elsewhere) -> bool:
    """Whether something was delivered there, as far as is seen without reading; a database always does."""
    if isinstance(place, Elsewhere):
        return not place.holds_nothing
    return is_mapping(place) or (place.is_dir() and any(place.iterdir()))


def where(place: Delivered) -> Path | str | None:
    """The folder, the mapping or the place of a delivery, None where it is in memory."""
    return place if isinstance(place, Path) else str(place) if isinstance(place, Elsewhere) else None


def with_common_ids(tables: Mapping[str, Source]) -> dict[str, Source]:
    """The tables, told which ids are text everywhere: those that some table carries as text."""
    text_ids: frozenset[str] = frozenset().union(*(source.text_ids for source in tables.values()))
    return {name: replace(source, ids_as_text=text_ids) for name, source in tables.items()}


def verify(tables: Mapping[str, Source]) -> tuple[list[Problem], list[Problem]]:
    """Judge every row of every table by every rule: problems that stop a run, and what else there is to know.

    A required table of which no row can be used stops the run, and so do the rules that kept its rows out.
    """
    stops: list[Problem] = []
    remarks: list[Problem] = []
    for source in tables.values():
        try:
            stopping, telling = judge(source, source.complaints())
            stops += stopping
            remarks += telling
        except UNREADABLE as error:
            stops += broken_files(source, error)
    return stops, remarks


def judge(source: Source, counts: Mapping[str, int]) -> tuple[list[Problem], list[Problem]]:
    """What the broken rules of one table mean: problems that stop a run, and what else there is to know.

    counts: rows that break each rule, as `Source.complaints` counts them.
    """
    stops: list[Problem] = []
    remarks: list[Problem] = []
    broken = [rule for rule in source.rules() if counts[rule.complaint]]
    stopped = any(rule.consequence is Consequence.STOP for rule in broken)
    nothing_left = source.contract.required and not stopped and counts[UNUSABLE] == counts["rows"]
    if nothing_left:
        what = "no usable row is left" if counts["rows"] else "has no rows"
        stops.append(Problem(source.contract.table, what, "deliver the table with rows that can be used"))
    for rule in broken:
        stops_it = nothing_left or rule.consequence is Consequence.STOP
        (stops if stops_it else remarks).append(_problem(source, rule, counts))
    return stops, remarks


def load(sources: Mapping[str, Source]) -> tuple[dict[str, Loaded], list[Problem], list[Problem]]:
    """Every table that can be read, read once; the problems that stop a run; and what else there is to know.

    Texts are categories.
    """
    texts = pl.Categorical(pl.Categories.random())
    loaded: dict[str, Loaded] = {}
    stops: list[Problem] = []
    remarks: list[Problem] = []
    for name, source in sources.items():
        try:
            loaded[name] = source.load(texts)
            stopping, telling = judge(source, loaded[name].counts)
        except UNREADABLE as error:
            stops += broken_files(source, error)
        else:
            stops += stopping
            remarks += telling
    return loaded, stops, remarks


def duplicates(rows: pl.LazyFrame, table: str, key: tuple[str, ...], advice: str) -> Problem | None:
    """The problem of rows that share a key, with the first keys; None when there is none."""
    repeated = rows.group_by(key).len().filter(pl.col("len") > 1).sort(key).collect()
    if repeated.is_empty():
        return None
    shown = repeated.head(EXAMPLES).iter_rows(named=True)
    examples = tuple(f"{', '.join(f'{name} {row[name]}' for name in key)}: {row['len']} rows" for row in shown)
    count, total = int(repeated["len"].sum()), rows.select(pl.len()).collect().item()
    return Problem(table, f"rows share {' and '.join(key)}", advice, count, total, examples)


def too_many_faults(
    source: Source, counts: Mapping[str, int], max_share: float, key: str = "inputs.max_set_aside_share"
) -> list[Problem]:
    """The problem of a table of whose rows a larger share is faulty.

    counts: rows that break each rule, as `Source.complaints` counts them. key: the setting that says the share.
    """
    n_faulty, n_rows = counts[FAULTY], counts["rows"]
    if n_faulty <= max_share * n_rows:
        return []
    reasons = [
        f"{source.in_their_words(rule.complaint)}: {counts[rule.complaint]:,} rows"
        for rule in source.rules()
        if rule.is_fault and rule.consequence is Consequence.QUARANTINE and counts[rule.complaint]
    ]
    what = f"more than {100 * max_share:g}% of the rows cannot be used"
    advice = f"correct the export, or allow it with  --set {key}=1"
    return [Problem(source.contract.table, what, advice, n_faulty, n_rows, tuple(reasons))]


def near_misses(place: Delivered, promised: Mapping[str, Contract], tables: Mapping[str, Source]) -> list[Problem]:
    """Files, frames and columns nobody needs that look like a table or a column that is not there."""
    found = []
    for name, contract in promised.items():
        meant_by = None if name in tables else looks_like(place, promised, name)
        if meant_by:
            advice = f"rename it if it is the table {name}; without it the run goes on"
            found.append(Problem(name, f"was not delivered, but {meant_by} looks like it", advice))
        for part in tables[name].parts if name in tables else ():
            for lacks, meant in columns_meant(contract.names, contract.names, tuple(part.schema)).items():
                file = part.files[0].name
                advice = f"rename it if it is {lacks}; without it the run goes on"
                found.append(Problem(name, f"{file} has no column {lacks}, but {meant} looks like it", advice))
    return found


def looks_like(place: Delivered, promised: Mapping[str, Contract], name: str) -> str | None:
    """What is probably a table that is not there, under another name."""
    given = _given(place)
    return file_alike(given, promised, name) if isinstance(given, Path) else given.alike(promised, name)


def empty_files(tables: Mapping[str, Source]) -> list[Problem]:
    """Tables of several files of which some hold no row: a delivery that came to nothing."""
    found = []
    for name, source in tables.items():
        files = [file for part in source.parts for file in part.files]
        empty = tuple(file.name for file in files if file.is_empty)
        if empty and len(files) > len(empty):
            what = f"{len(empty):,} of {len(files):,} files hold no row"
            found.append(Problem(name, what, "deliver them again if they should", examples=empty[:EXAMPLES]))
    return found


def broken_files(source: Source, error: BaseException) -> list[Problem]:
    """One problem per file that cannot be read to its end.

    error: what stopped the reading; it is told when every file can be read for itself.
    """
    return _broken_files(source) or [source.unreadable(source.parts[0].files[0], error)]


@contextmanager
def naming_broken_files(tables: Mapping[str, Source]) -> Iterator[None]:
    """Raise InputError with the files that cannot be read to their end, where reading them fails within the block."""
    try:
        yield
    except UNREADABLE as error:
        problems = [problem for source in tables.values() for problem in _broken_files(source)]
        if not problems and isinstance(error, OSError):
            # Every file can be read: what failed is the place that is written to.
            raise
        what = f"the tables cannot be read: {error}"
        raise InputError(problems or [Problem("input", what, "check that its files are whole")]) from error


def _broken_files(source: Source) -> list[Problem]:
    problems = []
    for part in source.parts:
        for file in part.files:
            try:
                # Every value is asked for: of a column of Parquet the footer alone may tell how many there are.
                for _ in batches(replace(part, files=(file,)).scan()):
                    pass
            except UNREADABLE as reason:
                problems.append(source.unreadable(file, reason))
    return problems


def _problem(source: Source, rule: Rule, counts: Mapping[str, int]) -> Problem:
    examples = []
    for row in source.examples(rule, EXAMPLES).iter_rows(named=True):
        shown = {name: row[name] for name in source.contract.key} | (
            {} if rule.column in source.contract.key else {rule.column: row[CELL]}
        )
        cells = ", ".join(f"{source.in_their_words(name)} {_printable(cell)}" for name, cell in shown.items())
        examples.append(f"{row[SOURCE_FILE]} row {row[SOURCE_ROW]:,}: {cells}")
    what, advice = source.in_their_words(rule.complaint), source.in_their_words(rule.advice)
    return Problem(source.contract.table, what, advice, counts[rule.complaint], counts["rows"], tuple(examples))


def _printable(cell: str | None) -> str:
    """A cell as a message can hold it: on one line and without control characters."""
    return "(empty)" if not cell else cell if cell.isprintable() else repr(cell)
