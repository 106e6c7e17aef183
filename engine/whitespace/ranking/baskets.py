"""Baskets: what every product says of every division, as of the day that is ranked.

In: tables. Out: a file a division, `baskets/mb_rules_<div>_<cutoff>.csv`.
"""

import datetime as dt

import polars as pl

from engine.settings.whitespace.features import FeatureSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.artifact import Artifact
from engine.whitespace.features.basket import rules
from engine.whitespace.features.ledger import gather
from engine.whitespace.features.state import State
from engine.whitespace.features.view import View
from engine.whitespace.slug import slug
from engine.whitespace.tables import Tables


def baskets(tables: Tables, cutoff: dt.date, state: State, settings: FeatureSettings) -> list[Artifact]:
    """The rules of every division. tables: as of the cutoff. Columns: see `features.basket.rules`, and division."""
    view = View(gather(tables), cutoff, state, settings)
    return [
        Artifact(
            f"baskets/mb_rules_{slug(division)}_{cutoff}.csv",
            rules(view, division).select(pl.lit(division).alias(v.DIVISION), pl.all()),
        )
        for division in view.ledger.divisions.cast(pl.String)
    ]
