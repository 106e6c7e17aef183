"""Signs of a map that would lie on one another: one stands for all within reach, and every store is found again."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from panel_app.pages.shelf.clusters import clustered, fanned

places = st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), max_size=40)
reaches = st.integers(1, 30)


def apart(told: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    table = np.array(told, float).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def one_by_one(told: list[tuple[int, int]], reach: int) -> list[int]:
    """The plain definition: whoever has no lead yet becomes one, and takes those within reach that have none."""
    leads: list[int | None] = [None] * len(told)
    for row, (x, y) in enumerate(told):
        if leads[row] is None:
            for other, (ox, oy) in enumerate(told):
                if leads[other] is None and (x - ox) ** 2 + (y - oy) ** 2 <= reach**2:
                    leads[other] = row
    return [lead for lead in leads if lead is not None]


@given(places, reaches)
def test_the_first_takes_what_is_within_reach_and_the_next_what_is_left(told, reach):
    assert clustered(*apart(told), float(reach)).tolist() == one_by_one(told, reach)


@given(places, reaches)
def test_signs_that_are_left_do_not_lie_on_one_another(told, reach):
    leads = np.unique(clustered(*apart(told), float(reach)))
    kept = [told[row] for row in leads]
    assert all((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 > reach**2 for a in kept for b in kept if a is not b)


@given(st.integers(2, 40), reaches)
def test_stores_of_one_place_are_fanned_so_that_each_can_be_told(stores, reach):
    x, y = fanned(np.zeros(stores), np.zeros(stores), float(reach))
    nearest = min(np.hypot(x[i] - x[j], y[i] - y[j]) for i in range(stores) for j in range(i))
    assert nearest >= reach * 0.99


def test_a_store_alone_stays_where_it_is():
    x, y = fanned(np.array([0.0, 100.0]), np.array([0.0, 0.0]), 5.0)
    assert (x.tolist(), y.tolist()) == ([0.0, 100.0], [0.0, 0.0])
