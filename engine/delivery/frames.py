"""Frames: tables in memory, taken as a delivery and opened under contract as the files of a folder are.

In: frames by table name, of whatever library speaks Arrow. Out: `Frames`, and a `Source` per table. Nothing is
written.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import polars as pl

from engine.contracts.contract import Contract
from engine.delivery.near_miss import name_alike
from engine.delivery.source import UNREADABLE, DataFile, Part, Source, fitting, missing_table
from engine.errors import InputError, Problem

KINDS = "a frame of Polars, pandas, PyArrow or DuckDB, or anything else with __arrow_c_stream__"


@dataclass(frozen=True)
class Frame:
    """One table in memory."""

    rows: pl.DataFrame

    @cached_property
    def fingerprint(self) -> str:
        """A short hash of the names, types and values of its columns, in the order of its rows."""
        hashed = hashlib.blake2b(str(list(self.rows.schema.items())).encode(), digest_size=8)
        hashed.update(self.rows.hash_rows().to_numpy().tobytes())
        return hashed.hexdigest()


@dataclass(frozen=True)
class FramePart(Part):
    """A frame as a part of a table: its one file is named after the table, and lies nowhere."""

    frame: Frame = field(kw_only=True)

    @property
    def n_bytes(self) -> int:
        """How large it is in memory, about."""
        return int(self.frame.rows.estimated_size())

    def _rows_of(self, file: DataFile) -> pl.LazyFrame:
        return self.frame.rows.lazy()


@dataclass(frozen=True)
class FrameSource(Source):
    """One table in memory under its contract."""

    @property
    def fingerprints(self) -> Mapping[str, str]:
        """One for the frame; see `Source.fingerprints`."""
        return {
            file.name: part.frame.fingerprint
            for part in self.parts
            if isinstance(part, FramePart)
            for file in part.files
        }


@dataclass(frozen=True)
class Frames:
    """A delivery in memory. tables: by name; those that no contract knows are left alone, as files would be."""

    tables: Mapping[str, Frame]

    def open(self, promised: Mapping[str, Contract]) -> tuple[dict[str, Source], list[Problem]]:
        """The tables that are there, by name, and what is wrong with them and their columns."""
        found: dict[str, Source] = {}
        problems: list[Problem] = []
        for name, contract in promised.items():
            if name in self.tables:
                parts, misshapen = fitting([_part(name, self.tables[name])], contract)
                problems += misshapen
                if parts:
                    found[name] = FrameSource(contract, parts)
            elif contract.required:
                problems.append(missing_table(name, self.alike(promised, name), self.how_to_deliver(name)))
        return found, problems

    def how_to_deliver(self, name: str) -> str:
        """What to do about a table that is not there."""
        return f"give a frame by the name {name}"

    def alike(self, tables: Iterable[str], table: str) -> str | None:
        """The name of the frame that is probably a table under another name; None when none of no table is."""
        return name_alike(sorted(self.tables), tables, table)


def frames_of(given: Mapping[str, object]) -> Frames:
    """Frames by table name as a delivery; lazy ones are collected, categories become the texts they stand for.

    Raises InputError naming everything that is no frame.
    """
    # Tables in files, as most are, do without PyArrow, which takes a while to import.
    import pyarrow as pa

    taken: dict[str, Frame] = {}
    problems: list[Problem] = []
    for name, frame in given.items():
        try:
            taken[name] = Frame(_as_polars(frame))
        except (*UNREADABLE, pa.ArrowException, TypeError, ValueError) as error:
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            problems.append(Problem(name, f"cannot be read as a table: {reason}", f"give {KINDS}"))
    if problems:
        raise InputError(problems)
    return Frames(taken)


def _as_polars(frame: object) -> pl.DataFrame:
    """The rows of a frame. Raises what `frames_of` takes for no frame."""
    # As in `frames_of`.
    import pyarrow as pa

    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    if not isinstance(frame, pl.DataFrame):
        if not hasattr(frame, "__arrow_c_stream__"):
            raise TypeError(f"it is a {type(frame).__name__}")
        frame = pl.DataFrame(pa.table(frame))
    objects = [name for name, kind in frame.schema.items() if kind == pl.Object]
    if objects:
        raise TypeError(f"{objects[0]} holds objects of Python")
    return frame.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))


def _part(name: str, frame: Frame) -> FramePart:
    shown = f"{name} (frame)"
    file = DataFile(Path(shown), shown, {}, is_empty=frame.rows.is_empty())
    return FramePart((file,), dict(frame.rows.schema), None, frame=frame)
