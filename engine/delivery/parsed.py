"""Parsed: large tables of CSV, taken apart once; every further look of a night reads what was kept of them.

In: the tables of a delivery. Out: the same, of which the large ones of CSV lie a second time in a temporary folder,
as Parquet, which goes when nobody reads the tables any more. Of ids and dates numbers are kept: a chain has thousands
of them in millions of cells. They follow the order in which the reader met the texts, which differs from night to
night and says nothing. Memory holds a batch of rows, and every such text once.
"""

import errno
import os
import shutil
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import mkdtemp

import polars as pl

from engine.delivery.source import UNREADABLE, DataFile, Part, Source
from engine.errors import OutputError

LARGE_BYTES = 1 << 22
"""Smaller tables are taken apart anew for every look: that takes no longer."""


class Room:
    """A temporary folder, for as long as anybody reads from it."""

    def __init__(self) -> None:
        self.folder = Path(mkdtemp(prefix="darkshelf-"))
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        self._n_files = 0

    def new_file(self) -> Path:
        """Where the next file goes."""
        self._n_files += 1
        return self.folder / f"{self._n_files}.parquet"


class Numbers:
    """Numbers for the texts of a column, the same in all tables, in the order in which they are met."""

    def __init__(self) -> None:
        self.kind = pl.Categorical(pl.Categories.random())
        # Polars forgets the numbers of texts as soon as no series of them is left.
        self._held = pl.Series(dtype=self.kind)

    def texts(self) -> pl.Enum:
        """The texts that were met, by number."""
        return pl.Enum(self.kind.categories.to_series())


@dataclass(frozen=True)
class ParsedPart(Part):
    """Files of CSV that were taken apart. origin: them as they are. kept: the rows of each, by its path.

    texts: of the columns of which numbers were kept. room: keeps the rows as long as they are read.
    """

    origin: Part = field(kw_only=True, repr=False)
    kept: Mapping[Path, Path] = field(kw_only=True, repr=False)
    texts: Mapping[str, pl.Enum] = field(kw_only=True, repr=False)
    room: Room = field(kw_only=True, repr=False)

    @property
    def spoken(self) -> Mapping[str, str]:
        """See `Part.spoken`."""
        return self.origin.spoken

    def moments(self) -> pl.LazyFrame:
        """See `Part.moments`."""
        return self.origin.moments()

    def _rows_of(self, file: DataFile) -> pl.LazyFrame:
        kept = self.kept[file.path]
        if kept.exists():
            rows = pl.scan_parquet(kept, glob=False, hive_partitioning=False)
            return rows.with_columns(pl.col(name).cat.to(texts) for name, texts in self.texts.items())
        # A worker on another machine has the files alone.
        (file,) = (own for own in self.origin.files if own.path == file.path)
        rows = replace(self.origin, files=(file,)).scan()
        return rows.with_columns(pl.col(name).cast(texts) for name, texts in self.texts.items())


def parsed(tables: Mapping[str, Source]) -> dict[str, Source]:
    """The tables, those of CSV that are large taken apart; one that cannot be read stays, for its reader to say why.

    Raises OutputError where the temporary folder has no room for them.
    """
    large = {name: source for name, source in tables.items() if _is_worth_it(source)}
    if not large:
        return dict(tables)
    room = Room()
    numbers: dict[str, Numbers] = {}
    kept: dict[str, dict[Path, Path]] = {}
    for name, source in large.items():
        try:
            kept[name] = dict(_keep_all(source, numbers, room))
        except UNREADABLE as error:
            _refuse_full_disk(error, room)
    texts = {name: each.texts() for name, each in numbers.items()}
    found = {name: replace(large[name], parts=tuple(_parts(large[name], kept[name], texts, room))) for name in kept}
    return {**tables, **found}


def _is_worth_it(source: Source) -> bool:
    are_csv = all(part.separator is not None and part.is_row_by_row for part in source.parts)
    return are_csv and source.contract.is_daily and sum(part.n_bytes for part in source.parts) >= LARGE_BYTES


def _keep_all(source: Source, numbers: dict[str, Numbers], room: Room) -> Iterator[tuple[Path, Path]]:
    """Take every file apart: its path, and where its rows are kept. numbers: of the texts of each column."""
    for part in source.parts:
        kinds = {name: numbers.setdefault(name, Numbers()).kind for name in _texts_of(source, part)}
        # The reader of CSV numbers texts itself; what a mapping makes of them is numbered afterwards.
        numbering = replace(part, schema={**part.schema, **kinds})
        names = [name for name in source.contract.names if name in part.schema]
        for file in part.files:
            rows = replace(numbering, files=(file,)).scan().select(names)
            kept = room.new_file()
            rows.with_columns(pl.col(name).cast(kind).to_physical() for name, kind in kinds.items()).sink_parquet(
                kept, compression="lz4", statistics=False
            )
            yield file.path, kept


def _texts_of(source: Source, part: Part) -> list[str]:
    """The columns of a key that are text."""
    return [name for name in source.contract.key if part.schema[name] == pl.String]


def _parts(
    source: Source, kept: Mapping[Path, Path], texts: Mapping[str, pl.Enum], room: Room
) -> Iterator[ParsedPart]:
    for part in source.parts:
        own = {name: texts[name] for name in _texts_of(source, part)}
        yield ParsedPart(
            # What stands in the names of folders was kept with the rows.
            files=tuple(replace(file, folders={}) for file in part.files),
            schema={**part.schema, **own},
            separator=part.separator,
            rules=part.rules,
            origin=part,
            kept=kept,
            texts=own,
            room=room,
        )


def _refuse_full_disk(error: BaseException, room: Room) -> None:
    """Raise OutputError where the temporary folder took no more."""
    reason = os.strerror(errno.ENOSPC)
    if reason in str(error):
        advice = "name a larger temporary folder with TMPDIR; the runs published before are as they were"
        raise OutputError(f"{room.folder} cannot be written: {reason}: {advice}") from error
