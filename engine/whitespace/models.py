"""Models: the candidates of a division, from features and labels to chances, and as text that can be read back.

`logreg` is logistic regression with an elastic net, the baseline; `lgbm` are boosted trees, `lgbm_mono` the same with
the directions that the registry names. All are deterministic, whatever the number of threads.
"""

import itertools
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import lightgbm
import numpy as np
import polars as pl
from scipy.special import expit

from engine.arrays import Flags, Floats, Singles
from engine.one_thread import one_thread
from engine.settings.whitespace.modeling import BoostingSettings, LinearSettings, ModelSettings
from engine.whitespace.features.registry import Feature
from engine.whitespace.linear import Preparation, elastic_net, prepare
from engine.whitespace.side_by_side import side_by_side

LOGREG: Final = "logreg"
MONOTONE: Final = "lgbm_mono"
FREE: Final = "lgbm"
MEMBERS: Final = "members"
HEURISTIC: Final = "heuristic"
"""Not a candidate: what stands in where there is nothing to learn from."""
CANDIDATES: Final = (LOGREG, MONOTONE, FREE)
"""The simplest first: a later one has to be better by more than chance."""

Params = Mapping[str, float | int | str]
"""What a candidate is fitted with: LightGBM's own names and `members`, or `C` and `l1_ratio`."""


class Fitted(ABC):
    """A fitted model. candidate: one of `CANDIDATES`. names: the features it takes, in column order."""

    candidate: str
    names: tuple[str, ...]

    @abstractmethod
    def predict(self, values: Singles) -> Floats:
        """The chance of each row, (n_rows,). values: (n_rows, n_names), NaN where unknown."""

    @abstractmethod
    def dump(self) -> str:
        """The model as text, from which `load` makes one that predicts the same bits."""

    @abstractmethod
    def importance(self) -> pl.DataFrame:
        """What the model rests on. Columns: feature, share (sums to 1), weight (signed; null for trees); sorted."""

    @abstractmethod
    def contributions(self, values: Singles) -> Floats:
        """What each feature adds to the log odds of each row, (n_rows, n_names + 1), the base last (for trees:
        Shapley values, Lundberg and others 2018; for a linear model weight times distance from the mean).
        """

    @staticmethod
    def load(dump: str) -> "Fitted":
        """A model from its text."""
        fields = json.loads(dump)
        names = tuple(fields["features"])
        if fields["candidate"] == HEURISTIC:
            return Heuristic(names, fields["base_rate"], fields["usual"])
        if fields["candidate"] == LOGREG:
            return Linear(
                names, Preparation.of(fields["preparation"]), np.array(fields["weights"]), fields["intercept"]
            )
        members = tuple(lightgbm.Booster(model_str=one) for one in fields["members"])
        return Trees(fields["candidate"], names, members)


@dataclass(frozen=True)
class Trees(Fitted):
    """Boosted trees, the mean log odds of several members; LightGBM knows columns by their place, because it takes no
    comma in a name.
    """

    candidate: str
    names: tuple[str, ...]
    members: tuple[lightgbm.Booster, ...]

    def predict(self, values: Singles) -> Floats:
        """As `Fitted.predict`."""
        return np.asarray(expit(self._mean(values, raw_score=True)))

    def dump(self) -> str:
        """As `Fitted.dump`."""
        members = [member.model_to_string() for member in self.members]
        return json.dumps({"candidate": self.candidate, "features": self.names, "members": members}, indent=1)

    def importance(self) -> pl.DataFrame:
        """Share of the gain of all splits."""
        gain = np.sum([member.feature_importance("gain") for member in self.members], axis=0)
        share = gain / max(float(gain.sum()), 1e-300)
        table = pl.DataFrame({"feature": self.names, "share": share}).with_columns(weight=pl.lit(None, pl.Float64))
        return table.sort("share", "feature", descending=[True, False])

    def contributions(self, values: Singles) -> Floats:
        """As `Fitted.contributions`."""
        return self._mean(values, pred_contrib=True)

    def _mean(self, values: Singles, **kind: bool) -> Floats:
        """What every member says, on average."""
        predictions = [cast("Floats", member.predict(values, num_threads=1, **kind)) for member in self.members]
        return np.asarray(np.mean(predictions, axis=0))


