"""Renamed: the files and columns of a night that earlier versions published under other names.

In: a run of any version. Out: where today's names are found in it. A published run is never rewritten.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from engine.runs.registry import Run
from engine.vocabulary import shelf as v

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
FILES: Final = {v.DESK: {"stories.parquet": "events.parquet"}}
"""By desk: today's names of files by those of version 0.1.0."""
COLUMNS: Final = {v.DESK: {"evidence": "log_likelihood_ratio", "says": "explanation"}}
"""The same of columns, whatever the file: no table of the desk has a column of such a name any more."""


def published_name(run: Run, name: str) -> str:
    """The name under which a run has the file that is called so today; the same name where it has neither."""
    if (run.folder / name).exists():
        return name
    earlier = (old for old, today in FILES.get(run.desk, NOTHING).items() if today == name)
    return next((old for old in earlier if (run.folder / old).exists()), name)


def name_today(run: Run, name: str) -> str:
    """What a file of a run is called today."""
    return FILES.get(run.desk, NOTHING).get(name, name)


def columns_today(run: Run) -> Mapping[str, str]:
    """Today's names of columns by those that tables of a run may have."""
    return COLUMNS.get(run.desk, NOTHING)
