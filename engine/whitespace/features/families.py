"""Families: every family of features by its name in the settings; each lies in a file of its name."""

from collections.abc import Callable, Iterator, Mapping

from engine.settings.whitespace.features import FeatureSettings
from engine.whitespace.features import (
    assets,
    basket,
    contacts,
    cross_division,
    diversity,
    embeddings,
    encoders,
    firmographics,
    lifecycle,
    missing,
    neighbours,
    popularity,
    recency,
    returns,
    season,
    sku,
    taste,
    trajectory,
    windows,
)
from engine.whitespace.features.column import Column
from engine.whitespace.features.registry import Feature
from engine.whitespace.features.state import State

FAMILIES: Mapping[str, Callable[[FeatureSettings, State], Iterator[Column]]] = {
    "windows": windows.declare,
    "recency": recency.declare,
    "lifecycle": lifecycle.declare,
    "season": season.declare,
    "trajectory": trajectory.declare,
    "cross_division": cross_division.declare,
    "diversity": diversity.declare,
    "returns": returns.declare,
    "sku": sku.declare,
    "basket": basket.declare,
    "embeddings": embeddings.declare,
    "neighbours": neighbours.declare,
    "popularity": popularity.declare,
    "encoders": encoders.declare,
    "taste": taste.declare,
    "assets": assets.declare,
    "contacts": contacts.declare,
    "firmographics": firmographics.declare,
}
"""All but the flags of what is missing, which are made of the others."""


def columns(settings: FeatureSettings, state: State) -> Iterator[Column]:
    """Every feature with its computation, family by family."""
    own = [
        column for family in settings.families if family in FAMILIES for column in FAMILIES[family](settings, state)
    ]
    yield from own
    if missing.FAMILY in settings.families:
        yield from missing.declare(own, state)


def registry(settings: FeatureSettings, state: State) -> tuple[Feature, ...]:
    """Every feature, in the order of the families."""
    return tuple(column.feature for column in columns(settings, state))
