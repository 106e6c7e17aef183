"""What a desk lets other systems look up: its findings, with the columns that are told and what lists are asked by.

A desk names its `Lookup` in its record; what serves one desk is a file of its name beside this one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, Final

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, create_model

from engine.outputs.glossary import tip_of

ALL: Final = "any"
"""What a list is asked for whatever the value of a column that it has a default for."""


@dataclass(frozen=True)
class Parameter:
    """One thing a list can be asked by. column: that is compared. description: for the description of the look-up.

    choices: the values there are, besides `ALL`; empty where any text may be asked for. default: what a list is of
    that says nothing; empty for everything.
    """

    column: str
    description: str
    choices: tuple[str, ...] = ()
    default: str = ""


@dataclass(frozen=True)
class Lookup:
    """The findings of one desk, as other systems look them up.

    item, items: what one is called, and several; the second is a part of addresses. rows: all findings of an opened
    run in the order of their lists, with `columns`; raises NotFoundError where the run has none. columns: those that
    are told, each with its kind; any value may be null. id_of: the id of a finding, from its columns. named: the
    finding that an id means, as a condition. parameters: what lists are asked by. topic: of the glossary, where the
    meanings of the columns stand; None for any.
    """

    item: str
    items: str
    rows: Callable[[Any], pl.LazyFrame]
    columns: Mapping[str, type]
    id_of: Callable[[Mapping[str, Any]], str]
    named: Callable[[str], pl.Expr]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    topic: str | None = None

    @cached_property
    def model(self) -> type[BaseModel]:
        """The shape of one finding. Values that are no number, such as NaN, are told as null."""
        fields: dict[str, Any] = {
            name: (kind | None, Field(description=tip_of(name, self.topic) or name.replace("_", " ")))
            for name, kind in self.columns.items()
        }
        config = ConfigDict(ser_json_inf_nan="null", extra="forbid")
        identity = (str, Field(description=f"What the {self.item} is asked for by."))
        return create_model(self.item.title(), __config__=config, id=identity, **fields)

    def told(self, frame: pl.LazyFrame) -> list[dict[str, Any]]:
        """The findings of a frame as JSON holds them."""
        kinds = {str: pl.String, int: pl.Int64, float: pl.Float64, bool: pl.Boolean, date: pl.Date}
        known = frame.collect_schema().names()
        rows = frame.select(
            (pl.col(name) if name in known else pl.lit(None)).cast(kinds[kind]).alias(name)
            for name, kind in self.columns.items()
        ).collect()
        return [
            self.model.model_validate({"id": self.id_of(row), **row}).model_dump(mode="json")
            for row in rows.iter_rows(named=True)
        ]
