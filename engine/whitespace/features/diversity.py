"""Diversity: how many different SKUs a customer bought, of everything and of the division."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from engine.arrays import Floats
from engine.settings.whitespace.features import FeatureSettings
from engine.whitespace.features.column import SCOPES, Column, facts_of, twin_of, window_facts, window_names
from engine.whitespace.features.registry import Feature
from engine.whitespace.features.spans import RATE
from engine.whitespace.features.state import State
from engine.whitespace.features.view import Scope, View

FAMILY = "diversity"


def declare(settings: FeatureSettings, state: State) -> Iterator[Column]:
    """The columns of the family."""
    for scope in SCOPES:
        for span in _spans(settings):
            name = f"diversity__{scope}__sku_nunique"
            other = twin_of(span, settings)
            feature = Feature(
                f"{name}__{span}",
                kind="count",
                twin=other and f"{name}__{other}",
                **facts_of(FAMILY, scope),
                **window_facts(span, settings),
            )
            yield Column(feature, partial(_different_skus, scope, span))


def _spans(settings: FeatureSettings) -> tuple[str, ...]:
    return (*window_names(settings), RATE)


def _different_skus(scope: Scope, span: str, view: View) -> Floats:
    names = _spans(view.settings)
    counts = view.items(names)[:, :, names.index(span)]
    return (counts if scope == "div" else counts.sum(axis=1)).astype(np.float64)
