"""Taste: how like the division's mix of categories a customer's purchases of other divisions are, within a year."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from engine.arrays import Floats, Integers
from engine.kernels import purchases
from engine.kernels.compiling import given
from engine.settings.whitespace.features import FeatureSettings
from engine.whitespace.features.column import Column, facts_of, window_facts
from engine.whitespace.features.ledger import LINES
from engine.whitespace.features.registry import Feature
from engine.whitespace.features.state import State
from engine.whitespace.features.view import View

FAMILY = "taste"


def declare(settings: FeatureSettings, state: State) -> Iterator[Column]:
    """The columns of the family."""
    facts = facts_of(FAMILY, "div") | {"kind": "share"}
    offsets = tuple(f"12m_off{days}d" for days in settings.offset_days if 12 in settings.windows_months)
    for level in ("category", "family"):
        for span in ("12m", *offsets):
            name = f"taste__div__{level}_likeness"
            twin = f"{name}__{offsets[0]}" if span == "12m" and offsets else ""
            feature = Feature(f"{name}__{span}", twin=twin, **facts, **window_facts(span, settings))
            yield Column(feature, partial(_likeness, level, span))


def _likeness(level: str, span: str, view: View) -> Floats:
    categories, count = _categories(level, view)
    bought, division = view.bought(span), view.ledger.division_of_item
    starts = bought.starts(view.ledger.shape[0])
    tastes = given(
        purchases.Tastes(starts, bought.item, np.ascontiguousarray(bought.sums[:, LINES]), division, categories)
    )
    likeness = np.empty(view.ledger.shape)
    purchases.taste_likeness(tastes, _mix(tastes, (view.ledger.shape[1], count)), likeness)
    return likeness


def _categories(level: str, view: View) -> tuple[Integers, int]:
    """The category of every item as a code, -1 where unknown, and how many there are."""
    named = view.ledger.skus_known[level]
    levels = named.drop_nulls().unique().sort().to_list()
    code = {name: place for place, name in enumerate(levels)}
    of_sku = np.array([code.get(name, -1) for name in named], np.int64)
    return of_sku[view.ledger.sku_of_item], len(levels)


def _mix(tastes: purchases.Tastes, shape: tuple[int, int]) -> Floats:
    """Lines of all customers by division and category, of length one."""
    mix = np.zeros(shape)
    known = tastes.category[tastes.item] >= 0
    item = tastes.item[known]
    np.add.at(mix, (tastes.division[item], tastes.category[item]), tastes.lines[known])
    length = np.sqrt((mix * mix).sum(axis=1, keepdims=True))
    values: Floats = np.divide(mix, length, out=np.zeros(shape), where=length > 0)
    return values
