"""Ablation: what the scores lose without the features nearest to the cutoff, and without the most important ones."""

from engine.outputs.whitespace import charts, shapes
from panel_app.pages.whitespace.readings import readings
from panel_app.pages.whitespace.sheet import Asked, Plan, Told

TOP_FAMILIES = "ablation_topk"
"""What the gauntlet files of families that were left out."""
FULL = "full"
"""The arm with every feature, that the others are held against."""
DIFFERENCE = "full_minus_auc"
TITLE = "AUC of all features less that of an arm"


def tell(asked: Asked) -> Told:
    """The arms of the chosen division, and the gauntlet's own ablation."""
    found = asked.run.of(shapes.ABLATION, asked.division)
    rows = [] if found is None else found.drop("division").to_dicts()
    filed = asked.run.filed(TOP_FAMILIES, "")
    text = asked.render(
        "ablation.html",
        rows=rows,
        readings=readings(asked, shapes.ABLATION_CHECKS),
        drops=filed[1]["drops"] if filed else [],
        max_loss=asked.run.setting("horizons", "ablation", "max_loss"),
        reliance=asked.run.setting("horizons", "ablation", "reliance"),
    )
    compared = [row for row in rows if row["variant"] != FULL]
    labels = [f"{row['variant']}, {row['holdout']}" for row in compared]
    drawn = {TITLE: lambda: charts.draw_estimates(labels, compared, DIFFERENCE, TITLE)} if compared else {}
    files = [name for name in asked.run.files if name.startswith("ablation/")]
    return Told(text, drawn, (shapes.ABLATION, shapes.ABLATION_CHECKS, *([filed[0]] if filed else []), *files))


PLAN = Plan(
    "ablation",
    "Ablation",
    "What the scores lose without features of the days before the cutoff (SAFE), on months far ahead: a model that "
    "does no better with them should not be given them.",
    tell,
    needs=shapes.ABLATION,
    verb="ablate",
)
