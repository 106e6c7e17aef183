"""Suggest: what a delivery lacks, proposed from its files. In: a folder or a mapping, contracts. Out: `Suggestion`.

A table of which nothing is read is proposed whole, from any sheet beside those that are read; a column that is not
made, or is made of one that is not there, from the sheet of its own table. Nothing is written.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from engine.contracts.contract import Contract
from engine.delivery.mapped.cells import theirs_of
from engine.delivery.mapped.copied import Copies
from engine.delivery.mapped.place import (
    Mapped,
    columns_made,
    is_mapping,
    open_mapping,
    raw_rows,
    readable_files,
    separator_in,
)
from engine.delivery.mapped.workshop import Workshop
from engine.delivery.proposal.propose import Proposed, propose, propose_columns
from engine.delivery.proposal.sheets import ROWS, Sheet, sheets_of
from engine.delivery.source import UNREADABLE, DataFile, find_files, unreadable_file
from engine.errors import InputError
from engine.places.place import Place, place_of
from engine.settings.mapping import SourceMapping, TableMapping

ANY = "*?["
"""What makes a pattern of a path."""


@dataclass(frozen=True)
class Suggestion:
    """What is proposed for what a delivery lacks.

    tables: whole, by name, of tables that are not read. columns: of tables that are, with the choices that are
    lacking alone. is_mapped: whether a mapping names the sources of these already. nothing: tables that are not read
    and of which nothing was found. required: those of `nothing` without which there is no run.
    """

    tables: Mapping[str, tuple[Proposed, ...]]
    columns: Mapping[str, tuple[Proposed, ...]]
    is_mapped: bool
    nothing: tuple[str, ...]
    required: tuple[str, ...]


def suggest(place: Path, promised: Mapping[str, Contract]) -> Suggestion:
    """What the tables of a folder or a mapping lack, as `propose` finds it.

    Raises InputError where a place or a file cannot be read, SettingsError where a mapping is none.
    """
    given = open_mapping(place) if is_mapping(place) else _as_mapping(place, promised)
    given.copy(promised)
    read = {name: contract for name, contract in promised.items() if given.tables.tables.get(name)}
    columns = {name: tuple(_lacking(contract, given)) for name, contract in read.items()}
    empty = {name for name, each in columns.items() if not any(sheet for sheet, _ in each)}
    wanted = {name: contract for name, contract in promised.items() if name not in read or name in empty}
    found = propose(_sheets_beside(given), wanted) if wanted else None
    nothing = found.missing if found else ()
    return Suggestion(
        found.tables if found else {},
        {
            name: tuple(made)
            for name, each in columns.items()
            if (made := [one for _, one in each if one is not None and one.choices])
        },
        is_mapping(place),
        nothing,
        tuple(name for name in nothing if promised[name].required),
    )


def _as_mapping(folder: Path, promised: Mapping[str, Contract]) -> Mapped:
    """The tables of a folder in our format as a mapping would say it."""
    files, _ = find_files(folder, promised)
    tables: dict[str, tuple[SourceMapping, ...]] = {
        name: (SourceMapping(source={"source": tuple(file.name for file in each)}),) for name, each in files.items()
    }
    # Nothing may be there yet: then every table is looked for.
    return Mapped(folder / "darkshelf.toml", TableMapping.model_construct(tables=tables), Workshop(), Copies())


def _lacking(contract: Contract, given: Mapped) -> Iterator[tuple[bool, Proposed | None]]:
    """Of every source whether any file is there, and the choices of the columns that it lacks."""
    for how in given.tables.tables[contract.table]:
        files = {name: given.files_of(patterns, contract.table)[0] for name, patterns in how.source.items()}
        if not all(files.values()):
            yield False, None
            continue
        sheet = _sheet_of(contract, how, files, given)
        types = dict(sheet.rows.schema)
        made = columns_made(contract, how, types)
        kept = {name: by for name, (_, by) in made.items() if set(theirs_of(by, types)) <= set(types)}
        taken = {theirs for by in kept.values() for theirs in theirs_of(by, types)}
        free = replace(sheet, rows=sheet.rows.select(name for name in types if name not in taken))
        open_columns = tuple(column for column in contract.columns if column.name not in kept)
        choices = propose_columns(replace(contract, columns=open_columns), free) if open_columns else ()
        yield True, Proposed(sheet, {}, choices)


def _sheet_of(
    contract: Contract, how: SourceMapping, files: Mapping[str, tuple[DataFile, ...]], given: Mapped
) -> Sheet:
    """The first rows of a source, as the mapping says that it is read."""
    source = next(iter(how.source.values()))
    readable = readable_files(contract, how, files, given.workshop)
    try:
        first = readable[0]
        rows = raw_rows(first, how, given.workshop, separator_in(first, how, given.workshop)).head(ROWS).collect()
    except UNREADABLE as error:
        raise InputError([unreadable_file(contract.table, readable[0], error)]) from None
    return Sheet(first.name, source[0] if len(source) == 1 else source, {}, rows)


def _sheets_beside(given: Mapped) -> list[Sheet]:
    """Every sheet in the folders in which the mapping has a source."""
    patterns = [p for each in given.tables.tables.values() for how in each for p in _patterns(how)]
    folders = {_folder_of(given.folder / pattern) for pattern in patterns} or {given.folder}
    there = sorted(folder for folder in folders if folder.is_dir())
    return [sheet for folder in there for sheet in sheets_of(folder, given.folder)]


def _patterns(how: SourceMapping) -> Iterator[str]:
    """The sources that lie on this machine."""
    for patterns in how.source.values():
        yield from (pattern for pattern in patterns if not isinstance(place_of(pattern), Place))


def _folder_of(pattern: Path) -> Path:
    """The folder in which what a pattern names lies beside other tables."""
    parts = pattern.parts
    fixed = next((n for n, part in enumerate(parts) if any(sign in part for sign in ANY)), len(parts) - 1)
    return Path(os.path.normpath(Path(*parts[:fixed])))
