"""The best checks for the minutes: as good as trying every set, and as what a solver finds."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from engine.decisions.shelf.knapsack import best_set

FEW = settings(max_examples=150, deadline=None, derandomize=True, database=None)


def cost_of(chosen, cost, group, setup) -> int:
    return int(cost[chosen].sum() + sum(setup[number] for number in set(group[chosen].tolist())))


@st.composite
def stores(draw):
    count, groups = draw(st.integers(0, 8)), draw(st.integers(1, 4))
    whole = lambda low, high, size: np.array(  # noqa: E731
        draw(st.lists(st.integers(low, high), min_size=size, max_size=size)), np.int64
    )
    return whole(0, 20, count), whole(0, 8, count), whole(0, groups - 1, count), whole(0, 5, groups)


@given(stores(), st.integers(0, 30))
@FEW
def test_no_other_set_within_the_minutes_is_worth_more(store, budget):
    value, cost, group, setup = store
    chosen = best_set(value, cost, group, setup, budget)
    assert cost_of(chosen, cost, group, setup) <= budget
    sets = (np.array(each, np.bool_) for each in product([False, True], repeat=value.size))
    most = max(value[each].sum() for each in sets if cost_of(each, cost, group, setup) <= budget)
    assert value[chosen].sum() == most


def test_a_store_of_a_hundred_checks_gets_what_a_solver_finds():
    random = np.random.default_rng(7)
    for _ in range(5):
        value, cost = random.integers(1, 100_000, 100), random.integers(3, 13, 100)
        group, setup = random.integers(0, 12, 100), np.full(12, 8)
        chosen = best_set(value, cost, group, setup, 120)
        assert cost_of(chosen, cost, group, setup) <= 120
        assert value[chosen].sum() == solved(value, cost, group, setup, 120)


def solved(value, cost, group, setup, budget) -> int:
    """The best sum by branch and bound: a check needs its category open."""
    opens = np.zeros((value.size, setup.size))
    opens[np.arange(value.size), group] = -1
    rows = np.vstack([np.hstack([cost, setup]), np.hstack([np.eye(value.size), opens])])
    limits = LinearConstraint(rows, ub=np.hstack([budget, np.zeros(value.size)]))
    worth = -np.hstack([value, np.zeros(setup.size)])
    found = milp(
        worth, constraints=limits, integrality=np.ones(worth.size), bounds=Bounds(0, 1), options={"mip_rel_gap": 0}
    )
    return round(-found.fun)


def test_the_walk_to_a_category_is_paid_once():
    value, cost = np.array([10, 10, 15]), np.array([2, 2, 2])
    group, setup = np.array([0, 0, 1]), np.array([6, 6])
    assert best_set(value, cost, group, setup, 10).tolist() == [True, True, False]
    assert best_set(value, cost, group, setup, 9).tolist() == [False, False, True]


def test_without_minutes_or_checks_nothing_is_chosen():
    none = np.array([], np.int64)
    assert best_set(none, none, none, np.array([3]), 10).size == 0
    assert not best_set(np.array([5]), np.array([1]), np.array([0]), np.array([0]), 0).any()
