"""Copied: sources of a mapping that lie elsewhere, copied once and then read as files. In: places. Out: data files.

A night reads its tables several times and must not see two deliveries: what is copied stays as it was for as long as
anybody holds the copies, and goes with them.
"""

import shutil
import weakref
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp

from engine.delivery.elsewhere import short_mark, write_rows
from engine.delivery.source import DataFile, folder_values
from engine.delivery.warehouse import warehouse
from engine.places.objects import ObjectFolder
from engine.places.place import OBJECTS, Place

ANY_FOLDERS = "**"
WILD = "*?["
"""Signs that make a pattern of a name."""
HIDDEN = (".", "_")


class Copies:
    """Copies of sources, by the place as it was typed and the table that it is read for."""

    def __init__(self) -> None:
        self._files: dict[tuple[str, str], tuple[DataFile, ...]] = {}
        self._marks: dict[Path, str] = {}

    @cached_property
    def _folder(self) -> Path:
        folder = Path(mkdtemp(prefix="darkshelf-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return folder

    def files(self, place: Place, table: str) -> tuple[DataFile, ...]:
        """What was copied of a place for a table; none where nothing is there."""
        return self._files[str(place), table]

    def mark(self, file: DataFile) -> str | None:
        """A short hash that differs when what lies at the place does; None of a file that is no copy."""
        return self._marks.get(file.path)

    def take(self, wanted: Iterable[tuple[Place, str]]) -> None:
        """Copy what is not copied yet; the tables of one database at one moment.

        wanted: places, each with the table of ours that it is read for. Raises as the places do.
        """
        databases: dict[tuple[str, ...], list[tuple[Place, str]]] = {}
        for place, table in wanted:
            if (str(place), table) in self._files:
                continue
            if place.kind in OBJECTS:
                self._files[str(place), table] = tuple(self._fetched(place))
            else:
                schema = place.name_of(table).rpartition(".")[0]
                databases.setdefault((place.kind, place.address, place.path, schema), []).append((place, table))
        for several in databases.values():
            self._take_tables(several)

    def _take_tables(self, several: list[tuple[Place, str]]) -> None:
        with warehouse(several[0][0]) as tables:
            for place, table in several:
                there = place.name_of(table)
                files: tuple[DataFile, ...] = ()
                if tables.has(there):
                    file = self._new_folder() / "rows.parquet"
                    self._marks[file] = write_rows(tables.rows(there), file)
                    files = (DataFile(file, there, {}),)
                self._files[str(place), table] = files

    def _fetched(self, place: Place) -> Iterable[DataFile]:
        """The objects that a place names: one, all below a folder, or those of a pattern."""
        parts = place.path.split("/")
        fixed = next((n for n, part in enumerate(parts) if any(sign in part for sign in WILD)), len(parts))
        found = list(self._fetch(place, parts[:fixed], parts[fixed:] or [ANY_FOLDERS, "*"]))
        return found or (self._fetch(place, parts[:-1], parts[-1:]) if fixed == len(parts) else ())

    def _fetch(self, place: Place, base: Sequence[str], pattern: Sequence[str]) -> Iterable[DataFile]:
        objects = ObjectFolder(replace(place, path="/".join(base)))
        copy = self._new_folder()
        for each in objects.listed():
            names = each.name.split("/")
            if not any(name.startswith(HIDDEN) for name in names) and _matches(names, pattern):
                objects.fetch_listed(each, copy / each.name)
                called = "/".join([f"{place.kind}://{place.address}", *base, each.name])
                self._marks[copy / each.name] = short_mark(each.mark)
                yield DataFile(copy / each.name, called, dict(folder_values(called)))

    def _new_folder(self) -> Path:
        return Path(mkdtemp(dir=self._folder))


def _matches(names: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether the names of a path match a pattern, of which `**` stands for any number of folders."""
    if not pattern:
        return not names
    if pattern[0] == ANY_FOLDERS and _matches(names, pattern[1:]):
        return True
    if not names:
        return False
    if pattern[0] == ANY_FOLDERS:
        return _matches(names[1:], pattern)
    return fnmatchcase(names[0], pattern[0]) and _matches(names[1:], pattern[1:])
