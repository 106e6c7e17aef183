"""The lake: tables found on disk, lazy readers for them, and the one room that talks to DuckDB.

A table is a file, a folder of files, or several files that share its name: `pricing.csv`, `pricing.parquet`,
`pricing/2026-01.csv.gz`, `pricing-2026-01.parquet`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from engine.contracts.contract import UNUSABLE, Contract, Kind, Reading, Rule, read_as
from engine.errors import InputError, Problem

CSV = (".csv", ".csv.gz", ".csv.zst")
PARQUET = (".parquet",)
SEPARATORS = ",;\t|"
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
SOURCE_FILE = "source_file"
SOURCE_ROW = "source_row"
CELL = "cell"
UNREADABLE = (pl.exceptions.PolarsError, OSError)
"""What a file or a cell that cannot be read raises."""


@dataclass(frozen=True)
class Part:
    """Files of one table that have the same columns, in file order. schema: raw column name to type.

    separator: of CSV files, None for Parquet.
    """

    files: tuple[Path, ...]
    schema: Mapping[str, pl.DataType]
    separator: str | None

    def scan(self, *, numbered: bool = False) -> pl.LazyFrame:
        """The rows in file order, columns as the files have them.

        numbered: with `source_file` (its name) and `source_row` (1 is the file's first row of data).
        """
        return pl.concat([self._scan_file(file, numbered=numbered) for file in self.files])

    def _scan_file(self, file: Path, *, numbered: bool) -> pl.LazyFrame:
        row = SOURCE_ROW if numbered else None
        if self.separator is None:
            rows = pl.scan_parquet(file, row_index_name=row, row_index_offset=1, glob=False)
        else:
            rows = pl.scan_csv(
                file,
                separator=self.separator,
                schema=dict(self.schema),
                row_index_name=row,
                row_index_offset=1,
                glob=False,
            )
        return rows.with_columns(pl.lit(file.name).alias(SOURCE_FILE)) if numbered else rows


@dataclass(frozen=True)
class Source:
    """One table of the input under its contract. parts: its files in reading order.

    ids_as_text: the id columns that some table of the input carries as text.
    """

    contract: Contract
    parts: tuple[Part, ...]
    ids_as_text: frozenset[str] = frozenset()

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file, in reading order."""
        return tuple(file for part in self.parts for file in part.files)

    @property
    def columns(self) -> frozenset[str]:
        """Names of the columns that every file has."""
        return frozenset.intersection(*(frozenset(part.schema) for part in self.parts))

    @property
    def text_ids(self) -> frozenset[str]:
        """The id columns that some file carries as text."""
        ids = {column.name for column in self.contract.columns if column.kind is Kind.ID}
        return frozenset(
            name
            for part in self.parts
            for name in ids & part.schema.keys()
            if part.schema[name] in (pl.String, pl.Categorical, pl.Enum)
        )

    def judged(self) -> pl.LazyFrame:
        """The contract's columns, typed, and `unusable`; rows in file order."""
        names = [column.name for column in self.contract.columns]
        return pl.concat([reading.judged(part.scan()).select(*names, UNUSABLE) for reading, part in self._readings()])

    def usable(self) -> pl.LazyFrame:
        """The typed rows that break no rule that keeps them out; rows in file order."""
        return self.judged().filter(~pl.col(UNUSABLE)).drop(UNUSABLE)

    def quarantined(self) -> pl.LazyFrame:
        """The rows kept out, numbered, with their `reason`; rows in file order."""
        return pl.concat([reading.quarantined(part.scan(numbered=True)) for reading, part in self._readings()])

    def _readings(self) -> Iterator[tuple[Reading, Part]]:
        return ((read_as(self.contract, part.schema, self.ids_as_text), part) for part in self.parts)

    def rules(self) -> tuple[Rule, ...]:
        """Every rule in force on some file, each once."""
        found = {rule.complaint: rule for reading, _ in self._readings() for rule in reading.rules}
        return tuple(found.values())

    def complaints(self) -> Counter[str]:
        """Rows that break each rule, by complaint; all rows under `rows`, those kept out under `unusable`."""
        total: Counter[str] = Counter()
        for reading, part in self._readings():
            total.update(reading.counts(part.scan()).collect().row(0, named=True))
        return total

    def examples(self, rule: Rule, limit: int) -> pl.DataFrame:
        """The first rows that break a rule: file, row in it, the key and the cell complained about, as text."""
        cell = pl.col(rule.column).cast(pl.String).alias(CELL)
        found = [
            reading.judged(part.scan(numbered=True).with_columns(cell))
            .filter(pl.col(rule.complaint))
            .select(SOURCE_FILE, SOURCE_ROW, *(pl.col(key).cast(pl.String) for key in self.contract.key), CELL)
            .head(limit)
            .collect()
            for reading, part in self._readings()
            if rule.complaint in {known.complaint for known in reading.rules} and rule.column in part.schema
        ]
        return pl.concat(found).head(limit)


def find_files(folder: Path, contracts: Mapping[str, Contract]) -> tuple[dict[str, tuple[Path, ...]], list[Problem]]:
    """The files of every table that is there, and the problems of those that are not as they should be.

    Raises InputError when the folder itself cannot be listed.
    """
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        problem = Problem(str(folder), f"cannot be listed: {error.strerror}", "name the folder of the tables")
        raise InputError([problem]) from error
    found: dict[str, tuple[Path, ...]] = {}
    problems: list[Problem] = []
    for name, contract in contracts.items():
        files = tuple(_files_of(name, entries))
        if len({_ending(file) in PARQUET for file in files}) > 1:
            shown = ", ".join(file.name for file in files[:5])
            problems.append(Problem(name, f"is there both as CSV and as Parquet: {shown}", "keep one of the two"))
        elif files:
            found[name] = files
        elif contract.required:
            advice = f"put {name}.parquet, {name}.csv or a folder {name} with such files into {folder}"
            problems.append(Problem(name, "the table is missing", advice))
    return found, problems


def open_source(contract: Contract, files: Iterable[Path], *, as_text: bool = False) -> tuple[Source, list[Problem]]:
    """The table with the columns of each file, and what is wrong with files and columns.

    as_text: read every CSV column as text, so that no cell can fail to be read.
    """
    parts: list[Part] = []
    problems: list[Problem] = []
    for file in files:
        try:
            part = _look_into(file, contract, as_text=as_text)
        except UNREADABLE as error:
            problems.append(unreadable_file(contract.table, file, error))
            continue
        lacking = [c.name for c in contract.columns if c.required and c.name not in part.schema]
        twice = [c.name for c in contract.columns if f"{c.name}_duplicated_0" in part.schema]
        if lacking or twice:
            what = f"has no column {', '.join(lacking)}" if lacking else f"has {', '.join(twice)} twice"
            has = ", ".join(name for name in part.schema if "_duplicated_" not in name) or "none"
            problems.append(Problem(contract.table, f"{file.name} {what}", f"mend its columns: {has}"))
        elif parts and (parts[-1].schema, parts[-1].separator) == (part.schema, part.separator):
            parts[-1] = Part((*parts[-1].files, file), part.schema, part.separator)
        else:
            parts.append(part)
    return Source(contract, tuple(parts)), problems


def unreadable_file(table: str, file: Path, error: BaseException) -> Problem:
    """The problem of a file that cannot be read at all."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    first_line = next((line for line in reason.splitlines() if line.strip()), type(error).__name__)
    advice = "check that the file is whole, is what its name says and may be read"
    return Problem(table, f"{file.name} cannot be read: {first_line}", advice)


def _files_of(name: str, entries: Iterable[Path]) -> Iterator[Path]:
    of_this_table = re.compile(rf"{re.escape(name)}([-_.].*)?")
    for entry in entries:
        if entry.is_dir() and entry.name == name:
            yield from (file for file in sorted(entry.rglob("*")) if _ending(file) and file.is_file())
        elif _ending(entry) and of_this_table.fullmatch(entry.name.removesuffix(_ending(entry))):
            yield entry


def _ending(file: Path) -> str:
    return next((ending for ending in (*CSV, *PARQUET) if file.name.lower().endswith(ending)), "")


def _look_into(file: Path, contract: Contract, *, as_text: bool) -> Part:
    if _ending(file) in PARQUET:
        return Part((file,), dict(pl.read_parquet_schema(file)), None)
    separator = _separator(file)
    first = pl.read_csv(file, separator=separator, n_rows=1, infer_schema=False, glob=False)
    sample = first.row(0, named=True) if first.height else dict.fromkeys(first.columns)
    kinds = {column.name: column.kind for column in contract.columns}
    schema = {name: pl.String() if as_text else _csv_type(kinds.get(name), cell) for name, cell in sample.items()}
    return Part((file,), schema, separator)


def _csv_type(kind: Kind | None, first_cell: str | None) -> pl.DataType:
    """The type a column is read as, judged by its first cell; a later cell that differs fails the reading."""
    cell = first_cell or ""
    if kind is Kind.NUMBER:
        return pl.Float64()
    if kind is Kind.DATE and ISO_DATE.fullmatch(cell):
        return pl.Date()
    if kind is Kind.FLAG and cell in {"0", "1"}:
        return pl.Int64()
    if kind is Kind.FLAG and cell in {"true", "false"}:
        return pl.Boolean()
    return pl.String()


def _separator(file: Path) -> str:
    """The separator that splits the header into most names; a comma when none does."""
    whole = {"has_header": False, "separator": "\x01", "quote_char": None, "infer_schema": False}
    header = pl.read_csv(file, n_rows=1, glob=False, **whole).item()  # type: ignore[arg-type]
    return max(SEPARATORS, key=header.count)


def sql(query: str, views: Mapping[str, Path], macros: Mapping[str, str]) -> pl.DataFrame:
    """One answer from DuckDB over Parquet files, each a view under its name.

    macros: further views by name, given as the query that makes them. Raises InputError on wrong SQL.
    """
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("set autoinstall_known_extensions = false")
        for name, file in views.items():
            connection.read_parquet(str(file)).create_view(name)
        for name, made_by in macros.items():
            connection.execute(f'create view "{name}" as {made_by}')
        try:
            answer = connection.sql(query)
            return answer.pl() if answer is not None else pl.DataFrame()
        except duckdb.Error as error:
            known = ", ".join((*views, *macros))
            raise InputError([Problem("sql", str(error).strip(), f"tables here: {known}")]) from error
