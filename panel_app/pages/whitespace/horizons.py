"""Horizons: how a model that was frozen earlier does, month end after month end, beside one that is fitted anew."""

import polars as pl

from engine.outputs.whitespace import charts, shapes
from panel_app.pages.whitespace.readings import readings
from panel_app.pages.whitespace.sheet import Asked, Plan, Told

ACROSS, BY = "horizon_days", "curve"
FIGURES = ("auc", "average_precision", "lift@10", "brier")
"""What is drawn, of those that there are."""


OVERLAP = "labels overlap"


def tell(asked: Asked) -> Told:
    """The curves of the chosen division, and their numbers."""
    found = asked.run.of(shapes.HORIZON, asked.division)
    assert found is not None
    rows = found.drop("division")
    first = _first_overlapping(rows)
    zone = None if first is None else (OVERLAP, first, 0.0)
    drawn = {
        name: lambda name=name: charts.draw_lines(rows, [name], ACROSS, BY, name.replace("_", " "), zone)
        for name in FIGURES
        if name in rows.columns and rows[name].count()
    }
    files = [name for name in asked.run.files if name.startswith("prequential/")]
    checks = readings(asked, shapes.PREQUENTIAL_CHECKS)
    text = asked.render("horizons.html", rows=rows.to_dicts(), readings=checks, is_shaded=zone is not None)
    return Told(text, drawn, (shapes.HORIZON, shapes.PREQUENTIAL_CHECKS, *files))


def _first_overlapping(rows: pl.DataFrame) -> float | None:
    """The horizon of the first month end that is not out of time; None where all are, as in runs that do not say."""
    if "is_out_of_time" not in rows.columns:
        return None
    days = rows.filter(~pl.col("is_out_of_time"))[ACROSS]
    return float(days.to_numpy().min()) if days.len() else None


PLAN = Plan(
    "horizons",
    "Horizons",
    "How a frozen model ages: days are counted from the end of the last label that it learned from. Where the model "
    "that is fitted anew falls as well, the months are hard for any.",
    tell,
    needs=shapes.HORIZON,
    verb="prequential",
)
