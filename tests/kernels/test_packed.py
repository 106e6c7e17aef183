from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.kernels import compiling, packed

N_DAYS = packed.FIRST_DAYS + 4
WHOLE = st.integers(0, 70_000).map(float)
DECIMALS = [st.integers(0, 70_000).map(lambda code, divisor=divisor: code / divisor) for divisor in (10, 100, 1000)]
ODD = st.sampled_from(
    [0.0, -0.0, -1.0, 65_534.0, 65_535.0, 655.34, 655.35, 0.1 + 0.2, 1e300, np.inf, -np.inf, np.nan]
)
ANY = st.one_of(WHOLE, *DECIMALS, ODD, st.floats())
ROW = st.one_of(
    *(
        st.lists(st.one_of(numbers, st.just(np.nan)), min_size=N_DAYS, max_size=N_DAYS)
        for numbers in (WHOLE, *DECIMALS, ANY)
    )
)
"""Mostly of one kind: among many a row of all kinds is one that no divisor holds."""
ROWS = st.lists(ROW, min_size=1, max_size=6)


def room(n_rows: int, n_wide: int) -> packed.Packing:
    return packed.Packing(
        np.empty((n_rows, N_DAYS), np.uint16), np.empty(n_rows, np.uint16), np.empty((n_wide, N_DAYS))
    )


def there_and_back(values: np.ndarray) -> np.ndarray:
    to, every, found = room(len(values), len(values)), np.arange(len(values)), np.empty_like(values)
    assert packed.pack(values, every, to) == 0
    packed.unpack(compiling.given(packed.Packed(*to)), every, 0, found)
    return found


def bits(values: np.ndarray) -> list[bytes]:
    """Of every number; any NaN is alike."""
    return [np.where(np.isnan(one), np.nan, one).tobytes() for one in values.ravel()]


@given(rows=ROWS)
def test_every_number_comes_back_to_the_bit(rows):
    values = np.array(rows)
    assert bits(there_and_back(values)) == bits(values)


@pytest.mark.parametrize(
    ("row", "divisor"),
    [
        pytest.param([3.0, 0.0, np.nan, 12.0, 65_534.0], 1, id="whole_units"),
        pytest.param([6_553.4, 0.5, 1.0, 2.0, np.nan], 10, id="halves"),
        pytest.param([1.99, 0.29, 655.34, 12.0, np.nan], 100, id="prices"),
        pytest.param([0.125, 65.534, 3.002, 0.001, np.nan], 1000, id="weighed"),
        pytest.param([np.nan], 1, id="nothing_known"),
        pytest.param([655.35, 0.01], packed.WIDE, id="too_dear"),
        pytest.param([1 / 3, 1.0], packed.WIDE, id="a_third"),
        pytest.param([1.0] * packed.FIRST_DAYS + [1 / 3], packed.WIDE, id="a_third_later_on"),
        pytest.param([-1.0, 1.0], packed.WIDE, id="below_zero"),
        pytest.param([-0.0, 1.0], packed.WIDE, id="minus_nought"),
    ],
)
def test_a_row_takes_two_bytes_a_day_where_these_hold_it(row, divisor):
    to, values = room(1, 1), np.resize(row, (1, N_DAYS))
    packed.pack(values, np.array([0]), to)
    assert to.divisors.tolist() == [divisor]
    assert bits(there_and_back(values)) == bits(values)


def test_rows_that_find_no_room_are_counted():
    values = np.array([[1.0] * N_DAYS, [1 / 3] * N_DAYS, [1e9] * N_DAYS])
    assert packed.pack(values, np.arange(3), room(3, 0)) == 2


def test_a_row_that_becomes_narrow_again_is_read_as_such():
    to, found = room(1, 1), np.empty((1, N_DAYS))
    for row in ([1 / 3] * N_DAYS, [2.0] * N_DAYS):
        packed.pack(np.array([row]), np.array([0]), to)
        packed.unpack(compiling.given(packed.Packed(*to)), np.array([0]), 0, found)
        assert found.tolist() == [row]
