"""Review: a published run in words and figures, as one HTML page.

In: a published run. Out: a file.
"""

from pathlib import Path

from engine.errors import OutputError
from engine.outputs.growth import shapes
from engine.outputs.growth.explain import explained
from engine.outputs.growth.report import report
from engine.outputs.read import table
from engine.runs.registry import Run


def review(run: Run, file: Path) -> None:
    """Write the report of a run. Raises OutputError, and MissingGlyphError when a label cannot be drawn."""
    page = report(run, explained(run, table(run, shapes.AUDIT)))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{file} cannot be written: {error.strerror or error}") from error
