"""Trajectory: whether purchases rise or fall over the last year, and how unsteady they are.

Over twelve spans of thirty days that end at the cutoff, so that no month is cut: the slope of a least squares line
and the standard deviation.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np

from engine.arrays import Floats
from engine.settings.whitespace.features import FeatureSettings
from engine.whitespace.features.column import SCOPES, Column, facts_of
from engine.whitespace.features.ledger import GROSS_PROFIT, LINES
from engine.whitespace.features.registry import Feature, Kind
from engine.whitespace.features.spans import MONTH_DAYS, TRAJECTORY_MONTHS, trajectory
from engine.whitespace.features.state import State
from engine.whitespace.features.view import Scope, View

FAMILY = "trajectory"


def declare(settings: FeatureSettings, state: State) -> Iterator[Column]:
    """The columns of the family."""
    for scope in SCOPES:
        facts = facts_of(FAMILY, scope)
        facts |= {"window_days": TRAJECTORY_MONTHS * MONTH_DAYS}
        for measure, code in (("gp", GROSS_PROFIT), ("tx", LINES)):
            kind: Kind = "money" if code == GROSS_PROFIT else "score"
            name = f"trajectory__{scope}__{measure}_monthly"
            yield Column(Feature(f"{name}_slope_12m", kind=kind, **facts), partial(_slope, scope, code))
            yield Column(Feature(f"{name}_std_12m", kind=kind, **facts), partial(_deviation, scope, code))


def _months(scope: Scope, measure: int, view: View) -> Floats:
    """The measure by span of thirty days, the oldest first, along the first axis."""
    spans = [trajectory(month) for month in reversed(range(TRAJECTORY_MONTHS))]
    return np.stack([view.sums(scope, span, measure) for span in spans])


def _slope(scope: Scope, measure: int, view: View) -> Floats:
    steps = np.arange(TRAJECTORY_MONTHS) - (TRAJECTORY_MONTHS - 1) / 2
    months = _months(scope, measure, view)
    weights = (steps / (steps * steps).sum()).reshape(-1, *[1] * (months.ndim - 1))
    return _where_bought(scope, (weights * months).sum(axis=0), view)


def _deviation(scope: Scope, measure: int, view: View) -> Floats:
    return _where_bought(scope, _months(scope, measure, view).std(axis=0), view)


def _where_bought(scope: Scope, values: Floats, view: View) -> Floats:
    """NaN where nothing was bought in all that time: no change of nothing."""
    bought = np.sum([view.sums(scope, trajectory(month), LINES) for month in range(TRAJECTORY_MONTHS)], axis=0)
    return np.where(bought > 0, values, np.nan)
