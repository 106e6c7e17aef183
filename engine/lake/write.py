"""Writing a lake: partitions are made ready out of sight, then they become the lake in one step.

A crash before that step leaves the lake as it was, and one after it the new one. What is left over either way is
named by nobody, and the next change clears it.
"""

import dataclasses
import datetime as dt
import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import polars as pl

from engine.contracts.contract import UNUSABLE, Consequence, Contract, read_as
from engine.delivery.source import UNREADABLE, DataFile, unreadable_file
from engine.disk import LOCK, content_hash, one_writer, raised_as_output_error, refuse_a_file, sync
from engine.errors import InputError, Problem
from engine.lake.layout import (
    DAY_ROWS_PER_GROUP,
    DAYS_TOGETHER,
    MONTH_ROWS_PER_GROUP,
    all_of,
    laid,
    of_skus,
    rows_by_sku,
    stretches,
)
from engine.lake.manifest import (
    MANIFEST,
    PREPARED,
    WHOLE,
    Day,
    DayLake,
    Partition,
    StoredFile,
    Tables,
    as_written,
    is_lake,
    mending,
    named_by,
    open_lake,
    parsed,
    replace_manifest,
)
from engine.lake.origin import origin_of
from engine.lake.source import DAY, schema_of
from engine.mirrors import place_mirrored, told
from engine.outputs.write import appended_parquet, evenly, write_parquet
from engine.vocabulary.common import Grain

STAGED = ".ingest.partial"
UNTOUCHED = "The lake is as it was."
OURS = (LOCK, STAGED, PREPARED)
KEY = ("store_id", "sku_id", "date")
"""In which order the rows of a month are sorted, of the columns that a table has."""


