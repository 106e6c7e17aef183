"""SAFE is a predicate over what features say of themselves, with lagged stand-ins."""

import pytest

from engine.settings.whitespace.features import FeatureSettings
from engine.whitespace.features.families import registry
from engine.whitespace.features.registry import Feature
from engine.whitespace.features.safe import no_recency_short, safe, safe_lite
from engine.whitespace.features.state import State


@pytest.mark.proves("L63", "L155", "L156", "L159", "L160")
def test_safe_keeps_only_what_is_lagged_and_long_and_stand_ins(settings: FeatureSettings, state: State) -> None:
    features = registry(settings, state)
    policy = safe(features, settings)
    stand_ins = set(policy.swapped.values())
    for feature in features:
        if feature.name in policy.kept and feature.source not in ("customers", "products"):
            assert feature.lag_days >= settings.safe_lag_days
            assert feature.name in stand_ins or feature.window_days is None or feature.window_days >= 168
            assert not feature.is_embedding


@pytest.mark.proves("L156", "L161")
def test_a_short_window_gives_way_to_the_rate_and_a_long_one_to_the_same_two_months_earlier(
    settings: FeatureSettings, state: State
) -> None:
    policy = safe(registry(settings, state), settings)
    assert policy.swapped["rfm__div__tx_n__3m"] == "rfm__div__tx_n__rate_90_30d"
    assert policy.swapped["rfm__div__tx_n__12m"] == "rfm__div__tx_n__12m_off60d"
    assert policy.swapped["rfm__all__recency_days__life"] == "rfm__all__recency_days__life_lag30d"
    assert "rfm__div__tx_n__12m_off60d" in policy.kept
    assert policy.reason["als_f0"] == "comes from a factorisation"


def test_every_feature_is_kept_or_dropped_or_swapped_for_one_that_is_kept(
    settings: FeatureSettings, state: State
) -> None:
    features = registry(settings, state)
    for policy in (safe, safe_lite, no_recency_short):
        done = policy(features, settings)
        assert set(done.kept) | set(done.dropped) | set(done.swapped) == {feature.name for feature in features}
        assert set(done.swapped.values()) <= set(done.kept)
        assert not set(done.kept) & (set(done.dropped) | set(done.swapped))
        assert set(done.reason) == set(done.dropped) | set(done.swapped)


@pytest.mark.proves("L41")
def test_safe_lite_keeps_embeddings_and_long_windows(settings: FeatureSettings, state: State) -> None:
    kept = safe_lite(registry(settings, state), settings).kept
    assert {"als_f0", "rfm__div__tx_n__12m"} <= set(kept)
    assert "rfm__div__tx_n__3m" not in kept


def test_without_recency_and_short_windows_the_rest_stays(settings: FeatureSettings, state: State) -> None:
    kept = set(no_recency_short(registry(settings, state), settings).kept)
    assert {"als_f0", "rfm__div__tx_n__12m", "lifecycle__all__tenure_days__life"} <= kept
    assert not kept & {"rfm__div__tx_n__3m", "rfm__div__recency_days__life"}


def test_a_policy_that_leaves_nothing_is_an_error(settings: FeatureSettings) -> None:
    near = Feature("near", "windows", "transactions", "all", "count", window_days=30)
    with pytest.raises(ValueError, match=r"leaves none of 1 features.*sees the last 30 days"):
        safe((near,), settings)
