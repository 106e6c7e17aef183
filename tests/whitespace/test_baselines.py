"""Baselines are their slow definitions."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.settings.whitespace.features import FeatureSettings
from engine.settings.whitespace.labels import LabelSettings
from engine.settings.whitespace.modeling import ModelSettings
from engine.whitespace import baselines
from engine.whitespace.baselines import BASELINES, NEAREST, PRIOR_CUSTOMERS, factorised, neighbours, popularity
from engine.whitespace.dataset import Dataset, outcomes
from engine.whitespace.features.build import features, fit
from engine.whitespace.metrics import auc
from engine.whitespace.panel import labels as panel_of

COUNTS = (
    st.integers(2, 12)
    .flatmap(lambda n: st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=n, max_size=n))
    .map(lambda rows: np.array(rows, np.float64))
)


def slow_neighbours(counts):
    profiles, owned = np.log1p(counts), counts > 0
    shares = []
    for me, mine in enumerate(profiles):
        others = [other for other in range(len(counts)) if other != me]
        if not mine.any():
            shares.append(owned.mean(axis=0))
            continue
        alike = {
            other: round(
                float(mine @ profiles[other] / (np.linalg.norm(mine) * (np.linalg.norm(profiles[other]) or 1))), 12
            )
            for other in others
        }
        nearest = sorted(others, key=lambda other: (-alike[other], other))[:NEAREST]
        shares.append(owned[nearest].mean(axis=0))
    return np.array(shares)


@given(COUNTS)
def test_neighbours_are_the_nearest_by_cosine_without_the_customer_itself(counts):
    assert neighbours(counts) == pytest.approx(slow_neighbours(counts))


def test_of_many_customers_the_nearest_fifty_count():
    rng = np.random.default_rng(0)
    counts = np.vstack((rng.poisson([5, 1, 0], (80, 3)), rng.poisson([0, 1, 5], (80, 3)))).astype(np.float64)
    shares = neighbours(counts)
    assert shares == pytest.approx(slow_neighbours(counts))
    assert shares[:80, 0].mean() > 0.9 > 0.5 > shares[80:, 0].mean()


@given(COUNTS, st.randoms(use_true_random=False))
def test_popularity_is_a_share_drawn_to_that_of_customers_of_the_same_size(counts, random):
    kinds = np.array([random.randrange(3) for _ in counts])
    shares = popularity(counts, kinds)
    assert ((shares >= 0) & (shares <= 1)).all()
    for kind in set(kinds.tolist()):
        ours = kinds == kind
        owners, n = (counts[ours] > 0).sum(axis=0), ours.sum()
        assert (shares[ours] >= owners / (n + PRIOR_CUSTOMERS) - 1e-12).all()
        assert (shares[ours] <= (owners + PRIOR_CUSTOMERS) / (n + PRIOR_CUSTOMERS) + 1e-12).all()


def test_factors_give_the_same_bits_twice_and_find_who_buys_alike():
    rng = np.random.default_rng(0)
    block = np.kron(np.eye(2), np.ones((40, 5))) * rng.poisson(3, (80, 10))
    scores = factorised(block, 42)
    assert scores.tobytes() == factorised(block, 42).tobytes()
    assert scores[:40, :5].mean() > scores[:40, 5:].mean() + 0.3


def test_every_row_has_a_score_of_every_baseline(company_tables):
    settings = FeatureSettings(families=("windows", "recency"), windows_months=(12,))
    days = [dt.date(2022, 12, 31), dt.date(2023, 12, 31)]
    state = fit(company_tables, days[0], settings)
    data = Dataset(panel_of(company_tables, days, LabelSettings()), features(company_tables, days, state, settings))
    before, now = (data.where(pl.col("cutoff") == day) for day in days)
    scored = baselines.baselines(company_tables, now.rows, before, now, LabelSettings(), ModelSettings())
    assert scored.height == now.rows.height
    assert scored.select(BASELINES).null_count().sum_horizontal().item() == 0
    labels = outcomes(scored)
    assert min(auc(labels, scored[name].to_numpy()) for name in BASELINES) > 0.6
