"""Ingest: take a delivery into a lake, day by day.

In: a folder of tables, all six or one of them. Out: a lake whose days are replaced by those of the delivery, whole.
What the lake holds already changes nothing; a delivery that is refused leaves nothing.
"""

import datetime as dt
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from engine.contracts.contract import Consequence
from engine.contracts.shelf import contracts
from engine.delivery.keys import in_two_forms, keys, without_digits
from engine.delivery.midnight import shifted_days
from engine.delivery.sent_twice import sent_twice
from engine.delivery.source import UNREADABLE, Source
from engine.delivery.tables import (
    EXAMPLES,
    Delivered,
    looks_like,
    naming_broken_files,
    near_misses,
    open_tables,
    verify,
)
from engine.errors import InputError, Problem, TryLaterError
from engine.lake.completeness import short_day
from engine.lake.days import by_day
from engine.lake.gather import gather
from engine.lake.manifest import WHOLE, Day, DayLake, Partition, refuse_lake
from engine.lake.write import Writer, writer
from engine.settings.ingest import IngestSettings
from engine.settings.shelf.delivered import InputSettings
from engine.vocabulary import shelf as v

PROMISED = contracts(None)
INPUTS = InputSettings()


@dataclass(frozen=True)
class TableReport:
    """What became of one delivered table.

    rows, faulty: usable rows, and those a night will set aside. new, replaced, unchanged: the days delivered, as ISO
    dates, `all` for a table without dates. ignored: columns that no night reads; they are not kept.
    """

    rows: int
    faulty: int
    new: tuple[str, ...]
    replaced: tuple[str, ...]
    unchanged: tuple[str, ...]
    ignored: tuple[str, ...]


@dataclass(frozen=True)
class Ingestion:
    """What became of a delivery, per delivered table. spans: per table of the lake its days, first to last.

    notices: what is odd about the delivery.
    """

    tables: Mapping[str, TableReport]
    spans: Mapping[str, str]
    notices: tuple[Problem, ...] = ()


def ingest(
    folder: Delivered,
    lake: Path,
    settings: IngestSettings,
    inputs: InputSettings = INPUTS,
    *,
    allow_partial: bool = False,
) -> Ingestion:
    """Replace the days of a lake that a folder of tables delivers. Without a lake one is made.

    inputs: what is done with ids that lost their digits and with rows that were sent twice. allow_partial: take a
    newest day that is not complete. Raises InputError with every problem that would stop a night too, and when a day
    would lose too many rows; TryLaterError while another ingest is under way, and when the newest day is not
    complete; OutputError when the lake cannot be written. Then the lake is as
    it was.
    """
    delivered = _open(folder)
    with writer(lake) as staged:
        try:
            return _ingest(*_odd(folder, delivered, inputs), staged, settings, allow_partial=allow_partial)
        except UNREADABLE:
            # Some cell or file cannot be read by its type. As text every cell can be judged on its own.
            as_text = _open(folder, as_text=True)
            stops, _ = verify(as_text)
            if stops:
                raise InputError(stops) from None
            with naming_broken_files(as_text):
                return _ingest(*_odd(folder, as_text, inputs), staged, settings, allow_partial=allow_partial)


def _open(folder: Delivered, *, as_text: bool = False) -> dict[str, Source]:
    """The tables that are there, each with ids as its own files have them."""
    if isinstance(folder, Path):
        refuse_lake(folder)
    some = {name: replace(contract, required=False) for name, contract in PROMISED.items()}
    tables, problems = open_tables(folder, some, as_text=as_text)
    if not tables and not problems:
        meant = {name: looks_like(folder, PROMISED, name) for name in PROMISED}
        looks_so = "".join(f"{file} looks like {name}: rename it; " for name, file in meant.items() if file)
        advice = f"{looks_so}put a table there, as a file or a folder of files named after it: {', '.join(PROMISED)}"
        problems.append(Problem(str(folder), "holds none of the tables", advice))
    if problems:
        raise InputError(problems)
    return {
        name: replace(source, contract=PROMISED[name], ids_as_text=source.text_ids) for name, source in tables.items()
    }


def _odd(
    folder: Delivered, delivered: Mapping[str, Source], inputs: InputSettings
) -> tuple[dict[str, Source], tuple[Problem, ...]]:
    """The tables, without what was sent twice, and what is to be told. Raises InputError when that stops it."""
    found = [keys(source) for source in delivered.values()]
    stops = [problem for table in found for problem in without_digits(table)]
    tables, notices = dict(delivered), near_misses(folder, PROMISED, delivered) + in_two_forms(found)
    notices += shifted_days(delivered)
    if v.SALES in tables:
        tables[v.SALES], again, surplus = sent_twice(tables[v.SALES], inputs)
        stops, notices = stops + again, surplus + notices
    if stops:
        raise InputError(stops)
    return tables, tuple(notices)


def _ingest(
    delivered: Mapping[str, Source],
    notices: tuple[Problem, ...],
    staged: Writer,
    settings: IngestSettings,
    *,
    allow_partial: bool,
) -> Ingestion:
    kept = staged.lake.tables
    incoming = {name: tuple(_partitions(delivered, name, staged)) for name in delivered}
    changes = {name: [part for part in parts if _is_new(staged, name, part)] for name, parts in incoming.items()}
    _refuse_shrinking(staged, changes, settings.min_kept_share)
    if not allow_partial:
        # Of a log, any number of rows may be a whole day.
        daily = {name: parts for name, parts in incoming.items() if delivered[name].grain == "row"}
        _refuse_incomplete(staged, daily, settings)
    tables = dict(kept)
    for name, changed in changes.items():
        if changed:
            tables[name] = gather(staged, name, _replaced(kept.get(name, ()), changed))
    if any(changes.values()):
        staged.publish(tables)
    lake = DayLake(staged.lake.folder, tables)
    reports = {name: _report(staged, delivered[name], incoming[name], changes[name]) for name in delivered}
    return Ingestion(reports, {name: lake.span(name) for name in sorted(tables)}, notices)


