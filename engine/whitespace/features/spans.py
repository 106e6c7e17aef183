"""Spans: the windows that sales are summed over, named, as of a cutoff; and the bins that make all of them up.

Every window is a run of bins, so that a sale is added once and windows are differences of running sums.
"""

import datetime as dt
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from engine.arrays import Integers
from engine.kernels.compiling import given
from engine.kernels.purchases import Sight
from engine.settings.whitespace.features import FeatureSettings
from engine.whitespace.months import add_months, month_end

LIFE = "life"
RATE = "rate_90_30d"
PREVIOUS = "prev12m"
EXPOSURE = "12m_lag60d"
EMBEDDED = "embedded"
LONG_AGO_DAYS = 731
"""Two years: what was bought longer ago counts as not bought any more."""
RATE_DAYS = (90, 30)
EXPOSURE_LAG_DAYS = 60
MONTH_DAYS = 30
"""Length of the spans that trajectories are drawn over: anchored at the cutoff, so that no month is cut."""
TRAJECTORY_MONTHS = 12


@dataclass(frozen=True)
class Span:
    """The days (after, until]; after None: since ever. window_days, lag_days: as `registry.Feature` tells them."""

    after: dt.date | None
    until: dt.date
    window_days: int | None
    lag_days: int


def at_most_days(months: int) -> int:
    """The most days that a window of so many months has."""
    return math.ceil(30.5 * months) + 1


@lru_cache(maxsize=64)
def spans(cutoff: dt.date, settings: FeatureSettings) -> Mapping[str, Span]:
    """Every window that a feature is summed over, by the name that it has in the feature's name."""
    named = {LIFE: Span(None, cutoff, None, 0)}
    for months in settings.windows_months:
        named[f"{months}m"] = _months(cutoff, months, 0)
    for days, months in itertools.product(settings.offset_days, settings.windows_months):
        named[f"{months}m_off{days}d"] = _months(cutoff, months, days)
    for months in (6, 12, 24):
        named.setdefault(f"{months}m", _months(cutoff, months, 0))
    named[EXPOSURE] = Span(
        add_months(cutoff, -12),
        cutoff - dt.timedelta(EXPOSURE_LAG_DAYS),
        at_most_days(12) - EXPOSURE_LAG_DAYS,
        EXPOSURE_LAG_DAYS,
    )
    for months in (6, 12):
        year_ago = add_months(cutoff, -months)
        window = at_most_days(2 * months) - (28 * months)
        named[f"prev{months}m"] = Span(add_months(cutoff, -2 * months), year_ago, window, 28 * months)
    older, newer = RATE_DAYS
    named[RATE] = Span(cutoff - dt.timedelta(older), cutoff - dt.timedelta(newer), older - newer, newer)
    named[EMBEDDED] = _months(cutoff, settings.embedding_months, 0)
    named |= _quarters(cutoff)
    for month in range(TRAJECTORY_MONTHS):
        until = cutoff - dt.timedelta(month * MONTH_DAYS)
        named[trajectory(month)] = Span(until - dt.timedelta(MONTH_DAYS), until, MONTH_DAYS, month * MONTH_DAYS)
    return named


def _quarters(cutoff: dt.date) -> dict[str, Span]:
    """The calendar quarters within two years, cut where those begin and end; `quarter1_…` for the first of a year."""
    named: dict[str, Span] = {}
    end = add_months(cutoff, -24)
    while end < cutoff:
        day = end + dt.timedelta(1)
        quarter = (day.month - 1) // 3
        last = month_end(dt.date(day.year, 3 * quarter + 3, 1))
        named[f"quarter{quarter + 1}_{len(named)}"] = Span(end, min(last, cutoff), at_most_days(24), 0)
        end = min(last, cutoff)
    return named


def trajectory(month: int) -> str:
    """Name of the span of 30 days that ends so many such spans before the cutoff."""
    return f"month{month}"


def _months(cutoff: dt.date, months: int, lag_days: int) -> Span:
    until = cutoff - dt.timedelta(lag_days)
    return Span(add_months(until, -months), until, at_most_days(months), lag_days)


@dataclass(frozen=True)
class Bins:
    """The days since ever until a cutoff in runs that no window cuts. first, last: the bins of each window."""

    sight: Sight
    count: int
    runs: Mapping[str, tuple[int, int]]

    def windows(self, names: tuple[str, ...]) -> Integers:
        """First bin and the one after the last of some windows, (n_names, 2)."""
        return np.array([self.runs[name] for name in names], np.int64)


def bins(cutoff: dt.date, named: Mapping[str, Span]) -> Bins:
    """The bins that all windows are made of."""
    edges = sorted({number(day) for span in named.values() for day in (span.after, span.until) if day is not None})
    edges = [edge for edge in edges if edge <= number(cutoff)]
    days = np.arange(edges[0], number(cutoff) + 1)
    places = np.searchsorted(edges, days).astype(np.int64)
    sight = given(Sight(number(cutoff), edges[0], places))
    runs = {
        name: (0 if span.after is None else edges.index(number(span.after)) + 1, edges.index(number(span.until)) + 1)
        for name, span in named.items()
    }
    return Bins(sight, len(edges), runs)


def number(day: dt.date) -> int:
    """A day as days since 1970-01-01."""
    return (day - dt.date(1970, 1, 1)).days


def dated(days: int) -> dt.date:
    """The day so many days after 1970-01-01."""
    return dt.date(1970, 1, 1) + dt.timedelta(days)
