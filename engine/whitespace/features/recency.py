"""Recency: days since the last order, their logarithm and decay by half-lives; never bought is unknown, not long ago.

Each is also told as of some days before the cutoff, for models that must not lean on the last days.
"""

from collections.abc import Iterator
from functools import partial
from typing import Literal

import numpy as np

from engine.arrays import Floats
from engine.settings.whitespace.features import FeatureSettings
from engine.whitespace.features.column import SCOPES, Column, Facts, facts_of
from engine.whitespace.features.registry import Feature
from engine.whitespace.features.spans import LONG_AGO_DAYS
from engine.whitespace.features.state import State
from engine.whitespace.features.view import Scope, View

FAMILY = "recency"


def declare(settings: FeatureSettings, state: State) -> Iterator[Column]:
    """The columns of the family."""
    for scope in SCOPES:
        yield from _as_of(scope, 0, f"_lag{settings.recency_lag_days}d", settings)
        yield from _as_of(scope, settings.recency_lag_days, "", settings)
    facts = facts_of(FAMILY, "div")
    yield Column(
        Feature("rfm__div__months_since_beyond_24m__life", kind="days", lag_days=LONG_AGO_DAYS, **facts),
        lambda view: (view.lasts("div", LONG_AGO_DAYS) + LONG_AGO_DAYS) / 30,
    )


def _as_of(scope: Scope, lag_days: int, twin: str, settings: FeatureSettings) -> Iterator[Column]:
    facts = facts_of(FAMILY, scope)
    facts |= {"lag_days": lag_days}
    lag = f"_lag{lag_days}d" if lag_days else ""

    def named(measure: str) -> Facts:
        name = f"rfm__{scope}__{measure}"
        return {"name": f"{name}{lag}", "twin": twin and f"{name}{twin}"}

    falls: Literal[-1, 0] = -1 if scope == "all" else 0
    yield Column(
        Feature(kind="days", monotone=falls, **named("recency_days__life"), **facts),
        partial(_days, scope, lag_days),
    )
    yield Column(
        Feature(kind="score", **named("log_recency__life"), **facts),
        partial(_logarithm, scope, lag_days),
    )
    for half_life in settings.half_lives_days:
        yield Column(
            Feature(kind="share", **named(f"recency_decay__hl{half_life}"), **facts),
            partial(_decay, scope, lag_days, half_life),
        )


def _days(scope: Scope, lag_days: int, view: View) -> Floats:
    return view.lasts(scope, lag_days)


def _logarithm(scope: Scope, lag_days: int, view: View) -> Floats:
    values: Floats = np.log1p(view.lasts(scope, lag_days))
    return values


def _decay(scope: Scope, lag_days: int, half_life: int, view: View) -> Floats:
    return np.exp2(-view.lasts(scope, lag_days) / half_life)
