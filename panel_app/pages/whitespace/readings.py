"""Readings: what a check measured, beside its bound, as the pages list it.

In: rows of a table of checks, or of a report. Out: rows whose interval stands with the figure.
"""

from collections.abc import Mapping
from typing import Any

from panel_app.pages.whitespace.sheet import Asked


def readings(asked: Asked, name: str) -> list[dict[str, Any]]:
    """What a table of checks says of the chosen division; nothing where the run has no such table."""
    found = asked.run.of(name, asked.division)
    return [] if found is None else [reading(row) for row in found.iter_rows(named=True)]


def reading(row: Mapping[str, Any]) -> dict[str, Any]:
    """One measure: the buyers that would settle it are told where there are too few."""
    return {
        **{name: row[name] for name in ("check", "measure", "status")},
        "figure": row["value"],
        "figure_low": row["low"],
        "figure_high": row["high"],
        **{name: row[name] for name in ("bound", "positives", "note")},
        "positives_needed": row["positives_needed"] if row["low_power"] else None,
    }
