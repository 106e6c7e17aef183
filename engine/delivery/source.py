"""Source: tables found on disk, and lazy readers for them.

A table is a file, a folder of files, or several files that share its name: `pricing.csv`, `pricing.parquet`,
`pricing/2026-01.csv.gz`, `pricing-2026-01.parquet`, `pricing/store_id=12/part-0.parquet`.
"""

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote

import polars as pl

from engine.contracts.contract import (
    AS_TEXT,
    UNUSABLE,
    Contract,
    Kind,
    Reading,
    Rule,
    as_shown,
    is_text,
    of_text,
    read_as,
)
from engine.contracts.ids import canonical
from engine.delivery.csv_text import LEGIBLE_CSV, csv_type, first_row, odd_line, refuse_half_a_row, separator_of
from engine.delivery.csv_text import UNREADABLE as UNREADABLE
from engine.delivery.id_range import EVERY_ID, IdRange
from engine.delivery.near_miss import columns_meant, file_alike, named_after
from engine.disk import fingerprint, refuse_special
from engine.errors import InputError, Problem
from engine.vocabulary.common import Grain

CSV = (".csv", ".csv.gz", ".csv.zst")
PARQUET = (".parquet",)
HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"
"""What a folder is called that holds the rows without a value."""
SHOWN_NAMES = 12
"""Column or file names listed in a message."""
SHOWN_CHARACTERS = 80
"""So much of a cell is shown in a message."""
SOURCE_FILE = "source_file"
SOURCE_ROW = "source_row"
CELL = "cell"
LAST_ROW = "last row of all"


@dataclass(frozen=True)
class DataFile:
    """One file of a table. name: as messages call it, below the input folder; path is the same for a frame.

    folders: values that stand in the names of folders, such as `store_id=12`, by column; null where there is none.
    is_empty: it holds no row.
    """

    path: Path
    name: str
    folders: Mapping[str, str | None]
    is_empty: bool = False


@dataclass(frozen=True)
class Part:
    """Files of one table that have the same columns, in file order. schema: raw column name to type.

    separator: of CSV files, None for Parquet. rules: of these files alone, over the typed columns.
    """

    files: tuple[DataFile, ...]
    schema: Mapping[str, pl.DataType]
    separator: str | None
    rules: tuple[Rule, ...] = ()

    @property
    def spoken(self) -> Mapping[str, str]:
        """What its files call columns of the contract that they call otherwise."""
        return {}

    def moments(self) -> pl.LazyFrame:
        """The columns that hold moments, without their zone."""
        names = [name for name, kind in self.schema.items() if kind == pl.Datetime]
        return self.scan().select(pl.col(names).dt.replace_time_zone(None))

    @property
    def may_have_blank_lines(self) -> bool:
        """Whether a row without a single value is an empty line and no fault."""
        return self.separator is not None

    @property
    def is_row_by_row(self) -> bool:
        """Whether its rows are those of its files, all of them and in their order."""
        return True

    @property
    def n_bytes(self) -> int:
        """How large its files are together."""
        return sum(file.path.stat().st_size for file in self.files)

    def scan(self, *, numbered: bool = False) -> pl.LazyFrame:
        """The rows in file order, columns as the files have them.

        numbered: with `source_file` (its name) and `source_row` (1 is the file's first row of data).
        """
        return pl.concat([self._scan_file(file, numbered=numbered) for file in self.files])

    def _scan_file(self, file: DataFile, *, numbered: bool) -> pl.LazyFrame:
        rows = self._rows_of(file)
        if numbered:
            # A file may have columns of these names itself.
            rows = rows.drop(SOURCE_ROW, SOURCE_FILE, strict=False).with_row_index(SOURCE_ROW, 1)
        values = dict(file.folders) | ({SOURCE_FILE: file.name} if numbered else {})
        return rows.with_columns(pl.lit(value, pl.String).alias(name) for name, value in values.items())

    def _rows_of(self, file: DataFile) -> pl.LazyFrame:
        if self.separator is None:
            return pl.scan_parquet(file.path, glob=False, hive_partitioning=False)
        schema = {name: kind for name, kind in self.schema.items() if name not in file.folders}
        return pl.scan_csv(file.path, separator=self.separator, schema=schema, glob=False)


