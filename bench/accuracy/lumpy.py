"""Healthy shelves that sell in lots, in pauses, or once to a bulk buyer: every alarm over them is false."""

import numpy as np

from bench.accuracy.open_chains import CAUSES, DAYS, SKUS, OpenChain
from engine.arrays import Floats

STORES = 5
LOT_SHARE, LOT_UNITS = 0.18, 6
"""Share of the days with a lot, and its mean units, geometric."""
PAUSE_DAYS, UNITS_A_DAY = (5, 15), 4
BULK_TIMES, BULK_DAYS = (20, 200), 42
"""A bulk order is so many times an ordinary day, on one of the last days."""
KINDS = ("lots", "pauses", "bulk")


def drawn(kind: str, seed: int) -> OpenChain:
    """A chain of `STORES` in which nothing is dark. kind: of `KINDS`."""
    random = np.random.default_rng([seed, KINDS.index(kind)])
    n = STORES * SKUS
    sold = {"lots": _lots, "pauses": _pauses, "bulk": _bulk}[kind](random, n)
    mean = np.repeat(sold.mean(axis=1, keepdims=True), DAYS, axis=1)
    nothing = np.full(n, DAYS)
    cause, promo = np.full(n, CAUSES.index(CAUSES[0])), np.zeros(sold.shape, bool)
    return OpenChain(mean, sold, np.zeros(n), nothing, np.ones(n), cause, promo, np.zeros(n, np.int64))


def _lots(random: np.random.Generator, n: int) -> Floats:
    shape = (n, DAYS)
    units = random.geometric(1 / LOT_UNITS, shape).astype(np.float64)
    return np.where(random.random(shape) < LOT_SHARE, units, 0.0)


def _pauses(random: np.random.Generator, n: int) -> Floats:
    """All of some days' sales at once, every so many days; tonight may be any day of the pause."""
    pause = random.integers(*PAUSE_DAYS, n, endpoint=True)[:, None]
    phase = random.integers(0, pause)
    is_sale = (np.arange(DAYS) + phase) % pause == 0
    return np.where(is_sale, random.poisson(UNITS_A_DAY * pause, (n, DAYS)), 0.0)


def _bulk(random: np.random.Generator, n: int) -> Floats:
    level = np.exp(random.uniform(np.log(0.5), np.log(8.0), n))
    sold = random.poisson(np.repeat(level[:, None], DAYS, axis=1)).astype(np.float64)
    times = np.exp(random.uniform(np.log(BULK_TIMES[0]), np.log(BULK_TIMES[1]), n))
    sold[np.arange(n), DAYS - 1 - random.integers(0, BULK_DAYS, n)] += np.ceil(level * times)
    return sold
