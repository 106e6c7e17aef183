"""Time adjacency: features that see the days right before the cutoff, and what they would lose without them (G11).

In: a trained run. Out: of every such feature the age of the events it sees, how it goes with the days to the next
purchase, the AUC it loses when the last days are hidden, and what SAFE would do with it. Told, and fails nothing.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Final, Literal

import numpy as np
import polars as pl
from scipy.stats import spearmanr

from engine.arrays import Singles
from engine.vocabulary import whitespace as v
from engine.whitespace.artifact import Artifact
from engine.whitespace.dataset import Dataset, outcomes
from engine.whitespace.features.matrix import Features
from engine.whitespace.features.registry import Feature
from engine.whitespace.features.safe import SafePolicy, safe
from engine.whitespace.gauntlet.context import Context
from engine.whitespace.gauntlet.files import named
from engine.whitespace.gauntlet.scores import known
from engine.whitespace.gauntlet.shapes import AdjacencyReport, AdjacentFeature
from engine.whitespace.gauntlet.truncation import truncated
from engine.whitespace.gauntlet.verdict import ALL, CheckResult, reading, readings
from engine.whitespace.screening import univariate_auc

NAME: Final = "time_adjacency"
FILE: Final = "adjacency_report"
AGES_DAYS: Final = (14, 30, 60, 90)
"""Upper ends of the ages of events, days before the cutoff."""
EVENT_DATES: Final = {
    v.TRANSACTIONS: "order_date",
    v.ASSETS: "purchase_date",
    v.CONTACTS: "date",
}


def adjacency(context: Context) -> CheckResult:
    """The audit at the calibration cutoff, the newest whose labels are whole: what `diagnose` tells as well."""
    cutoff, settings = context.blocks.calibration, context.settings.gauntlet
    rows = context.dataset.rows.filter(pl.col(v.CUTOFF) == cutoff)
    policy = safe(context.dataset.features.registry, context.settings.features)
    ages = {source: _ages(context, source, cutoff) for source in EVENT_DATES}
    near = [one for one in context.dataset.features.registry if _is_near(one, settings.recent_days)]
    masked = {days: _masked(context, cutoff, days) for days in settings.tail_mask_days}
    content = AdjacencyReport(
        division=ALL,
        cutoff=context.cutoff,
        recent_days=settings.recent_days,
        features=_audited(rows, context.dataset, near, masked, ages, policy),
    )
    strongest = content.features[0].feature if content.features else "none"
    note = (
        f"{len(near)} features see the last {settings.recent_days} days, the strongest {strongest}; told, not gated"
    )
    near_readings = readings([reading(v.PASS, note, measure="near_features", value=float(len(near)))])
    file = Artifact(named(FILE, ALL, context.cutoff, ".json"), content.model_dump(mode="json"))
    return CheckResult(NAME, near_readings, artifacts=(file,), shared=True)


def _is_near(feature: Feature, recent_days: int) -> bool:
    return feature.source in EVENT_DATES and feature.lag_days < recent_days


def _masked(context: Context, cutoff: dt.date, days: int) -> Features:
    """Features of the same cutoff whose last days are hidden: as if nothing had happened in them."""
    tables = truncated(context.tables, cutoff - dt.timedelta(days))
    matrix = context.build(tables, cutoff)
    return Features(context.dataset.features.registry, {cutoff: matrix})


def _ages(context: Context, source: str, cutoff: dt.date) -> pl.Series:
    """Days from each event of a table to the cutoff, those after it left out."""
    events: pl.Series = getattr(context.tables, source)[EVENT_DATES[source]].drop_nulls()
    days = (pl.Series([cutoff]) - events).dt.total_days()
    return days.filter(days >= 0)


def _audited(
    rows: pl.DataFrame,
    dataset: Dataset,
    near: list[Feature],
    masked: Mapping[int, Features],
    ages: Mapping[str, pl.Series],
    policy: SafePolicy,
) -> tuple[AdjacentFeature, ...]:
    names = [feature.name for feature in near]
    labels, values = outcomes(rows), dataset.values(rows, names)
    hidden = {days: features.of(rows, names) for days, features in masked.items()}
    delays = (rows["first_purchase_date"] - rows[v.CUTOFF]).dt.total_days().cast(pl.Float64).to_numpy()
    found = []
    for place, feature in enumerate(near):
        auc = univariate_auc(values[:, place], labels)
        lost = {f"{days}d": auc - univariate_auc(table[:, place], labels) for days, table in hidden.items()}
        found.append(
            AdjacentFeature(
                feature=feature.name,
                family=feature.family,
                shares_by_age=_shares(feature, ages[feature.source]),
                spearman_days_to_purchase=_goes_with(values[:, place], delays),
                auc=known(auc),
                auc_lost={name: known(value) for name, value in lost.items()},
                recommendation=_recommended(feature, policy),
                twin=feature.twin,
            )
        )
    return tuple(sorted(found, key=lambda one: (-max((x or 0.0) for x in one.auc_lost.values()), one.feature)))


def _shares(feature: Feature, ages: pl.Series) -> dict[str, float]:
    """The shares by age of the events within the window of a feature; the last holds all that are older."""
    longest = np.inf if feature.window_days is None else feature.lag_days + feature.window_days
    seen = ages.filter((ages >= feature.lag_days) & (ages < longest)).to_numpy()
    counts = np.bincount(np.digitize(seen, AGES_DAYS), minlength=len(AGES_DAYS) + 1)
    names = [*(f"to_{days}d" for days in AGES_DAYS), "older"]
    return {name: float(count / max(seen.size, 1)) for name, count in zip(names, counts, strict=True)}


def _goes_with(values: Singles, delays: np.ndarray) -> float | None:
    """Spearman's correlation with the days to the next purchase, over buyers whose value is known."""
    both = np.isfinite(values) & np.isfinite(delays)
    if both.sum() < 3 or np.ptp(values[both]) == 0 or np.ptp(delays[both]) == 0:
        return None
    return float(spearmanr(values[both], delays[both]).statistic)


def _recommended(feature: Feature, policy: SafePolicy) -> Literal["keep", "drop", "swap"]:
    if feature.name in policy.swapped:
        return "swap"
    return "drop" if feature.name in policy.dropped else "keep"
