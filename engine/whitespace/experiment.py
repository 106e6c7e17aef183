"""Experiment: a candidate's predictions for rows that it never saw, under the one splitter.

In: a dataset and its folds. Out: one prediction for every row that some fold validates. Training, the shift grid, the
ablations and the triad all measure with it, so that they measure the same.
"""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from engine.arrays import Flags, Floats, Integers, Marks, Singles
from engine.settings.whitespace.modeling import ModelSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.dataset import Dataset
from engine.whitespace.features.registry import Feature
from engine.whitespace.models import Fitted, Params, fit, single
from engine.whitespace.side_by_side import side_by_side
from engine.whitespace.splits import Fold


def out_of_time(
    dataset: Dataset,
    folds: Sequence[Fold],
    candidate: str,
    params: Params,
    names: Sequence[str],
    settings: ModelSettings,
    *,
    pooled: bool,
) -> pl.DataFrame:
    """Predictions of models that were fitted before, on other customers. Trees are of a single member: experiments
    compare, and the mean of several costs as much again for each.

    folds: of the dataset's rows. names: the features that are used. pooled: one model a fold over all divisions, or
    one a fold and division. Grain: customer, division, cutoff; columns: those, fold, label, net_gp_window, p (chance,
    never null); sorted as the dataset. Rows whose fold has one class only to learn from are left out.
    """
    values, labels, params = dataset.values(dataset.rows, names), _labels(dataset), single(params)
    features = chosen(dataset.features.registry, names)
    chances, fold_of = np.full(labels.size, np.nan), np.full(labels.size, -1)

    def validated(fold: Fold, part: Marks) -> tuple[Integers, Floats]:
        train, valid = np.flatnonzero(fold.train & part), np.flatnonzero(fold.valid & part)
        model = fitted(candidate, values, labels, train, features, params, settings)
        return (valid, model.predict(values[valid])) if model is not None and valid.size else (valid[:0], np.empty(0))

    each = list(itertools.product(range(len(folds)), parts(dataset.rows, pooled=pooled)))
    done = side_by_side(lambda one: validated(folds[one[0]], one[1]), each)
    for (place, _), (valid, found) in zip(each, done, strict=True):
        chances[valid], fold_of[valid] = found, place
    return predicted(dataset.rows, chances, fold_of, folds)


def chosen(registry: Sequence[Feature], names: Sequence[str]) -> tuple[Feature, ...]:
    """The features of some names, in their order. Raises KeyError for a name that the registry does not have."""
    known = {feature.name: feature for feature in registry}
    return tuple(known[name] for name in names)


def parts(rows: pl.DataFrame, *, pooled: bool) -> Iterator[Marks]:
    """All rows at once, or those of a division after the other."""
    if pooled:
        yield np.ones(rows.height, np.bool_)
        return
    for division in rows[v.DIVISION].unique().sort():
        yield (rows[v.DIVISION] == division).to_numpy()


def fitted(
    candidate: str,
    values: Singles,
    labels: Flags,
    train: Integers,
    features: Sequence[Feature],
    params: Params,
    settings: ModelSettings,
) -> Fitted | None:
    """The candidate fitted to some of the rows; None where they are of one class."""
    if not labels[train].any() or labels[train].all():
        return None
    return fit(candidate, values[train], labels[train], features, params, settings.seed)


def predicted(rows: pl.DataFrame, chances: Floats, fold_of: Integers, folds: Sequence[Fold]) -> pl.DataFrame:
    """The rows that have a prediction, with it. fold_of: (n_rows,), place among the folds, -1 for none."""
    names = pl.Series("fold", [*(fold.name for fold in folds), None], pl.String)
    table = rows.select(*v.ROW, "label", "net_gp_window").with_columns(fold=names[fold_of % len(names)], p=chances)
    return table.select(*v.ROW, "fold", "label", "net_gp_window", "p").filter(pl.Series(fold_of >= 0))


def _labels(dataset: Dataset) -> Flags:
    """Labels, 0 where not known: no fold has such a row."""
    return dataset.rows["label"].fill_null(0).cast(pl.UInt8).to_numpy()