def _partitions(delivered: Mapping[str, Source], name: str, staged: Writer) -> Iterator[Partition]:
    """Every day of a delivered table as a partition, made ready. Raises InputError when a night would not run."""
    source = delivered[name]
    place = staged.staged / f"{name}.rows"
    place.mkdir(exist_ok=True)
    days = by_day(source, place)
    if (days.unusable and _stops(source)) or (source.contract.required and not days.usable):
        raise InputError(verify(delivered)[0])
    text_ids = tuple(sorted(source.text_ids))
    for day, judged in days:
        yield staged.partition(source.contract, text_ids, day, judged, source.grain)
    shutil.rmtree(place)
    if not days.usable + days.unusable:
        nothing = Day(rows=0, faulty=0, fingerprint=" ".join(text_ids))
        yield Partition(text_ids=text_ids, rows=None, faulty=None, days={WHOLE: nothing})


def _stops(source: Source) -> bool:
    counts = source.complaints()
    return any(rule.consequence is Consequence.STOP and counts[rule.complaint] for rule in source.rules())


def _is_new(staged: Writer, table: str, part: Partition) -> bool:
    """Whether a day of a delivery is another than the one in the lake, or than what is left of that."""
    ((day, known),) = part.days.items()
    held = {day: held for held in staged.lake.tables.get(table, ()) for day in held.days}
    if day == WHOLE and known.rows == known.faulty == 0 and held and PROMISED[table].is_daily:
        return False
    if day not in held or held[day].days[day].fingerprint != known.fingerprint:
        return True
    return any(staged.lake.content_damage(table, file) for file in held[day].files)


def _refuse_shrinking(staged: Writer, changes: Mapping[str, list[Partition]], min_kept_share: float) -> None:
    """Raise InputError when a day that is held comes again with far fewer rows.

    Late rows of a day, delivered alone, are taken for the whole day and would replace it.
    """
    problems = []
    for name, changed in changes.items():
        held = staged.lake.days(name)
        shrunk = [
            f"{day}: {_n_rows(known):,} rows instead of {_n_rows(held[day]):,}"
            for part in changed
            for day, known in part.days.items()
            if day in held and _n_rows(known) < min_kept_share * _n_rows(held[day])
        ]
        if shrunk:
            what = f"{len(shrunk)} of {len(changed)} changed days lose more rows than a correction should"
            advice = "deliver these days whole, or allow it with  --set ingest.min_kept_share=0"
            problems.append(Problem(name, what, advice, examples=tuple(shrunk[:EXAMPLES])))
    if problems:
        raise InputError(problems)


def _refuse_incomplete(
    staged: Writer, incoming: Mapping[str, tuple[Partition, ...]], settings: IngestSettings
) -> None:
    """Raise TryLaterError when the newest day of a delivered table holds fewer rows than such days do."""
    sentences = []
    for name, parts in incoming.items():
        held = _rows_by_date(staged.lake.days(name))
        came = _rows_by_date({day: known for part in parts for day, known in part.days.items()})
        # A day that is there already is corrected, and was asked for its rows as such.
        short = short_day(held | came, came.keys() - held.keys(), settings)
        if short is not None:
            sentences.append(
                f"{name}: the day {short.day} holds {short.rows:,} rows where about {short.usual:,.0f} come on a "
                f"{short.day:%A}"
            )
    if sentences:
        raise TryLaterError(
            f"{'; '.join(sentences)}. Deliver it again when it is whole, or take it as it is with  --allow-partial. "
            "The lake is as it was"
        )


def _rows_by_date(days: Mapping[str, Day]) -> dict[dt.date, int]:
    return {dt.date.fromisoformat(day): _n_rows(known) for day, known in days.items() if day != WHOLE}


def _n_rows(day: Day) -> int:
    return day.rows + day.faulty


def _replaced(held: tuple[Partition, ...], changed: list[Partition]) -> tuple[Partition, ...]:
    """The partitions with the changed days in the place of the former ones.

    A partition that keeps some of its days still has the files of all of them; `gather` sets that right.
    """
    gone = {day for part in changed for day in part.days}
    if gone - {WHOLE}:
        gone.add(WHOLE)
    left = ({day: known for day, known in part.days.items() if day not in gone} for part in held)
    kept = [part.model_copy(update={"days": days}) for part, days in zip(held, left, strict=True) if days]
    return (*kept, *changed)


def _report(staged: Writer, source: Source, parts: tuple[Partition, ...], changed: list[Partition]) -> TableReport:
    delivered = {day: known for part in parts for day, known in part.days.items()}
    again = [day for part in changed for day in part.days]
    held = staged.lake.days(source.contract.table)
    columns = {column.name for column in source.contract.columns}
    return TableReport(
        rows=sum(known.rows for known in delivered.values()),
        faulty=sum(known.faulty for known in delivered.values()),
        new=tuple(day for day in again if day not in held),
        replaced=tuple(day for day in again if day in held),
        unchanged=tuple(day for day in delivered if day not in again),
        ignored=tuple(sorted({name for part in source.parts for name in part.schema} - columns)),
    )
