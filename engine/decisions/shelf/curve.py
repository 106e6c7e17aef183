"""Curve: what a published confidence is worth, by what was answered; learnt, applied and taken back.

In: confidences, and whether the shelves were dark. Out: a line in log odds (Platt 1999), drawn toward no change:
every answer moves it a little, and without any it is the confidence as it was.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats
from engine.settings.shelf.calibrated import Certainty

STEP = 0.001
"""Confidences are published to a tenth of a percent: what is called certain may be half a step less."""


@dataclass(frozen=True)
class Curve:
    """Log odds of a shelf being dark: intercept + slope × log odds of the confidence. slope: above 0."""

    intercept: float = 0.0
    slope: float = 1.0

    def applied(self, confidence: Floats) -> Floats:
        """The confidences, 0 to 1, corrected. Their order stays."""
        from scipy.special import expit

        return np.asarray(expit(self.intercept + self.slope * _log_odds(confidence)), np.float64)

    def taken_back(self, confidence: Floats) -> Floats:
        """The confidences as they were before they were corrected."""
        from scipy.special import expit

        return np.asarray(expit((_log_odds(confidence) - self.intercept) / self.slope), np.float64)


UNCHANGED = Curve()


def fit(confidence: Floats, is_dark: NDArray[np.bool_], settings: Certainty) -> Curve:
    """The curve that explains the answers best, given how far it is believed to be off (a maximum a posteriori).

    confidence: (answers,), 0 to 1. No change of fewer answers than the settings ask for.
    """
    if is_dark.size < settings.min_answers:
        return UNCHANGED
    from scipy.optimize import minimize

    odds = _log_odds(confidence)

    def surprise(parameters: Floats) -> float:
        intercept, log_slope = parameters
        line = intercept + np.exp(log_slope) * odds
        # log(1 + exp(line)) - y × line, without overflow.
        of_answers = np.logaddexp(0, line) - is_dark * line
        of_belief = (intercept / settings.intercept_sd) ** 2 + (log_slope / settings.log_slope_sd) ** 2
        return float(of_answers.sum() + of_belief / 2)

    best = minimize(surprise, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-9})
    return Curve(float(best.x[0]), float(np.exp(best.x[1])))


def _log_odds(confidence: Floats) -> Floats:
    from scipy.special import logit

    return np.asarray(logit(np.clip(confidence, STEP / 2, 1 - STEP / 2)), np.float64)
