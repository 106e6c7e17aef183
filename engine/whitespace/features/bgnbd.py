"""BG/NBD: who is likely to be a customer still, and how many orders come, from how often and how recently one bought.

Fader, Hardie and Lee (2005), "Counting your customers" the easy way. A customer orders at a gamma distributed rate
(r, alpha) and, after each order, leaves with a beta distributed chance (a, b).
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln, hyp2f1

from engine.arrays import Floats

Rates = tuple[float, float, float, float]
"""r, alpha (weeks), a and b."""
UNINFORMED: Rates = (1.0, 10.0, 1.5, 3.0)
"""Where there is nothing to fit: orders every ten weeks, a third of customers leaves after one."""
LEAST_CUSTOMERS = 20
"""Histories that four parameters need at least."""


MOST_CUSTOMERS = 4000
"""Of more histories every second, third … is taken: the rates do not get surer than their use needs."""


class History(NamedTuple):
    """Orders after the first, weeks from the first to the last, and weeks since the first; NaN for none."""

    repeats: Floats
    last: Floats
    weeks: Floats


def fitted(history: History) -> Rates:
    """The likeliest rates of histories, (n,); the uninformed ones below a least number of customers."""
    known = ~np.isnan(history.weeks) & (history.weeks > 0)
    rows = np.stack([field[known] for field in history])
    if rows.shape[1] < LEAST_CUSTOMERS:
        return UNINFORMED
    part = History(*rows[:, :: 1 + rows.shape[1] // MOST_CUSTOMERS].copy())

    def surprise(logarithms: Floats) -> float:
        return -float(_log_likelihood(part, np.exp(logarithms)).mean())

    limits = [(-6, 6)] * 4
    found = minimize(surprise, np.log(UNINFORMED), method="L-BFGS-B", bounds=limits, options={"maxiter": 200})
    r, alpha, a, b = (float(rate) for rate in np.exp(found.x))
    # The expectation has a removable gap at a = 1.
    return r, alpha, a + 1e-6 * (abs(a - 1) < 1e-6), b


def alive(history: History, rates: Rates) -> Floats:
    """The chance that a customer has not left, NaN without a history."""
    return 1 / (1 + _odds_of_having_left(history, rates))


def expected_orders(history: History, rates: Rates, weeks: float) -> Floats:
    """Orders expected within so many weeks from now, NaN without a history.

    Equation 10 of the paper; the hypergeometric function in Euler's transformation, which stays small however many
    orders there were.
    """
    _, alpha, a, b = rates
    r, repeats = rates[0], history.repeats
    reach = weeks / (alpha + history.weeks + weeks)
    hyper = hyp2f1(a + b - 1 - r, a - 1, a + b + repeats - 1, reach)
    growth = (a + b + repeats - 1) / (a - 1) * (1 - (1 - reach) ** (a - 1) * hyper)
    values: Floats = np.maximum(growth, 0) / (1 + _odds_of_having_left(history, rates))
    return values


def _odds_of_having_left(history: History, rates: Rates) -> Floats:
    r, alpha, a, b = rates
    gone = (r + history.repeats) * np.log((alpha + history.weeks) / (alpha + history.last))
    chance = np.divide(a, b + history.repeats - 1, out=np.zeros(gone.shape), where=history.repeats > 0)
    return chance * np.exp(np.minimum(gone, 700)) + 0 * gone


def _log_likelihood(history: History, rates: Floats) -> Floats:
    r, alpha, a, b = rates
    repeats, last, weeks = history
    common = gammaln(r + repeats) - gammaln(r) + r * np.log(alpha)
    common += gammaln(a + b) + gammaln(b + repeats) - gammaln(b) - gammaln(a + b + repeats)
    stays = -(r + repeats) * np.log(alpha + weeks)
    left = np.log(a) - np.log(np.maximum(b + repeats - 1, 1e-12)) - (r + repeats) * np.log(alpha + last)
    values: Floats = common + np.logaddexp(stays, np.where(repeats > 0, left, -np.inf))
    return values
