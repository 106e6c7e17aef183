"""Export: published decisions in words, as many as there are, without holding them in memory.

In: a published run. Out: a file.
"""

from pathlib import Path

import polars as pl

from engine.errors import InputError, OutputError, Problem
from engine.growth.publish import FORMS, write_explained
from engine.outputs.growth import shapes
from engine.outputs.growth.explain import explained
from engine.outputs.read import table
from engine.runs.registry import Run


def export(run: Run, file: Path, *, everyone: bool) -> int:
    """Write the recommendations of a run with their texts; CSV, Parquet or Markdown, as the file is called.

    everyone: every candidate instead, also those that got nothing. Returns the rows. Raises OutputError, and
    InputError for a file of another kind.
    """
    if file.suffix not in FORMS:
        problem = Problem(
            str(file), "is no file that can be exported to", f"name one that ends in {', '.join(FORMS)}"
        )
        raise InputError([problem])
    audit = table(run, shapes.AUDIT)
    rows = audit if everyone else audit.filter(pl.col("recommended_adjustment_quantity") > 0)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return write_explained(explained(run, rows), [file])
    except OSError as error:
        raise OutputError(f"{file} cannot be written: {error.strerror or error}") from error
