"""Screening drops what looks like the label, what does not vary and what says the same twice, and says so."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from engine.settings.whitespace.modeling import ModelSettings
from engine.whitespace.screening import screen, univariate_auc

SETTINGS = ModelSettings()


def test_every_drop_has_its_reason():
    rng = np.random.default_rng(0)
    labels = (rng.random(500) < 0.2).astype(np.uint8)
    first = rng.normal(size=500)
    table = {
        "first": first,
        "same again": 3 * first + 1e-4 * rng.normal(size=500),
        "other": rng.normal(size=500),
        "always": np.full(500, 7.0),
        "never known": np.full(500, np.nan),
        "sometimes known": np.where(rng.random(500) < 0.5, 1.0, np.nan),
        "bought_in_division": rng.normal(size=500),
        "oracle": labels + 0.01 * rng.normal(size=500),
    }
    found = screen(np.column_stack(list(table.values())).astype(np.float32), labels, list(table), SETTINGS)
    assert found.names == ("first", "other", "sometimes known")
    assert found.suspicious_features == ("bought_in_division", "oracle")
    assert {drop.feature: drop.because for drop in found.drops} == {
        "same again": "collinear",
        "always": "constant",
        "never known": "constant",
        "bought_in_division": "suspicious",
        "oracle": "suspicious",
    }
    assert "with first" in next(drop.detail for drop in found.drops if drop.feature == "same again")


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 5).map(float)), min_size=3, max_size=40).filter(
        lambda rows: 0 < sum(bought for bought, _ in rows) < len(rows)
    )
)
def test_how_well_one_feature_ranks_is_its_auc_in_either_direction(rows):
    labels = np.array([bought for bought, _ in rows], np.uint8)
    values = np.array([value for _, value in rows], np.float32)
    area = roc_auc_score(labels, values)
    assert univariate_auc(values, labels) == pytest.approx(max(area, 1 - area))


def test_the_label_hidden_in_what_is_unknown_is_found():
    labels = np.array([0, 1] * 50, np.uint8)
    values = np.where(labels == 1, 1.0, np.nan).astype(np.float32)
    assert screen(values[:, None], labels, ["asset"], SETTINGS).suspicious_features == ("asset",)
