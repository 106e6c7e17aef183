"""Reading the boundary of a scaling."""

from typing import Any

from engine.outputs.growth import shapes
from engine.outputs.read import facts
from engine.runs.registry import Run


def boundary_report(run: Run) -> dict[str, Any]:
    """The boundary checks of a growth run, counted on its rows."""
    return facts(run, shapes.BOUNDARY_REPORT)
