"""What stood out by chance, against simulated shelves of which only those that stood out are seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from engine.shelf.calibrated.selection import deviates, excess


def by_quadrature(seen: float, bound: float) -> float:
    """The excess with the likelihood integrated by an adaptive rule."""

    def likelihood(mean: float) -> float:
        return float(norm.pdf(seen - mean) / norm.sf(bound - mean))

    total = quad(likelihood, 0, seen + 4, limit=200)[0]
    return seen - quad(lambda mean: mean * likelihood(mean), 0, seen + 4, limit=200)[0] / total


@pytest.mark.parametrize(("seen", "bound"), [(4.0, 4.0), (4.5, 4.0), (5.5, 4.0), (3.0, 2.0), (7.0, 4.0)])
def test_the_excess_is_that_of_the_integrated_likelihood(seen, bound):
    assert excess(np.array([seen]), np.array([bound]))[0] == pytest.approx(by_quadrature(seen, bound), abs=0.01)


def test_shelves_seen_because_they_stood_out_are_right_on_average_once_it_is_taken_off():
    random = np.random.default_rng(11)
    true = random.uniform(0.0, 9.0, 200_000)
    seen = true + random.normal(size=true.size)
    found = seen > 4.0
    raw = seen[found].mean() - true[found].mean()
    corrected = (seen[found] - excess(seen[found], np.full(found.sum(), 4.0))).mean() - true[found].mean()
    assert raw > 0.05
    assert corrected < raw


@given(st.floats(0, 12), st.floats(0, 12))
def test_it_is_never_negative_nor_all_of_it(seen, bound):
    by_chance = excess(np.array([seen]), np.array([bound]))[0]
    assert 0 <= by_chance <= seen


def test_what_stood_out_by_far_keeps_all_of_it():
    assert excess(np.array([9.0]), np.array([4.0]))[0] == 0


def test_the_deviate_of_a_chance_undoes_villes_bound():
    assert deviates(np.exp(-np.array([0.0, 2.0, 12.5]))) == pytest.approx([0, 2, 5])


def test_chances_next_to_nothing_are_told_apart_too():
    seen = deviates(np.array([1e-300, 1e-307, 0.0]))
    bound = seen - 0.5
    means = (seen[:, None] + 4) * (np.arange(20_000) + 0.5) / 20_000
    logs = norm.logpdf(seen[:, None] - means) - norm.logsf(bound[:, None] - means)
    weight = np.exp(logs - logs.max(axis=1, keepdims=True))
    assert excess(seen, bound) == pytest.approx(seen - (weight * means).sum(axis=1) / weight.sum(axis=1), rel=1e-3)
