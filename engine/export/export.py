"""Export: a run and what was decided on it, into a folder of Parquet files, Delta tables or PostgreSQL.

In: a run and a target. Out: how many rows every table got. Twice is as once: the rows of a run are replaced.
"""

from collections.abc import Mapping
from pathlib import Path

from engine.decisions.store import Decisions
from engine.errors import InputError, Problem
from engine.export.delta import to_delta
from engine.export.files import to_folder, to_objects
from engine.export.postgresql import to_postgresql
from engine.export.tables import tables
from engine.places.place import LAKE, OBJECTS, Place
from engine.runs.registry import Run


def export(run: Run, target: Path | Place, decisions: Decisions | None = None) -> Mapping[str, int]:
    """Write what there is of a run to a target: rows by table, as `tables` names and makes them.

    decisions: None where nothing was ever decided. Raises InputError where the target is none that can be written,
    TryLaterError where it does not answer, OutputError, DamagedRunError.
    """
    if isinstance(target, Place):
        _refuse(target)
    found = tables(run, decisions)
    if isinstance(target, Path):
        to_folder(found, run.run_id, target)
    elif target.kind in OBJECTS:
        to_objects(found, run.run_id, target)
    elif target.kind == LAKE:
        to_delta(found, run.run_id, target)
    else:
        to_postgresql(found, run.run_id, target)
    return {name: rows.height for name, rows in found.items()}


def _refuse(target: Place) -> None:
    if target.kind not in (*OBJECTS, LAKE, "postgresql"):
        advice = "name a folder, an object store, delta+… or postgresql://"
        raise InputError([Problem(str(target), "is read, and not exported to", advice)])
    if target.names_one_table:
        advice = "leave table out, or write {table} in it for the name of each"
        raise InputError([Problem(str(target), "names one table for all", advice)])