@dataclass(frozen=True)
class Loaded:
    """A table in memory. rows: the usable ones, typed, in the columns that some file has. counts: as `complaints`.

    absent: the columns of the contract that no file has, as nulls.
    """

    rows: pl.DataFrame
    counts: Counter[str]
    absent: tuple[pl.Expr, ...]

    def table(self) -> pl.LazyFrame:
        """The usable rows in every column of the contract."""
        return self.rows.lazy().with_columns(self.absent)


@dataclass(frozen=True)
class Source:
    """One table of the input under its contract. parts: its files in reading order.

    ids_as_text: the id columns that some table of the input carries as text. skus: whose rows `judged` yields.
    """

    contract: Contract
    parts: tuple[Part, ...]
    ids_as_text: frozenset[str] = frozenset()
    skus: IdRange = EVERY_ID

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file, in reading order."""
        return tuple(file.path for part in self.parts for file in part.files)

    @property
    def columns(self) -> frozenset[str]:
        """Names of the columns that every file has."""
        return frozenset.intersection(*(frozenset(part.schema) for part in self.parts))

    @property
    def text_ids(self) -> frozenset[str]:
        """The id columns that some file carries as text, or all where the contract says so."""
        ids = frozenset(column.name for column in self.contract.columns if column.kind is Kind.ID)
        if self.contract.ids_are_text:
            return ids
        return frozenset(
            name for part in self.parts for name in ids & part.schema.keys() if is_text(part.schema[name])
        )

    def in_their_words(self, text: str) -> str:
        """A text that names columns of the contract, with what the files call them.

        A name that is a word as well, such as date, is one at the start alone.
        """
        called: dict[str, dict[str, None]] = {}
        for part in self.parts:
            for ours, theirs in part.spoken.items():
                called.setdefault(ours, {})[theirs] = None
        if not called:
            return text
        anywhere = [rf"\b{re.escape(name)}\b" for name in called if not name.isalpha()]
        names = "|".join([*(rf"^{name}\b" for name in called if name.isalpha()), *anywhere])
        return re.sub(names, lambda found: "/".join(called[found[0]]), text)

    def judged(self, without: str = "") -> pl.LazyFrame:
        """The contract's columns, typed, and `unusable`; rows in file order.

        without: a complaint whose rows are left out altogether.
        """
        return self.numbered(without).with_columns(AS_TEXT)

    def numbered(self, without: str = "") -> pl.LazyFrame:
        """As `judged`; ids that are text may be an Enum of them, which is faster to compare."""
        parts = []
        for reading, part in self.readings():
            rows = reading.judged(self._own_rows(reading, part))
            left_out = [~pl.col(rule.complaint) for rule in reading.rules if rule.complaint == without]
            parts.append(rows.filter(*left_out).select(*self.contract.names, UNUSABLE))
        return parts[0] if len(parts) == 1 else pl.concat(rows.with_columns(AS_TEXT) for rows in parts)

    def _own_rows(self, reading: Reading, part: Part) -> pl.LazyFrame:
        if self.skus.is_whole:
            return part.scan()
        # Asked of the column as it came, what is not asked for is left out before anything else is read of it.
        kind = part.schema["sku_id"]
        if not is_text(kind):
            return part.scan().filter(self.skus.holds(reading.values[self.contract.names.index("sku_id")]))
        is_own = of_text("sku_id", kind, lambda text: self.skus.holds(canonical(text)))
        return part.scan().filter(is_own.fill_null(self.skus.first is None))

    def usable(self) -> pl.LazyFrame:
        """The typed rows that break no rule that keeps them out; rows in file order."""
        return self.judged().filter(~pl.col(UNUSABLE)).drop(UNUSABLE)

    def quarantined(self) -> pl.LazyFrame:
        """The rows kept out, numbered, with their `reason`; rows in file order."""
        return pl.concat([reading.quarantined(part.scan(numbered=True)) for reading, part in self.readings()])

    def is_usable(self) -> bool:
        """Whether any row can be used; files that cannot be read are left for the reading to complain about."""
        try:
            return not self.usable().head(1).collect().is_empty()
        except UNREADABLE:
            return True

    def rows_by_date(self) -> dict[dt.date, int]:
        """How many usable rows every date has, in order of date; empty when there is none."""
        counts = self.usable().group_by("date").len().sort("date").collect()
        return dict(counts.iter_rows())

    def since(self, first: dt.date, held_days: int = 0) -> "Source":
        """The same table, which need not read what is known to be older; files have to be read to know.

        held_days: of so many days before, the last row of every key may still hold.
        """
        return self

    @property
    def held(self) -> "Source | None":
        """Rows from before the days that are read, of which the last may still hold; None where all rows are read."""
        return None

    @property
    def grain(self) -> Grain:
        """What its rows stand for: their day, all days until the next change, or a week."""
        return "row"

    @property
    def left_out(self) -> Counter[str]:
        """What is known of usable rows that are not read: their number under `rows`, and complaints about them."""
        return Counter()

    @property
    def fingerprints(self) -> Mapping[str, str]:
        """Short hashes that differ when the content does, a file each or one for all of it, by name."""
        return {file.name: fingerprint(file.path) for part in self.parts for file in part.files}

    def unreadable(self, file: DataFile, error: BaseException) -> Problem:
        """The problem of a file of this table that cannot be read."""
        return unreadable_file(self.contract.table, file, error)

    def readings(self) -> Iterator[tuple[Reading, Part]]:
        """Every part with how it is read."""
        for part in self.parts:
            reading = read_as(self.contract, part.schema, self.ids_as_text, blank_lines=part.may_have_blank_lines)
            yield replace(reading, typed_rules=(*reading.typed_rules, *part.rules)), part

    def rules(self) -> tuple[Rule, ...]:
        """Every rule in force on some file, each once."""
        found = {rule.complaint: rule for reading, _ in self.readings() for rule in reading.rules}
        return tuple(found.values())

    def complaints(self) -> Counter[str]:
        """Rows that break each rule, by complaint; all rows under `rows`, those kept out under `unusable`."""
        total: Counter[str] = Counter()
        for reading, part in self.readings():
            total.update(reading.counts(part.scan()).collect().row(0, named=True))
        return total

    def load(self, texts: pl.DataType) -> Loaded:
        """The usable rows and the complaints about all of them, from one reading of the files.

        texts: the type that columns of text get, such as a categorical one, which takes less memory.
        """
        counts: Counter[str] = Counter()
        kept: list[pl.DataFrame] = []
        names = self.contract.names
        given = [name for name in names if any(name in part.schema for part in self.parts)]
        for reading, part in self.readings():
            flags = [rule.complaint for rule in reading.rules]
            typed = pl.col(pl.String).exclude(flags).cast(texts)
            rows = reading.judged(part.scan()).select(*given, *flags, UNUSABLE).with_columns(typed).collect()
            totals = pl.len().alias("rows"), reading.faulty.sum(), pl.col(*flags, UNUSABLE).sum()
            found = rows.select(totals).row(0, named=True)
            counts.update(found)
            kept.append((rows.filter(~pl.col(UNUSABLE)) if found[UNUSABLE] else rows).select(given))
        schema = self.judged().select(pl.col(names)).with_columns(pl.col(pl.String).cast(texts)).collect_schema()
        absent = tuple(pl.lit(None, schema[name]).alias(name) for name in names if name not in given)
        return Loaded(pl.concat(kept), counts, absent)

    def examples(self, rule: Rule, limit: int) -> pl.DataFrame:
        """The first rows that break a rule: file, row in it, the key and the cell complained about, as text."""
        found = [
            _first_broken(reading, part, rule, limit)
            for reading, part in self.readings()
            if rule.complaint in {known.complaint for known in reading.rules} and rule.column in part.schema
        ]
        return pl.concat(found).head(limit)


def _first_broken(reading: Reading, part: Part, rule: Rule, limit: int) -> pl.DataFrame:
    keys = reading.contract.key
    as_found = {f"found {key}": as_shown(key, part.schema[key]) for key in keys}
    as_found[CELL] = as_shown(rule.column, part.schema[rule.column])
    raw = part.scan(numbered=True).with_columns(**as_found)
    # A key that was read is shown as it was read; one that was not, as it was found.
    shown = (pl.coalesce(pl.col(key).cast(pl.String), f"found {key}").alias(key) for key in keys)
    broken = reading.judged(raw).filter(pl.col(rule.complaint)).head(limit)
    rows = broken.select(SOURCE_FILE, SOURCE_ROW, *shown, CELL)
    return rows.with_columns(pl.col(*keys, CELL).str.head(SHOWN_CHARACTERS)).collect()


def batches(plan: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    """The rows of a plan in their order, some at a time.

    Raises what reading raises. A panic of the reader is swallowed by `collect_batches`, which then ends as if there
    were no more rows: a last row of our own, taken off again, tells that it came to the end.
    """
    marked = plan.with_columns(pl.lit(value=False).alias(LAST_ROW))
    has_ended = False
    last_row = pl.LazyFrame({LAST_ROW: [True]})
    for batch in pl.concat([marked, last_row], how="diagonal").collect_batches(maintain_order=True):
        has_ended = bool(batch.drop_in_place(LAST_ROW)[-1])
        yield batch.head(-1) if has_ended else batch
    if not has_ended:
        raise pl.exceptions.ComputeError("its content is damaged: the reader gave up")


def find_files(
    folder: Path, contracts: Mapping[str, Contract]
) -> tuple[dict[str, tuple[DataFile, ...]], list[Problem]]:
    """The files of every table that is there, and the problems of those that are not as they should be.

    Raises InputError when the folder itself cannot be listed.
    """
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        problem = Problem(str(folder), f"cannot be listed: {error.strerror}", "name the folder of the tables")
        raise InputError([problem]) from error
    found: dict[str, tuple[DataFile, ...]] = {}
    problems: list[Problem] = []
    for name, contract in contracts.items():
        files = tuple(_files_of(folder, contract, entries))
        twins = _twins(files)
        if twins:
            shown = ", ".join(twins[:SHOWN_NAMES])
            advice = "keep one of them: the same rows in two files would count twice"
            problems.append(Problem(name, f"is there more than once: {shown}", advice))
        elif files:
            found[name] = files
        elif contract.required:
            problems.append(missing_table(name, file_alike(folder, contracts, name), how_to_put(name, folder)))
    return found, problems


def how_to_put(name: str, folder: Path) -> str:
    """What to do about a table that is not in a folder."""
    return f"put {name}.parquet, {name}.csv or a folder {name} with such files into {folder}"


def missing_table(name: str, alike: str | None, how: str) -> Problem:
    """The problem of a table that is not there. alike: what may be it under another name. how: to deliver it."""
    looks_so = f"{alike} looks like {name}: rename it; or " if alike else ""
    return Problem(name, "the table is missing", f"{looks_so}{how}")


def _twins(files: Sequence[DataFile]) -> list[str]:
    """Names of files that look like the same table delivered in two ways: two formats, a folder and a file."""
    kinds = {_ending(file.path) in PARQUET for file in files}
    places = {"/" in file.name for file in files}
    if len(kinds) > 1 or len(places) > 1:
        return [file.name for file in files]
    stems = [file.name[: -len(_ending(file.path))] for file in files]
    return [file.name for file, stem in zip(files, stems, strict=True) if stems.count(stem) > 1]


def open_source(
    contract: Contract, files: Iterable[DataFile], *, as_text: bool = False
) -> tuple[Source, list[Problem]]:
    """The table with the columns of each file, and what is wrong with files and columns.

    as_text: read every CSV column as text, so that no cell can fail to be read.
    """
    looked_into: list[Part] = []
    problems: list[Problem] = []
    for file in files:
        try:
            looked_into.append(_look_into(file, contract, as_text=as_text))
        except UNREADABLE as error:
            problems.append(unreadable_file(contract.table, file, error))
    parts, misshapen = fitting(looked_into, contract)
    return Source(contract, parts), problems + misshapen


def fitting(parts: Iterable[Part], contract: Contract) -> tuple[tuple[Part, ...], list[Problem]]:
    """The parts that have the columns of the contract, neighbours alike as one, and the problems of the others."""
    found: list[Part] = []
    misshapen: dict[str, list[Part]] = {}
    for part in parts:
        fault = _fault_of_columns(part, contract)
        if fault:
            misshapen.setdefault(fault, []).append(part)
        elif found and (found[-1].schema, found[-1].separator) == (part.schema, part.separator):
            found[-1] = Part((*found[-1].files, *part.files), part.schema, part.separator)
        else:
            found.append(part)
    return tuple(found), [_misshapen(contract, fault, alike) for fault, alike in misshapen.items()]


def unreadable_file(table: str, file: DataFile, error: BaseException) -> Problem:
    """The problem of a file that cannot be read at all."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    first_line = next((line for line in reason.splitlines() if line.strip()), type(error).__name__)
    place = odd_line(file.path) if _ending(file.path) in LEGIBLE_CSV and file.path.is_file() else ""
    whole = "check that the file is whole, is what its name says and may be read"
    advice = "save the file as UTF-8" if "utf" in first_line.lower() else whole
    return Problem(table, f"{file.name} cannot be read: {first_line}{place}", advice)


