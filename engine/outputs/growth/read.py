"""Reading the boundary of a scaling."""

from typing import Any, Final

from engine.outputs.growth import shapes
from engine.outputs.read import facts
from engine.runs.registry import Run

STATEMENT: Final = "statement"
STATEMENT_BEFORE: Final = "says"
"""The same in runs of version 0.1.0."""


def boundary_report(run: Run) -> dict[str, Any]:
    """The boundary checks of a growth run, counted on its rows."""
    report = facts(run, shapes.BOUNDARY_REPORT)
    return {**report, "checks": [_named_as_today(check) for check in report["checks"]]}


def _named_as_today(check: dict[str, Any]) -> dict[str, Any]:
    """A check whose statement version 0.1.0 called `says`."""
    return {STATEMENT if name == STATEMENT_BEFORE else name: value for name, value in check.items()}
