"""Renamed: the files and columns of a night that earlier versions published under other names.

In: a run of any version. Out: where today's names are found in it. A published run is never rewritten.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import polars as pl

from engine.runs.registry import Run
from engine.vocabulary import shelf as v

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
FILES: Final = {v.DESK: {"stories.parquet": "events.parquet"}}
"""By desk: today's names of files by those of version 0.1.0."""
COLUMNS: Final = {v.DESK: {"evidence": "log_likelihood_ratio", "says": "explanation"}}
"""The same of columns, whatever the file: no table of the desk has a column of such a name any more."""


ADDED: Final[Mapping[tuple[str, str], Mapping[str, type[pl.DataType]]]] = MappingProxyType(
    {
        (v.DESK, "cases.parquet"): MappingProxyType(
            {
                **dict.fromkeys(("daily_revenue_at_risk", *v.ADVICE_NUMBERS), pl.Float64),
                "action": pl.String,
                "action_units": pl.Int64,
            }
        )
    }
)
"""By desk and file: columns that version 0.1.0 did not publish, with their types."""


def published_name(run: Run, name: str) -> str:
    """The name under which a run has the file that is called so today; the same name where it has neither."""
    if run.holds(name):
        return name
    earlier = (old for old, today in FILES.get(run.desk, NOTHING).items() if today == name)
    return next((old for old in earlier if run.holds(old)), name)


def name_today(run: Run, name: str) -> str:
    """What a file of a run is called today."""
    return FILES.get(run.desk, NOTHING).get(name, name)


def columns_today(run: Run) -> Mapping[str, str]:
    """Today's names of columns by those that tables of a run may have."""
    return COLUMNS.get(run.desk, NOTHING)


def columns_added(run: Run, name: str) -> Mapping[str, type[pl.DataType]]:
    """Columns that a file may lack in a run of an earlier version: they are unknown there."""
    return ADDED.get((run.desk, name), MappingProxyType({}))