def _fault_of_columns(part: Part, contract: Contract) -> str:
    lacking = [c.name for c in contract.columns if c.required and c.name not in part.schema]
    twice = [c.name for c in contract.columns if f"{c.name}_duplicated_0" in part.schema]
    return f"has no column {', '.join(lacking)}" if lacking else f"has {', '.join(twice)} twice" if twice else ""


def _misshapen(contract: Contract, fault: str, alike: Sequence[Part]) -> Problem:
    """One problem for all files of a table with the same fault of columns."""
    file = alike[0].files[0].name + (f", like {len(alike) - 1} more files," if len(alike) > 1 else "")
    names = [name for name in alike[0].schema if "_duplicated_" not in name]
    has = ", ".join(names[:SHOWN_NAMES]) or "none"
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    missed = columns_meant([c.name for c in contract.columns if c.required], contract.names, names)
    looks_so = "".join(f"{name} looks like {lacks}: rename it; " for lacks, name in missed.items())
    return Problem(contract.table, f"{file} {fault}", f"{looks_so}mend its columns: {has}{more}")


def _files_of(folder: Path, contract: Contract, entries: Iterable[Path]) -> Iterator[DataFile]:
    """The files of a table; names that begin with a dot or an underscore are other programs' business."""
    for entry in entries:
        ending = _ending(entry)
        name = entry.name[: len(entry.name) - len(ending)]
        if entry.is_dir():
            below = sorted(entry.rglob("*")) if name == contract.table else []
            paths = [path for path in below if _ending(path) and not path.is_dir() and not _is_hidden(path, entry)]
        else:
            paths = [entry] if ending and named_after(contract.table, name) else []
        yield from (DataFile(path, path.relative_to(folder).as_posix(), {}) for path in paths)


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)


