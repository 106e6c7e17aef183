"""Basket: how much likelier than others the buyers of a customer's SKUs are to buy of the division, two months ago.

A SKU of the division itself says nothing and is left out, and so is the customer from all counts. Lifts are drawn to
one where few owners are expected (Poisson with a gamma prior).
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


def declare(settings: FeatureSettings, state: State) -> Iterator[Column]:
    """The columns of the family."""
    facts = facts_of(FAMILY, "div") | window_facts(EXPOSURE, settings) | {"kind": "score"}
    for place, name in enumerate(
        ("mb_lift_max_lag60d", "mb_lift_mean_lag60d", "affinity__div__lift_topk__12m_lag60d")
    ):
        yield Column(Feature(name, **facts), partial(_lift, place))


def rules(view: View, division: str) -> pl.DataFrame:
    """What every SKU of enough support says of a division: `mb_rules_<div>_<cut>.csv`. Grain: SKU, sorted by it.

    Columns: sku, support (buyers), baseline_division_rate, lift (drawn to one).
    """
    place = int(np.flatnonzero(view.ledger.divisions.to_numpy() == division)[0])
    basket, both, buyers = _counts(view)
    shoppers = int((np.diff(basket.starts) > 0).sum())
    rate = basket.owns[:, place].sum() / max(shoppers, 1)
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


def _lift(place: int, view: View) -> Floats:
    return _lifts(view)[place]


@kept
def _lifts(view: View) -> tuple[Floats, Floats, Floats]:
    """The best lift, the mean and the sum of the largest ones, (n_customers, n_divisions) each."""
    basket, both, buyers = _counts(view)
    best, mean, top = (np.empty(view.ledger.shape) for _ in range(3))
    rule = purchases.Shrinkage(view.settings.lift_support, view.settings.lift_prior_owners)
    purchases.lifts(basket, both, buyers, rule, best, mean, top, view.settings.lift_top)
    return best, mean, top


@kept
def _counts(view: View) -> tuple[purchases.Basket, Integers, Integers]:
    """Who bought what; and by item how many of its buyers own each division, and how many buyers it has."""
    bought, kind = view.bought(EXPOSURE), view.ledger.division_of_item
    owns = view.owns(EXPOSURE).astype(np.int64)
    basket = given(purchases.Basket(bought.starts(view.ledger.shape[0]), bought.item, kind, owns))
    both, buyers = np.zeros((kind.size, owns.shape[1]), np.int64), np.zeros(kind.size, np.int64)
    purchases.owners_by_item(basket, both, buyers)
    return basket, both, buyers
