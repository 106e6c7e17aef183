"""Deviates that were seen because they exceeded a bound, and what their mean would be without that."""

import math

import numpy as np

from engine.kernels.compiling import inner, kernel
from engine.kernels.types import Floats1D, Out


@inner
def _log_normal(deviate: float) -> float:
    """The log of Φ, the standard normal distribution, at a deviate above -38, where Φ is no longer above 0."""
    # SciPy's log_ndtr is exact further out than any deviate here, and takes a tenth of a second to import.
    return math.log(0.5 * math.erfc(-deviate / math.sqrt(2.0)))


@kernel
def unselected(seen: Floats1D, bound: Floats1D, beyond: float, means: Out[Floats1D], logs: Out[Floats1D]) -> None:
    """The mean of a normal of deviation 1 seen at a deviate, given that it would not have been seen below its bound.

    seen, bound: (episodes,), bound at most seen, both from 0 to 38. beyond: means further than this above the
    deviate are left out. means: (episodes,), written. logs: (points,), scratch: at how many means the likelihood
    φ(seen - mean) / (1 - Φ(bound - mean)) is taken.
    """
    points = logs.size
    for episode in range(seen.size):
        z, least = seen[episode], bound[episode]
        step = (z + beyond) / points
        highest = -np.inf
        for point in range(points):
            mean = (point + 0.5) * step
            logs[point] = -0.5 * (z - mean) ** 2 - _log_normal(mean - least)
            highest = max(highest, logs[point])
        total, weighted = 0.0, 0.0
        for point in range(points):
            weight = math.exp(logs[point] - highest)
            total += weight
            weighted += weight * (point + 0.5) * step
        means[episode] = weighted / total
