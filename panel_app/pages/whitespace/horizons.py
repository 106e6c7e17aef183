"""Horizons: how a model that was frozen earlier does, month end after month end, beside one that is fitted anew."""

from engine.outputs.whitespace import charts, shapes
from panel_app.pages.whitespace.readings import readings
from panel_app.pages.whitespace.sheet import Asked, Plan, Told

ACROSS, BY = "horizon_days", "curve"
FIGURES = ("auc", "average_precision", "lift@10", "brier")
"""What is drawn, of those that there are."""


def tell(asked: Asked) -> Told:
    """The curves of the chosen division, and their numbers."""
    found = asked.run.of(shapes.HORIZON, asked.division)
    assert found is not None
    rows = found.drop("division")
    drawn = {
        name: lambda name=name: charts.draw_lines(rows, [name], ACROSS, BY, name.replace("_", " "))
        for name in FIGURES
        if name in rows.columns and rows[name].count()
    }
    files = [name for name in asked.run.files if name.startswith("prequential/")]
    text = asked.render("horizons.html", rows=rows.to_dicts(), readings=readings(asked, shapes.PREQUENTIAL_CHECKS))
    return Told(text, drawn, (shapes.HORIZON, shapes.PREQUENTIAL_CHECKS, *files))


PLAN = Plan(
    "horizons",
    "Horizons",
    "How a frozen model ages: days are counted from the end of the last label that it learned from. Where the model "
    "that is fitted anew falls as well, the months are hard for any.",
    tell,
    needs=shapes.HORIZON,
    verb="prequential",
)
