"""Metrics are their definitions, and no order of rows changes them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as library

from engine.whitespace import metrics

ROWS = st.lists(
    st.tuples(st.booleans(), st.integers(0, 20).map(lambda n: n / 20), st.integers(0, 9)), min_size=2, max_size=60
).filter(lambda rows: 0 < sum(bought for bought, _, _ in rows) < len(rows))


def arrays(rows):
    labels, scores, money = zip(*rows, strict=True)
    return np.array(labels, np.uint8), np.array(scores, np.float64), np.array(money, np.float64)


def slow_top(values, scores, k):
    """The mean over all orders of ties of what the best k rows hold: a tied row is in with equal chance."""
    total, left = 0.0, k
    for score in sorted(set(scores), reverse=True):
        tied = [value for value, one in zip(values, scores, strict=True) if one == score]
        taken = min(left, len(tied))
        total += taken * sum(tied) / len(tied)
        left -= taken
    return total


def slow_cal_mae(labels, chances, bins):
    """Each row spread evenly over the places of its tie; bins are cut at whole places."""
    order = sorted(range(len(labels)), key=lambda row: -chances[row])
    means = {p: np.mean([labels[row] for row in order if chances[row] == p]) for p in set(chances)}
    edges = [len(order) * n // bins for n in range(bins + 1)]
    missed = 0.0
    for first, last in itertools.pairwise(edges):
        missed += abs(sum(chances[row] - means[chances[row]] for row in order[first:last]))
    return missed / len(order)


@pytest.mark.slow
@given(ROWS)
def test_ranking_figures_are_those_of_scikit_learn(rows):
    labels, scores, _ = arrays(rows)
    assert metrics.auc(labels, scores) == pytest.approx(library.roc_auc_score(labels, scores))
    assert metrics.average_precision(labels, scores) == pytest.approx(library.average_precision_score(labels, scores))


@given(ROWS)
def test_losses_are_their_definitions(rows):
    labels, chances, _ = arrays(rows)
    prevalence = labels.mean()
    assert metrics.brier(labels, chances) == pytest.approx(library.brier_score_loss(labels, chances))
    skill = 1 - np.mean((chances - labels) ** 2) / np.mean((prevalence - labels) ** 2)
    assert metrics.brier_skill(labels, chances) == pytest.approx(skill)


@given(ROWS, st.sampled_from([5, 10, 20, 50]))
def test_lift_and_capture_share_ties_evenly(rows, percent):
    labels, scores, money = arrays(rows)
    k = max(1, len(rows) * percent // 100)
    found = slow_top(labels, scores, k)
    assert metrics.lift(labels, scores, percent) == pytest.approx(found / k / labels.mean())
    row = metrics.thresholds(labels, scores, money, [percent]).row(0, named=True)
    assert row["capture"] == pytest.approx(found / labels.sum())
    assert row["threshold"] == sorted(scores)[-k]
    if money.sum() > 0:
        earned = slow_top(money, scores, k)
        assert metrics.rev_lift(money, scores, percent) == pytest.approx(earned / k / money.mean())


@given(ROWS, st.integers(2, 12))
def test_calibration_error_is_that_of_bins_of_as_many_rows(rows, bins):
    labels, chances, _ = arrays(rows)
    wanted = slow_cal_mae(labels, chances, bins)
    assert metrics.cal_mae(labels, chances, bins) == pytest.approx(wanted, abs=1e-12)
    assert metrics.relative_cal_error(labels, chances, bins) == pytest.approx(wanted / labels.mean(), abs=1e-9)


@pytest.mark.slow
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows, random):
    shuffled = random.sample(rows, len(rows))
    one, other = (metrics.summary(*arrays(some), [5, 10, 20], 10) for some in (rows, shuffled))
    for name, value in one.items():
        assert value == (None if value is None else pytest.approx(other[name], rel=1e-9, abs=1e-12)), name


@given(ROWS)
def test_gains_and_reliability_count_every_row_and_every_buyer_once(rows):
    labels, chances, _ = arrays(rows)
    gains, table = metrics.gains(labels, chances), metrics.reliability(labels, chances, 10)
    for frame, share, mean in (
        (gains, "bought_in_division_mean", "p_mean"),
        (table, "fraction_positives", "mean_predicted"),
    ):
        known = frame.drop_nulls()
        assert known["count"].sum() == len(rows)
        assert (known["count"] * known[share]).sum() == pytest.approx(labels.sum())
        assert (known["count"] * known[mean]).sum() == pytest.approx(chances.sum())


def test_predicting_nobody_has_a_relative_calibration_error_of_one():
    labels = np.array([0] * 98 + [1, 1], np.uint8)
    assert metrics.relative_cal_error(labels, np.zeros(100), 10) == pytest.approx(1)


@pytest.mark.parametrize("labels", [pytest.param([], id="no_row"), pytest.param([0, 0], id="nobody_bought")])
def test_a_figure_without_meaning_is_null(labels):
    labels = np.array(labels, np.uint8)
    summary = metrics.summary(labels, np.full(labels.size, 0.1), np.zeros(labels.size), [10], 10)
    assert summary["positives"] == 0
    assert summary["auc"] is summary["average_precision"] is summary["lift@10"] is summary["brier_skill"] is None
    assert math.isnan(metrics.auc(labels, np.zeros(labels.size)))