@dataclasses.dataclass(frozen=True)
class Writer:
    """The one writer of a lake. lake: as it was found, without tables when there was none.

    mark: of the manifest in an object store that it was found by, None for none.
    """

    lake: DayLake
    staged: Path
    mark: str | None = None

    def partition(
        self, contract: Contract, text_ids: tuple[str, ...], day: str, judged: pl.DataFrame, grain: Grain
    ) -> Partition:
        """One day of a table, made ready.

        judged: its typed rows in their order and which are `unusable`. They are laid out by key; rows of one key
        keep their order, because the last of them may overrule the others. grain: what the rows stand for.
        """
        rows = judged.filter(~pl.col(UNUSABLE)).drop(UNUSABLE)
        faulty = judged.filter(UNUSABLE).drop(UNUSABLE)
        date = None if day == WHOLE else dt.date.fromisoformat(day)
        per_group = evenly(rows.height, DAY_ROWS_PER_GROUP) if day != WHOLE else None
        if per_group is not None:
            keys = [name for name in contract.key if name != "date"]
            rows, faulty = laid(rows, keys, per_group), faulty.sort(keys, maintain_order=True)
        faulty = faulty.with_columns(pl.lit(date, pl.Date).alias(DAY))
        files = (
            self._day_file(contract.table, day, rows, per_group),
            self._day_file(contract.table, f"{day}-faulty", faulty, None),
        )
        content = [*text_ids, *(file.name if file else "" for file in files), *([grain] if grain != "row" else [])]
        noted = _noted(contract, text_ids, rows)
        known = Day(
            rows=rows.height, faulty=faulty.height, fingerprint=_short_hash(content), noted=noted, grain=grain
        )
        return Partition(text_ids=text_ids, rows=files[0], faulty=files[1], days={day: known})

    def gathered(self, table: str, month: str, parts: Mapping[str, Partition]) -> Partition:
        """Several days of a table in one partition, made ready. parts: by day, all with the same kinds of ids.

        Raises InputError when a file of theirs cannot be read.
        """
        days = {day: part.days[day] for day, part in sorted(parts.items())}
        label = f"{month}-{_short_hash([known.fingerprint for known in days.values()])}"
        rows, faulty = self.staged / table / f"{label}.parquet", self.staged / table / f"{label}-faulty.parquet"
        rows.parent.mkdir(parents=True, exist_ok=True)
        per_group = evenly(sum(known.rows for known in days.values()), MONTH_ROWS_PER_GROUP)
        with appended_parquet(rows, per_group) as add_rows, appended_parquet(faulty) as add_faulty:
            begun = 0
            for found in self._stretches_of(table, parts):
                add_rows(laid(found, [name for name in KEY if name in found.columns], per_group, begun))
                begun = (begun + found.height) % per_group
            for day in days:
                if (file := parts[day].faulty) is not None:
                    found = self._read(_Piece(table, parts[day], file, DAY, [day]))
                    if not found.is_empty():
                        add_faulty(found)
        text_ids = next(iter(parts.values())).text_ids
        return Partition(text_ids=text_ids, rows=_stored(rows), faulty=_stored(faulty), days=days)

    def held(self, table: str, part: Partition) -> Partition:
        """The partition of the lake that has the files of this one, with all days they hold; else this one."""
        return next((held for held in self.lake.tables.get(table, ()) if held.files == part.files), part)

    def publish(self, tables: Tables) -> None:
        """Make these tables the lake. Every file they name is made ready, or is in the lake already.

        Raises TryLaterError where somebody else changed a lake in an object store meanwhile.
        """
        if not is_lake(self.lake.folder):
            # A first ingest that is killed from here on leaves an empty lake, and not a folder of unknown files.
            replace_manifest(self.lake.folder, {})
        self._clear()
        named, given = named_by(tables), []
        for table in tables:
            place = self.lake.folder / table
            place.mkdir(exist_ok=True)
            for file in sorted((self.staged / table).glob("*.parquet")):
                if f"{table}/{file.name}" in named:
                    sync(file)
                    file.rename(place / file.name)
                    given.append(f"{table}/{file.name}")
            sync(place)
        if (origin := self.lake.origin) is not None:
            origin.give(given, as_written(tables), self.mark or origin.begin(as_written({})))
            origin.clear(named | named_by(self.lake.tables))
        replace_manifest(self.lake.folder, tables)

    def _clear(self) -> None:
        """Delete what the lake has not named since its last change: until now a night may have been reading it."""
        named = named_by(self.lake.tables)
        for file in self.lake.folder.glob("[!.]*/*.parquet"):
            if f"{file.parent.name}/{file.name}" not in named:
                file.unlink()

    def _day_file(self, table: str, label: str, rows: pl.DataFrame, rows_per_group: int | None) -> StoredFile | None:
        if rows.is_empty():
            return None
        file = self.staged / table / f"{label}.partial"
        write_parquet(rows, file, rows_per_group)
        content = file.read_bytes()
        named = file.with_name(f"{label}-{hashlib.blake2b(content, digest_size=8).hexdigest()}.parquet")
        file.rename(named)
        return _stored(named)

    def _stretches_of(self, table: str, parts: Mapping[str, Partition]) -> Iterator[pl.DataFrame]:
        """The usable rows of the days of a month: few days together, and of many rows some SKUs after the others."""
        days = sorted(parts)
        for some in (days[first : first + DAYS_TOGETHER] for first in range(0, len(days), DAYS_TOGETHER)):
            pieces: dict[str, _Piece] = {}
            for day in some:
                if (file := parts[day].rows) is not None:
                    pieces.setdefault(file.name, _Piece(table, parts[day], file, "date", [])).days.append(day)
            n_rows = sum(parts[day].days[day].rows for day in some)
            for skus in stretches(n_rows, (self._read(piece, rows_by_sku) for piece in pieces.values())):
                found = [self._read(piece, partial(of_skus, skus)) for piece in pieces.values()]
                yield pl.concat(found, rechunk=True)

    def _read(self, piece: "_Piece", narrowed: Callable[[pl.LazyFrame], pl.LazyFrame] = all_of) -> pl.DataFrame:
        """The rows of a piece, or what is asked of them. Raises InputError when its file cannot be read."""
        table, file = piece.table, piece.file
        staged = self.staged / table / file.name
        is_staged = staged.exists()
        place = staged if is_staged else self.lake.folder / table / file.name
        held = self.held(table, piece.part)
        advice = mending(held)
        if not is_staged and (what := self.lake.content_damage(table, file)):
            raise InputError([Problem(table, f"{table}/{file.name} {what}", advice)])
        try:
            rows = pl.scan_parquet(place, glob=False, hive_partitioning=False)
            is_asked_whole = held.days.keys() <= set(piece.days)
            return narrowed(rows if is_asked_whole else piece.of(rows)).collect()
        except UNREADABLE as error:
            problem = unreadable_file(table, DataFile(place, f"{table}/{file.name}", {}), error)
            raise InputError([dataclasses.replace(problem, advice=advice)]) from None


