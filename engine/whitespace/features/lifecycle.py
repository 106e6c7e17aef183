"""Lifecycle: how long a customer buys, how regularly, how overdue it is, and whether it likely still is one.

Intervals are between days with an order, so that two lines of one day are no interval. P(alive) and the expected
orders of the next half year are those of BG/NBD (Fader, Hardie and Lee 2005), with rates fitted on training rows.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np

from engine.arrays import Floats
from engine.kernels.purchases import FIRST, LAST, MONTHS, ORDERS, TWICE_MEDIAN_GAP
from engine.settings.whitespace.features import FeatureSettings
from engine.whitespace.features import bgnbd
from engine.whitespace.features.column import SCOPES, Column, Facts, facts_of
from engine.whitespace.features.registry import Feature
from engine.whitespace.features.spans import MONTH_DAYS
from engine.whitespace.features.state import State
from engine.whitespace.features.view import RHYTHM_MONTHS, Scope, View

FAMILY = "lifecycle"
BUCKETS = {"lt3m": (-1, 90), "3to6m": (90, 180), "6to12m": (180, 365), "1to2y": (365, 730), "ge2y": (730, None)}
"""Days of tenure, above and up to, by bucket."""
START_DAYS = 31
"""A first order so soon after the first of anybody: the customer may well be older than the data."""


def declare(settings: FeatureSettings, state: State) -> Iterator[Column]:
    """The columns of the family."""
    for scope in SCOPES:
        facts = facts_of(FAMILY, scope)
        yield from _tenure(scope, facts)
        yield from _cadence(scope, facts)
    facts = facts_of(FAMILY, "all")
    for bucket, (above, up_to) in BUCKETS.items():
        feature = Feature(f"lifecycle__all__tenure_{bucket}__life", kind="flag", **facts)
        yield Column(feature, partial(_in_bucket, above, up_to))
    yield Column(Feature("lifecycle__all__tenure_is_cut__life", kind="flag", **facts), _tenure_is_cut)


def _tenure(scope: Scope, facts: Facts) -> Iterator[Column]:
    days = Feature(
        f"lifecycle__{scope}__tenure_days__life", kind="days", monotone=1 if scope == "all" else 0, **facts
    )
    yield Column(days, partial(_tenure_days, scope))
    months = Feature(f"lifecycle__{scope}__tenure_months__life", kind="days", **facts)
    yield Column(months, lambda view: _tenure_days(scope, view) / MONTH_DAYS)


def _cadence(scope: Scope, facts: Facts) -> Iterator[Column]:
    name = f"lifecycle__{scope}"
    yield Column(Feature(f"{name}__order_days__life", kind="count", **facts), partial(_orders, scope))
    yield Column(Feature(f"{name}__ipi_median_days__life", kind="days", **facts), partial(_median_gap, scope))
    yield Column(Feature(f"{name}__ipi_mean_days__life", kind="days", **facts), partial(_mean_gap, scope))
    yield Column(Feature(f"{name}__last_gap_days__life", kind="days", **facts), partial(_last_gap, scope))
    months = Feature(f"{name}__active_months__24m", kind="count", window_days=RHYTHM_MONTHS * MONTH_DAYS, **facts)
    yield Column(months, partial(_active_months, scope))
    yield Column(Feature(f"{name}__overdue_log_ratio__life", kind="score", **facts), partial(_overdue, scope))
    yield Column(Feature(f"{name}__p_alive__life", kind="share", **facts), partial(_alive, scope))
    yield Column(Feature(f"{name}__expected_tx__6m", kind="score", **facts), partial(_expected, scope))


def _rhythm(scope: Scope, column: int, view: View) -> Floats:
    values = view.shaped(scope, view.rhythm(scope)[:, column].astype(np.float64))
    return np.where(values < 0, np.nan, values)


def _tenure_days(scope: Scope, view: View) -> Floats:
    return view.today - _rhythm(scope, FIRST, view)


def _in_bucket(above: int, up_to: int | None, view: View) -> Floats:
    days = _tenure_days("all", view)
    inside = (days > above) & (days <= (np.inf if up_to is None else up_to))
    return np.where(np.isnan(days), np.nan, inside)


def _tenure_is_cut(view: View) -> Floats:
    first = _rhythm("all", FIRST, view)
    return np.where(np.isnan(first), np.nan, first <= view.start + START_DAYS)


def _orders(scope: Scope, view: View) -> Floats:
    return _rhythm(scope, ORDERS, view)


def _median_gap(scope: Scope, view: View) -> Floats:
    return _rhythm(scope, TWICE_MEDIAN_GAP, view) / 2


def _mean_gap(scope: Scope, view: View) -> Floats:
    orders = _orders(scope, view)
    between = _rhythm(scope, LAST, view) - _rhythm(scope, FIRST, view)
    values: Floats = np.divide(between, orders - 1, out=np.full(orders.shape, np.nan), where=orders > 1)
    return values


def _last_gap(scope: Scope, view: View) -> Floats:
    return view.today - _rhythm(scope, LAST, view)


def _active_months(scope: Scope, view: View) -> Floats:
    return _rhythm(scope, MONTHS, view)


def _overdue(scope: Scope, view: View) -> Floats:
    """Logarithm of the days since the last order over the usual days between two."""
    limit = view.settings.log_ratio_limit
    return np.clip(np.log((_last_gap(scope, view) + 1) / (_median_gap(scope, view) + 1)), -limit, limit)


def history(scope: Scope, view: View) -> bgnbd.History:
    """Repeat orders, weeks from the first to the last, and weeks since the first, NaN where there is none."""
    first, last = _rhythm(scope, FIRST, view), _rhythm(scope, LAST, view)
    return bgnbd.History(_orders(scope, view) - 1, (last - first) / 7, (view.today - first) / 7)


def _alive(scope: Scope, view: View) -> Floats:
    return bgnbd.alive(history(scope, view), view.state.purchase_rates[scope])


def _expected(scope: Scope, view: View) -> Floats:
    return bgnbd.expected_orders(history(scope, view), view.state.purchase_rates[scope], view.settings.expected_weeks)
