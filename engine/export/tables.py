"""Tables: what an export of a run holds, each row with the run and the day it is of.

In: a run, the decisions. Out: frames by the names their tables have at the target.
"""

from collections.abc import Mapping
from typing import Final

import polars as pl

from engine.decisions.store import Decisions
from engine.outputs.desks import desk_of, entry
from engine.outputs.read import has, raising_damage, table
from engine.runs.registry import Run

SCHEMA_VERSION: Final = 1
"""Of exported tables: it grows when a column is renamed, removed or changes its meaning."""
RUN_ID: Final = "run_id"
AS_OF: Final = "as_of"
SCHEMA: Final = "schema_version"
DECISIONS: Final = "decisions"


def tables(run: Run, decisions: Decisions | None) -> Mapping[str, pl.DataFrame]:
    """What is exported of a run, by table; names begin with the desk, such as `shelf_cases`.

    Every table begins with `run_id`, `as_of`, the label of the run as text, and `schema_version`; its rows are in the
    order in which they were published. Categories are text, unsigned and tiny numbers 64 bits wide, arrays lists.
    decisions: None where nothing was ever decided; then tables of decisions and outcomes are left out. Raises
    DamagedRunError.
    """
    desk = desk_of(run)
    found: dict[str, pl.DataFrame] = {}
    with raising_damage(run):
        for name, file in desk.exports(run).items():
            if has(run, file):
                found[name] = table(run, file).collect()
    if decisions is not None:
        found[DECISIONS] = decisions.entries(run.run_id)
        if desk.outcomes:
            found |= entry(desk.outcomes)(decisions, run)
    return {f"{desk.name}_{name}": _stamped(rows, run) for name, rows in found.items()}


def _stamped(rows: pl.DataFrame, run: Run) -> pl.DataFrame:
    """The rows with the columns every table begins with, in types that every target has."""
    stamp = (
        pl.lit(run.run_id).alias(RUN_ID),
        pl.lit(run.as_of).alias(AS_OF),
        pl.lit(SCHEMA_VERSION, pl.Int64).alias(SCHEMA),
    )
    own = [_portable(name, kind) for name, kind in rows.schema.items() if name not in (RUN_ID, AS_OF, SCHEMA)]
    return rows.select(*stamp, *own)


def _portable(name: str, kind: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if kind in (pl.Categorical, pl.Enum):
        return column.cast(pl.String)
    if kind.is_unsigned_integer() or kind == pl.Int8:
        return column.cast(pl.Int64)
    if isinstance(kind, pl.Array):
        return column.arr.to_list()
    return column
