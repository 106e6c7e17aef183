"""Sheets: what lies at a place, looked at. In: a file or a folder. Out: a `Sheet` per kind of file, with its dialect.

Only a sample of the rows is read.
"""

import csv
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from engine.delivery.mapped.files import files_of
from engine.delivery.mapped.place import is_parquet, raw_rows
from engine.delivery.mapped.workshop import Workshop
from engine.delivery.proposal.traits import Traits, traits
from engine.delivery.source import UNREADABLE, DataFile, unreadable_file
from engine.errors import InputError, Problem
from engine.settings.mapping import SourceMapping

HEAD_BYTES = 1 << 18
"""So much of the start of a text tells its dialect."""
ROWS = 20_000
"""Rows of a sheet that are looked at."""
FILES = 40
"""Files of a sheet that are looked at, from its first to its last."""
MOST_LINES_AROUND = 20
"""Lines before the header, or behind the last row, that may be no rows."""
NOTES = (".md", ".toml", ".json", ".log", ".yaml", ".yml", ".py", ".sql", ".pdf", ".xlsx")
SEPARATORS = ",;\t|"


@dataclass(frozen=True)
class Sheet:
    """Files with the same columns.

    name: as they are called. source: the pattern that names them, or several, or by name.
    dialect: what `SourceMapping` is to say of them beside its defaults. rows: some of them.
    """

    name: str
    source: str | Sequence[str] | Mapping[str, str]
    dialect: Mapping[str, Any]
    rows: pl.DataFrame

    @cached_property
    def traits(self) -> Mapping[str, Traits]:
        """What each column may be."""
        return {name: traits(self.rows[name]) for name in self.rows.columns}


def sheets_of(place: Path, base: Path) -> tuple[Sheet, ...]:
    """The sheets at a place, by name. base: the folder from which the mapping will name them.

    Raises InputError where there is none, or a file cannot be read.
    """
    if not place.exists():
        raise InputError([Problem(str(place), "is not there", "name a file, or a folder of files")])
    entries = sorted(place.iterdir()) if place.is_dir() else [place]
    groups: dict[str, list[Path]] = {}
    for entry in entries:
        if not entry.name.startswith((".", "_")) and entry.suffix.lower() not in NOTES:
            # What differs in its digits alone is parts of one table.
            pattern = re.sub(r"\d[\d_-]*", "*", entry.name) if entry.is_file() else entry.name
            groups.setdefault(pattern, []).append(entry)
    made = list(_sheets(groups, base))
    if not made:
        raise InputError([Problem(str(place), "holds no table", "name a folder with CSV or Parquet files")])
    return (*made, *_joined(made))


def _joined(sheets: Sequence[Sheet]) -> Iterator[Sheet]:
    """Lines without a day, joined to the sheet that has it once for each of their ids."""
    for lines in sheets:
        for heads in sheets:
            if any(has.formats for has in lines.traits.values()) or lines.dialect != heads.dialect:
                continue
            if not any(has.formats for has in heads.traits.values()):
                continue
            common = [name for name in lines.rows.columns if name in heads.rows.columns]
            if len(common) == 1 and _is_key(heads, common[0]) and not _is_key(lines, common[0]):
                sql = f'select * from "{lines.name}" join "{heads.name}" using ("{common[0]}")'
                rows = lines.rows.join(heads.rows, on=common[0], maintain_order="left")
                source = {each.name: str(each.source) for each in (lines, heads)}
                yield Sheet(lines.name, source, {**lines.dialect, "sql": sql}, rows)


def _is_key(sheet: Sheet, name: str) -> bool:
    """Whether no two rows have the same value in a column."""
    return sheet.traits[name].n_unique == sheet.rows.height > 1


def _sheets(groups: Mapping[str, list[Path]], base: Path) -> Iterator[Sheet]:
    workshop = Workshop()
    for pattern, entries in groups.items():
        several = {pattern: entries} if len(entries) > 1 else {entries[0].name: entries}
        for name, places in several.items():
            source = Path(os.path.relpath(places[0].parent, base), name).as_posix()
            files, _ = files_of([source], base)
            if files:
                yield _sheet(name, source, files, workshop)


def _sheet(name: str, source: str, files: tuple[DataFile, ...], workshop: Workshop) -> Sheet:
    dialect = {} if is_parquet(files[0]) else dialect_of(files[0].path)
    how = SourceMapping.model_validate({"source": source, **dialect})
    looked_at = files[:: max(len(files) // FILES, 1)]
    try:
        rows = [
            raw_rows(file, how, workshop, how.separator).head(max(ROWS // len(looked_at), 1)).collect()
            for file in looked_at
        ]
        return Sheet(name.partition(".")[0], source, dialect, pl.concat(rows, how="diagonal_relaxed"))
    except UNREADABLE as error:
        raise InputError([unreadable_file(name, files[0], error)]) from None


def dialect_of(file: Path) -> dict[str, Any]:
    """How a text is written: encoding, separator, and the lines before its header and behind its rows.

    Raises InputError where it cannot be unpacked.
    """
    try:
        with pa.input_stream(str(file), compression="detect") as stream:
            start = stream.read(HEAD_BYTES)
            is_whole = len(start) < HEAD_BYTES
    except (OSError, pa.ArrowException) as error:
        raise InputError([unreadable_file(file.name, DataFile(file, file.name, {}), error)]) from None
    encoding, text = _decoded(start)
    lines = text.splitlines() if is_whole else text.splitlines()[:-1]
    told: dict[str, Any] = {} if encoding == "utf-8" else {"encoding": encoding}
    widths = {sign: _widths(lines, sign) for sign in SEPARATORS}
    usual = {sign: _usual(each) for sign, each in widths.items()}
    separator = max(SEPARATORS, key=lambda sign: usual[sign])
    width = usual[separator][1]
    told["separator"] = separator
    before = next((place for place, each in enumerate(widths[separator]) if each == width), 0)
    behind = 0
    while is_whole and behind < MOST_LINES_AROUND and widths[separator][-1 - behind] not in (width, 0):
        behind += 1
    told |= {"skip_start": before} if 0 < before <= MOST_LINES_AROUND else {}
    return told | ({"skip_end": behind} if behind else {})


def _decoded(start: bytes) -> tuple[str, str]:
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16", start.decode("utf-16", errors="ignore")
    try:
        # A sign may have been cut at the end.
        return "utf-8", start[: len(start) - 3].decode() + start[len(start) - 3 :].decode(errors="ignore")
    except UnicodeDecodeError as error:
        if error.start >= len(start) - 6:
            return "utf-8", start.decode(errors="ignore")
        return "cp1252", start.decode("cp1252", errors="replace")


def _widths(lines: Iterable[str], separator: str) -> list[int]:
    """How many cells each line has; 0 for an empty line."""
    try:
        return [len(row) for row in csv.reader(lines, delimiter=separator)]
    except csv.Error:
        return []


def _usual(widths: list[int]) -> tuple[bool, int, int]:
    """Of a separator: whether it parts most lines into as many cells, into how many, and how many lines."""
    counted = Counter(width for width in widths if width)
    width, count = max(counted.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
    return width > 1 and 2 * count > len(widths), width, count
