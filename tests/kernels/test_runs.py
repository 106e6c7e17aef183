from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.kernels.records import FoundSpans
from engine.kernels.runs import dark_days, dark_runs
from tests.kernels import naive

RATIO = 0.6


class Rows(NamedTuple):
    units: list[naive.Days]
    expected: list[naive.Days]
    in_stock: list[list[int]]
    judged: list[bool]


@st.composite
def rows_of_days(draw: st.DrawFn) -> Rows:
    n_rows, n_days = draw(st.integers(1, 4)), draw(st.integers(1, 14))

    def table(value: st.SearchStrategy) -> list[list]:
        row = st.lists(value, min_size=n_days, max_size=n_days)
        return draw(st.lists(row, min_size=n_rows, max_size=n_rows))

    return Rows(
        units=table(st.sampled_from([0.0, 1.0, 3.0, 3.0 - 1e-6, 6.0, None])),
        expected=table(st.sampled_from([5.0, 5.0, 5.0, 0.0, 10.0, None])),
        in_stock=table(st.sampled_from([1, 1, 1, 0])),
        judged=draw(st.lists(st.booleans(), min_size=n_rows, max_size=n_rows)),
    )


def found(rows: Rows, min_days: int, room: int | None = None) -> tuple[int, list[tuple[int, int, int]]]:
    """How many runs are counted, and row, first and last day of those written."""
    arrays = (
        np.array([naive.array(row) for row in rows.units]),
        np.array([naive.array(row) for row in rows.expected]),
        np.array(rows.in_stock, np.uint8),
        np.array(rows.judged),
        RATIO,
        min_days,
        naive.TIE,
    )
    nothing = FoundSpans(*(np.empty(0, np.int64),) * 3)
    count = dark_runs(*arrays, nothing)
    written = FoundSpans(*(np.full(count if room is None else room, -7, np.int64) for _ in range(3)))
    assert dark_runs(*arrays, written) == count
    return count, list(zip(*(column.tolist() for column in written), strict=True))


def defined(rows: Rows, min_days: int) -> list[tuple[int, int, int]]:
    return [
        (row, first, last)
        for row, is_judged in enumerate(rows.judged)
        if is_judged
        for first, last in naive.maximal_runs(dark_of(rows, row), min_days)
    ]


def dark_of(rows: Rows, row: int) -> list[bool]:
    return naive.dark(rows.units[row], rows.expected[row], rows.in_stock[row], Fraction(6, 10))


@given(rows_of_days(), st.integers(1, 4))
def test_a_case_is_a_maximal_run_of_dark_days(rows, min_days):
    wanted = defined(rows, min_days)
    assert found(rows, min_days) == (len(wanted), wanted)


@given(rows_of_days(), st.integers(0, 3))
def test_runs_are_written_as_far_as_there_is_room_and_counted_in_full(rows, room):
    wanted = defined(rows, 1)
    count, written = found(rows, 1, room)
    assert count == len(wanted)
    assert written == [*wanted[:room], *[(-7, -7, -7)] * (room - len(wanted))]


@given(rows_of_days())
def test_the_days_marked_dark_are_the_days_of_the_rule(rows):
    dark = np.empty((len(rows.units), len(rows.units[0])), np.bool_)
    units, expected = (np.array([naive.array(row) for row in side]) for side in (rows.units, rows.expected))
    dark_days(units, expected, np.array(rows.in_stock, np.uint8), RATIO, naive.TIE, dark)
    assert dark.tolist() == [dark_of(rows, row) for row in range(len(rows.units))]


@pytest.mark.parametrize(
    ("units", "expected", "in_stock", "is_dark"),
    [
        pytest.param(0.0, 5.0, 1, True, id="nothing_sold_is_dark"),
        pytest.param(2.999, 5.0, 1, True, id="just_under_sixty_percent_is_dark"),
        pytest.param(3.0, 5.0, 1, False, id="exactly_sixty_percent_of_5_is_not_dark"),
        pytest.param(6.18, 10.3, 1, False, id="exactly_sixty_percent_of_10.3_is_not_dark"),
        pytest.param(10.86, 18.1, 1, False, id="exactly_sixty_percent_of_18.1_is_not_dark"),
        pytest.param(3.001, 5.0, 1, False, id="just_over_sixty_percent_is_not_dark"),
        pytest.param(0.0, 5.0, 0, False, id="out_of_stock_is_not_dark"),
        pytest.param(0.0, 0.0, 1, False, id="nothing_expected_is_not_dark"),
        pytest.param(None, 5.0, 1, False, id="unknown_units_are_not_dark"),
        pytest.param(0.0, None, 1, False, id="an_unknown_expectation_is_not_dark"),
    ],
)
def test_silence_rule(units, expected, in_stock, is_dark):
    rows = Rows([[units] * 3], [[expected] * 3], [[in_stock] * 3], [True])
    assert found(rows, 3)[1] == ([(0, 0, 2)] if is_dark else [])


@pytest.mark.parametrize(
    ("days", "runs"),
    [
        pytest.param("dd", [], id="two_days_are_no_case"),
        pytest.param("ddd", [(0, 2)], id="three_days_are_a_case"),
        pytest.param("ddlddd", [(3, 5)], id="a_bright_day_breaks_a_run"),
        pytest.param("dddlldddd", [(0, 2), (5, 8)], id="two_runs_are_two_cases"),
        pytest.param("lddddl", [(1, 4)], id="a_run_is_taken_whole"),
    ],
)
def test_run_rule(days, runs):
    units = [0.0 if day == "d" else 5.0 for day in days]
    rows = Rows([units], [[5.0] * len(days)], [[1] * len(days)], [True])
    assert found(rows, 3)[1] == [(0, *run) for run in runs]
