"""What changed between two nights: new cases, cases that are gone, and the money on both sides."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from engine.outputs.read import summary, table, telling_of_damage
from engine.outputs.shelf import shapes
from engine.runs.registry import Run
from engine.vocabulary import shelf as v

COLUMNS = ("case_id", "status", "revenue_at_risk", "primary_cause", "recommended_action")


@dataclass(frozen=True)
class Comparison:
    """Two nights side by side. opened, gone: open cases of one night only, dearest first. figures: key, old, new."""

    old: Run
    new: Run
    opened: pl.DataFrame
    gone: pl.DataFrame
    still_open: int
    figures: list[tuple[str, Any, Any]]


def compare(old: Run, new: Run) -> Comparison:
    """Compare the open cases and the key figures of two runs."""
    with telling_of_damage(old):
        before = _open_cases(old)
    with telling_of_damage(new):
        after = _open_cases(new)
    opened = after.join(before, on="case_id", how="anti")
    gone = before.join(after, on="case_id", how="anti")
    figures_before, figures_after = summary(old), summary(new)
    figures = [
        (key, figures_before.get(key), value)
        for key, value in figures_after.items()
        if isinstance(value, int | float | str)
    ]
    return Comparison(old, new, _dearest(opened), _dearest(gone), after.height - opened.height, figures)


def _open_cases(run: Run) -> pl.DataFrame:
    return table(run, shapes.CASES).filter(pl.col("status") == v.OPEN).select(COLUMNS).collect()


def _dearest(cases: pl.DataFrame) -> pl.DataFrame:
    return cases.sort("revenue_at_risk", "case_id", descending=[True, False], nulls_last=True)
