"""Small: an estimator of the champion's class that is cheap enough to be fitted a thousand times.

Its parameters are frozen, and nothing about it is chosen by labels. Trees are grown on features binned once, round
after round from the same start; the linear one is a single Newton step of a ridge logistic regression, whose
curvature knows no labels.
"""

from abc import ABC, abstractmethod
from typing import Final, cast

import lightgbm
import numpy as np

from engine.arrays import Flags, Floats, Singles
from engine.settings.whitespace.gauntlet import GauntletSettings
from engine.whitespace.models import LOGREG

RIDGE: Final = 300.0
"""Penalty of the linear one, in rows: a feature's weight is shrunk as if so many rows said it does not matter."""
LEARNING_RATE: Final = 0.1
LEAF_ROWS: Final = 20
BINS: Final = 15
HALF: Final = 0.5


class Small(ABC):
    """A frozen estimator on fixed training and validation values."""

    @abstractmethod
    def scores(self, labels: Flags) -> Floats:
        """Scores of the validation rows, (n_valid,), learned from some labels of the training rows, (n_train,)."""


def small(candidate: str, train: Singles, valid: Singles, settings: GauntletSettings, seed: int) -> Small:
    """The estimator of a candidate's class. train, valid: (n_rows, n_features), NaN where unknown."""
    if candidate == LOGREG:
        return _Linear(train, valid)
    return _Trees(train, valid, settings, seed)


class _Trees(Small):
    """A booster that is wound back after each use: its bins and buffers are made once."""

    def __init__(self, train: Singles, valid: Singles, settings: GauntletSettings, seed: int) -> None:
        options = {
            "objective": "none",
            "num_leaves": settings.small_leaves,
            "learning_rate": LEARNING_RATE,
            "min_data_in_leaf": LEAF_ROWS,
            "feature_fraction": settings.small_feature_share,
            "max_bin": BINS,
            "seed": seed,
            "num_threads": 1,
            "deterministic": True,
            "force_row_wise": True,
            "boost_from_average": False,
            "verbosity": -1,
        }
        self._rounds, self._valid = settings.small_trees, valid
        self._booster = lightgbm.Booster(options, lightgbm.Dataset(train, np.zeros(len(train)), params=options))

    def scores(self, labels: Flags) -> Floats:
        """As `Small.scores`."""
        start = _log_odds(labels)

        def gradients(margins: Floats, _data: lightgbm.Dataset) -> tuple[Floats, Floats]:
            chances = 1 / (1 + np.exp(-(margins + start)))
            return chances - labels, chances * (1 - chances)

        for _ in range(self._rounds):
            self._booster.update(fobj=gradients)
        scores = cast("Floats", self._booster.predict(self._valid, raw_score=True, num_threads=1))
        for _ in range(self._rounds):
            self._booster.rollback_one_iter()
        return scores


class _Linear(Small):
    """Standardised values, unknown ones at the mean, and one Newton step from the base rate."""

    def __init__(self, train: Singles, valid: Singles) -> None:
        mean, deviation = _moments(train)
        self._train, self._valid = (_standardised(values, mean, deviation) for values in (train, valid))
        self._inverse = np.linalg.inv(self._train.T @ self._train + RIDGE * np.eye(train.shape[1]))

    def scores(self, labels: Flags) -> Floats:
        """As `Small.scores`. The step's length does not change the order, and is left out."""
        weights = self._inverse @ (self._train.T @ (labels - labels.mean()))
        return np.asarray(self._valid @ weights, np.float64)


def _moments(values: Singles) -> tuple[Floats, Floats]:
    known = ~np.isnan(values)
    counts = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0.0).sum(axis=0, dtype=np.float64) / counts
    centred = np.where(known, values - mean, 0.0)
    deviation = np.sqrt((centred**2).sum(axis=0) / counts)
    return mean, np.where(deviation > 0, deviation, 1.0)


def _standardised(values: Singles, mean: Floats, deviation: Floats) -> Floats:
    return np.where(np.isnan(values), 0.0, (values - mean) / deviation)


def _log_odds(labels: Flags) -> float:
    share = (labels.sum() + HALF) / (labels.size + 1)
    return float(np.log(share / (1 - share)))
