"""Reading a whitespace run: its tables, and what single checks filed, each None or empty where the run has none.

A run holds what its verbs did: a run of the gauntlet alone has no ranking.
"""

from typing import Any, Final

import polars as pl

from engine.outputs import read
from engine.outputs.spreadsheet import restored
from engine.runs.registry import Run

TEXTS: Final = (
    "customer_id", "customer_name", "division", "division_name", "largest_division", "group", "feature", "segment",
)  # fmt: skip
"""Columns of a CSV that are text, whatever they look like."""
LEAKAGE: Final = "leakage"
"""Where the gauntlet files what its checks found."""
REPORT: Final = "leakage_report"
"""The verdict of the gauntlet, as `filed` finds it."""


def rows(run: Run, name: str) -> pl.DataFrame | None:
    """A table by its file; None where the run has none. Raises DamagedRunError."""
    if not read.has(run, name):
        return None
    with read.raising_damage(run):
        return table(run, name).collect()


def table(run: Run, name: str) -> pl.LazyFrame:
    """A table that the run has, Parquet or CSV, not read yet. Raises DamagedRunError."""
    with read.raising_damage(run):
        return read.table(run, name) if name.endswith(".parquet") else _csv(run, name)


def facts(run: Run, name: str) -> dict[str, Any] | None:
    """A JSON file; None where the run has none. Raises DamagedRunError."""
    return read.facts(run, name) if read.has(run, name) else None


def has_any(run: Run, pattern: str) -> bool:
    """Whether a run has a file whose path fits a pattern, such as `cards/*.json`."""
    return any(run.folder.glob(pattern))


def files(run: Run) -> list[str]:
    """Everything that was published, by path, sorted."""
    return run.names


def filed(run: Run, stem: str, folder: str = LEAKAGE) -> dict[str, tuple[str, dict[str, Any]]]:
    """What a stage filed of each division, empty for all together: the path, and its content.

    stem: what the names of its files begin with. folder: that holds one of each division. Raises DamagedRunError.
    """
    found = {}
    for file in sorted((run.folder / folder).glob(f"*/*/{stem}*.json")):
        if _is_of(file.stem, stem):
            name = file.relative_to(run.folder).as_posix()
            content = read.facts(run, name)
            # Folders are named by slugs: the division stands in the content, of all together where it does not.
            found[str(content.get("division", ""))] = (name, content)
    return found


def _is_of(name: str, stem: str) -> bool:
    """Whether a file is of a kind and not of one whose name is longer, such as a summary."""
    rest = name.removeprefix(stem)
    return rest == "" or (rest.startswith("_") and not rest.startswith("_summary"))


def _csv(run: Run, name: str) -> pl.LazyFrame:
    file = run.file(name)
    columns = pl.scan_csv(file, infer_schema_length=0).collect_schema().names()
    kinds = {column: pl.String for column in columns if column in TEXTS}
    frame = pl.scan_csv(file, schema_overrides=kinds, infer_schema_length=None, try_parse_dates=True)
    return frame.with_columns(
        restored(column) for column, kind in frame.collect_schema().items() if kind == pl.String
    )
