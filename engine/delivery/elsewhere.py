"""Elsewhere: a delivery in an object store, a database or a catalogue, copied once and then read as a folder is.

In: a place. Out: a `Source` per table. A night reads its tables several times; of a place that others write to it
would see several deliveries. What is copied lies in a temporary folder, which goes with the delivery.
"""

import hashlib
import shutil
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from engine.contracts.contract import Contract
from engine.delivery.near_miss import name_alike, named_after
from engine.delivery.source import DataFile, Source, find_files, missing_table, open_source
from engine.delivery.warehouse import Rows, warehouse
from engine.errors import InputError, Problem
from engine.places.objects import ObjectFolder, Stored
from engine.places.place import OBJECTS, Place

MARK_BITS: Final = 64


@dataclass(frozen=True)
class Copied(Source):
    """One table that was copied from a place.

    marks: short hashes that differ when the content does, by name. delivery: keeps the copy as long as it is read.
    """

    marks: Mapping[str, str] = field(kw_only=True)
    delivery: "Elsewhere" = field(kw_only=True, repr=False)

    @property
    def fingerprints(self) -> Mapping[str, str]:
        """See `Source.fingerprints`: of what lies at the place, whenever it was copied."""
        return self.marks


class Elsewhere:
    """A delivery at a place. It is copied when it is opened first, and stays as it was then."""

    def __init__(self, place: Place) -> None:
        if place.names_one_table:
            advice = "leave table out, or write {table} in it for the name of each"
            raise InputError([Problem(str(place), "names one table, and a delivery has several", advice)])
        self.place = place
        self._copied: dict[str, tuple[tuple[DataFile, ...], dict[str, str]]] = {}
        self._looked_for: set[str] = set()

    def __str__(self) -> str:
        """The place, as it was typed."""
        return str(self.place)

    @cached_property
    def _folder(self) -> Path:
        folder = Path(mkdtemp(prefix="darkshelf-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return folder

    def open(self, promised: Mapping[str, Contract], *, as_text: bool) -> tuple[dict[str, Source], list[Problem]]:
        """The tables that are there, by name, and what is wrong with them, their files and their columns.

        as_text: read every CSV cell as text. Raises as the place does.
        """
        new = [name for name in promised if name not in self._looked_for]
        problems = (self._copy_objects if self.place.kind in OBJECTS else self._copy_tables)(promised, new)
        self._looked_for.update(new)
        found: dict[str, Source] = {}
        for name, contract in promised.items():
            if name in self._copied:
                files, marks = self._copied[name]
                source, wrong = open_source(contract, files, as_text=as_text)
                problems += wrong
                if source.parts:
                    found[name] = Copied(contract, source.parts, source.ids_as_text, marks=marks, delivery=self)
            elif contract.required and name not in {problem.where for problem in problems}:
                problems.append(missing_table(name, self.alike(promised, name), self.how_to_deliver(name)))
        return found, problems

    @property
    def holds_nothing(self) -> bool:
        """Whether nothing lies there, under whatever name."""
        return self.place.kind in OBJECTS and not self._objects

    def how_to_deliver(self, name: str) -> str:
        """What to do about a table that is not there."""
        if self.place.kind in OBJECTS:
            return f"put {name}.parquet, {name}.csv or a folder {name} with such files into {self.place}"
        return f"put a table {self.place.name_of(name)} there, or say what tables are called: ?table=SCHEMA.{{table}}"

    def alike(self, tables: Iterable[str], table: str) -> str | None:
        """What lies at the place and is probably a table under another name; None when nothing looks like it."""
        return name_alike(sorted(self._names), tables, table)

    @cached_property
    def _objects(self) -> list[Stored]:
        return ObjectFolder(self.place).listed()

    @cached_property
    def _names(self) -> frozenset[str]:
        """What lies at the place, by names that may be those of tables."""
        if self.place.kind in OBJECTS:
            return frozenset(each.name.partition("/")[0] for each in self._objects)
        with warehouse(self.place) as tables:
            return frozenset(tables.names())

    def _copy_objects(self, promised: Mapping[str, Contract], names: list[str]) -> list[Problem]:
        objects, marks = ObjectFolder(self.place), {each.name: each.mark for each in self._objects}
        for each in self._objects:
            top, slash, _ = each.name.partition("/")
            is_one = any(top == name if slash else named_after(name, top.partition(".")[0]) for name in names)
            if is_one and not (self._folder / each.name).exists():
                objects.fetch_listed(each, self._folder / each.name)
        wanted = {name: replace(promised[name], required=False) for name in promised}
        files, problems = find_files(self._folder, wanted)
        for name in files.keys() & set(names):
            self._copied[name] = files[name], {file.name: short_mark(marks[file.name]) for file in files[name]}
        return problems

    def _copy_tables(self, promised: Mapping[str, Contract], names: list[str]) -> list[Problem]:
        if not names:
            return []
        with warehouse(self.place) as tables:
            for name in names:
                there = self.place.name_of(name)
                if tables.has(there):
                    file = self._folder / f"{name}.parquet"
                    mark = write_rows(tables.rows(there), file)
                    self._copied[name] = (DataFile(file, there, {}),), {there: mark}
        return []


def write_rows(rows: Rows, file: Path) -> str:
    """Write rows into a Parquet file, the first frame telling their columns; a hash of them in whatever order."""
    import pyarrow.parquet as pq

    first = next(rows)
    total = 0
    with pq.ParquetWriter(file, first.to_arrow().schema, compression="zstd") as writer:
        for frame in rows:
            total += sum(frame.select(first.columns).hash_rows().to_list())
            writer.write_table(frame.to_arrow().cast(writer.schema))
    return short_mark(f"{list(first.schema.items())} {total % (1 << MARK_BITS)}")


def short_mark(mark: str) -> str:
    """A mark of whatever length, as manifests have it."""
    return hashlib.blake2b(mark.encode(), digest_size=8).hexdigest()
