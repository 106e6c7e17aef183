"""Since when a shelf has held so much, against looking back day by day."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.kernels.cover import cover_began

STOCK = st.lists(st.sampled_from([0.0, 5.0, 9.0, 10.0, 20.0, math.nan]), min_size=1, max_size=12)


def looked_back(stock: list[float], first: int, least: float, reach: int) -> int:
    earlier = [day for day in range(max(first - reach, 0), first) if not stock[day] >= least]
    return earlier[-1] + 1 if earlier else max(first - reach, 0)


@given(STOCK, st.integers(0, 11), st.sampled_from([5.0, 10.0]), st.integers(0, 12))
def test_the_cover_began_after_the_last_day_without_it(stock, first, least, reach):
    first = min(first, len(stock) - 1)
    began = np.empty(1, np.int64)
    cover_began(np.array([stock]), np.array([0]), np.array([first]), np.array([least]), reach, began)
    assert began[0] == looked_back(stock, first, least, reach)
