"""Changes of levels from the days before a window to the window, against their definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.kernels.drift import Changes, changes
from tests.kernels.test_likelihood_ratio import ALONE, learnt, sales, walk_of_mean

MEMORY, DISPERSION, LEAST = 0.9, 0.2, 2.0
DAY = st.tuples(st.integers(0, 9), st.floats(0.1, 6), st.booleans())
SERIES = st.lists(DAY.map(lambda day: (*day, day[2])), min_size=9, max_size=16)
"""Units, expected units, and whether the day is clean: here every usable one is."""


def found(series: list, window_days: int, end_day: int, n_windows: int) -> Changes:
    told = Changes(*(np.zeros((1, n_windows)) for _ in range(3)))
    # What is not clean looks dark, or is not usable either.
    is_usable = [is_clean or place % 2 == 0 for place, (_, _, is_clean, _) in enumerate(series)]
    of_row = sales([(*day[:2], usable, usable) for day, usable in zip(series, is_usable, strict=True)], DISPERSION)
    dark = np.array([[not day[3] for day in series]], np.uint8)
    changes(of_row, ALONE, dark, MEMORY, window_days, end_day, LEAST, told)
    return told


@given(SERIES, st.integers(2, 4), st.integers(0, 2), st.integers(1, 2))
def test_a_window_is_set_against_the_clean_days_before_it(series, window_days, spared, n_windows):
    end_day = len(series) - spared
    told = found(series, window_days, end_day, min(n_windows, end_day // window_days))
    for window in range(told.change.shape[1]):
        first = end_day - window_days * (window + 1)
        inside = [day[:2] for day in series[first : first + window_days] if day[3]]
        before = sum(day[0] for day in series[:first] if day[3])
        share, by_counts = learnt(series, first, MEMORY, DISPERSION, 0.0)
        due = share * sum(expected for _, expected in inside)
        # A sum that lies on the bound may fall on either side of it.
        if min(abs(due - LEAST), abs(before - LEAST)) < 1e-9 and due > 0:
            continue
        if not (due >= LEAST and before >= LEAST and 2 * len(inside) > window_days):
            assert np.isnan([table[0, window] for table in told]).all()
            continue
        of_drift = learnt(series, first, MEMORY, DISPERSION, 1.0)[1]
        squares = share**2 * sum(expected**2 for _, expected in inside)
        sold = max(sum(units for units, _ in inside), 0.5)
        assert told.change[0, window] == pytest.approx(math.log(sold / due))
        assert told.variance[0, window] == pytest.approx(1 / due + DISPERSION * squares / due**2 + by_counts)
        assert told.walked[0, window] == pytest.approx(of_drift - by_counts + walk_of_mean(len(inside)))
