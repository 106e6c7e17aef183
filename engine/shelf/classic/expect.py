"""Expect: what every store-SKU would have sold on an ordinary day (specification, section 3).

In: `Panel`. Out: the panel with `expected`, units a day as an array of days, NaN where history is too short.
"""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.kernels import expectation, rows
from engine.settings.shelf.common import ExpectSettings
from engine.shelf.panel import Panel
from engine.vocabulary.common import TIE_TOLERANCE


def expect(panel: Panel, settings: ExpectSettings) -> Panel:
    """Trimmed mean of the days before each day; a day never judges itself."""
    units = panel.array("units")
    expected = panel.memory.empty(units.shape)

    def expect_block(block: slice) -> None:
        expectation.expectation(
            units[block],
            settings.window_days,
            settings.trim_sigmas,
            settings.min_kept_days,
            TIE_TOLERANCE,
            expected[block],
        )

    rows.in_blocks(expect_block, len(units))
    return replace(panel, pairs=panel.pairs.with_columns(expected=pl.Series(expected)))


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
    expectation.baseline(panel.array("units"), pair, day, *window, values, days, counts)
    expectation.moments(values, counts, settings.min_kept_days, means, deviations)
    return Baseline(values, days, counts, means, deviations)
