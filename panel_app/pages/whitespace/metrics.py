"""Metrics: how good the chances are, out of time, of all divisions together and of each."""

from functools import partial
from typing import Any

import polars as pl

from engine.outputs.whitespace import charts, shapes
from engine.vocabulary import whitespace as v
from panel_app.language import say
from panel_app.pages.whitespace.sheet import Asked, Plan, Told

SUMMARY_COLUMNS = (
    "division",
    "backing",
    "champion",
    "positives",
    "prevalence",
    "average_precision",
    "auc",
    "lift@10",
    "brier_skill",
    "cal_mae",
    "relative_cal_error",
)
"""Of the table over all divisions."""
BACKED = {v.MODEL: "model-backed", v.HEURISTIC: "heuristic"}


def tell(asked: Asked) -> Told:
    """The table of all divisions, and of the chosen one what is behind it."""
    run = asked.run
    table = run.rows(shapes.METRICS)
    assert table is not None
    rows = [_row(asked, row) for row in table.to_dicts()]
    chosen = next((row for row in rows if row["name"] == asked.division), None)
    parts = {name: _part(asked, name) for name in (shapes.RELIABILITY, shapes.GAINS, shapes.YIELDS)}
    text = asked.render(
        "metrics.html",
        rows=rows,
        columns_shown=SUMMARY_COLUMNS,
        chosen=chosen,
        figures={name: value for name, value in (chosen or {}).items() if isinstance(value, int | float)},
        max_relative_error=run.setting("gauntlet", "max_relative_error"),
        yields=parts[shapes.YIELDS].to_dicts(),
        gains=parts[shapes.GAINS].to_dicts(),
        reliability=parts[shapes.RELIABILITY].to_dicts(),
    )
    drawings = {
        "Calibration": (shapes.RELIABILITY, charts.draw_reliability),
        "Gains": (shapes.GAINS, charts.draw_gains),
        "Coverage": (shapes.YIELDS, charts.draw_coverage),
    }
    drawn = {
        title: partial(draw, parts[name]) for title, (name, draw) in drawings.items() if not parts[name].is_empty()
    }
    return Told(text, drawn, (shapes.METRICS, *parts, "metrics_summary.csv"))


def _part(asked: Asked, name: str) -> pl.DataFrame:
    """The rows of a table that are of the chosen division; none where the run lacks it."""
    found = asked.run.of(name, asked.division)
    return pl.DataFrame() if found is None else found.drop("division")


def _row(asked: Asked, row: dict[str, Any]) -> dict[str, Any]:
    """A division with the words of its badge and a link that chooses it."""
    name = row["division"]
    return {
        **row,
        "name": name,
        "division": name or say("all together"),
        "backing": BACKED.get(row["backing"], row["backing"]),
        "href": asked.to(division=name),
    }


PLAN = Plan(
    "metrics",
    "Metrics",
    "How good the chances are on rows that no model saw: those of the calibration cutoff, by calibrators that did "
    "not see the row's customer.",
    tell,
    needs=shapes.METRICS,
    verb="train",
)
