"""Lists of draws, against rows written out as often as they are drawn."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.kernels.drawn_lists import drawn_lists

ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2), st.integers(-5, 9)), max_size=30)
"""Cluster, group and value, best first."""


def plain(rows: list, draw: list[int], room: list[int], calls: int) -> tuple[int, float]:
    """Every row as often as its cluster was drawn, one after the other while there is room."""
    left, taken, total = list(room), 0, 0.0
    for cluster, group, value in rows:
        for _ in range(draw[cluster]):
            if taken < calls and left[group] > 0:
                left[group] -= 1
                taken += 1
                total += value
    return taken, total


@given(
    rows=ROWS,
    draws=st.lists(st.lists(st.integers(0, 3), min_size=5, max_size=5), min_size=1, max_size=4),
    room=st.lists(st.integers(0, 12), min_size=3, max_size=3),
    calls=st.integers(0, 20),
)
def test_a_list_of_a_draw_is_that_of_its_rows_written_out(rows, draws, room, calls):
    codes, groups, values = (np.array([row[place] for row in rows], np.int64) for place in range(3))
    out = np.full((len(draws), 2), np.nan)
    drawn_lists(
        codes,
        groups,
        values.astype(np.float64)[:, None],
        np.array(draws, np.int64),
        np.tile(np.array(room, np.int64), (len(draws), 1)),
        np.full(len(draws), calls, np.int64),
        out,
    )
    assert [tuple(row) for row in out] == [plain(rows, draw, room, calls) for draw in draws]
