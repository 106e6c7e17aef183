"""The audit of features near the cutoff says how old what they see is, and what they lose without the last days."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from engine.vocabulary import whitespace as v
from engine.whitespace.features.safe import safe
from engine.whitespace.gauntlet.adjacency import adjacency
from engine.whitespace.gauntlet.shapes import unfit
from engine.whitespace.months import add_months
from engine.whitespace.tables import as_of

ORDERS = "rfm__all__tx_n__6m"


@pytest.fixture(scope="module")
def result(followed):
    return adjacency(followed)


@pytest.fixture(scope="module")
def features(result):
    (file,) = result.artifacts
    assert unfit(file) == ""
    return {one["feature"]: one for one in file.content["features"]}


@pytest.mark.proves("L165")
def test_every_feature_that_sees_the_last_days_is_listed_and_no_other_is(followed, result, features):
    near = {
        one.name
        for one in followed.dataset.features.registry
        if one.source in {v.TRANSACTIONS, v.ASSETS, v.CONTACTS} and one.lag_days < 60
    }
    assert set(features) == near
    assert result.status == v.PASS, "it explains, and fails nothing"


@pytest.mark.proves("L165")
def test_what_a_feature_sees_is_told_by_age(followed, features):
    cutoff = followed.blocks.calibration
    days = (cutoff - followed.tables.transactions["order_date"]).dt.total_days()
    longest = next(one.window_days for one in followed.dataset.features.registry if one.name == ORDERS)
    seen = [day for day in days if 0 <= day < longest]
    edges = {"to_14d": (0, 14), "to_30d": (14, 30), "to_60d": (30, 60), "to_90d": (60, 90), "older": (90, longest)}
    shares = {name: sum(low <= day < high for day in seen) / len(seen) for name, (low, high) in edges.items()}
    assert features[ORDERS]["shares_by_age"] == pytest.approx(shares)


@pytest.mark.proves("L165")
def test_what_a_feature_loses_without_the_last_days_is_told_in_auc(followed, features):
    """Orders counted line by line, of the whole half year and without its last thirty days."""
    cutoff = followed.blocks.calibration
    rows = followed.dataset.rows.filter(pl.col(v.CUTOFF) == cutoff)
    aucs = []
    for newest in (cutoff, cutoff - dt.timedelta(30)):
        seen = as_of(followed.tables, newest)
        lines = seen.transactions.filter(pl.col("order_date") > add_months(cutoff, -6))
        counts = dict(lines.group_by(pl.col(v.CUSTOMER).cast(pl.String)).len().rows())
        histories = (table[v.CUSTOMER].cast(pl.String) for table in (seen.transactions, seen.assets, seen.contacts))
        present = set().union(*histories)
        orders = [counts.get(one, 0) if one in present else -1 for one in rows[v.CUSTOMER].cast(pl.String)]
        auc = roc_auc_score(rows["label"].to_numpy(), orders)
        aucs.append(max(auc, 1 - auc))
    assert features[ORDERS]["auc"] == pytest.approx(aucs[0])
    assert features[ORDERS]["auc_lost"]["30d"] == pytest.approx(aucs[0] - aucs[1])


@pytest.mark.proves("L165")
def test_what_is_advised_is_what_the_safe_policy_would_do(followed, features):
    policy = safe(followed.dataset.features.registry, followed.settings.features)
    for name, one in features.items():
        wanted = "swap" if name in policy.swapped else "drop" if name in policy.dropped else "keep"
        assert one["recommendation"] == wanted, name
    assert {one["recommendation"] for one in features.values()} >= {"drop", "swap"}
    assert features[ORDERS]["twin"] == "rfm__all__tx_n__6m_off60d"
