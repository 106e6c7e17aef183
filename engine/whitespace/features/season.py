"""Season: which share of two years' order lines falls into each quarter of the year, drawn to a quarter each."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from engine.arrays import Floats
from engine.settings.whitespace.features import FeatureSettings
from engine.whitespace.features.column import Column, facts_of, window_facts
from engine.whitespace.features.ledger import LINES
from engine.whitespace.features.registry import Feature
from engine.whitespace.features.state import State
from engine.whitespace.features.view import View

FAMILY = "season"


def declare(settings: FeatureSettings, state: State) -> Iterator[Column]:
    """The columns of the family."""
    for quarter in range(1, 5):
        feature = Feature(
            f"season__all__q{quarter}_share__24m",
            kind="share",
            **facts_of(FAMILY, "all"),
            **window_facts("24m", settings),
        )
        yield Column(feature, partial(_share, quarter))


def _share(quarter: int, view: View) -> Floats:
    parts = [span for span in view.spans if span.startswith(f"quarter{quarter}_")]
    lines = np.sum([view.sums("all", span, LINES) for span in parts], axis=0)
    whole, prior = view.sums("all", "24m", LINES), view.settings.season_prior_lines
    return np.where(whole > 0, (lines + prior / 4) / (whole + prior), np.nan)
