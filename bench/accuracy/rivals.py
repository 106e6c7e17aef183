"""Rules that others find dark shelves by, written from what they published; none is part of the product.

In: the days of a chain up to a night. Out: the first day of the silence that each store-SKU is alerted for, the
number of days where it is not. Every rule sees the imputed panel, days out of stock left out, as our own profiles do.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Integers = NDArray[np.int64]

POISSON_CHANCE = 0.001
ZERO_SHARE_CHANCE = 0.05
GEOMETRIC_LEVEL = 0.99
SMOOTHING = 0.3
INTERVAL_SIGMAS = 1.645
"""Nine tenths of a normal distribution, the lower twentieth an alert."""
DAYS_OUTSIDE = 3
WARM_UP_DAYS = 14
HMM_SHARES = (0.02, 0.5, 1.0)
"""Share of a pair's ordinary sales in each state: out of stock, partly available, available. A start, then learnt."""
HMM_ROUNDS = 4
HMM_CHANCE = 0.5
TINY = 1e-9


@dataclass(frozen=True)
class Days:
    """What a rule sees. units: (pairs, days). known: days in stock, open and listed; others count for nothing. unit:
    of sale, 1 for whole numbers, else how much of a fraction stands for one purchase.
    """

    units: Floats
    known: Flags
    unit: float = 1.0

    @property
    def n_days(self) -> int:
        """The as-of day is the last one."""
        return int(self.units.shape[1])


Rule = Callable[[Days], Integers]


def trailing(days: Days, quiet: Flags) -> tuple[Integers, Integers]:
    """Known days of the unbroken run of quiet ones up to the last day, and its first day (n_days without one)."""
    length = np.zeros(len(quiet), np.int64)
    first = np.full(len(quiet), days.n_days)
    unbroken = np.ones(len(quiet), np.bool_)
    for day in range(days.n_days - 1, -1, -1):
        unbroken &= quiet[:, day] | ~days.known[:, day]
        counts = unbroken & days.known[:, day]
        length += counts
        first[counts] = day
    return length, first


def _zero_runs(days: Days) -> tuple[Integers, Integers, Floats, Integers]:
    """The trailing run of days without a sale, its first day, units sold before it and known days before it."""
    length, first = trailing(days, ~(days.units > 0))
    before = days.known & (np.arange(days.n_days) < first[:, None])
    return length, first, np.where(before, days.units, 0.0).sum(axis=1), before.sum(axis=1)


def _alert(days: Days, is_alert: Flags, first: Integers) -> Integers:
    return np.where(is_alert, first, days.n_days)


def zero_days(k: int) -> Rule:
    """No sale on k known days in a row, of what has sold before."""

    def rule(days: Days) -> Integers:
        length, first, sold, _ = _zero_runs(days)
        return _alert(days, (length >= k) & (sold > 0), first)

    return rule


def poisson_run(days: Days) -> Integers:
    """A run without a sale that a Poisson process of the mean before it shows less than once in a thousand."""
    length, first, sold, n = _zero_runs(days)
    rate = sold / np.maximum(n, 1) / days.unit
    return _alert(days, np.exp(-rate * length) < POISSON_CHANCE, first)


def zero_share_run(days: Days) -> Integers:
    """Share of days without a sale in the whole history, to the power of the run, below 0.05 (Databricks 2021)."""
    length, first, sold, _ = _zero_runs(days)
    zeros = (days.known & ~(days.units > 0)).sum(axis=1)
    share = zeros / np.maximum(days.known.sum(axis=1), 1)
    return _alert(days, (length > 0) & (sold > 0) & (share**length < ZERO_SHARE_CHANCE), first)


def geometric_gaps(days: Days) -> Integers:
    """A gap since the last sale beyond the 0.99 quantile of geometric gaps (greybox `aid`, Svetunkov)."""
    length, first, sold, n = _zero_runs(days)
    sales = (days.known & (days.units > 0)).sum(axis=1)
    chance = sales / np.maximum(n, 1)
    # A gap of the run's length or more: no sale on each of its days.
    return _alert(days, (sold > 0) & (length > 0) & ((1 - chance) ** length < 1 - GEOMETRIC_LEVEL), first)


