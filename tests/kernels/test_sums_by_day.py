"""Sums of the rows of a group, day by day, in parts that no order of adding changes."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.blocks import exact
from engine.kernels.exact import add_days_by_group
from engine.shelf.measures import Whole, packed
from tests.kernels.test_windows import stacked, tables


@given(tables(), st.data())
def test_group_sums_add_the_known_values_of_every_member(given_tables, data):
    (table,), _ = given_tables
    groups = data.draw(st.lists(st.integers(-1, 2), min_size=len(table), max_size=len(table)))
    n_days = len(table[0])
    parts, counts = np.zeros((3, n_days, exact.N_FINEST_PARTS)), np.zeros((3, n_days), np.int64)
    of = (packed(Whole(stacked(table))), np.arange(len(table)), np.array(groups, np.int64))
    add_days_by_group(*of, parts, counts)
    totals = exact.total(parts)
    for group in range(3):
        for day in range(n_days):
            values = [row[day] for row, of in zip(table, groups, strict=True) if of == group and row[day] is not None]
            assert (totals[group, day], counts[group, day]) == (sum(values), len(values))


def test_the_order_of_rows_changes_no_digit():
    random = np.random.default_rng(4)
    values, groups = random.lognormal(0, 6, (500, 3)), random.integers(0, 2, 500)

    def total(order: np.ndarray) -> np.ndarray:
        parts, counts = np.zeros((2, 3, exact.N_FINEST_PARTS)), np.zeros((2, 3), np.int64)
        add_days_by_group(packed(Whole(values)), order, groups, parts, counts)
        return exact.total(parts)

    first = total(np.arange(500))
    by_group = [[math.fsum(values[groups == group, day]) for day in range(3)] for group in range(2)]
    np.testing.assert_allclose(first, by_group, rtol=2**-52)
    assert all(total(random.permutation(500)).tobytes() == first.tobytes() for _ in range(20))
