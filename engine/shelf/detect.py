"""Detect: unbroken runs of dark days (specification, section 4).

In: `Panel` with `expected`. Out: one row per case: pair (row of the panel), first and last (days of the panel).
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.config import DetectSettings
from engine.kernels.runs import dark_runs
from engine.shelf.panel import Panel
from engine.vocabulary import TIE_TOLERANCE


def detect(panel: Panel, settings: DetectSettings) -> pl.DataFrame:
    """In stock, expected to sell, sold less than the dark ratio of it, for enough days in a row."""
    count = _find(panel, settings, 0)[0]
    _, *found = _find(panel, settings, count)
    return pl.DataFrame(dict(zip(("pair", "first", "last"), found, strict=True)))


def _find(
    panel: Panel, settings: DetectSettings, room: int
) -> tuple[int, NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """How many runs there are, and pair, first and last day of as many as there is room for."""
    pair, first, last = (np.empty(room, np.int64) for _ in range(3))
    count = dark_runs(
        panel.array("units"),
        panel.array("expected"),
        panel.array("in_stock"),
        panel.judged,
        settings.dark_ratio,
        settings.min_dark_days,
        TIE_TOLERANCE,
        pair,
        first,
        last,
    )
    return count, pair, first, last