def _ending(file: Path) -> str:
    return next((ending for ending in (*CSV, *PARQUET) if file.name.lower().endswith(ending)), "")


def _look_into(file: DataFile, contract: Contract, *, as_text: bool) -> Part:
    refuse_special(file.path)
    kinds = {column.name: column.kind for column in contract.columns}
    if _ending(file.path) in PARQUET:
        found = pl.scan_parquet(file.path, glob=False, hive_partitioning=False)
        separator, schema = None, dict(found.collect_schema())
        is_empty = found.select(pl.len()).collect().item() == 0
    else:
        separator = separator_of(file.path)
        first = first_row(file.path, separator)
        is_empty = first.is_empty()
        sample = first.row(0, named=True) if first.height else dict.fromkeys(first.columns)
        schema = {name: pl.String() if as_text else csv_type(kinds.get(name), cell) for name, cell in sample.items()}
        refuse_half_a_row(file.path, separator, len(schema))
    folders = {name: value for name, value in folder_values(file.name) if name in kinds and name not in schema}
    named = replace(file, folders=folders, is_empty=is_empty)
    return Part((named,), schema | dict.fromkeys(folders, pl.String()), separator)


def folder_values(name: str) -> Iterator[tuple[str, str | None]]:
    """Columns that stand in the names of folders, as Hive, Spark and Arrow write them: `date=2026-03-01`."""
    for folder in name.split("/")[:-1]:
        column, equals, value = folder.partition("=")
        if equals:
            yield unquote(column), None if value == HIVE_NULL else unquote(value)
