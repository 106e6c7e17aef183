"""Scores: the champions measured out of time, all divisions together and each, with draws of customers to compare by.

Every experiment of the gauntlet predicts the same rows with the same splitter, and is drawn with the same draws; what
is common to two of them falls out of their difference.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from engine.arrays import Floats
from engine.resampling import Clusters, Estimate
from engine.vocabulary import whitespace as v
from engine.whitespace.bootstrap import Replicated, replicate
from engine.whitespace.dataset import Dataset
from engine.whitespace.experiment import out_of_time
from engine.whitespace.gauntlet.context import Context, by_folder
from engine.whitespace.gauntlet.decide import figure, figures
from engine.whitespace.gauntlet.shapes import Delta, Score
from engine.whitespace.gauntlet.verdict import ALL
from engine.whitespace.models import HEURISTIC
from engine.whitespace.splits import Fold

AUC = "auc"
LIFT = "lift@10"
TOP_PERCENT = 10

Names = Callable[[Sequence[str]], Sequence[str]]


@dataclass(frozen=True)
class Scores:
    """Figures and replicates of predictions. of: by division, `ALL` for all together. positives: by the same."""

    customers: Clusters
    of: Mapping[str, Replicated]
    positives: Mapping[str, int]

    def value(self, division: str, name: str) -> float:
        """A figure; NaN where it has no meaning."""
        return self.of[division].values[name] if division in self.of else float("nan")

    def drawn(self, division: str, name: str) -> Floats:
        """Its replicates, (replicates,); all NaN where it has no meaning."""
        return self.of[division].drawn[name] if division in self.of else np.full(len(self.customers.draws), np.nan)

    def estimate(self, division: str, name: str) -> Estimate:
        """A figure with its interval; all NaN where it has no meaning."""
        if division not in self.of:
            return Estimate(np.nan, np.nan, np.nan)
        return self.of[division].estimate(name, self.customers)

    def of_division(self, division: str) -> Score:
        """As an artifact tells it."""
        names = {"prevalence": "prevalence", "auc": AUC, "lift10": LIFT, "brier": "brier"}
        figures = {ours: known(self.value(division, theirs)) for ours, theirs in names.items()}
        return Score(**figures, positives=self.positives.get(division, 0))


def measure(context: Context, dataset: Dataset, folds: Sequence[Fold], names: Names = tuple) -> pl.DataFrame:
    """Out-of-time predictions of every division's champion. Grain and columns: as `experiment.out_of_time`.

    folds: of the rows of the dataset. names: which of a champion's features are used, all of them unless said.
    A division whose scores come from no model has no row.
    """
    settings, parts = context.settings.modeling, []
    for served in by_folder(context.trained).values():
        champion = context.trained.divisions[served[0]]
        if champion.champion == HEURISTIC:
            continue
        ours = dataset.rows[v.DIVISION].cast(pl.String).is_in(served)
        keep = np.ones(dataset.rows.height, np.bool_) if champion.pooled else ours.to_numpy()
        predictions = out_of_time(
            Dataset(dataset.rows.filter(pl.Series(keep)), dataset.features),
            [fold.within(keep) for fold in folds],
            champion.champion,
            champion.params,
            tuple(names(champion.features)),
            settings,
            pooled=True,
        )
        parts.append(predictions.filter(pl.col(v.DIVISION).cast(pl.String).is_in(served)))
    if not parts:
        raise ValueError("no division has a model that could be measured")
    return pl.concat(parts).sort(v.DIVISION, v.CUTOFF, v.CUSTOMER)


def clusters(context: Context) -> Clusters:
    """The draws of customers that all checks share."""
    ids = context.dataset.rows[v.CUSTOMER].cast(pl.String)
    level = 1 - context.settings.gauntlet.max_error_chance
    return Clusters(ids, context.settings.horizons.bootstrap_replicates, level)


def score(
    predictions: pl.DataFrame,
    customers: Clusters,
    context: Context,
    chance: str = "p",
    percents: Sequence[int] = (TOP_PERCENT,),
) -> Scores:
    """Predictions measured, all divisions together and each. chance: the column that is measured. percents: shares
    of the list.
    """
    rows = predictions.with_columns(pl.col(v.CUSTOMER).cast(pl.String))
    of, positives = {}, {}
    for division in (ALL, *context.divisions):
        part = rows if division == ALL else rows.filter(pl.col(v.DIVISION).cast(pl.String) == division)
        positives[division] = int(part["label"].sum())
        if positives[division]:
            bins = context.settings.modeling.calibration_bins
            of[division] = replicate(part, chance, customers, percents, bins)
    return Scores(customers, of, positives)


def delta(base: Scores, other: Scores, division: str, name: str) -> Delta:
    """How much higher a figure of the other is, with its interval."""
    drawn = other.drawn(division, name) - base.drawn(division, name)
    estimate = base.customers.estimate(other.value(division, name) - base.value(division, name), drawn)
    return Delta(value=known(estimate.value), low=known(estimate.low), high=known(estimate.high))


def deltas(base: Scores, other: Scores, divisions: Sequence[str], name: str) -> pl.DataFrame:
    """The same of all together and of each division, as `decide` takes it: division, value, error, positives."""
    rows = []
    for division in (ALL, *divisions):
        drawn = other.drawn(division, name) - base.drawn(division, name)
        value = other.value(division, name) - base.value(division, name)
        rows.append(figure(division, value, spread(drawn), base.positives.get(division, 0)))
    return figures(rows)


def spread(drawn: Floats) -> float:
    """The standard error from replicates; NaN from fewer than two."""
    some = drawn[np.isfinite(drawn)]
    return float(some.std(ddof=1)) if some.size > 1 else float("nan")


def known(value: float) -> float | None:
    """A number as JSON takes it."""
    return float(value) if np.isfinite(value) else None
