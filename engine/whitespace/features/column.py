"""Column: a feature and how its values are computed, side by side, so that neither can be without the other."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.arrays import Floats
from engine.settings.whitespace.features import FeatureSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.features.registry import Feature
from engine.whitespace.features.spans import RATE, spans
from engine.whitespace.features.view import Scope, View

SCOPES: tuple[Scope, ...] = (v.OF_CUSTOMER, v.OF_PAIR)
EXAMPLE = dt.date(2020, 12, 31)
"""A cutoff: what is told of windows does not hang on it."""


Facts = dict[str, Any]
"""Some facts of a feature, by the name of the field."""


@dataclass(frozen=True)
class Column:
    """One feature. values: of all customers, and divisions where the scope is `div`; NaN where unknown."""

    feature: Feature
    values: Callable[[View], Floats]


def facts_of(family: str, scope: Scope, source: str = v.TRANSACTIONS) -> Facts:
    """The facts that the columns of a family share. What comes from sales may hold those of the target division."""
    return {"family": family, "source": source, "scope": scope, "uses_target": source == v.TRANSACTIONS}


def window_facts(span: str, settings: FeatureSettings) -> Facts:
    """Window and lag of a feature that is summed over a window, by the window's name."""
    window = spans(EXAMPLE, settings)[span]
    return {"window_days": window.window_days, "lag_days": window.lag_days}


def window_names(settings: FeatureSettings) -> tuple[str, ...]:
    """The windows of sales, those that end at the cutoff first."""
    months = settings.windows_months
    offsets = tuple(f"{month}m_off{days}d" for days in settings.offset_days for month in months)
    return (*(f"{month}m" for month in months), *offsets)


def twin_of(span: str, settings: FeatureSettings) -> str:
    """The lagged window that SAFE puts in the place of a window, "" for none.

    One shorter than SAFE allows becomes the rate of the days 90 to 30 before the cutoff, a longer one ends earlier.
    """
    if "_" in span or not settings.offset_days:
        return ""
    if int(span.removesuffix("m")) < settings.safe_windows_min_months:
        return RATE
    return f"{span}_off{min(settings.offset_days)}d"
