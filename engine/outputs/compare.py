"""Compare: what changed between two runs of one desk, in the form that every desk tells it."""

from dataclasses import dataclass
from typing import Any

from engine.outputs.read import summary
from engine.outputs.shown import Grid
from engine.runs.registry import Run


@dataclass(frozen=True)
class Change:
    """Two runs side by side. figures: key, old, new. sentence: the change in words. lists: what came, what went."""

    figures: list[tuple[str, Any, Any]]
    sentence: str
    lists: tuple[Grid, ...]


def key_figures(old: Run, new: Run) -> list[tuple[str, Any, Any]]:
    """The figures of two summaries that are one number or text each: key, old, new; None where one lacks it."""
    before, after = summary(old), summary(new)
    return [(key, before.get(key), value) for key, value in after.items() if isinstance(value, int | float | str)]
