"""Popularity: how many other customers buy of the division, how that grows, and how many newly came to it.

The customer itself is left out of every count, so that its own purchases never tell of themselves.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np

from engine.arrays import Floats, Marks
from engine.settings.whitespace.features import FeatureSettings
from engine.whitespace.features.column import Column, facts_of, window_facts
from engine.whitespace.features.ledger import QUANTITY, REVENUE
from engine.whitespace.features.registry import Feature
from engine.whitespace.features.spans import at_most_days
from engine.whitespace.features.state import State
from engine.whitespace.features.view import Scope, View
from engine.whitespace.features.windows import over

FAMILY = "popularity"


def declare(settings: FeatureSettings, state: State) -> Iterator[Column]:
    """The columns of the family."""
    division = facts_of(FAMILY, "div")
    year = window_facts("12m", settings)
    offsets = tuple(f"12m_off{days}d" for days in settings.offset_days if 12 in settings.windows_months)
    for span in ("12m", *offsets):
        twin = f"popularity__div__buyer_rate__{offsets[0]}" if span == "12m" and offsets else ""
        feature = Feature(
            f"popularity__div__buyer_rate__{span}",
            kind="share",
            twin=twin,
            **division,
            **window_facts(span, settings),
        )
        yield Column(feature, partial(_buyer_rate, span))
    two_years = window_facts("24m", settings)
    yield Column(Feature("popularity__div__growth__12m", kind="score", **division, **two_years), _growth)
    for months in (6, 12):
        feature = Feature(
            f"popularity__div__new_buyer_rate__{months}m",
            kind="share",
            window_days=at_most_days(2 * months),
            **division,
        )
        yield Column(feature, partial(_new_buyer_rate, months))
    yield Column(
        Feature("price__all__log_unit_price__12m", kind="score", **facts_of(FAMILY, "all"), **year),
        lambda view: np.log(_unit_prices("all", view)),
    )
    yield Column(Feature("price__div__level_gap__12m", kind="score", **division, **year), _price_gap)


def _others(marked: Marks, among: Marks) -> Floats:
    """Of the other customers in `among`, the share that is marked, (n_customers, n_divisions)."""
    counted = marked & among
    part = counted.sum(axis=0) - counted.astype(np.int64)
    whole = np.broadcast_to(among, marked.shape)
    return over(part.astype(np.float64), (whole.sum(axis=0) - whole.astype(np.int64)).astype(np.float64))


def _buyer_rate(span: str, view: View) -> Floats:
    return _others(view.owns(span), view.buys(span)[:, None])


def _growth(view: View) -> Floats:
    """Logarithm of this year's buyers over last year's, one more of each."""
    now, before = view.owns("12m").astype(np.int64), view.owns("prev12m").astype(np.int64)
    values: Floats = np.log((now.sum(axis=0) - now + 1.0) / (before.sum(axis=0) - before + 1.0))
    return values


def _new_buyer_rate(months: int, view: View) -> Floats:
    """Of the other customers that bought, though not of the division, in the months before: who now does."""
    before = f"prev{months}m"
    return _others(view.owns(f"{months}m"), view.buys(before)[:, None] & ~view.owns(before))


def _unit_prices(scope: Scope, view: View) -> Floats:
    """Revenue per unit within a year, NaN where nothing was bought."""
    prices = over(view.sums(scope, "12m", REVENUE), view.sums(scope, "12m", QUANTITY))
    return np.where(prices > 0, prices, np.nan)


def _price_gap(view: View) -> Floats:
    """How dear the customer buys against what the division's buyers pay there at the median, in logarithms."""
    of_pairs = _unit_prices("div", view)
    gap = np.full(of_pairs.shape, np.nan)
    own = np.log(_unit_prices("all", view))
    for division in range(of_pairs.shape[1]):
        paid = of_pairs[:, division]
        if not np.isnan(paid).all():
            gap[:, division] = own - np.log(np.nanmedian(paid))
    values: Floats = np.clip(gap, -view.settings.log_ratio_limit, view.settings.log_ratio_limit)
    return values
