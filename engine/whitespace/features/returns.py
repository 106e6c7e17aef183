"""Returns: how many lines of a year had a negative profit, and which share of all."""

from collections.abc import Iterator
from functools import partial

from engine.arrays import Floats
from engine.settings.whitespace.features import FeatureSettings
from engine.whitespace.features.column import SCOPES, Column, facts_of, window_facts
from engine.whitespace.features.ledger import LINES, RETURNS
from engine.whitespace.features.registry import Feature
from engine.whitespace.features.state import State
from engine.whitespace.features.view import Scope, View
from engine.whitespace.features.windows import over

FAMILY = "returns"


def declare(settings: FeatureSettings, state: State) -> Iterator[Column]:
    """The columns of the family."""
    for scope in SCOPES:
        facts = facts_of(FAMILY, scope)
        facts |= window_facts("12m", settings)
        yield Column(Feature(f"returns__{scope}__return_tx_n__12m", kind="count", **facts), partial(_lines, scope))
        yield Column(Feature(f"returns__{scope}__return_rate__12m", kind="share", **facts), partial(_rate, scope))


def _lines(scope: Scope, view: View) -> Floats:
    return view.sums(scope, "12m", RETURNS)


def _rate(scope: Scope, view: View) -> Floats:
    return over(view.sums(scope, "12m", RETURNS), view.sums(scope, "12m", LINES))
