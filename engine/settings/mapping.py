"""Mapping: where every table lies and how its columns become ours, as `darkshelf.toml` says it.

In: the file. Out: `TableMapping`, frozen. A source is named below the folder of the file.
"""

import codecs
import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import ConfigDict, Field, field_validator, model_validator

from engine.settings.frozen import Frozen, RunSettings
from engine.settings.loading import read_tree, settings_of
from engine.vocabulary.common import Grain

Text = Annotated[str, Field(min_length=1, max_length=500)]
Sign = Annotated[str, Field(min_length=1, max_length=1)]
Lines = Annotated[int, Field(ge=0, le=10_000)]
Words = Annotated[tuple[Annotated[str, Field(max_length=60)], ...], Field(max_length=20)]
MAX_SQL = 100_000
"""Signs of a question: what is longer is no question."""
EXPLAINED = "docs/own-tables.md lists every key of a mapping"


class ColumnMapping(Frozen):
    """How one column of ours is made of theirs. In the file, a bare text is the name of their column."""

    model_config = ConfigDict(populate_by_name=True)

    found_as: Text | None = Field(
        None, alias="from", description="Their column; or several with text between, as {year}-{month}-{day}."
    )
    value: bool | int | float | dt.date | Text | None = Field(None, description="The same value in every row.")
    format: Text | None = Field(None, description="How a date or moment is written, such as %d.%m.%Y or %Y%m%d.")
    zone: Text | None = Field(
        None, description="Whose clocks tell the day of a moment, such as Europe/Berlin; without an offset it is UTC."
    )
    decimal: Literal[".", ","] | None = Field(None, description="The decimal sign of a number written as text.")
    thousands: Sign | None = Field(None, description="The sign between thousands of a number written as text.")
    minus: Literal["before", "behind"] = Field("before", description="Where a number has its minus.")
    scale: float | None = Field(None, gt=0, le=1e9, description="What a number is multiplied by: 0.01 for cents.")
    true: Words = Field((), description="Words of a flag that mean yes.")
    false: Words = Field((), description='Words of a flag that mean no; "" is an empty cell.')

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, zone: str | None) -> str | None:
        if zone is not None:
            try:
                ZoneInfo(zone)
            except (OSError, ValueError):
                raise ValueError(f"{zone!r} is no time zone such as Europe/Berlin") from None
        return zone

    @model_validator(mode="after")
    def _has_one_origin(self) -> Self:
        if (self.found_as is None) == (self.value is None):
            raise ValueError("name either their column, with from, or a constant, with value")
        if set(self.true) & set(self.false):
            raise ValueError("a word means both yes and no")
        if bool(self.true) != bool(self.false):
            raise ValueError("name the words for yes and those for no")
        return self


class SourceMapping(RunSettings):
    """One source of a table: its files, how they are written, and the columns."""

    source: dict[Text, tuple[Text, ...]] = Field(
        min_length=1, description="Files, folders or patterns; or several by name, which `sql` then sees as tables."
    )
    columns: dict[Text, ColumnMapping] = Field(
        {}, description="Ours = theirs; what is called as ours needs no entry."
    )
    sql: Annotated[str, Field(min_length=1, max_length=MAX_SQL)] | None = Field(
        None, description="A question in DuckDB's SQL over the table `source`, whose cells of CSV are text."
    )
    distinct: bool = Field(False, description="Rows that are equal in the columns taken count once, file by file.")
    only_with: tuple[Text, ...] = Field(
        (), description="Columns of ours: a row that is empty in one of them is of another table, and left out."
    )
    grain: Grain = Field(
        "row",
        description="Of stock and prices, `change`: a row is there only where something changed, and holds until the "
        "next; `week`: a row a week, which holds until the next.",
    )
    separator: Sign | None = Field(None, description="Between the cells of CSV; by default what splits the header.")
    quote: Annotated[str, Field(max_length=1)] = Field('"', description="Around a cell of CSV; empty for none.")
    encoding: Text = Field("utf-8", description="Of text, such as cp1252, latin-1 or utf-16.")
    header: bool = Field(True, description="Whether CSV has a line of names; without one give `names`.")
    names: tuple[Text, ...] = Field((), description="The names of the columns of CSV without a header.")
    skip_start: Lines = Field(0, description="Lines before the header that are left out.")
    skip_after_header: Lines = Field(0, description="Rows after the header that are left out, such as units.")
    skip_end: Lines = Field(0, description="Lines at the end that are left out, such as a sum.")
    nulls: Words = Field((), description="Words of CSV that stand for an empty cell, such as NULL.")
    decimal: Literal[".", ","] = Field(".", description="The decimal sign of every number written as text.")
    thousands: Sign | None = Field(None, description="The sign between thousands of every such number.")

    @field_validator("source", mode="before")
    @classmethod
    def _by_name(cls, given: Any) -> Any:
        named = given if isinstance(given, Mapping) else {"source": given}
        return {name: (files,) if isinstance(files, str) else files for name, files in named.items()}

    @field_validator("columns", mode="before")
    @classmethod
    def _by_options(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        return {name: {"from": theirs} if isinstance(theirs, str) else theirs for name, theirs in given.items()}

    @field_validator("encoding")
    @classmethod
    def _is_an_encoding(cls, encoding: str) -> str:
        try:
            return codecs.lookup(encoding).name
        except LookupError:
            raise ValueError(f"{encoding!r} is no encoding such as cp1252") from None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.header == bool(self.names):
            raise ValueError("names are given where there is no header, and only there")
        if self.sql is None and len(self.source) > 1:
            raise ValueError("several sources by name are for sql; list them otherwise")
        if self.sql is not None and (self.skip_after_header or self.distinct):
            raise ValueError("with sql, rows are left out by where, and counted once by select distinct")
        if self.thousands == self.decimal:
            raise ValueError("thousands and decimal are the same sign")
        return self


class TableMapping(RunSettings):
    """Everything `darkshelf.toml` says."""

    tables: dict[Text, tuple[SourceMapping, ...]] = Field(
        min_length=1, description="By the name of the table its sources, whose rows are read one after the other."
    )

    @field_validator("tables", mode="before")
    @classmethod
    def _by_list(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        return {name: tuple(each) if isinstance(each, list) else (each,) for name, each in given.items()}


def load_mapping(file: Path) -> TableMapping:
    """What the file says. Raises SettingsError with every key that nobody knows and every value out of its bounds."""
    tree, problems = read_tree(file, (), ())
    tables = tree.get("tables")
    known = [
        f"tables.{name}.{place}.{key}"
        for name, each in (tables.items() if isinstance(tables, Mapping) else ())
        for place in range(len(each) if isinstance(each, list) else 1)
        for key in SourceMapping.model_fields
    ]
    return settings_of(TableMapping, tree, problems, known, EXPLAINED)
