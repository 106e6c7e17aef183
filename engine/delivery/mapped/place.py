"""Place: a mapping opened as a delivery. In: `darkshelf.toml`. Out: a `Source` per table, judged as every table is.

Messages speak the user's names: what a file calls a column, and not what the contract does.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import polars as pl

from engine.contracts.contract import Column, Contract, Kind
from engine.delivery.csv_text import separator_of
from engine.delivery.mapped.answered import answered
from engine.delivery.mapped.cells import misplaced, moment, spelled, theirs_of
from engine.delivery.mapped.copied import Copies
from engine.delivery.mapped.files import files_of, without_secrets
from engine.delivery.mapped.workshop import Workshop
from engine.delivery.near_miss import name_alike, near_miss
from engine.delivery.source import (
    PARQUET,
    SHOWN_NAMES,
    SOURCE_FILE,
    SOURCE_ROW,
    UNREADABLE,
    DataFile,
    Part,
    Source,
    missing_table,
    unreadable_file,
)
from engine.disk import fingerprint, refuse_special
from engine.errors import Problem
from engine.places.place import Place, place_of
from engine.settings.mapping import ColumnMapping, SourceMapping, TableMapping, load_mapping
from engine.vocabulary.common import Grain

MAPPING = ".toml"
"""What the name of a file ends with that says where the tables are."""
ISO = "YYYY-MM-DD"
"""How the contract writes dates."""
NOT_HELD = {
    "change": "nothing of it holds until the next row",
    "week": "what happened in a week is not spread over its days",
}
"""Why a table whose rows stand for their day alone is no log, by grain."""
NOT_HELD_ADVICE = "leave it out, and deliver a row for every day on which something happened"
MOMENT = "moment of the change"
"""A column that goes when the rows of a log are in order."""
MAPPINGS_HELD = 16
"""Mappings whose files are kept ready while the process lasts."""


_COPIES_HELD: WeakValueDictionary[tuple[Path, int, int], Copies] = WeakValueDictionary()
"""What was copied for a mapping, for as long as somebody reads it: the next night sees the next delivery."""


@dataclass(frozen=True)
class MappedPart(Part):
    """Files of one source that have the same columns. schema: of the columns made. found: that of their own.

    how: their dialect. columns: how each column of ours is made.
    """

    how: SourceMapping = field(kw_only=True)
    columns: Mapping[str, tuple[Column, ColumnMapping]] = field(kw_only=True)
    found: Mapping[str, pl.DataType] = field(kw_only=True)
    workshop: Workshop = field(kw_only=True)

    @property
    def spoken(self) -> Mapping[str, str]:
        """What the files call our columns, and how they write dates."""
        called = {name: how.found_as or name for name, (_, how) in self.columns.items() if how.value is None}
        forms = [how.format for _, how in self.columns.values() if how.format]
        written = {ISO: " or ".join(dict.fromkeys(forms))} if forms else {}
        return {ours: theirs for ours, theirs in called.items() if ours != theirs} | written

    @property
    def _changed_at(self) -> pl.Expr | None:
        """When each row of a log was written, where it says that to the second."""
        _, how = self.columns.get("date", (None, None))
        return moment(how, self.found) if how is not None and self.how.grain == "change" else None

    @property
    def is_row_by_row(self) -> bool:
        """Whether the mapping leaves no row out and all in their order."""
        return not self.how.only_with and not self.how.distinct and self._changed_at is None

    def scan(self, *, numbered: bool = False) -> pl.LazyFrame:
        """The rows in file order, see `Part.scan`; those of a log of moments in the order of these.

        Of the changes of a day the last is to hold, wherever it stands in the files.
        """
        rows = super().scan(numbered=numbered)
        return rows if self._changed_at is None else rows.sort(MOMENT, maintain_order=True).drop(MOMENT)

    def moments(self) -> pl.LazyFrame:
        """The columns that are days of moments, as moments on the clocks that tell the day."""
        dates = {name: how for name, (column, how) in self.columns.items() if column.kind is Kind.DATE}
        found = {name: moment(how, self.found) for name, how in dates.items()}
        made = [each.alias(name) for name, each in found.items() if each is not None]
        return pl.concat(
            [raw_rows(file, self.how, self.workshop, self.separator).select(made) for file in self.files]
        )

    def _scan_file(self, file: DataFile, *, numbered: bool) -> pl.LazyFrame:
        raw = raw_rows(file, self.how, self.workshop, self.separator)
        made = [spelled(column, how, self.how, self.found) for column, how in self.columns.values()]
        if self.may_have_blank_lines:
            # A constant would fill a line that carries nothing.
            is_blank = pl.all_horizontal(pl.col(name).is_null() for name in self.found if name not in file.folders)
            constants = {name for name, (_, how) in self.columns.items() if how.found_as is None}
            made = [pl.when(~is_blank).then(each) if each.meta.output_name() in constants else each for each in made]
        if self._changed_at is not None:
            made.append(self._changed_at.alias(MOMENT))
        number = (pl.int_range(pl.len(), dtype=pl.UInt32) + 1).alias(SOURCE_ROW)
        rows = raw.select(*made, *([number] if numbered else []))
        for name in self.how.only_with:
            rows = rows.filter(pl.col(name).is_not_null(), pl.col(name).cast(pl.String) != "")
        if self.how.distinct:
            rows = rows.unique(list(self.columns), keep="first", maintain_order=True)
        return rows.with_columns(pl.lit(file.name).alias(SOURCE_FILE)) if numbered else rows


@dataclass(frozen=True)
class MappedSource(Source):
    """One table of a mapping under its contract. mapping: how it is read. origins: the files themselves.

    copies: of what lies elsewhere; held as long as it is read.
    """

    mapping: tuple[SourceMapping, ...] = field(kw_only=True)
    origins: tuple[DataFile, ...] = field(kw_only=True)
    copies: Copies = field(kw_only=True, repr=False)

    @property
    def grain(self) -> Grain:
        """What the mapping says that rows stand for; of several sources what the rarest does."""
        said = {how.grain for how in self.mapping}
        return "change" if "change" in said else "week" if "week" in said else "row"

    @property
    def fingerprints(self) -> Mapping[str, str]:
        """One a file, and one for the mapping; see `Source.fingerprints`."""
        prints = " ".join(how.fingerprint() for how in self.mapping)
        marks = {file.name: self.copies.mark(file) or fingerprint(file.path) for file in self.origins}
        return {"mapping": prints, **marks}


@dataclass(frozen=True)
class Mapped:
    """A delivery that a file describes.

    tables: what the file says. workshop, copies: where what has to be made, or to be fetched, is kept.
    """

    file: Path
    tables: TableMapping
    workshop: Workshop
    copies: Copies

    @property
    def folder(self) -> Path:
        """Where sources are named from."""
        return self.file.parent

    def open(self, promised: Mapping[str, Contract]) -> tuple[dict[str, Source], list[Problem]]:
        """The tables that the mapping names, and what is wrong with their sources and columns.

        Raises InputError where a question in SQL cannot be answered, and as a place elsewhere does.
        """
        self.copy(promised)
        found: dict[str, Source] = {}
        problems: list[Problem] = []
        for name, contract in promised.items():
            if name in self.tables.tables:
                source, wrong = _source(self, contract, self.tables.tables[name])
                problems += wrong
                if source.parts:
                    found[name] = source
            elif contract.required:
                problems.append(missing_table(name, self.alike(promised, name), self.how_to_deliver(name)))
        return found, problems

    def copy(self, promised: Mapping[str, Contract]) -> None:
        """Fetch what lies elsewhere of these tables, all that is of one database at one moment."""
        patterns = [
            (pattern, name)
            for name in promised
            for how in self.tables.tables.get(name, ())
            for several in how.source.values()
            for pattern in several
        ]
        places = [(place_of(pattern), name) for pattern, name in patterns]
        self.copies.take((place, name) for place, name in places if isinstance(place, Place))

    def files_of(self, patterns: Iterable[str], table: str) -> tuple[tuple[DataFile, ...], tuple[str, ...]]:
        """The files that patterns name for a table, each once, in their order; and the patterns that name none."""
        found: dict[Path, DataFile] = {}
        empty = []
        for pattern in patterns:
            place = place_of(pattern)
            if isinstance(place, Place):
                files = self.copies.files(place, table)
            else:
                files, _ = files_of([str(place)], self.folder)
            found |= {file.path: file for file in files if file.path not in found}
            empty += [] if files else [pattern]
        return tuple(found.values()), tuple(empty)

    def how_to_deliver(self, name: str) -> str:
        """What to do about a table that is not there."""
        return f"name its source in {self.file}, under [tables.{name}]"

    def alike(self, tables: Iterable[str], table: str) -> str | None:
        """The name in the mapping that is probably a table under another name; None when none of no table is."""
        return name_alike(sorted(self.tables.tables), tables, table)

    def described(self) -> dict[str, Any]:
        """What the mapping says, as a manifest keeps it: without defaults and without secrets."""
        told = self.tables.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return dict(_shown(told))


def is_mapping(place: Path) -> bool:
    """Whether a place is a file that says where the tables are."""
    return place.name.lower().endswith(MAPPING) and place.is_file()


def open_mapping(file: Path) -> Mapped:
    """The mapping of a file, read once for as long as it is not touched. Raises SettingsError, OSError."""
    status = file.stat()
    key = file.absolute(), status.st_mtime_ns, status.st_size
    copies = _COPIES_HELD.setdefault(key, Copies())
    return Mapped(key[0], *_opened(*key), copies)


@lru_cache(MAPPINGS_HELD)
def _opened(file: Path, changed_at: int, n_bytes: int) -> tuple[TableMapping, Workshop]:
    return load_mapping(file), Workshop()


def _shown(value: object) -> Any:
    if isinstance(value, Mapping):
        return {name: _shown(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_shown(item) for item in value]
    return without_secrets(value) if isinstance(value, str) else value


def _source(
    place: Mapped, contract: Contract, mapped: tuple[SourceMapping, ...]
) -> tuple[MappedSource, list[Problem]]:
    parts: list[MappedPart] = []
    origins: list[DataFile] = []
    problems: list[Problem] = []
    for how in mapped:
        problems += _misnamed(contract, how)
        named = {name: place.files_of(patterns, contract.table) for name, patterns in how.source.items()}
        for pattern in (pattern for _, empty in named.values() for pattern in empty):
            kind = "nothing is at" if isinstance(place_of(pattern), Place) else "no file is called"
            what = f"{kind} {without_secrets(pattern)}"
            problems.append(
                Problem(contract.table, what, f"correct its source in {place.file}, below {place.folder}")
            )
        files = {name: found for name, (found, _) in named.items()}
        origins += (file for each in files.values() for file in each)
        if all(files.values()) and not problems:
            several, wrong = _parts(place, contract, how, files)
            parts += several
            problems += wrong
    made = MappedSource(contract, tuple(parts), mapping=mapped, origins=tuple(origins), copies=place.copies)
    return made, problems


def readable_files(
    contract: Contract, how: SourceMapping, files: Mapping[str, tuple[DataFile, ...]], workshop: Workshop
) -> tuple[DataFile, ...]:
    """The files of a source, or the answer to its question. Raises InputError where that cannot be answered."""
    if how.sql is None:
        return next(iter(files.values()))
    return (answered(contract.table, how, files, workshop),)


def _parts(
    place: Mapped, contract: Contract, how: SourceMapping, files: Mapping[str, tuple[DataFile, ...]]
) -> tuple[list[MappedPart], list[Problem]]:
    """The parts of one source, neighbours with the same columns as one."""
    parts: list[MappedPart] = []
    problems: list[Problem] = []
    for file in readable_files(contract, how, files, place.workshop):
        try:
            part, wrong = _look_into(file, contract, how, place)
        except UNREADABLE as error:
            problems.append(unreadable_file(contract.table, file, error))
            continue
        problems += wrong
        if part and parts and (parts[-1].found, parts[-1].separator) == (part.found, part.separator):
            parts[-1] = replace(parts[-1], files=(*parts[-1].files, *part.files))
        elif part:
            parts.append(part)
    return parts, problems


def _look_into(
    file: DataFile, contract: Contract, how: SourceMapping, place: Mapped
) -> tuple[MappedPart | None, list[Problem]]:
    """A file as a part; none where it lacks a column."""
    refuse_special(file.path)
    separator = separator_in(file, how, place.workshop)
    rows = raw_rows(file, how, place.workshop, separator)
    found = dict(rows.collect_schema())
    columns = columns_made(contract, how, found)
    problems = list(_lacking(file, contract, columns, found, how.only_with, place))
    if problems:
        return None, problems
    is_empty = rows.head(1).collect().is_empty()
    named = replace(file, is_empty=is_empty)
    schema = dict(rows.select(spelled(column, by, how, found) for column, by in columns.values()).collect_schema())
    part = MappedPart((named,), schema, separator, how=how, columns=columns, found=found, workshop=place.workshop)
    return part, []


def columns_made(
    contract: Contract, how: SourceMapping, found: Mapping[str, pl.DataType]
) -> dict[str, tuple[Column, ColumnMapping]]:
    """How every column is made that is mapped or is called as ours."""
    by_own_name = {name: ColumnMapping(found_as=name) for name in contract.names if name in found}
    given = {**by_own_name, **how.columns}
    return {column.name: (column, given[column.name]) for column in contract.columns if column.name in given}


def _misnamed(contract: Contract, how: SourceMapping) -> Iterator[Problem]:
    """Columns of the mapping that no table has, and options that a column of its kind does not read."""
    kinds = {column.name: column.kind for column in contract.columns}
    where = f"[tables.{contract.table}] columns"
    if how.grain != "row" and contract.holds is None:
        yield Problem(contract.table, f'has grain = "{how.grain}", but {NOT_HELD[how.grain]}', NOT_HELD_ADVICE)
    for name, by in {**dict.fromkeys(how.only_with), **how.columns}.items():
        if name not in kinds:
            meant = near_miss(name, contract.names)
            advice = f"did you mean {meant}?" if meant else f"its columns are {', '.join(contract.names)}"
            yield Problem(where, f"{name} is no column of {contract.table}", advice)
        elif by is not None and (wrong := misplaced(by, kinds[name])):
            what = f"{', '.join(wrong)} is given for {name}, which is {kinds[name].value}"
            yield Problem(where, what, "leave it out, or change the column by sql")


def _lacking(
    file: DataFile,
    contract: Contract,
    columns: Mapping[str, tuple[Column, ColumnMapping]],
    found: Mapping[str, pl.DataType],
    only_with: tuple[str, ...],
    place: Mapped,
) -> Iterator[Problem]:
    """Columns that the mapping names and a file does not have, or has twice, and those that are not mapped."""
    for name, (_, how) in columns.items():
        for theirs in theirs_of(how, found):
            if theirs not in found:
                meant = near_miss(theirs, found)
                shown = ", ".join(list(found)[:SHOWN_NAMES]) + (", …" if len(found) > SHOWN_NAMES else "")
                advice = f"did you mean {meant}? " if meant else ""
                what = f"{file.name} has no column {theirs}, which {name} is made of"
                yield Problem(contract.table, what, f"{advice}correct the mapping; the file has {shown}")
            elif f"{theirs}_duplicated_0" in found:
                yield Problem(contract.table, f"{file.name} has {theirs} twice", "rename one of them")
    wanted = {each.name for each in contract.columns if each.required} | set(only_with)
    missing = [name for name in contract.names if name in wanted and name not in columns]
    if missing:
        what = f"{file.name}: nothing is mapped to {', '.join(missing)}"
        advice = f"name their columns in {place.file}, under [tables.{contract.table}] columns"
        yield Problem(contract.table, what, advice)


def is_parquet(file: DataFile) -> bool:
    """Whether a file is Parquet by its name; every other one is CSV."""
    return file.path.name.lower().endswith(PARQUET)


def separator_in(file: DataFile, how: SourceMapping, workshop: Workshop) -> str | None:
    """Between the cells of a file of CSV, as the mapping says or as splits its header; None for Parquet."""
    if is_parquet(file):
        return None
    return how.separator or separator_of(workshop.text(file, how), how.skip_start)


def raw_rows(file: DataFile, how: SourceMapping, workshop: Workshop, separator: str | None) -> pl.LazyFrame:
    """The rows of a file in its own columns, those in the names of folders too; cells of CSV as text."""
    if is_parquet(file):
        rows = pl.scan_parquet(file.path, glob=False, hive_partitioning=False)
    else:
        names: dict[str, Any] = (
            {"schema": dict.fromkeys(how.names, pl.String)} if how.names else {"infer_schema": False}
        )
        rows = pl.scan_csv(
            workshop.text(file, how),
            separator=separator or ",",
            quote_char=how.quote or None,
            has_header=how.header,
            skip_lines=how.skip_start,
            skip_rows_after_header=how.skip_after_header,
            null_values=list(how.nulls) or None,
            glob=False,
            **names,
        )
    own = rows.collect_schema().names() if file.folders else ()
    return rows.with_columns(
        pl.lit(value, pl.String).alias(name) for name, value in file.folders.items() if name not in own
    )
