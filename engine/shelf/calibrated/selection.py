"""Selection: how far what was found stood out by chance alone (the winner's curse).

In: how unlikely each episode is, and how unlikely it had to be. Out: the part of it that is chance. Episodes are
found because they stand out, and among two alike the one stands out more whose level came out higher. Given that a
normal deviate z was seen because it exceeded a bound, its mean m has the likelihood φ(z - m) / (1 - Φ(bound - m));
the mean of that likelihood over shelves that lose anything is z without the selection (Ghosh, Zou and Wright 2008).
"""

import numpy as np

from engine.arrays import Floats
from engine.kernels.selection import unselected

POINTS = 96
"""Means at which the likelihood is taken."""
BEYOND = 4.0
"""A deviate this far beyond its bound was not selected by chance; means further than this from it are unlikely."""


def deviates(chances: Floats) -> Floats:
    """The deviate of a normal whose log likelihood ratio is that of a chance by Ville's bound: √(-2 ln p)."""
    return np.sqrt(-2.0 * np.log(np.clip(chances, np.finfo(np.float64).tiny, 1.0)))


def excess(seen: Floats, bound: Floats) -> Floats:
    """How much of each deviate is chance, given that it exceeded its bound: (episodes,), from 0 to the deviate."""
    by_chance = np.zeros(seen.size)
    near = np.flatnonzero(seen - bound < BEYOND)
    z, means = seen[near], np.empty(near.size)
    unselected(z, np.minimum(bound[near], z), BEYOND, means, np.empty(POINTS))
    by_chance[near] = np.clip(z - means, 0.0, z)
    return by_chance
