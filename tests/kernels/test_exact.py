"""Exact sums place by place are those by group, in any order."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.blocks import exact
from engine.kernels.exact import add_by_place

PLACES = 3
CELL = st.tuples(st.floats(-1e6, 1e6), st.booleans())
ROWS = st.lists(st.lists(CELL, min_size=PLACES, max_size=PLACES), min_size=1, max_size=12)


def sums_of(rows: list[list[tuple[float, bool]]]) -> np.ndarray:
    """Parts of the sum of every place, (2, places); a cell that does not count may be anything."""
    whole, rest = np.zeros((2, PLACES))
    for row in rows:
        is_counted = np.array([counts for _, counts in row], np.uint8)
        values = np.where(is_counted, [value for value, _ in row], np.nan)
        add_by_place(values, is_counted, whole, rest)
    return np.stack([whole, rest])


@given(ROWS, st.randoms(use_true_random=False))
def test_sums_by_place_are_those_by_group_in_any_order(rows, random):
    sums = sums_of(rows)
    counted = [(place, value) for row in rows for place, (value, counts) in enumerate(row) if counts]
    group, values = (np.array(side) for side in zip(*counted, strict=True)) if counted else (np.empty(0), np.empty(0))
    assert sums.T.tobytes() == exact.by_group(group, values, PLACES).tobytes()
    random.shuffle(rows)
    assert sums_of(rows).tobytes() == sums.tobytes()
