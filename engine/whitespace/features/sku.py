"""SKU: what a customer bought within a year of each of the SKUs that most customers buy."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from engine.arrays import Floats, Integers
from engine.settings.whitespace.features import FeatureSettings
from engine.whitespace.features.column import Column, facts_of, window_facts
from engine.whitespace.features.ledger import GROSS_PROFIT, QUANTITY
from engine.whitespace.features.registry import Feature
from engine.whitespace.features.state import State
from engine.whitespace.features.view import View, kept
from engine.whitespace.features.windows import over
from engine.whitespace.slug import slug

FAMILY = "sku"


def declare(settings: FeatureSettings, state: State) -> Iterator[Column]:
    """The columns of the family."""
    facts = facts_of(FAMILY, "all") | window_facts("12m", settings)
    for sku in state.vocabularies["skus"]:
        mark = slug(sku)
        yield Column(Feature(f"sku_gp_12m_{mark}", kind="money", **facts), partial(_profit, sku))
        yield Column(Feature(f"sku_qty_12m_{mark}", kind="count", **facts), partial(_quantity, sku))
        yield Column(Feature(f"sku_gp_per_unit_12m_{mark}", kind="money", **facts), partial(_profit_per_unit, sku))


@kept
def _sums(view: View, sku: str) -> Integers:
    """The measures of a SKU by customer, zeros where none is delivered any more, (n_customers, n_measures)."""
    bought, place = view.bought("12m"), view.ledger.skus.index_of(sku)
    rows = view.ledger.sku_of_item[bought.item] == (-1 if place is None else place)
    sums = np.zeros((view.ledger.shape[0], bought.sums.shape[1]), np.int64)
    np.add.at(sums, bought.customer[rows], bought.sums[rows])
    return sums


def _profit(sku: str, view: View) -> Floats:
    values: Floats = _sums(view, sku)[:, GROSS_PROFIT] / 100
    return values


def _quantity(sku: str, view: View) -> Floats:
    return _sums(view, sku)[:, QUANTITY].astype(np.float64)


def _profit_per_unit(sku: str, view: View) -> Floats:
    return over(_profit(sku, view), _quantity(sku, view))
