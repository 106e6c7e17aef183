"""What drives the customers of a generated company, month by month, and what follows from it.

A customer that does not buy of a division begins with a chance that depends on its industry and size, the season,
what else it bought lately and whether an asset of it runs out. Once it buys, it orders again, until it lapses.
The same step draws what happened and what may happen, so that true probabilities are those of the tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from engine.arrays import Floats, Integers, Marks
from engine.synth.company.customers import Customers

NEVER: Final = -1_000
BASE: Final = -5.6
"""Log of the monthly chance to begin with a division, all else being usual."""
SIZE: Final = 0.5
SEASON: Final = 0.35
CROSS: Final = 3.5
CROSS_MONTHS: Final = (1, 8)
"""Whoever bought of one division so many months ago is more likely to begin with the next."""
EXPIRY: Final = 3.0
EXPIRY_MONTHS: Final = (9, 14)
"""Assets run out a year after they were bought; around it a customer is more likely to begin elsewhere."""
ASSET_DIVISION: Final = 0
"""The division whose orders become assets."""
ORDER_AGAIN: Final = 0.22
LAPSE: Final = 0.035
PRESENT: Final = 0.25
"""Share of pairs that buy from the first month on, before taste."""


@dataclass(frozen=True)
class Driver:
    """One planted cause. what: `cross` or `expiry`. source, target: divisions. log_odds: what it adds, as a log."""

    what: str
    source: int
    target: int
    strength: float


def drivers(n_divisions: int) -> tuple[Driver, ...]:
    """The planted causes: every division leads to the next, the last to the first; assets that run out lead to the
    third (or second).
    """
    cross = tuple(Driver("cross", at, (at + 1) % n_divisions, CROSS) for at in range(n_divisions))
    target = 2 if n_divisions > 2 else 1
    return (*cross, Driver("expiry", ASSET_DIVISION, target, EXPIRY))


@dataclass(frozen=True)
class State:
    """Where customers stand. (n_draws, n_customers, n_divisions): whether they buy of it, and their last month."""

    buys: Marks
    last: Integers


def beginning(who: Customers, rng: np.random.Generator) -> State:
    """The state before the first month."""
    shape = (1, *who.taste.shape)
    buys = rng.random(shape) < np.clip(PRESENT * np.exp(0.8 * who.taste + 0.3 * who.size_score[:, None]), 0.0, 0.9)
    return State(buys & (who.first_month == 0)[:, None], np.full(shape, NEVER, np.int64))


def step(
    state: State, month: int, who: Customers, causes: Sequence[Driver], rng: np.random.Generator
) -> tuple[State, Marks]:
    """One month on: the new state, and which pairs order, (n_draws, n_customers, n_divisions)."""
    alive = ((who.first_month <= month) & (month < who.last_month))[:, None]
    begins = -np.expm1(-np.exp(_log_hazard(state, month, who, causes)))
    chance = np.where(state.buys, ORDER_AGAIN, begins)
    drawn = rng.random(state.buys.shape, dtype=np.float32)
    orders = (drawn < chance) & alive
    lapses = rng.random(state.buys.shape, dtype=np.float32) < LAPSE
    buys = orders | (state.buys & ~lapses)
    return replace(state, buys=buys, last=np.where(orders, month, state.last)), orders


def _log_hazard(state: State, month: int, who: Customers, causes: Sequence[Driver]) -> Floats:
    n_divisions = who.taste.shape[1]
    peak = np.cos(2 * np.pi * (month / 12 - np.arange(n_divisions) / n_divisions))
    usual = BASE + who.taste + SIZE * who.size_score[:, None] + SEASON * peak[None, :]
    hazard = np.broadcast_to(usual, state.buys.shape).copy()
    for cause in causes:
        since = month - state.last[..., cause.source]
        first, last = CROSS_MONTHS if cause.what == "cross" else EXPIRY_MONTHS
        hazard[..., cause.target] += cause.strength * ((since >= first) & (since <= last))
    return hazard