def smoothed_interval(days: Days) -> Integers:
    """Three days in a row below the 90% interval of simple exponential smoothing; days outside do not move it."""
    level = np.full(len(days.units), np.nan)
    squares, n = np.zeros(len(days.units)), np.zeros(len(days.units))
    outside = np.zeros(days.units.shape, np.bool_)
    for day in range(days.n_days):
        known = days.known[:, day]
        error = days.units[:, day] - level
        bound = INTERVAL_SIGMAS * np.sqrt(squares / np.maximum(n, 1))
        outside[:, day] = known & (n >= WARM_UP_DAYS) & (error < -bound)
        first_seen = known & np.isnan(level)
        level = np.where(first_seen, days.units[:, day], level)
        learns = known & ~first_seen & ~outside[:, day]
        squares, n = squares + np.where(learns, error**2, 0.0), n + learns
        level = np.where(learns, level + SMOOTHING * error, level)
    length, first = trailing(days, outside)
    return _alert(days, length >= DAYS_OUTSIDE, first)


def hidden_markov(days: Days) -> Integers:
    """Three hidden states of availability with Poisson sales, learnt from the chain (Montoya and Gonzalez 2019).

    An alert where the state out of stock is likelier than not on the last day; it began where it last became so.
    Their hierarchical priors are replaced by one transition matrix for the chain and a level of each pair.
    """
    units = np.where(days.known, days.units, 0.0) / days.unit
    n_known = np.maximum(days.known.sum(axis=1), 1)
    level = np.maximum(units.sum(axis=1) / n_known, TINY)
    shares = np.array(HMM_SHARES)
    moves = np.array([[0.9, 0.05, 0.05], [0.05, 0.9, 0.05], [0.01, 0.04, 0.95]])
    states = np.empty((*units.shape, 3))
    for _ in range(HMM_ROUNDS):
        states, transitions = _states(units, days.known, level, shares, moves)
        weight = (states * days.known[:, :, None]) @ shares
        level = np.maximum(units.sum(axis=1) / np.maximum(weight.sum(axis=1), TINY), TINY)
        moves = transitions / transitions.sum(axis=1, keepdims=True)
        expected_units = ((states * days.known[:, :, None]) * level[:, None, None]).sum(axis=(0, 1))
        partly = (states[:, :, 1] * units).sum() / max(expected_units[1], TINY)
        shares = np.array([HMM_SHARES[0], float(np.clip(partly, 0.1, 0.9)), 1.0])
    length, first = trailing(days, states[:, :, 0] > HMM_CHANCE)
    return _alert(days, (length > 0) & (units.sum(axis=1) > 0), first)


def _states(units: Floats, known: Flags, level: Floats, shares: Floats, moves: Floats) -> tuple[Floats, Floats]:
    """Chance of each state on each day given all days, (pairs, days, states), and expected moves between them."""
    mean = level[:, None, None] * shares
    logs = np.where(known[:, :, None], units[:, :, None] * np.log(mean) - mean, 0.0)
    likelihood = np.exp(logs - logs.max(axis=2, keepdims=True))
    forward, backward = np.empty_like(likelihood), np.ones_like(likelihood)
    now = np.full((len(units), 3), 1 / 3) * likelihood[:, 0]
    forward[:, 0] = now / now.sum(axis=1, keepdims=True)
    for day in range(1, units.shape[1]):
        now = (forward[:, day - 1] @ moves) * likelihood[:, day]
        forward[:, day] = now / now.sum(axis=1, keepdims=True)
    transitions = np.zeros((3, 3))
    for day in range(units.shape[1] - 2, -1, -1):
        ahead = likelihood[:, day + 1] * backward[:, day + 1]
        joint = forward[:, day, :, None] * moves * ahead[:, None, :]
        transitions += (joint / joint.sum(axis=(1, 2), keepdims=True)).sum(axis=0)
        earlier = ahead @ moves.T
        backward[:, day] = earlier / earlier.sum(axis=1, keepdims=True)
    states = forward * backward
    return states / states.sum(axis=2, keepdims=True), transitions


RULES: dict[str, Rule] = {
    "zero_days_3": zero_days(3),
    "zero_days_7": zero_days(7),
    "poisson_run": poisson_run,
    "zero_share_run": zero_share_run,
    "geometric_gaps": geometric_gaps,
    "smoothed_interval": smoothed_interval,
    "hidden_markov": hidden_markov,
}
