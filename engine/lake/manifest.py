"""The manifest of a lake: which files hold which days of which table, and what is known of them unread.

`lake.json` is the lake: a file it does not name is no part of it. It is replaced in one step, after everything it
names is on disk.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from engine.disk import content_hash, read_regular, sync
from engine.errors import InputError, Problem, TryLaterError
from engine.lake.origin import LAKE, LakeOrigin, origin_of
from engine.mirrors import told
from engine.vocabulary.common import Grain

MANIFEST = LAKE
PREPARED = ".lake.json.partial"
FORMAT = 2
"""Of the lakes that are written. A reader refuses what a later format may mean. Lakes of format 1 have no seal, and
their files no hash of their content."""
SEALED_SINCE = 2
WHOLE = "all"
"""What stands for a day where there is none: in tables without dates, and for a table delivered without rows. It
sorts behind every date."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _is_day(name: str) -> str:
    """The name of a day. Raises ValueError where it is none."""
    if name != WHOLE:
        dt.date.fromisoformat(name)
    return name


class Day(_Frozen):
    """What is known of one day of a table.

    rows: those that are usable. faulty: those set aside whatever the as-of day is. fingerprint: of all of them.
    noted: complaints about usable rows, by complaint. grain: what they stand for, see `Source.grain`.
    """

    rows: int
    faulty: int
    fingerprint: str
    noted: dict[str, int] = {}
    grain: Grain = "row"


class StoredFile(_Frozen):
    """A file in the folder of its table. Its name tells its content: another content has another name.

    content: its hash, None where a lake of format 1 kept none.
    """

    name: str = Field(pattern=r"^[0-9a-z][0-9a-z.-]*\.parquet$")
    n_bytes: int
    content: str | None = None


class Partition(_Frozen):
    """Days of a table that share their files, which hold these days and no others.

    text_ids: the id columns that are text. rows, faulty: the files of the usable and of the other rows, None without
    any. days: by ISO date or `WHOLE`, in their order.
    """

    text_ids: tuple[str, ...]
    rows: StoredFile | None
    faulty: StoredFile | None
    days: dict[Annotated[str, AfterValidator(_is_day)], Day] = Field(min_length=1)

    @property
    def files(self) -> tuple[StoredFile, ...]:
        """The files there are."""
        return tuple(file for file in (self.rows, self.faulty) if file is not None)

    @property
    def span(self) -> str:
        """Its days in words."""
        first, last = min(self.days), max(self.days)
        return "the table" if first == WHOLE else first if first == last else f"{first} to {last}"


Tables = Mapping[str, tuple[Partition, ...]]


class Manifest(_Frozen):
    """Every table by name; the partitions of a table have no day in common and stand in the order of their days.

    seal: the hash of all that follows it in the file.
    """

    format: int = FORMAT
    seal: str | None = None
    tables: dict[str, tuple[Partition, ...]] = {}


@dataclass(frozen=True)
class DayLake:
    """A lake as its manifest describes it at one moment; later changes of the lake do not change it."""

    folder: Path
    tables: Tables

    @property
    def origin(self) -> LakeOrigin | None:
        """Where files that are asked for come from, if they are not here yet."""
        return origin_of(self.folder)

    def days(self, table: str) -> dict[str, Day]:
        """Every day of a table, in order; empty when the lake does not hold it."""
        found = {day: known for part in self.tables.get(table, ()) for day, known in part.days.items()}
        return dict(sorted(found.items()))

    def span(self, table: str) -> str:
        """The days of a table in words, first to last."""
        days = list(self.days(table))
        return f"{days[0]} to {days[-1]}" if len(days) > 1 else days[0]

    def fingerprint(self, table: str) -> str:
        """A short hash that differs when any row of the table, or the kind of its ids, differs."""
        content = [(day, known.fingerprint) for day, known in self.days(table).items()]
        return hashlib.blake2b(json.dumps(content).encode(), digest_size=8).hexdigest()

    def damages(self, table: str, *, by_content: bool = False, among: Set[str] | None = None) -> Iterator[Problem]:
        """One problem per file of a table that is not there, not whole, or not what was written.

        by_content: read the files, to see the last of it. among: the names of the files to look at, by default all.
        Raises TryLaterError when that is so because the lake was changed meanwhile.
        """
        files = [
            (part, file)
            for part in self.tables.get(table, ())
            for file in part.files
            if among is None or file.name in among
        ]
        look = self.content_damage if by_content else self.damage
        with ThreadPoolExecutor() as pool:
            found = list(pool.map(lambda each: look(table, each[1]), files))
        for (part, file), what in zip(files, found, strict=True):
            if what:
                if open_lake(self.folder).tables != self.tables:
                    raise TryLaterError(f"{told(self.folder)} was changed while it was read; try again")
                yield Problem(table, f"{table}/{file.name} {what}", mending(part))

    def damage(self, table: str, file: StoredFile) -> str:
        """What can be seen to be wrong with a file without reading it; empty when nothing can."""
        # Of a mirror a file is looked at when it is read: it may not have been brought yet.
        return "" if self.origin is not None else self._damage(table, file)

    def _damage(self, table: str, file: StoredFile) -> str:
        try:
            n_bytes = (self.folder / table / file.name).stat().st_size
        except FileNotFoundError:
            return "is missing"
        except OSError as error:
            return f"cannot be read: {error.strerror}"
        return "" if n_bytes == file.n_bytes else f"is not whole: {n_bytes:,} bytes instead of {file.n_bytes:,}"

    def content_damage(self, table: str, file: StoredFile) -> str:
        """What is wrong with a file, its content included; empty when nothing is, as far as is known of it."""
        if self.origin is not None:
            self.origin.bring(f"{table}/{file.name}", file.n_bytes, file.content)
        what = self._damage(table, file)
        if what or file.content is None:
            return what
        try:
            found = content_hash(self.folder / table / file.name)
        except OSError as error:
            return f"cannot be read: {error.strerror}"
        return "" if found == file.content else "is not what was written: its content has changed"


