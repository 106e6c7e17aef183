"""Returns are netted as a person would net them, and habits are what the days around a day tell."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.kernels import deliveries as kernel
from tests.kernels import naive

WHOLE = st.sampled_from([-9.0, -4.0, -1.0, 0.0, 0.0, 1.0, 3.0, 8.0])


def netted(days: list[float], most_days_back: int, revenue: list[float]) -> tuple[list[float], list[float], list]:
    units, earned = np.array([days]), np.array([revenue])
    left_rows, left_days = np.empty((2, len(days)), np.int64)
    left_units = np.empty(len(days))
    rows = np.zeros(1, np.int64)
    count = kernel.net_returns(units, earned, rows, most_days_back, left_rows, left_days, left_units)
    left = list(zip(left_days[:count].tolist(), left_units[:count].tolist(), strict=True))
    return units[0].tolist(), earned[0].tolist(), left


@given(st.lists(WHOLE, min_size=2, max_size=12), st.integers(0, 12))
def test_a_return_undoes_the_latest_sales_before_it(days, most_days_back):
    units, _, left = netted(days, most_days_back, [0.0] * (len(days) - 1))
    wanted, wanted_left = naive.returns_netted(days, most_days_back)
    assert (units, left) == (wanted, wanted_left)


@given(st.lists(WHOLE, min_size=2, max_size=12), st.integers(0, 12))
def test_nothing_is_lost_and_no_day_falls_below_zero(days, most_days_back):
    units, _, left = netted(days, most_days_back, [0.0] * (len(days) - 1))
    assert min(units) >= 0
    assert sum(units) - sum(back for _, back in left) == pytest.approx(sum(days))


def test_revenue_shrinks_with_its_units():
    units, revenue, left = netted([8.0, 4.0, -6.0, 1.0], 28, [80.0, 36.0, -54.0])
    assert (units, revenue, left) == ([6.0, 0.0, 0.0, 1.0], [60.0, 0.0, 0.0], [])


def test_a_return_reaches_no_further_back_than_it_is_told():
    assert netted([8.0, 0.0, 0.0, -6.0], 2, [80.0, 0.0, 0.0])[2] == [(3, 6.0)]
    assert netted([8.0, 0.0, 0.0, -6.0], 3, [80.0, 0.0, 0.0])[2] == []


def weighed(units: list[list[float | None]], memory: float = 0.9) -> np.ndarray:
    """The sums of one store and one category."""
    table = np.array([naive.array(days) for days in units])
    n_rows, n_days = table.shape
    none, zeros = np.zeros((1, n_days), np.bool_), np.zeros(n_rows, np.int64)
    of_stores, of_categories = np.zeros((2, 1, kernel.N_SUMS, n_days), np.int64)
    kernel.weigh_habits(table, zeros, zeros, none, none, memory, 0.9, of_stores, of_categories)
    assert (of_stores == of_categories).all()
    return of_stores[0].T / kernel.SCALE


DAYS = st.none() | st.sampled_from([0.0, 1.0, 5.0])


@given(st.lists(st.lists(DAYS, min_size=14, max_size=14), min_size=1, max_size=4))
def test_a_habit_is_the_weighted_share_of_the_days_around(units):
    sums, memory = weighed(units), 0.9
    for day in range(14):
        rows = sold = 0.0
        for days in units:
            known = [t for t in range(14) if any(value is not None for value in days[: t + 1])]
            weights = {t: memory ** (abs(t - day) - 1) for t in known if t != day}
            if day not in known or sum(weights.values()) < kernel.ENOUGH_DAYS:
                continue
            total = sum(weights.values())
            rows += sum(w for t, w in weights.items() if days[t] is not None) / total
            sold += sum(w for t, w in weights.items() if days[t]) / total
        assert sums[day, kernel.ROWS + 1] == pytest.approx(rows, abs=1e-4)
        assert sums[day, kernel.SOLD + 1] == pytest.approx(sold, abs=1e-4)


def test_a_day_never_tells_its_own_habit():
    usual = [[3.0] * 20]
    odd = [[3.0] * 10 + [0.0] + [3.0] * 9]
    assert weighed(usual)[10, kernel.SOLD + 1] == weighed(odd)[10, kernel.SOLD + 1] == 1.0
    assert weighed(odd)[10, kernel.SOLD] == 0.0


@given(st.lists(st.lists(DAYS, min_size=14, max_size=14), min_size=2, max_size=4), st.randoms())
def test_no_order_of_rows_changes_a_bit(units, random):
    shuffled = random.sample(units, len(units))
    assert (weighed(units) == weighed(shuffled)).all()


def test_one_absurd_cell_weighs_no_more_than_some_busy_ones():
    units = [[3.0] * 20 for _ in range(3)]
    units[0][10] = 1e308
    assert weighed(units)[10, kernel.AMOUNT] < math.log1p(3) * 3 + math.log1p(1e12)


@given(st.lists(st.tuples(st.integers(0, 2), st.lists(DAYS, min_size=5, max_size=5)), min_size=1, max_size=6))
def test_a_store_has_rows_on_the_days_any_of_its_cells_is_known(rows):
    units = np.array([naive.array(days) for _, days in rows])
    store = np.array([store for store, _ in rows], np.int64)
    known, sold = np.zeros((2, 3, 5), np.bool_)
    kernel.days_above(units, store, -np.inf, known)
    kernel.days_above(units, store, 0.0, sold)
    for of_store in range(3):
        for day in range(5):
            cells = [days[day] for store_of_row, days in rows if store_of_row == of_store]
            assert known[of_store, day] == any(cell is not None for cell in cells)
            assert sold[of_store, day] == any(cell for cell in cells)
