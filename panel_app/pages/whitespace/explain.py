"""Explainability: what the models look at, and what every feature is.

The address holds the words that features are found by (`find`) and their family (`family`).
"""

from pathlib import PurePosixPath

import polars as pl

from engine.outputs.whitespace import charts, shapes
from panel_app.pages.whitespace.sheet import Asked, Plan, Told
from panel_app.state import pages_beside

SHOWN = 20
"""Features of the table of importance."""
OF_MODELS = ("coef_", "shap_")
"""What the names of files begin with that tell of a model's features."""


def tell(asked: Asked) -> Told:
    """What matters in the chosen division, or on average over all of them, and the guide to features."""
    run = asked.run
    importance, guide = _importance(asked), run.rows(shapes.FEATURES)
    families = [] if guide is None else guide["family"].unique().sort().to_list()
    found = pl.DataFrame() if guide is None else _found(asked, guide)
    rows, pages = asked.session.settings.page_rows, max(-(-found.height // asked.session.settings.page_rows), 1)
    at = min(asked.view.at, pages)
    text = asked.render(
        "explain.html",
        importance=importance.head(SHOWN).to_dicts(),
        division=asked.division,
        features=found.slice((at - 1) * rows, rows).to_dicts(),
        count=found.height,
        families=families,
        chosen={key: asked.text(key) for key in ("find", "family")},
        at=at,
        pages=pages,
        turn={name: asked.to(at=place) for name, place in pages_beside(at, pages).items()},
    )
    drawn = {"What the model looks at": lambda: charts.draw_importance(importance)}
    further = [name for name in run.files if PurePosixPath(name).name.startswith(OF_MODELS)]
    files = (shapes.IMPORTANCE, shapes.FEATURES, *further)
    return Told(text, drawn if importance.height else {}, files)


def _importance(asked: Asked) -> pl.DataFrame:
    """Feature, share and weight, the most important first. Of all divisions together: the mean share, no weight."""
    table = asked.run.rows(shapes.IMPORTANCE)
    assert table is not None
    if asked.division:
        ours = table.filter(pl.col("division").cast(pl.String) == asked.division).drop("division")
    else:
        divisions = max(table["division"].n_unique(), 1)
        ours = table.group_by("feature").agg(share=pl.col("share").sort().sum() / divisions)
    return ours.filter(pl.col("share") > 0).sort("share", "feature", descending=[True, False])


def _found(asked: Asked, guide: pl.DataFrame) -> pl.DataFrame:
    name, family = pl.col("name").str.to_lowercase(), asked.text("family")
    wanted = [name.str.contains(word, literal=True) for word in asked.text("find").casefold().split()]
    wanted += [pl.col("family") == family] if family else []
    return guide.filter(*wanted)


PLAN = Plan(
    "explain",
    "Explainability",
    "What the models look at, and what every feature is: where it comes from, over which days, and how much of the "
    "newest cutoff has it.",
    tell,
    needs=shapes.IMPORTANCE,
    verb="train",
    keys=("find", "family"),
)
