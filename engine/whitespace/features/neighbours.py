"""Neighbours: which share of the most similar customers, and of the nearest on the map, buys of the division.

Similar: the cosine of the logarithms of order lines per division. Near: weighted by distance, half at a settled one.
A customer is never its own neighbour, so its own ownership does not enter, though its purchases decide who is alike.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np

from engine.arrays import Floats, Integers, Marks
from engine.kernels import purchases
from engine.kernels.neighbours import EARTH_RADIUS_KM
from engine.settings.whitespace.features import FeatureSettings
from engine.whitespace.features.column import Column, facts_of, window_facts
from engine.whitespace.features.ledger import LINES
from engine.whitespace.features.registry import Feature
from engine.whitespace.features.spans import LIFE, PREVIOUS
from engine.whitespace.features.state import State
from engine.whitespace.features.view import View, kept

FAMILY = "neighbours"


def declare(settings: FeatureSettings, state: State) -> Iterator[Column]:
    """The columns of the family."""
    facts = facts_of(FAMILY, "div") | {"kind": "share"}
    spans = ("24m", *(f"24m_off{days}d" for days in settings.offset_days if 24 in settings.windows_months))
    for span in spans:
        twin = spans[1] if span == "24m" and len(spans) > 1 else ""
        window = window_facts(span, settings)
        for name, values in (
            ("neighbours__div__owner_share", _similar_owners),
            ("neighbours__div__owner_likeness", _weighted_owners),
            ("nearby__div__owner_share", _near_owners),
        ):
            feature = Feature(f"{name}__{span}", twin=twin and f"{name}__{twin}", **facts, **window)
            yield Column(feature, partial(values, span))
    yield Column(
        Feature("neighbours__div__new_owner_share__12m", **facts, **window_facts("24m", settings)), _new_owners
    )
    yield Column(Feature("neighbours__div__owner_share__life", **facts), _alike_for_life)


@kept
def similar(view: View, span: str) -> tuple[Integers, Floats]:
    """The most similar customers of each, nearest first, and their likeness; -1 and NaN where there are fewer."""
    lines = np.log1p(view.sums("div", span, LINES))
    length = np.sqrt((lines * lines).sum(axis=1, keepdims=True))
    unit = np.divide(lines, length, out=np.zeros(lines.shape), where=length > 0)
    return _nearest(unit, np.ones(len(unit), np.bool_), view.settings.neighbours)


@kept
def near(view: View, span: str) -> tuple[Integers, Floats]:
    """The nearest customers with an order in the span, and the weights of their distances."""
    place = view.ledger.place
    north, east = np.radians(place[:, 0]), np.radians(place[:, 1])
    unit = np.column_stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)])
    others, likeness = _nearest(np.nan_to_num(unit, nan=0.0), view.buys(span), view.settings.nearby)
    km = EARTH_RADIUS_KM * np.arccos(np.clip(likeness, -1, 1))
    return others, 1 / (1 + km / view.settings.nearby_km)


def _nearest(unit: Floats, present: Marks, count: int) -> tuple[Integers, Floats]:
    others, likeness = np.empty((len(unit), count), np.int64), np.empty((len(unit), count))
    purchases.nearest(np.ascontiguousarray(unit), present, count, others, likeness)
    return others, likeness


def share_of_owners(others: Integers, weights: Floats, owners: Marks) -> Floats:
    """The weighted share of the others that own each division, (n_customers, n_divisions); NaN without others."""
    known = np.where(others >= 0, weights, 0.0)
    total = np.zeros(len(others))
    owned = np.zeros((len(others), owners.shape[1]))
    for place in range(others.shape[1]):
        total += known[:, place]
        owned += known[:, place, None] * owners[others[:, place]]
    values: Floats = np.divide(owned, total[:, None], out=np.full(owned.shape, np.nan), where=total[:, None] > 0)
    return values


def _similar_owners(span: str, view: View) -> Floats:
    others, likeness = similar(view, span)
    return share_of_owners(others, np.ones(likeness.shape), view.owns(span))


def _weighted_owners(span: str, view: View) -> Floats:
    others, likeness = similar(view, span)
    # The last of the neighbours counts for nothing, so that what counts is how much nearer the others are.
    spread = np.maximum(likeness - np.nanmin(likeness, axis=1, keepdims=True, initial=1.0), 0) + 1e-9
    return share_of_owners(others, spread, view.owns(span))


def _near_owners(span: str, view: View) -> Floats:
    others, weights = near(view, span)
    return share_of_owners(others, weights, view.owns(span))


def _new_owners(view: View) -> Floats:
    """The share of similar customers that bought of the division this year and not in the year before."""
    others, likeness = similar(view, "24m")
    return share_of_owners(others, np.ones(likeness.shape), view.owns("12m") & ~view.owns(PREVIOUS))


def _alike_for_life(view: View) -> Floats:
    """The share of those most alike in all that they ever bought that bought of the division this year."""
    others, likeness = similar(view, LIFE)
    return share_of_owners(others, np.ones(likeness.shape), view.owns("12m"))
