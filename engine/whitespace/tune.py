"""Tune: every candidate with its best parameters, and the champion among them, by rolling origins alone.

In: learning rows and their folds. Out: for each candidate its parameters, its out-of-time predictions and what was
tried; and the verdict between candidates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np
import polars as pl

from engine.arrays import Floats
from engine.blocks.executor import IN_PROCESS, Executor
from engine.resampling import Clusters
from engine.settings.whitespace.modeling import ModelSettings
from engine.vocabulary import whitespace as v
from engine.whitespace import metrics
from engine.whitespace.champion import mean_average_precision
from engine.whitespace.dataset import Dataset, outcomes
from engine.whitespace.experiment import chosen, fitted, out_of_time
from engine.whitespace.models import CANDIDATES, FREE, LOGREG, MONOTONE, Fitted, Heuristic, Params, grid, simpler
from engine.whitespace.side_by_side import side_by_side
from engine.whitespace.splits import Fold

OWN_CANDIDATES: Final = (LOGREG, MONOTONE)
"""Of a single division, whose rows are too few to do without directions."""


@dataclass(frozen=True)
class Tuned:
    """A candidate with the parameters that did best, and its predictions with them.

    model: fitted with them on all learning rows. tried: one record a grid point: candidate, params,
    mean_average_precision. overfit: what the guard against following rows too closely saw and did.
    """

    candidate: str
    params: Params
    model: Fitted
    predictions: pl.DataFrame
    tried: tuple[Mapping[str, Any], ...]
    overfit: Mapping[str, Any]


def tune(
    dataset: Dataset,
    folds: Sequence[Fold],
    names: Sequence[str],
    settings: ModelSettings,
    *,
    pooled: bool,
    who: Executor = IN_PROCESS,
) -> dict[str, Tuned]:
    """Every candidate at its best, by candidate.

    dataset: learning rows, of all divisions or of one. folds: of its rows. names: the features that are used. who:
    tries the points of the grids. A
    candidate is left out where the rows have one class only, or no fold has both to learn from.
    """
    candidates = CANDIDATES if pooled else OWN_CANDIDATES
    points = [(candidate, params) for candidate in candidates for params in grid(candidate, settings, pooled=pooled)]
    seen = side_by_side(partial(_seen, dataset, folds, names, settings), points, who, at_once=1)
    found = {}
    for candidate in candidates:
        scored = [
            (_known(mean_average_precision(predictions)), params, predictions)
            for (of, params), predictions in zip(points, seen, strict=True)
            if of == candidate
        ]
        _, params, predictions = max(scored, key=lambda one: one[0])
        model = refit(dataset, candidate, params, names, settings)
        if model is None or predictions.is_empty():
            continue
        tried = tuple(
            {"candidate": candidate, "params": p, "mean_average_precision": score} for score, p, _ in scored
        )
        tuned = Tuned(candidate, params, model, predictions, tried, {})
        found[candidate] = tuned if candidate == LOGREG else _guarded(tuned, dataset, folds, names, settings)
    return found


def _seen(
    dataset: Dataset,
    folds: Sequence[Fold],
    names: Sequence[str],
    settings: ModelSettings,
    point: tuple[str, Params],
) -> pl.DataFrame:
    """Predictions of a candidate with some parameters. point: both."""
    return out_of_time(dataset, folds, *point, names, settings, pooled=True)


def refit(
    dataset: Dataset, candidate: str, params: Params, names: Sequence[str], settings: ModelSettings
) -> Fitted | None:
    """The candidate fitted to all rows of the dataset; None where they are of one class."""
    labels, values = outcomes(dataset.rows), dataset.values(dataset.rows, names)
    features = chosen(dataset.features.registry, names)
    return fitted(candidate, values, labels, np.arange(labels.size), features, params, settings)


def heuristic(dataset: Dataset, settings: ModelSettings) -> Heuristic:
    """What stands in for a model where the rows of a division have one class only, or none."""
    known = set(dataset.features.names())
    names = tuple(name for name in settings.heuristic_features if name in known)
    return Heuristic.of(names, dataset.values(dataset.rows, names), int(outcomes(dataset.rows).sum()))


def leading(dataset: Dataset, names: Sequence[str], settings: ModelSettings) -> tuple[str, ...]:
    """The `most_features` that trees gain most from, in the order given; all of them where they are no more.

    The trees see the rows of the first cutoff alone, whose labels end before anything is validated.
    """
    first = dataset.where(pl.col(v.CUTOFF) == pl.col(v.CUTOFF).min())
    if len(names) <= settings.most_features:
        return tuple(names)
    model = refit(first, FREE, grid(FREE, settings, pooled=True)[0], names, settings)
    if model is None:
        return tuple(names)
    best = set(model.importance()["feature"].head(settings.most_features))
    return tuple(name for name in names if name in best)


def draws(rows: pl.DataFrame, settings: ModelSettings) -> Clusters:
    """The draws of customers that every comparison of candidates shares."""
    return Clusters(rows[v.CUSTOMER].cast(pl.String), settings.bootstrap_replicates, 0.95)


def _guarded(
    tuned: Tuned, dataset: Dataset, folds: Sequence[Fold], names: Sequence[str], settings: ModelSettings
) -> Tuned:
    """The same, or a simpler one where seen rows are ranked much better than unseen ones and little is lost by it.

    What is lost is judged by what champions are chosen by.
    """
    seen = _auc(dataset.rows, tuned.model.predict(dataset.values(dataset.rows, names)))
    unseen = _auc(tuned.predictions, tuned.predictions["p"].to_numpy())
    check: dict[str, Any] = {
        "seen_auc": seen,
        "unseen_auc": unseen,
        "fired": bool(seen - unseen > settings.max_overfit),
    }
    params = simpler(tuned.params)
    if not check["fired"] or params == tuned.params:
        return replace(tuned, overfit=check)
    predictions = out_of_time(dataset, folds, tuned.candidate, params, names, settings, pooled=True)
    check["simpler_unseen_auc"] = _auc(predictions, predictions["p"].to_numpy())
    lost = mean_average_precision(tuned.predictions) - mean_average_precision(predictions)
    check["lost_average_precision"] = lost
    check["accepted"] = bool(lost <= settings.overfit_loss)
    model = refit(dataset, tuned.candidate, params, names, settings) if check["accepted"] else None
    if model is None:
        return replace(tuned, overfit=check)
    return replace(tuned, params=params, model=model, predictions=predictions, overfit=check)


def _auc(rows: pl.DataFrame, scores: Floats) -> float:
    return metrics.auc(outcomes(rows), scores)


def _known(score: float) -> float:
    """A score that can be compared: no figure at all is the worst."""
    return score if np.isfinite(score) else float("-inf")
