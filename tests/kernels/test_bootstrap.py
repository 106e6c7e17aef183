from __future__ import annotations

import os
import subprocess
import sys
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.kernels.bootstrap import mean_intervals
from tests.kernels import naive
from tests.kernels.strategies import days

BLOCK, REPLICATES, TAIL = 7, 200, 0.025
VALUES = days(st.integers(0, 30).map(float), 28)
SEED = st.integers(0, 2**32 - 1)


def intervals(
    rows: list[list[float]], seeds: list[int], block: int = BLOCK, replicates: int = REPLICATES, tail: float = TAIL
) -> list[tuple[float, float]]:
    values = np.full((len(rows), 28), 777.0)
    for row, kept in enumerate(rows):
        values[row, : len(kept)] = kept
    low, high = np.empty(len(rows)), np.empty(len(rows))
    counts = np.array([len(kept) for kept in rows], np.int64)
    mean_intervals(values, counts, np.array(seeds, np.uint64), block, replicates, tail, low, high)
    return list(zip(low.tolist(), high.tolist(), strict=True))


@given(VALUES, SEED, st.integers(1, 9) | st.just(56), st.sampled_from([0.025, 0.1, 0.4]))
def test_the_interval_is_that_of_its_definition(values, seed, block, tail):
    wanted = naive.mean_interval(values, seed, block, 100, tail)
    assert intervals([values], [seed], block, 100, tail)[0] == pytest.approx(wanted, rel=1e-12)


@given(st.lists(st.tuples(VALUES, SEED), min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_no_number(series, random):
    shuffled = list(series)
    random.shuffle(shuffled)
    straight = dict(zip(map(str, series), intervals(*map(list, zip(*series, strict=True))), strict=True))
    mixed = dict(zip(map(str, shuffled), intervals(*map(list, zip(*shuffled, strict=True))), strict=True))
    assert straight == mixed


@given(VALUES, SEED)
def test_the_interval_holds_the_mean(values, seed):
    ((low, high),) = intervals([values], [seed])
    assert low - 1e-9 <= fmean(values) <= high + 1e-9
    assert min(values) - 1e-9 <= low
    assert high <= max(values) + 1e-9


@given(st.integers(0, 1000), st.integers(1, 28), SEED)
def test_a_constant_series_leaves_no_doubt(level, days, seed):
    assert intervals([[level / 3] * days], [seed])[0] == pytest.approx((level / 3, level / 3))


def test_an_empty_series_has_no_interval():
    (nothing, something) = intervals([[], [4.0]], [1, 1])
    assert np.isnan(nothing).all()
    assert something == (4.0, 4.0)


def test_less_in_the_tails_makes_the_interval_wider():
    values = [float(day % 10) for day in range(28)]
    narrow, wide = (intervals([values], [5], tail=tail)[0] for tail in (0.2, 0.01))
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_another_seed_draws_other_blocks():
    values = [float(day**2) for day in range(28)]
    assert len(set(intervals([values] * 5, [1, 2, 3, 4, 5]))) == 5


CHECKED = """
import numpy as np
from engine.kernels.bootstrap import mean_intervals

low, high = np.empty(1), np.empty(1)
mean_intervals(np.ones((1, 28)), np.array([28]), np.array([3], np.uint64), 56, 100, 0.025, low, high)
print(low[0], high[0])
"""


def test_a_block_longer_than_the_series_reads_nothing_beyond_it():
    """Uncompiled, where an index out of bounds is an error."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CHECKED],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.stdout == "1.0 1.0\n", done.stderr
