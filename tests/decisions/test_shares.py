"""Shares and their intervals: published figures, stores that resemble themselves, unequal chances."""

from __future__ import annotations

import numpy as np
import pytest

from engine.decisions.shelf.shares import share_of, wilson


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_the_one_that_newcombe_printed(hits, of, low, high):
    """Newcombe 1998, Statistics in Medicine 17, table I, method 3."""
    assert wilson(hits / of, of, 0.95) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_all_of_them_is_no_certainty():
    share = share_of([True] * 10, [str(n) for n in range(10)], 0.95)
    assert (share.estimate, share.high, share.answers) == (1.0, 1.0, 10)
    assert 0.69 < share.low < 0.73


def test_answers_of_stores_that_all_agree_count_as_one_a_store():
    is_so = [store % 2 == 0 for store in range(20) for _ in range(10)]
    stores = [str(store) for store in range(20) for _ in range(10)]
    apart = share_of(is_so, [str(n) for n in range(200)], 0.95)
    together = share_of(is_so, stores, 0.95)
    assert together.estimate == apart.estimate == 0.5
    assert 15 < together.effective < 20 < 190 < apart.effective <= 200
    assert together.low < apart.low < apart.high < together.high


def test_the_effective_number_is_the_one_worked_out_on_paper():
    """Four stores of two answers: 5 of 8, variance 4/3 × 0.04296875, and t of three degrees for a normal quantile."""
    share = share_of([True, True, False, False, True, False, True, True], list("aabbccdd"), 0.95)
    on_paper = (5 / 8) * (3 / 8) / (4 / 3 * 0.04296875) / (3.182446 / 1.959964) ** 2
    assert share.effective == pytest.approx(on_paper, rel=1e-6)


def test_unequal_weights_are_worth_fewer_answers():
    share = share_of([True, False] * 20, ["only"] * 40, 0.95, [1.0, 3.0] * 20)
    assert share.estimate == pytest.approx(0.25)
    assert share.effective == pytest.approx((20 * 4) ** 2 / (20 * 10))


def test_the_order_of_answers_changes_nothing_that_shows():
    random = np.random.default_rng(5)
    is_so, stores, weights = (
        random.random(500) < 0.3,
        random.integers(0, 40, 500).astype(str),
        random.random(500) + 0.1,
    )
    turned = random.permutation(500)
    one = share_of(is_so.tolist(), stores.tolist(), 0.95, weights.tolist())
    other = share_of(is_so[turned].tolist(), stores[turned].tolist(), 0.95, weights[turned].tolist())
    assert (one.estimate, one.low, one.high) == pytest.approx((other.estimate, other.low, other.high), abs=1e-12)


def test_of_hundred_intervals_about_ninety_five_hold_the_truth_where_stores_differ():
    """Stores with rates of their own, ten answers each: an interval that takes them for independent holds 75."""
    random = np.random.default_rng(11)
    tries, held, held_naively = 400, 0, 0
    for _ in range(tries):
        rates = random.beta(2, 1, 30)  # Two thirds on average, and far from one another.
        is_so = (random.random((30, 10)) < rates[:, None]).ravel()
        share = share_of(is_so.tolist(), np.repeat(np.arange(30), 10).astype(str).tolist(), 0.95)
        held += share.low <= 2 / 3 <= share.high
        low, high = wilson(share.estimate, share.answers, 0.95)
        held_naively += low <= 2 / 3 <= high
    assert held / tries > 0.925
    assert held_naively / tries < 0.85
