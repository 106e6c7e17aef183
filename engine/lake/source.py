"""The tables of a lake as a night reads them: the files of its days, and what is known of the others.

In: an opened lake. Out: a `Source` per table, which answers as the same rows in a folder would.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from engine.contracts.contract import Contract, Kind, Reading, is_text
from engine.delivery.source import SOURCE_FILE, SOURCE_ROW, DataFile, Part, Source
from engine.delivery.tables import with_common_ids
from engine.errors import InputError, Problem
from engine.lake.manifest import MANIFEST, WHOLE, DayLake, Partition, mending
from engine.mirrors import told
from engine.vocabulary.common import Grain

DAY = "day"
"""Column of the faulty rows: the day they were delivered for. An empty line has no date of its own."""
KINDS = {Kind.ID: pl.Int64(), Kind.DATE: pl.Date(), Kind.NUMBER: pl.Float64(), Kind.FLAG: pl.Boolean()}
"""How values are stored; ids may be text instead, and everything else is."""


@dataclass(frozen=True)
class DayPart(Part):
    """Files of a lake; there may be none, then it is the table without rows.

    kept: which of the rows are asked for, None for all. faulty: whether it is rows set aside.
    """

    kept: pl.Expr | None = None
    faulty: bool = False

    @property
    def may_have_blank_lines(self) -> bool:
        """Whether a row without a single value is an empty line: it was set aside as one."""
        return self.faulty

    def scan(self, *, numbered: bool = False) -> pl.LazyFrame:
        """The rows in file order; see `Part.scan`."""
        if not self.files:
            numbers = {SOURCE_ROW: pl.UInt32(), SOURCE_FILE: pl.String()} if numbered else {}
            return pl.LazyFrame(schema={**self.schema, **numbers})
        rows = super().scan(numbered=True) if numbered else self._scan_together()
        return rows if self.kept is None else rows.filter(self.kept)

    def _scan_together(self) -> pl.LazyFrame:
        # One scan of many files is planned and read faster than as many scans.
        return pl.scan_parquet([file.path for file in self.files], glob=False, hive_partitioning=False)


@dataclass(frozen=True)
class DaySource(Source):
    """One table of a lake under its contract. as_of: later rows are none that can be used.

    unread: the days that are known without being read. held_parts: rows of such days that may still hold.
    """

    lake: DayLake = field(kw_only=True)
    as_of: dt.date | None = None
    unread: frozenset[str] = frozenset()
    held_parts: tuple[DayPart, ...] = ()

    @property
    def partitions(self) -> tuple[Partition, ...]:
        """All of them, read or not."""
        return self.lake.tables[self.contract.table]

    @property
    def text_ids(self) -> frozenset[str]:
        """The id columns that are text on some day, read or not."""
        return frozenset(name for part in self.partitions for name in part.text_ids)

    @property
    def left_out(self) -> Counter[str]:
        """What is known of the usable rows that are not read; see `Source.left_out`."""
        total: Counter[str] = Counter()
        for day, known in self.lake.days(self.contract.table).items():
            if day in self.unread:
                total.update({"rows": known.rows, **known.noted})
        return total

    @property
    def fingerprints(self) -> Mapping[str, str]:
        """One for all days of the table."""
        return {MANIFEST: self.lake.fingerprint(self.contract.table)}

    def _own_rows(self, reading: Reading, part: Part) -> pl.LazyFrame:
        if self.skus.is_whole or part.may_have_blank_lines:
            return super()._own_rows(reading, part)
        # Usable ids lie in a lake as they are read; asked of the column itself, whole groups of rows are skipped.
        is_as_read = is_text(part.schema["sku_id"]) == ("sku_id" in self.ids_as_text)
        return (
            part.scan().filter(self.skus.holds(pl.col("sku_id"))) if is_as_read else super()._own_rows(reading, part)
        )

    def complaints(self) -> Counter[str]:
        """Rows that break each rule, those included that are not read; see `Source.complaints`."""
        return super().complaints() + self.left_out

    def is_usable(self) -> bool:
        """Whether any row can be used."""
        last = WHOLE if self.as_of is None else self.as_of.isoformat()
        return any(day <= last or day == WHOLE for day in self._usable_days())

    def rows_by_date(self) -> dict[dt.date, int]:
        """How many usable rows every date has, in order of date; empty when there is none."""
        days = self.lake.days(self.contract.table)
        return {dt.date.fromisoformat(day): days[day].rows for day in self._usable_days() if day != WHOLE}

    def since(self, first: dt.date, held_days: int = 0) -> "DaySource":
        """The same table, whose usable rows before a day are not read, but for those that may still hold.

        What is read is first compared with what was written. Raises InputError naming every file that differs.
        """
        known = frozenset(day for day in self.lake.days(self.contract.table) if day < first.isoformat())
        parts = tuple(parts_of(self.lake, self.contract, self.partitions, first))
        held: tuple[DayPart, ...] = ()
        if self.contract.holds is not None and held_days:
            held = tuple(_held_parts(self.lake, self.contract, first, first - dt.timedelta(days=held_days)))
        names = frozenset(file.path.name for part in (*parts, *held) for file in part.files)
        damages = list(self.lake.damages(self.contract.table, by_content=True, among=names))
        if damages:
            raise InputError(damages)
        return replace(self, parts=parts, unread=known, held_parts=held)

    @property
    def held(self) -> "DaySource | None":
        """Rows from before the days that are read; see `Source.held`."""
        return replace(self, parts=self.held_parts, held_parts=()) if self.held_parts else None

    @property
    def grain(self) -> Grain:
        """What the rows of the newest day stand for: an export may become another one."""
        days = self.lake.days(self.contract.table)
        return days[max(days)].grain if days else "row"

    def unreadable(self, file: DataFile, error: BaseException) -> Problem:
        """The problem of a file that cannot be read, with what to do about it in a lake."""
        problem = super().unreadable(file, error)
        (part,) = (part for part in self.partitions if file.path.name in {stored.name for stored in part.files})
        return replace(problem, advice=mending(part))

    def _usable_days(self) -> list[str]:
        return [day for day, known in self.lake.days(self.contract.table).items() if known.rows]


def open_days(
    lake: DayLake, promised: Mapping[str, Contract], as_of: dt.date | None
) -> tuple[dict[str, Source], list[Problem]]:
    """The tables of a lake by name, and what is wrong with it: tables missing, files missing or not whole.

    Raises TryLaterError when the lake was changed since it was opened, and files it named are gone.
    """
    tables: dict[str, Source] = {}
    problems: list[Problem] = []
    for name, contract in promised.items():
        damages = list(lake.damages(name))
        problems += damages
        if name in lake.tables and not damages:
            parts = tuple(parts_of(lake, contract, lake.tables[name], dt.date.min))
            tables[name] = DaySource(contract, parts, lake=lake, as_of=as_of)
        elif contract.required and not damages:
            advice = f"deliver it with  darkshelf ingest INPUT --lake {told(lake.folder)}"
            problems.append(Problem(name, "the table is missing", advice))
    return with_common_ids(tables), problems


def parts_of(lake: DayLake, contract: Contract, partitions: Iterable[Partition], first: dt.date) -> Iterator[DayPart]:
    """What has to be read of a table: the rows since a day, and every row that is set aside.

    A partition that begins before the day is a part of its own, of which the rows since the day are kept. Rows set
    aside come first: all rules are in force on them, in the order in which files of a folder have them.
    """
    faulty_files: dict[tuple[str, ...], list[DataFile]] = {}
    whole_files: dict[tuple[str, ...], list[DataFile]] = {}
    begun: list[DayPart] = []
    for part in partitions:
        place = lake.folder / contract.table
        rows, faulty = (
            file and DataFile(place / file.name, f"{contract.table}/{file.name}", {})
            for file in (part.rows, part.faulty)
        )
        if faulty:
            faulty_files.setdefault(part.text_ids, []).append(faulty)
        if rows and min(part.days) >= first.isoformat():
            whole_files.setdefault(part.text_ids, []).append(rows)
        elif rows and max(part.days) >= first.isoformat():
            begun.append(DayPart((rows,), schema_of(contract, part.text_ids), None, kept=pl.col("date") >= first))
    for text_ids, files in faulty_files.items():
        yield DayPart(tuple(files), schema_of(contract, text_ids) | {DAY: pl.Date()}, None, faulty=True)
    yield from begun
    for text_ids, files in whole_files.items():
        yield DayPart(tuple(files), schema_of(contract, text_ids), None)
    if not (faulty_files or begun or whole_files):
        yield DayPart((), schema_of(contract, ()), None)


def _held_parts(lake: DayLake, contract: Contract, first: dt.date, earliest: dt.date) -> Iterator[DayPart]:
    """The rows of the days from `earliest` to before `first` among which the last of every key is."""
    for part in lake.tables[contract.table]:
        if min(part.days) >= first.isoformat() or max(part.days) < earliest.isoformat():
            continue
        is_older = max(part.days) < first.isoformat()
        file = part.rows
        if file is not None:
            stored = DataFile(lake.folder / contract.table / file.name, f"{contract.table}/{file.name}", {})
            kept = None if is_older else pl.col("date") < first
            yield DayPart((stored,), schema_of(contract, part.text_ids), None, kept=kept)


def schema_of(contract: Contract, text_ids: Iterable[str]) -> dict[str, pl.DataType]:
    """The columns of a table as a lake stores them."""
    kinds = {column.name: KINDS.get(column.kind, pl.String()) for column in contract.columns}
    return kinds | dict.fromkeys(text_ids, pl.String())
