"""Linear: logistic regression with an elastic net, and what has to be done to features before it.

In: features with unknown values. Out: columns that are filled, of comparable size, with flags for what was unknown;
and their weights.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from engine.arrays import Flags, Floats, Integers, Marks, Singles
from engine.one_thread import one_thread
from engine.whitespace.features.registry import Feature

HEAVY = frozenset({"count", "money", "days"})
"""Kinds whose logarithm is taken, with its sign: their largest values would otherwise lead."""
NONE_IS_ZERO = frozenset({"count", "money", "share", "flag"})
"""Kinds of which an unknown value is none."""
LONGEST = frozenset({"days"})
"""Kinds of which an unknown value is the longest seen: it never happened."""


@dataclass(frozen=True)
class Preparation:
    """How columns are prepared, as learned from the training rows.

    heavy: (n_features,), whose logarithm is taken. fills, means, scales: (n_features,), after the logarithm. flagged:
    the features that get a flag for unknown values. flag_means, flag_scales: of the flags.
    """

    heavy: Marks
    fills: Floats
    means: Floats
    scales: Floats
    flagged: Integers
    flag_means: Floats
    flag_scales: Floats

    def apply(self, values: Singles) -> Singles:
        """Prepared columns, (n_rows, n_features + n_flagged): mean 0 and deviation 1 on the training rows."""
        unknown = np.isnan(values[:, self.flagged])
        main = _filled(_tamed(values, self.heavy), self.fills)
        flags = (unknown - self.flag_means) / self.flag_scales
        return np.hstack(((main - self.means) / self.scales, flags)).astype(np.float32)

    def as_dict(self) -> dict[str, Any]:
        """Everything, as JSON takes it."""
        return {name: array.tolist() for name, array in vars(self).items()}

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "Preparation":
        """The same again from what it told."""
        kinds = {"heavy": np.bool_, "flagged": np.int64}
        return cls(**{name: np.array(one, kinds.get(name, np.float64)) for name, one in fields.items()})


def prepare(values: Singles, features: Sequence[Feature]) -> Preparation:
    """What the training rows say about filling and scaling, by the kind of each feature.

    A flag is kept where some values are unknown and others are not, once for features unknown in the same rows.
    """
    kinds = [feature.kind for feature in features]
    heavy = np.array([kind in HEAVY for kind in kinds])
    tamed, unknown = _tamed(values, heavy), np.isnan(values)
    fills = np.array([_fill(tamed[:, place], kind) for place, kind in enumerate(kinds)])
    filled = _filled(tamed, fills)
    flagged = _flagged(unknown)
    flags = unknown[:, flagged].astype(np.float64)
    return Preparation(
        heavy,
        fills,
        filled.mean(axis=0),
        _scales(filled),
        flagged,
        flags.mean(axis=0),
        _scales(flags),
    )


def elastic_net(columns: Singles, labels: Flags, params: Mapping[str, Any], seed: int) -> tuple[Floats, float]:
    """Weights, (n_columns,), and intercept.

    params: C, l1_ratio, max_iter and tol as scikit-learn calls them. Fitting ends at max_iter all the same: a few
    coefficients that still move in the last digit are no reason to stop a run.
    """
    solver = "saga" if float(params["l1_ratio"]) > 0 else "lbfgs"
    model = LogisticRegression(solver=solver, random_state=seed, **params)
    unfinished = warnings.catch_warnings(action="ignore", category=ConvergenceWarning)
    with one_thread(), unfinished:
        model.fit(columns, labels)
    return model.coef_[0].astype(np.float64), float(model.intercept_[0])


def _tamed(values: Singles, heavy: Marks) -> Floats:
    tamed = values.astype(np.float64)
    tamed[:, heavy] = np.sign(tamed[:, heavy]) * np.log1p(np.abs(tamed[:, heavy]))
    return tamed


def _filled(values: Floats, fills: Floats) -> Floats:
    return np.where(np.isnan(values), fills, values)


def _fill(values: Floats, kind: str) -> float:
    known = values[~np.isnan(values)]
    if kind in NONE_IS_ZERO or not known.size:
        return 0.0
    return float(known.max() if kind in LONGEST else np.median(known))


def _flagged(unknown: Marks) -> Integers:
    """Columns of which some are unknown, the first of each that are unknown in the same rows."""
    some = np.flatnonzero(unknown.any(axis=0) & ~unknown.all(axis=0))
    packed = np.packbits(unknown[:, some], axis=0).T
    first = np.unique(packed, axis=0, return_index=True)[1]
    return np.sort(some[first])


def _scales(values: Floats) -> Floats:
    scales = values.std(axis=0)
    return np.where(scales > 0, scales, 1.0)