@dataclasses.dataclass(frozen=True)
class _Piece:
    """Rows of some days in a file of a partition. column: what tells their day."""

    table: str
    part: Partition
    file: StoredFile
    column: str
    days: list[str]

    def of(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Those of the rows of the file that are of these days."""
        dates = pl.Series([dt.date.fromisoformat(day) for day in self.days], dtype=pl.Date)
        return rows.filter(pl.col(self.column).is_in(dates.implode()))


def _stored(file: Path) -> StoredFile | None:
    if not file.exists():
        return None
    return StoredFile(name=file.name, n_bytes=file.stat().st_size, content=content_hash(file))


def _noted(contract: Contract, text_ids: tuple[str, ...], rows: pl.DataFrame) -> dict[str, int]:
    """Complaints about rows that are used all the same, by complaint."""
    reading = read_as(contract, schema_of(contract, text_ids), frozenset(text_ids))
    notes = [rule.complaint for rule in reading.rules if rule.consequence is Consequence.NOTE]
    if not notes:
        return {}
    counts = reading.judged(rows.lazy()).select(pl.col(notes).sum()).collect().row(0, named=True)
    return {complaint: count for complaint, count in counts.items() if count}


def _short_hash(content: list[str]) -> str:
    return hashlib.blake2b("\n".join(content).encode(), digest_size=8).hexdigest()


@contextmanager
def writer(folder: Path) -> Iterator[Writer]:
    """Be the one writer of a lake, which is there or is to be made.

    Raises TryLaterError while another process writes, InputError when the folder is no place for a lake or holds a
    damaged one, OutputError when it cannot be written.
    """
    with raised_as_output_error(folder, UNTOUCHED):
        refuse_a_file(folder, "name a folder to keep the lake in")
        folder.mkdir(parents=True, exist_ok=True)
        if place_mirrored(folder) is None:
            _refuse_other_files(folder)
        with one_writer(folder, f"another ingest is writing to {told(folder)}"):
            staged = folder / STAGED
            shutil.rmtree(staged, ignore_errors=True)
            try:
                staged.mkdir()
                yield _found(folder, staged)
            finally:
                shutil.rmtree(staged, ignore_errors=True)


def _found(folder: Path, staged: Path) -> Writer:
    """The writer of a lake as it is now, in the object store that its folder is the mirror of, or in the folder."""
    origin = origin_of(folder)
    if origin is None:
        return Writer(open_lake(folder) if is_lake(folder) else DayLake(folder, {}), staged)
    there = origin.look()
    if there is None:
        origin.refuse_other_objects()
        return Writer(DayLake(folder, {}), staged)
    written, mark = there
    return Writer(DayLake(folder, parsed(written, f"{origin.place}/{MANIFEST}").tables), staged, mark)


def _refuse_other_files(folder: Path) -> None:
    """A folder with files of others is no place for a lake: it would be taken for its tables."""
    others = sorted(path.name for path in folder.iterdir() if path.name not in OURS)
    if others and not is_lake(folder):
        what = f"is no lake and not empty: it holds {others[0]}" + (" and more" if len(others) > 1 else "")
        raise InputError([Problem(str(folder), what, f"name an empty folder, or one with a {MANIFEST}")])
