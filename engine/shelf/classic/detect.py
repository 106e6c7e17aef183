"""Detect: unbroken runs of dark days (specification, section 4).

In: `Panel` with `expected`. Out: one row per case: pair (row of the panel), first and last (days of the panel).
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.kernels import rows
from engine.kernels.records import FoundSpans
from engine.kernels.runs import dark_runs
from engine.settings.shelf.classic import DetectSettings
from engine.shelf.panel import Panel
from engine.vocabulary.common import TIE_TOLERANCE


def detect(panel: Panel, settings: DetectSettings) -> pl.DataFrame:
    """In stock, expected to sell, sold less than the dark ratio of it, for enough days in a row."""
    found: dict[int, list[NDArray[np.int64]]] = {}
    nothing = [np.empty(0, np.int64)] * 3

    def find_block(block: slice) -> None:
        count = _find(panel, block, settings, nothing)
        found[block.start] = [np.empty(count, np.int64) for _ in range(3)]
        _find(panel, block, settings, found[block.start])
        found[block.start][0] += block.start

    rows.in_blocks(find_block, panel.pairs.height)
    in_order = (found[start] for start in sorted(found))
    columns = [np.concatenate(parts) for parts in zip(nothing, *in_order, strict=True)]
    return pl.DataFrame(dict(zip(("pair", "first", "last"), columns, strict=True)))


def _find(panel: Panel, block: slice, settings: DetectSettings, room: list[NDArray[np.int64]]) -> int:
    """How many runs some rows have; row, first and last day of as many as there is room for are written."""
    return dark_runs(
        panel.array("units", block),
        panel.array("expected", block),
        panel.array("in_stock", block),
        panel.judged[block],
        settings.dark_ratio,
        settings.min_dark_days,
        TIE_TOLERANCE,
        FoundSpans(*room),
    )
