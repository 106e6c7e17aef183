"""Models predict the same bits after a round trip, keep to their directions, and are refused one class."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from engine.settings.whitespace.modeling import BoostingSettings, ModelSettings
from engine.whitespace.features.registry import Feature
from engine.whitespace.linear import Preparation, prepare
from engine.whitespace.models import CANDIDATES, LOGREG, MONOTONE, Fitted, Heuristic, fit, grid, simpler

SETTINGS = ModelSettings(boosting=BoostingSettings(trees=30, leaves=(7,), leaf_rows=(20,)))
FEATURES = (
    Feature("days", "recency", "transactions", "all", "days", monotone=-1),
    Feature('gp, {of} "Ample"', "windows", "transactions", "all", "money", monotone=1),
    Feature("share", "xdiv", "transactions", "div", "share"),
)


def rows(n: int = 600, seed: int = 0):
    rng = np.random.default_rng(seed)
    values = np.column_stack((rng.exponential(100, n), rng.normal(0, 500, n), rng.random(n))).astype(np.float32)
    margin = -0.02 * values[:, 0] + 0.002 * values[:, 1] + 2 * values[:, 2]
    labels = (rng.random(n) < 1 / (1 + np.exp(-margin))).astype(np.uint8)
    values[rng.random(values.shape) < 0.1] = np.nan
    return values, labels


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_a_model_read_back_from_its_text_predicts_the_same_bits(candidate):
    values, labels = rows()
    model = fit(candidate, values, labels, FEATURES, grid(candidate, SETTINGS, pooled=True)[0], 1)
    again = Fitted.load(model.dump())
    assert again.candidate == candidate
    assert again.names == tuple(feature.name for feature in FEATURES)
    assert again.predict(values).tobytes() == model.predict(values).tobytes()
    assert again.dump() == model.dump()


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_fitting_twice_gives_the_same_text(candidate):
    values, labels = rows()
    params = grid(candidate, SETTINGS, pooled=True)[0]
    assert len({fit(candidate, values, labels, FEATURES, params, 1).dump() for _ in range(2)}) == 1


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_contributions_add_up_to_the_log_odds(candidate):
    values, labels = rows()
    model = fit(candidate, values, labels, FEATURES, grid(candidate, SETTINGS, pooled=True)[0], 1)
    chances = model.predict(values)
    assert model.contributions(values).sum(axis=1) == pytest.approx(np.log(chances / (1 - chances)), abs=1e-6)
    assert model.importance()["share"].sum() == pytest.approx(1)


def test_trees_score_by_the_mean_log_odds_of_members_that_drew_otherwise():
    values, labels = rows()
    params = grid(MONOTONE, SETTINGS, pooled=True)[0]
    both, *alone = (
        fit(MONOTONE, values, labels, FEATURES, {**params, "members": count}, seed)
        for count, seed in ((2, 1), (1, 1), (1, 2))
    )
    odds = [np.log(one.predict(values) / (1 - one.predict(values))) for one in (both, *alone)]
    assert odds[0] == pytest.approx((odds[1] + odds[2]) / 2, abs=1e-9)
    assert not np.allclose(odds[1], odds[2])


@pytest.mark.proves("L67")
@pytest.mark.parametrize("method", ["basic", "intermediate", "advanced"])
def test_constrained_trees_never_leave_their_direction(method):
    values, labels = rows(seed=3)
    params = dict(grid(MONOTONE, SETTINGS, pooled=True)[0]) | {"monotone_constraints_method": method}
    model = fit(MONOTONE, values, labels, FEATURES, params, 1)
    for place, feature in enumerate(FEATURES):
        line = np.tile(np.nanmedian(values, axis=0), (50, 1)).astype(np.float32)
        line[:, place] = np.linspace(np.nanmin(values[:, place]), np.nanmax(values[:, place]), 50)
        steps = np.diff(model.predict(line)) * feature.monotone
        assert (steps >= 0).all()


def test_an_elastic_net_without_a_net_is_that_of_scikit_learn():
    values, labels = rows()
    known = np.nan_to_num(values)
    features = (FEATURES[2],) * 3
    model = fit(LOGREG, known, labels, features, {"C": 1.0, "l1_ratio": 0.0, "max_iter": 1000, "tol": 1e-8}, 1)
    scaled = (known - known.mean(axis=0)) / known.std(axis=0)
    other = LogisticRegression(C=1.0, tol=1e-8, max_iter=1000).fit(scaled, labels)
    assert model.predict(known) == pytest.approx(other.predict_proba(scaled)[:, 1], abs=1e-4)


def test_what_is_unknown_is_filled_by_the_kind_of_its_feature():
    values = np.array([[10, 5, 0.5], [np.nan, np.nan, np.nan], [90, -5, 0.7]], np.float32)
    preparation = prepare(values, (*FEATURES[:2], Feature("ratio", "windows", "transactions", "all", "ratio")))
    assert preparation.fills == pytest.approx([np.log1p(90), 0, 0.6])
    assert preparation.flagged.tolist() == [0], "the three are unknown in the same rows: one flag says it"
    columns = preparation.apply(values)
    assert columns.shape == (3, 4)
    assert columns.mean(axis=0) == pytest.approx([0] * 4, abs=1e-6)
    assert Preparation.of(preparation.as_dict()).apply(values).tobytes() == columns.tobytes()


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_is_refused(label):
    values, labels = rows()
    with pytest.raises(ValueError, match="600 rows of one class"):
        fit(LOGREG, values, np.full_like(labels, label), FEATURES, {}, 1)


def test_an_unknown_candidate_is_named():
    with pytest.raises(ValueError, match="no candidate is called 'forest'"):
        fit("forest", *rows(), FEATURES, {}, 1)


def test_a_heuristic_has_the_order_of_a_share_and_the_level_of_the_base_rate():
    values = np.array([[0.6, 0.1], [np.nan, 0.2], [np.nan, np.nan], [0.7, 0.0]], np.float32)
    model = Heuristic.of(("neighbours", "popularity"), values, positives=0)
    assert model.predict(values) == pytest.approx(np.array([1.2, 0.4, 1.0, 1.4]) * 0.5 / 5)
    assert Fitted.load(model.dump()).predict(values) == pytest.approx(model.predict(values))
    everyone = Heuristic.of(("neighbours",), np.full((9, 1), 0.2, np.float32), positives=9)
    assert everyone.predict(np.array([[0.9]], np.float32)) == pytest.approx([1.0])


def test_simpler_parameters_never_follow_rows_more_closely():
    for params in grid(MONOTONE, ModelSettings(), pooled=True):
        less = simpler(params)
        assert less["num_leaves"] <= params["num_leaves"]
        assert less["min_data_in_leaf"] > params["min_data_in_leaf"]
        assert less["feature_fraction"] <= params["feature_fraction"]