@dataclass(frozen=True)
class Linear(Fitted):
    """Logistic regression. weights: (n_columns,) of the prepared columns; missing flags are columns of their own."""

    names: tuple[str, ...]
    preparation: Preparation
    weights: Floats
    intercept: float
    candidate: str = LOGREG

    def predict(self, values: Singles) -> Floats:
        """As `Fitted.predict`."""
        with one_thread():
            margin = self.preparation.apply(values).astype(np.float64) @ self.weights + self.intercept
        return np.asarray(expit(margin))

    def dump(self) -> str:
        """As `Fitted.dump`."""
        fields = {
            "candidate": self.candidate,
            "features": self.names,
            "preparation": self.preparation.as_dict(),
            "weights": self.weights.tolist(),
            "intercept": self.intercept,
        }
        return json.dumps(fields, indent=1)

    def importance(self) -> pl.DataFrame:
        """Share of the absolute weights, a feature's missing flag with it; weights are per standard deviation."""
        absolute = np.abs(self.weights)
        flags = np.zeros(len(self.names))
        flags[self.preparation.flagged] = absolute[len(self.names) :]
        share = (absolute[: len(self.names)] + flags) / max(float(absolute.sum()), 1e-300)
        table = pl.DataFrame({"feature": self.names, "share": share, "weight": self.weights[: len(self.names)]})
        return table.sort("share", "feature", descending=[True, False])

    def contributions(self, values: Singles) -> Floats:
        """As `Fitted.contributions`; what a missing flag adds counts for its feature."""
        parts = self.preparation.apply(values).astype(np.float64) * self.weights
        added = np.hstack((parts[:, : len(self.names)], np.full((len(parts), 1), self.intercept)))
        added[:, self.preparation.flagged] += parts[:, len(self.names) :]
        return added


@dataclass(frozen=True)
class Heuristic(Fitted):
    """A share that is a feature gives the order, the base rate the level; nothing else is learned.

    base_rate: of buyers, the chance of a customer of the usual share and of one whose share is unknown. usual: the
    mean share of the rows that the base rate is of.
    """

    names: tuple[str, ...]
    base_rate: float
    usual: float
    candidate: str = HEURISTIC

    @classmethod
    def of(cls, names: tuple[str, ...], values: Singles, positives: int) -> "Heuristic":
        """From rows with some buyers, or none: half a buyer more among one row more is taken to have been there."""
        shares = _first_known(values)
        usual = float(np.nanmean(shares)) if np.isfinite(shares).any() else 0.0
        return cls(names, (positives + 0.5) / (len(values) + 1), usual)

    def predict(self, values: Singles) -> Floats:
        """As `Fitted.predict`."""
        shares = _first_known(values)
        relative = shares / self.usual if self.usual > 0 else np.ones(len(values))
        return np.clip(self.base_rate * np.where(np.isnan(shares), 1.0, relative), 0.0, 1.0)

    def dump(self) -> str:
        """As `Fitted.dump`."""
        return json.dumps({**vars(self), "features": self.names}, indent=1)

    def importance(self) -> pl.DataFrame:
        """All of it is the first feature."""
        share = [float(place == 0) for place in range(len(self.names))]
        table = {"feature": self.names, "share": share, "weight": share}
        return pl.DataFrame(table, {"feature": pl.String, "share": pl.Float64, "weight": pl.Float64})

    def contributions(self, values: Singles) -> Floats:
        """Nothing is known of what adds up: 0 for every feature, the log odds of the chance as the base."""
        chances = np.clip(self.predict(values), 1e-6, 1 - 1e-6)
        return np.column_stack((np.zeros((len(values), len(self.names))), np.log(chances / (1 - chances))))


def _first_known(shares: Singles) -> Floats:
    """The first share of each row that is known, (n_rows,); NaN where none is."""
    found = np.full(len(shares), np.nan)
    for place in reversed(range(shares.shape[1])):
        found = np.where(np.isnan(shares[:, place]), found, shares[:, place])
    return found


