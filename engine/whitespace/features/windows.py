"""Windows: how often and for how much a customer bought, in windows that end at the cutoff or some days before.

Lines, gross profit and profit per line; margin as profit over revenue; the year against the year before. Money is
capped at quantiles of the training rows. What was never bought has no mean and no margin.
"""

from collections.abc import Iterator
from functools import partial
from typing import Literal

import numpy as np

from engine.arrays import Floats
from engine.settings.whitespace.features import FeatureSettings
from engine.whitespace.features.column import SCOPES, Column, Facts, facts_of, twin_of, window_facts, window_names
from engine.whitespace.features.ledger import GROSS_PROFIT, LINES, REVENUE
from engine.whitespace.features.registry import Feature, Kind
from engine.whitespace.features.spans import PREVIOUS, RATE
from engine.whitespace.features.state import State
from engine.whitespace.features.view import Scope, View

FAMILY = "windows"


def declare(settings: FeatureSettings, state: State) -> Iterator[Column]:
    """The columns of the family."""
    for scope in SCOPES:
        for span in (*window_names(settings), RATE):
            yield from _of_window(scope, span, settings)
        yield from _growth(scope, settings)


def _of_window(scope: Scope, span: str, settings: FeatureSettings) -> Iterator[Column]:
    facts = facts_of(FAMILY, scope)
    facts |= window_facts(span, settings)
    other = twin_of(span, settings)

    def named(measure: str, group: str = "rfm") -> Facts:
        return {
            "name": f"{group}__{scope}__{measure}__{span}",
            "twin": other and f"{group}__{scope}__{measure}__{other}",
        }

    rises: Literal[0, 1] = 1 if span in ("12m", "24m") and scope == "all" else 0
    yield Column(Feature(kind="count", monotone=rises, **named("tx_n"), **facts), partial(_sum, scope, span, LINES))
    yield Column(
        Feature(kind="money", monotone=rises, **named("gp_sum"), **facts), partial(_sum, scope, span, GROSS_PROFIT)
    )
    yield Column(Feature(kind="money", **named("gp_mean"), **facts), partial(_mean_profit, scope, span))
    yield Column(Feature(kind="ratio", **named("gp_pct", "margin"), **facts), partial(_margin, scope, span))


def _growth(scope: Scope, settings: FeatureSettings) -> Iterator[Column]:
    facts = facts_of(FAMILY, scope)
    facts |= window_facts("24m", settings)
    for measure, code in (("gp_sum", GROSS_PROFIT), ("tx_n", LINES)):
        kind: Kind = "money" if code == GROSS_PROFIT else "score"
        name = f"rfm__{scope}__{measure}"
        yield Column(Feature(f"{name}__delta_12m_prev12m", kind=kind, **facts), partial(_delta, scope, code))
        yield Column(Feature(f"{name}__ratio_12m_prev12m", kind="score", **facts), partial(_log_ratio, scope, code))


def _sum(scope: Scope, span: str, measure: int, view: View) -> Floats:
    return view.sums(scope, span, measure)


def _mean_profit(scope: Scope, span: str, view: View) -> Floats:
    return over(view.sums(scope, span, GROSS_PROFIT), view.sums(scope, span, LINES))


def _margin(scope: Scope, span: str, view: View) -> Floats:
    return np.clip(over(view.sums(scope, span, GROSS_PROFIT), view.sums(scope, span, REVENUE)), -1, 1)


def _delta(scope: Scope, measure: int, view: View) -> Floats:
    return view.sums(scope, "12m", measure) - view.sums(scope, PREVIOUS, measure)


def _log_ratio(scope: Scope, measure: int, view: View) -> Floats:
    """Near the logarithm of this year over last, zero at zero, and defined where returns exceed sales."""
    unit = view.state.line_profit if measure == GROSS_PROFIT else 1.0
    last, previous = view.sums(scope, "12m", measure), view.sums(scope, PREVIOUS, measure)
    limit = view.settings.log_ratio_limit
    ratio = np.clip(np.arcsinh(last / unit) - np.arcsinh(previous / unit), -limit, limit)
    return np.where(view.sums(scope, "24m", LINES) > 0, ratio, np.nan)


def over(part: Floats, whole: Floats) -> Floats:
    """A quotient, NaN where the divisor is not positive."""
    values: Floats = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
    return values
