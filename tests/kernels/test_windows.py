from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.kernels import windows as kernel
from tests.kernels import naive

VALUE = st.none() | st.integers(0, 9).map(float)


@st.composite
def tables(draw: st.DrawFn, sides: int = 1) -> tuple[list[list[naive.Days]], list[tuple[int, int, int]]]:
    """Tables of the same shape, and points: row, first day (it may lie before day 0) and last day."""
    n_rows, n_days = draw(st.integers(1, 3)), draw(st.integers(1, 12))
    row = st.lists(VALUE, min_size=n_days, max_size=n_days)
    made = [draw(st.lists(row, min_size=n_rows, max_size=n_rows)) for _ in range(sides)]
    point = st.tuples(st.integers(0, n_rows - 1), st.integers(-5, n_days - 1), st.integers(0, n_days - 1))
    return made, draw(st.lists(point, min_size=1, max_size=6))


def stacked(table: list[naive.Days]) -> np.ndarray:
    return np.array([naive.array(row) for row in table])


def whole(points: list[tuple[int, ...]]) -> list[np.ndarray]:
    return [np.array(part, np.int64) for part in zip(*points, strict=True)]


@given(tables())
def test_sums_are_over_the_known_days_of_the_window(given_tables):
    (table,), points = given_tables
    totals, counts = np.empty(len(points)), np.empty(len(points), np.int64)
    kernel.sums(stacked(table), *whole(points), totals, counts)
    wanted = [naive.total_and_count(table[row], first, last) for row, first, last in points]
    assert list(zip(totals.tolist(), counts.tolist(), strict=True)) == wanted


@given(tables(sides=2))
def test_joint_sums_are_over_the_days_on_which_both_are_known(given_tables):
    (left, right), points = given_tables
    lefts, rights = np.empty(len(points)), np.empty(len(points))
    counts = np.empty(len(points), np.int64)
    kernel.joint_sums(stacked(left), stacked(right), *whole(points), lefts, rights, counts)
    for place, (row, first, last) in enumerate(points):
        both = naive.both_known(left[row], right[row])
        (left_total, count), (right_total, _) = (naive.total_and_count(side, first, last) for side in both)
        assert (lefts[place], rights[place], counts[place]) == (left_total, right_total, count)


@given(tables(), st.data(), st.integers(1, 4), st.integers(1, 6))
def test_promo_sums_are_over_the_last_promo_days_and_the_last_days_before_the_promo(
    given_tables, data, promo_days, base_days
):
    (table,), points = given_tables
    n_days = len(table[0])
    flags = data.draw(
        st.lists(st.lists(st.integers(0, 1), min_size=n_days, max_size=n_days), min_size=3, max_size=3)
    )[: len(table)]
    rows, _, ends = whole(points)
    totals, counts = np.empty((len(points), 2)), np.empty((len(points), 2), np.int64)
    kernel.promo_sums(stacked(table), np.array(flags, np.uint8), rows, ends, promo_days, base_days, totals, counts)
    for place, (row, _, end) in enumerate(points):
        for side, days in enumerate(naive.promo_windows(flags[row], end, promo_days, base_days)):
            units = [table[row][day] for day in days if table[row][day] is not None]
            assert (totals[place, side], counts[place, side]) == (sum(units), len(units))


@pytest.mark.parametrize(
    ("promo", "during", "before"),
    [
        pytest.param("0000111", 6 + 5 + 4, 3 + 2 + 1, id="a_run_and_the_days_before_it"),
        pytest.param("0110011", 6 + 5 + 2, 4 + 3 + 0, id="an_earlier_run_lends_its_days"),
        pytest.param("1111111", 6 + 5 + 4, 0, id="always_on_promo_has_no_base"),
        pytest.param("1111110", 0, 0, id="no_promo_today_has_no_sums"),
    ],
)
def test_promo_windows(promo, during, before):
    totals, counts = np.empty((1, 2)), np.empty((1, 2), np.int64)
    flags = np.array([[int(flag) for flag in promo]], np.uint8)
    kernel.promo_sums(np.arange(7.0)[None, :], flags, np.array([0]), np.array([6]), 3, 3, totals, counts)
    assert totals.tolist() == [[during, before]]


@given(tables())
def test_the_last_rise_is_the_last_day_above_the_day_before(given_tables):
    (table,), points = given_tables
    rows, _, ends = whole(points)
    rises, known_days = np.empty(len(points), np.int64), np.empty(len(points), np.int64)
    kernel.last_rises(stacked(table), rows, ends, rises, known_days)
    assert rises.tolist() == [naive.last_rise(table[row], end) for row, _, end in points]
    assert known_days.tolist() == [
        sum(value is not None for value in table[row][: end + 1]) for row, _, end in points
    ]


def test_the_first_snapshot_is_no_rise():
    rises, known_days = np.empty(1, np.int64), np.empty(1, np.int64)
    on_hand = np.array([[np.nan, np.nan, 5.0, 4.0, 4.0]])
    kernel.last_rises(on_hand, np.array([0]), np.array([4]), rises, known_days)
    assert (rises.tolist(), known_days.tolist()) == ([-1], [3])
