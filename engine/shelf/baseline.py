"""Baseline: the ordinary days just before a day (specification, section 3).

In: `Panel`, (pair, day) points. Out: the kept days of each point, their mean and deviation.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.kernels import expectation
from engine.settings.shelf.common import ExpectSettings
from engine.shelf.panel import Panel
from engine.vocabulary.common import TIE_TOLERANCE


@dataclass(frozen=True)
class Baseline:
    """The days behind the expectation of chosen points.

    values, days: (points, window), the first `counts` of each row. means, deviations (ddof 1): (points,), NaN where
    fewer days than the settings ask were kept.
    """

    values: NDArray[np.float64]
    days: NDArray[np.int64]
    counts: NDArray[np.int64]
    means: NDArray[np.float64]
    deviations: NDArray[np.float64]


def baseline_at(panel: Panel, pair: NDArray[np.int64], day: NDArray[np.int64], settings: ExpectSettings) -> Baseline:
    """The kept days before the given (pair, day) points."""
    shape = (pair.size, settings.window_days)
    values, days, counts = np.zeros(shape), np.zeros(shape, np.int64), np.empty(pair.size, np.int64)
    means, deviations = np.empty(pair.size), np.empty(pair.size)
    window = (settings.window_days, settings.trim_sigmas, TIE_TOLERANCE)
    expectation.baseline(panel.array("units", pair), np.arange(pair.size), day, *window, values, days, counts)
    expectation.moments(values, counts, settings.min_kept_days, means, deviations)
    return Baseline(values, days, counts, means, deviations)
