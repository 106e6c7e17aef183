"""Basket: how much likelier than others the buyers of a customer's SKUs are to buy of the division, two months ago.

A SKU of the division itself says nothing and is left out, and so is the customer from all counts. Lifts are drawn to
one where few owners are expected (Poisson with a gamma prior). A directed lift counts of the SKU's buyers only those
who began with the division on a later day than with the SKU, as the lift of a sequential rule does (Agrawal and
Srikant 1995).
"""

from collections.abc import Iterator
from functools import partial

import numpy as np
import polars as pl

from engine.arrays import Floats, Integers
from engine.kernels import purchases
from engine.kernels.compiling import given
from engine.settings.whitespace.features import FeatureSettings
from engine.whitespace.features.column import Column, facts_of, window_facts
from engine.whitespace.features.registry import Feature
from engine.whitespace.features.spans import EXPOSURE
from engine.whitespace.features.state import State
from engine.whitespace.features.view import View, kept

FAMILY = "basket"
LIFTS = (
    ("mb_lift_max_lag60d", 0, False),
    ("mb_lift_mean_lag60d", 1, False),
    ("affinity__div__lift_topk__12m_lag60d", 2, False),
    ("mb_lift_max_directed_lag60d", 0, True),
    ("mb_lift_mean_directed_lag60d", 1, True),
)
"""Name, which of best, mean and top, and whether the order of both purchases counts."""


def declare(settings: FeatureSettings, state: State) -> Iterator[Column]:
    """The columns of the family."""
    facts = facts_of(FAMILY, "div") | window_facts(EXPOSURE, settings) | {"kind": "score"}
    for name, place, is_directed in LIFTS:
        yield Column(Feature(name, **facts), partial(_lift, place, is_directed))


def rules(view: View, division: str) -> pl.DataFrame:
    """What every SKU of enough support says of a division: `mb_rules_<div>_<cut>.csv`. Grain: SKU, sorted by it.

    Columns: sku, support (buyers), baseline_division_rate, lift (drawn to one).
    """
    place = int(np.flatnonzero(view.ledger.divisions.to_numpy() == division)[0])
    basket, both, buyers = _counts(view, is_directed=False)
    shoppers = int((np.diff(basket.starts) > 0).sum())
    rate = (basket.began[:, place] >= 0).sum() / max(shoppers, 1)
    weight = view.settings.lift_prior_owners
    items = np.flatnonzero((buyers >= view.settings.lift_support) & (basket.kind != place))
    return pl.DataFrame(
        {
            "sku": view.ledger.skus.gather(view.ledger.sku_of_item[items]),
            "support": buyers[items],
            "baseline_division_rate": np.full(items.size, rate),
            "lift": (both[items, place] + weight) / (rate * buyers[items] + weight),
        }
    ).sort("sku")


def _lift(place: int, is_directed: bool, view: View) -> Floats:
    return _lifts(view, is_directed=is_directed)[place]


@kept
def _lifts(view: View, *, is_directed: bool) -> tuple[Floats, Floats, Floats]:
    """The best lift, the mean and the sum of the largest ones, (n_customers, n_divisions) each."""
    basket, both, buyers = _counts(view, is_directed=is_directed)
    best, mean, top = (np.empty(view.ledger.shape) for _ in range(3))
    rule = purchases.Shrinkage(view.settings.lift_support, view.settings.lift_prior_owners)
    purchases.lifts(basket, both, buyers, rule, best, mean, top, view.settings.lift_top)
    return best, mean, top


@kept
def _counts(view: View, *, is_directed: bool) -> tuple[purchases.Basket, Integers, Integers]:
    """Who bought what; and by item how many of its buyers own each division, and how many buyers it has.

    is_directed: whether only those count as owners who began with the division later than with the item.
    """
    bought, kind, began = view.bought(EXPOSURE), view.ledger.division_of_item, view.began(EXPOSURE)
    since = bought.first if is_directed else np.full_like(bought.first, -1)
    basket = given(purchases.Basket(bought.starts(view.ledger.shape[0]), bought.item, since, kind, began))
    both, buyers = np.zeros((kind.size, began.shape[1]), np.int64), np.zeros(kind.size, np.int64)
    purchases.owners_by_item(basket, both, buyers)
    return basket, both, buyers
