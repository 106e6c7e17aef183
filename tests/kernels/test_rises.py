"""What rows sold before they rose, against the plain likelihoods."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.kernels.rises import before_rises
from tests.kernels.selling import sales_of

UNIT = 2.0
DAY = st.tuples(st.integers(0, 12), st.sampled_from([2.0, 3.0, 5.0]), st.sampled_from([True] * 5 + [False]))
SERIES = st.lists(DAY, min_size=2, max_size=20)
"""Units, expected units, whether the day may be learnt from."""


def log_poisson(sold: float, mean: float) -> float:
    """Log probability of a count, without the factorial that every rate shares."""
    return (sold * math.log(mean) if sold else 0.0) - mean


def plain(series: list, end: int, dispersion: float, least: float, bound: float) -> float | None:
    """Share sold before the likeliest day on which a higher rate may have begun; None without a proven one."""
    clean = [
        (day, sold, expected_units) for day, (sold, expected_units, is_clean) in enumerate(series[:end]) if is_clean
    ]
    found: list[tuple[float, float]] = []
    for rise in range(end):
        parts = [[one for one in clean if one[0] < rise], [one for one in clean if one[0] >= rise]]
        (before, due), (later, due_later) = ([sum(one[n] for one in part) for n in (1, 2)] for part in parts)
        if not (due >= least and due > 0 and due_later > 0 and later / due_later > before / due):
            continue
        one_rate = (before + later) / (due + due_later)
        two = log_poisson(before, before or 0.0) + log_poisson(later, later)
        one = log_poisson(before, one_rate * due) + log_poisson(later, one_rate * due_later)
        scatter = 1 + dispersion * (due + due_later) / len(clean)
        found.append(((two - one) / scatter, before / due))
    best = max(found, key=lambda one: one[0], default=(0.0, 0.0))
    return best[1] if found and best[0] >= bound else None


def share_before(series: list, end: int, dispersion: float, least: float, bound: float) -> float:
    units, expected, clean = (np.array([column]) for column in zip(*series, strict=True))
    shares = np.empty(1)
    cells = (units * UNIT, expected * UNIT, *(clean.astype(np.uint8),) * 2)
    sales = sales_of(*cells, np.array([dispersion]), np.array([UNIT]), *np.zeros((2, 1)))
    before_rises(sales, least, bound, np.array([0]), np.array([end]), shares)
    return float(shares[0])


@given(
    SERIES, st.integers(0, 20), st.sampled_from([0.0, 0.3]), st.sampled_from([0.0, 6.0]), st.sampled_from([0.01, 2.0])
)
def test_the_share_is_that_before_the_likeliest_rise(series, end, dispersion, least, bound):
    wanted = plain(series, min(end, len(series)), dispersion, least, bound)
    found = share_before(series, min(end, len(series)), dispersion, least, bound)
    assert (None if math.isnan(found) else pytest.approx(found)) == wanted


def test_a_rise_after_twenty_days_is_dated_and_a_steady_shelf_has_none():
    risen = [(2, 4.0, True)] * 20 + [(8, 4.0, True)] * 20
    assert share_before(risen, 40, 0.0, 20.0, 6.0) == pytest.approx(0.5)
    assert math.isnan(share_before(risen, 20, 0.0, 20.0, 6.0))
    assert math.isnan(share_before([(4, 4.0, True)] * 40, 40, 0.0, 20.0, 6.0))


def test_a_fall_is_no_rise():
    assert math.isnan(share_before([(8, 4.0, True)] * 20 + [(2, 4.0, True)] * 20, 40, 0.0, 20.0, 6.0))


def test_the_further_sales_scatter_the_more_a_rise_has_to_show():
    risen = [(2, 4.0, True)] * 20 + [(8, 4.0, True)] * 20
    ratio = (40 * math.log(0.5 / 1.25) + 160 * math.log(2.0 / 1.25)) / (1 + 0.3 * 4)
    assert share_before(risen, 40, 0.3, 20.0, ratio - 0.01) == pytest.approx(0.5)
    assert math.isnan(share_before(risen, 40, 0.3, 20.0, ratio + 0.01))
