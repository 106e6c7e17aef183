"""Shares: how many of the things asked were so, with an interval that knows weights and stores.

In: yes or no, weight and store of every answer. Out: a `Share`. The interval is Wilson's (1927) for as many answers
as the real ones are worth: answers of one store resemble one another, and unequal weights waste some (effective size
as in Korn and Graubard 1998). A bootstrap over stores would say of ten right answers in ten that there is no doubt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from engine.arrays import Floats


@dataclass(frozen=True)
class Share:
    """A share with its interval, 0 to 1. answers: it rests on; effective: independent ones that would say as much."""

    estimate: float
    low: float
    high: float
    answers: int
    effective: float


def wilson(share: float, answers: float, level: float) -> tuple[float, float]:
    """The interval of a share of so many independent answers (Wilson 1927)."""
    z = NormalDist().inv_cdf((1 + level) / 2)
    middle = (share + z * z / (2 * answers)) / (1 + z * z / answers)
    half = z / (1 + z * z / answers) * np.sqrt(share * (1 - share) / answers + z * z / (4 * answers**2))
    # Rounding must not put the share outside: all of them, and none, are bounds of their own interval.
    return min(max(float(middle - half), 0.0), share), max(min(float(middle + half), 1.0), share)


def share_of(
    is_so: Sequence[bool], stores: Sequence[str], level: float, weights: Sequence[float] | None = None
) -> Share:
    """The weighted share of answers that are so; there is at least one. Their order changes no digit that shows."""
    so = np.asarray(is_so, np.float64)
    weight = np.ones(so.size) if weights is None else np.asarray(weights, np.float64)
    estimate = float((so * weight).sum() / weight.sum())
    effective = _effective(so, weight, np.asarray(stores), estimate, level)
    low, high = wilson(estimate, effective, level)
    return Share(estimate, low, high, so.size, effective)


def _effective(so: Floats, weight: Floats, stores: NDArray[np.str_], estimate: float, level: float) -> float:
    """Independent answers with the same error; never more than there are for their weights (Kish 1965)."""
    most = float(weight.sum() ** 2 / (weight**2).sum())
    _, cluster = np.unique(stores, return_inverse=True)
    clusters = int(cluster.max()) + 1
    if clusters < 2 or estimate in {0.0, 1.0}:
        return most
    sums = np.bincount(cluster, weight * (so - estimate) / weight.sum(), clusters)
    variance = clusters / (clusters - 1) * float((sums**2).sum())
    if variance == 0:
        return most
    # Few stores tell their own spread badly: Student's t in place of the normal distribution.
    wider = float(stdtrit(clusters - 1, (1 + level) / 2)) / NormalDist().inv_cdf((1 + level) / 2)
    return min(estimate * (1 - estimate) / variance / wider**2, most)