def fit(
    candidate: str, values: Singles, labels: Flags, features: Sequence[Feature], params: Params, seed: int
) -> Fitted:
    """A candidate fitted to some rows.

    values: (n_rows, n_features), NaN where unknown. labels: (n_rows,), both classes. Raises ValueError for one class
    or a candidate that is not known.
    """
    if labels.all() or not labels.any():
        raise ValueError(f"{candidate}: {labels.size} rows of one class; a model needs buyers and others")
    names = tuple(feature.name for feature in features)
    if candidate == LOGREG:
        preparation = prepare(values, features)
        weights, intercept = elastic_net(preparation.apply(values), labels, dict(params), seed)
        return Linear(names, preparation, weights, intercept)
    if candidate not in CANDIDATES:
        raise ValueError(f"no candidate is called {candidate!r}; there are {', '.join(CANDIDATES)}")
    directions = [feature.monotone for feature in features] if candidate == MONOTONE else []
    return Trees(candidate, names, _boosted(values, labels, directions, params, seed))


def _boosted(
    values: Singles, labels: Flags, directions: Sequence[int], params: Params, seed: int
) -> tuple[lightgbm.Booster, ...]:
    """The members, which see the same rows and draw otherwise among rows and features."""
    options: dict[str, Any] = {**params, "objective": "binary", "deterministic": True, "force_row_wise": True}
    options |= {"num_threads": 1, "verbosity": -1}
    trees, members, method = (
        options.pop(name) for name in ("num_iterations", MEMBERS, "monotone_constraints_method")
    )
    if any(directions):
        options |= {"monotone_constraints": list(directions), "monotone_constraints_method": method}
    data = lightgbm.Dataset(values, labels, params=options).construct()
    # Every member has a thread of its own: LightGBM's own threads would be told apart by the order of their sums.
    return tuple(
        side_by_side(lambda place: lightgbm.train({**options, "seed": seed + place}, data, trees), range(members))
    )


def grid(candidate: str, settings: ModelSettings, *, pooled: bool) -> tuple[Params, ...]:
    """The parameters that a candidate may get, of the pooled model or of a division's own."""
    if candidate == LOGREG:
        return _linear(settings.linear if pooled else settings.own_linear)
    return _boosting(settings.boosting if pooled else settings.own_boosting, settings.monotone_method)


def simpler(params: Params) -> Params:
    """The parameters of trees that follow their rows less closely; those of a linear model as they are."""
    if "num_leaves" not in params:
        return params
    fewer = {
        "num_leaves": min(int(params["num_leaves"]), max(15, int(0.8 * int(params["num_leaves"])))),
        "min_data_in_leaf": 2 * int(params["min_data_in_leaf"]),
        "feature_fraction": min(float(params["feature_fraction"]), max(0.5, 0.9 * float(params["feature_fraction"]))),
        "bagging_fraction": min(float(params["bagging_fraction"]), max(0.5, 0.9 * float(params["bagging_fraction"]))),
    }
    return {**params, **fewer}


def single(params: Params) -> Params:
    """The parameters of trees of one member; those of a linear model as they are."""
    return {**params, MEMBERS: 1} if MEMBERS in params else params


def _linear(settings: LinearSettings) -> tuple[Params, ...]:
    return tuple(
        {"C": strength, "l1_ratio": share, "max_iter": settings.iterations, "tol": settings.tolerance}
        for strength, share in itertools.product(settings.inverse_penalties, settings.l1_shares)
    )


def _boosting(settings: BoostingSettings, monotone_method: str) -> tuple[Params, ...]:
    return tuple(
        {
            "num_iterations": settings.trees,
            "learning_rate": settings.learning_rate,
            "num_leaves": leaves,
            "min_data_in_leaf": rows,
            "feature_fraction": settings.feature_share,
            "bagging_fraction": settings.row_share,
            "bagging_freq": 1,
            "lambda_l2": settings.ridge,
            "max_bin": settings.bins,
            MEMBERS: settings.members,
            "monotone_constraints_method": monotone_method,
        }
        for leaves, rows in itertools.product(settings.leaves, settings.leaf_rows)
    )