def mending(part: Partition) -> str:
    """What to do about a partition whose files are damaged."""
    return f"restore the file, or delete it and ingest {part.span} again"


def is_lake(folder: Path) -> bool:
    """Whether a folder holds a lake, whole or damaged, as far as may be seen."""
    try:
        return (folder / MANIFEST).exists()
    except OSError:
        return False


def refuse_lake(folder: Path) -> None:
    """Raise InputError when a folder that is to hold delivered tables is a lake."""
    if is_lake(folder):
        advice = f"name it with  --lake {folder}"
        raise InputError([Problem(str(folder), "is a lake, not a folder of delivered tables", advice)])


def open_lake(folder: Path) -> DayLake:
    """The lake as it is now.

    Raises InputError when there is none, when its manifest is damaged, and when a later version wrote it.
    """
    origin = origin_of(folder)
    if origin is not None:
        origin.look()
    if not is_lake(folder):
        where = told(folder)
        what = f"is no lake: there is no {MANIFEST} that may be read" if folder.is_dir() else "is not there"
        raise InputError([Problem(where, what, f"make one with  darkshelf ingest INPUT --lake {where}")])
    lake = DayLake(folder, read_manifest(folder).tables)
    if origin is not None:
        origin.let_go(named_by(lake.tables))
    return lake


def named_by(tables: Tables) -> set[str]:
    """The files of a lake, each as `TABLE/FILE`."""
    return {f"{table}/{file.name}" for table, parts in tables.items() for part in parts for file in part.files}


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a lake. Raises InputError when it cannot be read."""
    file = folder / MANIFEST
    try:
        return parsed(read_regular(file), str(file))
    except OSError as error:
        raise _damaged(str(file), str(error)) from error


def parsed(written: bytes, where: str) -> Manifest:
    """A manifest as it was written. where: as messages call it. Raises InputError when it is none."""
    try:
        content = json.loads(written)
        version = content["format"]
        if version > FORMAT:
            what = f"has format {version}; this version of darkshelf reads formats up to {FORMAT}"
            raise InputError([Problem(where, what, "use the version of darkshelf that wrote the lake")])
        manifest = Manifest.model_validate(content)
        if version >= SEALED_SINCE and manifest.seal != _seal(written.partition(b"\n")[2]):
            raise ValueError("it is not what was written")
        return manifest
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        reason = f"{error.error_count()} faults" if isinstance(error, ValidationError) else str(error)
        raise _damaged(where, reason) from error


def _damaged(where: str, reason: str) -> InputError:
    return InputError(
        [Problem(where, f"is damaged: {reason}", "restore the file, or ingest everything into a new lake")]
    )


def as_written(tables: Tables) -> bytes:
    """The manifest of a lake of these tables."""
    ordered = {name: tuple(sorted(tables[name], key=_first_day)) for name in sorted(tables)}
    return _one_partition_a_line(Manifest(tables=ordered)).encode()


def replace_manifest(folder: Path, tables: Tables) -> None:
    """Make the lake be these tables, in one step; what they name has to be on disk."""
    prepared = folder / PREPARED
    prepared.write_bytes(as_written(tables))
    sync(prepared)
    prepared.replace(folder / MANIFEST)
    sync(folder)


def _first_day(part: Partition) -> tuple[str, tuple[str, ...]]:
    return min(part.days), part.text_ids


def _one_partition_a_line(manifest: Manifest) -> str:
    """JSON that a person can look through and compare."""
    tables = ",\n".join(
        f"{json.dumps(name)}: [\n{_lines(part.model_dump_json(exclude_defaults=True) for part in parts)}\n]"
        for name, parts in manifest.tables.items()
    )
    below = f'"tables": {{\n{tables}\n}}}}\n'
    return f'{{"format": {manifest.format}, "seal": "{_seal(below.encode())}",\n{below}'


def _seal(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _lines(items: Iterable[str]) -> str:
    return ",\n".join(items)
