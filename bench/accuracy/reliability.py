"""How reliable the stated probability is over stores that its curve was not fitted to."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bench.accuracy.recorded import FOLDS, fold_of
from engine.backtest.score import calibration_error, reliability

Floats = NDArray[np.float64]
NEWTON_STEPS = 25
RIDGE = 1e-6
"""Keeps a step finite where a fold has one kind of alert only."""


def features(alerts: pl.DataFrame) -> Floats:
    """What the curve is drawn from, (alerts, 4): 1, log of the log likelihood ratio, root of the share, log days."""
    sold = alerts["actual_daily_units"] / alerts["expected_daily_units"]
    columns = (
        np.ones(alerts.height),
        np.log(np.maximum(alerts["log_likelihood_ratio"].to_numpy(), np.exp(-1))),
        np.sqrt(sold.to_numpy()),
        np.log(alerts["duration_days"].to_numpy()),
    )
    return np.stack(columns, axis=1)


def fitted(x: Floats, right: Floats) -> Floats:
    """Coefficients of a logistic curve by Newton's method."""
    beta = np.zeros(x.shape[1])
    for _ in range(NEWTON_STEPS):
        chance = 1 / (1 + np.exp(-x @ beta))
        weight = x.T * (chance * (1 - chance))
        beta = beta + np.linalg.solve(weight @ x + RIDGE * np.eye(len(beta)), x.T @ (right - chance))
    return beta


def across_stores(alerts: pl.DataFrame) -> dict[str, Any]:
    """Brier score and calibration error of the shipped curve, and of one fitted anew without each fold's stores."""
    right, fold = alerts["is_right"].to_numpy().astype(np.float64), fold_of(alerts["store_id"]).to_numpy()
    x, refitted = features(alerts), np.empty(alerts.height)
    for one in range(FOLDS):
        refitted[fold == one] = 1 / (1 + np.exp(-x[fold == one] @ fitted(x[fold != one], right[fold != one])))
    shipped = alerts["confidence_score"].to_numpy() / 100
    return {"shipped": _figures(shipped, right, fold), "cross-validated": _figures(refitted, right, fold)}


def _figures(chance: Floats, right: Floats, fold: NDArray[np.int64]) -> Mapping[str, Any]:
    table = reliability(chance, right > 0)
    of_fold = [
        calibration_error(reliability(chance[fold == one], right[fold == one] > 0))
        for one in range(FOLDS)
        if (fold == one).any()
    ]
    return {
        "calibration_error": calibration_error(table),
        "of_folds": [float(np.mean(of_fold)), float(np.std(of_fold, ddof=1))],
        "brier": float(((chance - right) ** 2).mean()),
        "table": table.to_dicts(),
    }
