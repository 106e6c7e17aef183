"""Encoders: how common the division is among the other customers of an industry, region, city or size.

The customer itself is left out; a rare level is drawn to the rate of all others, that of an industry's part to the
industry's. Rates are of customers; shares are of profit, each customer's capped, drawn by a prior in money.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np

from engine.arrays import Floats, Integers
from engine.settings.whitespace.features import FeatureSettings
from engine.whitespace.features.column import Column, facts_of, window_facts
from engine.whitespace.features.ledger import GROSS_PROFIT
from engine.whitespace.features.registry import Feature
from engine.whitespace.features.state import State
from engine.whitespace.features.view import View, kept

FAMILY = "encoders"
LEVELS = ("industry", "industry_sub", "region", "city", "size")
PARENTS = {"industry_sub": "industry", "city": "region"}


def declare(settings: FeatureSettings, state: State) -> Iterator[Column]:
    """The columns of the family: of what any customer of the training rows had."""
    facts = facts_of(FAMILY, "div") | {"kind": "share"}
    offsets = tuple(f"24m_off{days}d" for days in settings.offset_days if 24 in settings.windows_months)
    for level in LEVELS:
        if not state.vocabularies[level]:
            continue
        for span in ("24m", *offsets):
            window = window_facts(span, settings)
            for name, values in (("tx_rate", _rates), ("gp_share", _shares)):
                twin = f"enc__{level}__{name}_{offsets[0]}_smooth" if span == "24m" and offsets else ""
                feature = Feature(f"enc__{level}__{name}_{span}_smooth", twin=twin, **facts, **window)
                yield Column(feature, partial(values, level, span))


def _rates(level: str, span: str, view: View) -> Floats:
    """Share of the others that buy of the division, among those that buy."""
    owns, buys = view.owns(span).astype(np.float64), view.buys(span).astype(np.float64)
    return _smoothed(level, owns, buys, view.settings.encoder_prior_customers, view)


def _shares(level: str, span: str, view: View) -> Floats:
    """The division's share of the profit that is made with the others."""
    profit = np.clip(view.sums("div", span, GROSS_PROFIT), 0, view.state.pair_profit_cap)
    weight = view.settings.encoder_prior_customers * view.state.customer_profit
    # In whole cents, so that sums are the same in whatever order.
    cents = np.round(100 * profit)
    return _smoothed(level, cents, cents.sum(axis=1), 100 * weight, view)


def _smoothed(level: str, parts: Floats, wholes: Floats, weight: float, view: View) -> Floats:
    """Parts over wholes of the other customers of the level, drawn to its parent level, or to all others."""
    everyone = np.zeros(len(parts), np.int64)
    prior = _of_others(everyone, parts, wholes, 0.0, np.zeros(parts.shape))
    for step in (PARENTS.get(level), level):
        if step is not None:
            rates = _of_others(_codes(view, step), parts, wholes, weight, prior)
            prior = np.where(np.isnan(rates), prior, rates)
    return np.where(_codes(view, level)[:, None] >= 0, prior, np.nan)


def _of_others(codes: Integers, parts: Floats, wholes: Floats, weight: float, prior: Floats) -> Floats:
    """Parts over wholes of the others with the same code, with the weight of a prior; NaN without a code."""
    known = np.flatnonzero(codes >= 0)
    here, size = codes[known], int(codes.max(initial=-1)) + 1
    part_of_code, whole_of_code = np.zeros((size, parts.shape[1])), np.zeros(size)
    np.add.at(part_of_code, here, parts[known])
    np.add.at(whole_of_code, here, wholes[known])
    part = part_of_code[here] - parts[known] + weight * prior[known]
    whole = (whole_of_code[here] - wholes[known] + weight)[:, None]
    rates = np.full(parts.shape, np.nan)
    rates[known] = np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)
    return rates


@kept
def _codes(view: View, level: str) -> Integers:
    """The level of every customer as a code, -1 where unknown."""
    named = view.ledger.customers_known[level]
    code = {name: place for place, name in enumerate(named.drop_nulls().unique().sort())}
    return np.array([code.get(name, -1) for name in named], np.int64)
