"""The compatible score: percentiles, and weights that shrink where a signal is rarely known."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.settings.whitespace.ranking import BlendSettings
from engine.whitespace.ranking.components import NEUTRAL, PARTS, WEIGHTS, components, coverage_of

CUTOFF = dt.date(2020, 6, 30)


def rows(
    n: int = 100,
    lift: float = 1.0,
    similarity: float = 1.0,
    backfill: float = 0.0,
    by_assets: float = 0.0,
    seed: int = 0,
) -> pl.DataFrame:
    """A division in which these shares of the signals are known."""
    chance = np.random.default_rng(seed)

    def signal(share: float) -> pl.Series:
        values = chance.normal(size=n)
        values[chance.permutation(n)[round(share * n) :]] = np.nan
        return pl.Series(values, nan_to_null=True)

    return pl.DataFrame(
        {
            "customer_id": [f"c{number:04}" for number in range(n)],
            "division": ["one"] * n,
            "cutoff": [CUTOFF] * n,
            "p_icp": chance.random(n),
            "expected_gp_if_buys": chance.random(n),
            "lift": signal(lift),
            "similarity": signal(similarity),
            "backfill": signal(backfill),
            "similarity_by_assets": signal(by_assets),
            "industry": chance.choice(["bakery", "garage"], n),
            "size_bin": ["small"] * n,
        }
    )


def test_where_every_signal_is_known_the_weights_are_those_of_the_settings():
    found = components(rows(), BlendSettings())
    assert found.select(WEIGHTS).unique().row(0) == pytest.approx((0.60, 0.20, 0.10, 0.10))
    expected = sum(weight * found[part] for weight, part in zip((0.60, 0.20, 0.10, 0.10), PARTS, strict=True))
    assert found["score"].to_list() == pytest.approx(expected.to_list())


@pytest.mark.proves("L83")
def test_a_signal_known_for_half_the_threshold_keeps_half_its_weight_before_weights_are_made_to_add_up():
    found = components(rows(lift=0.15), BlendSettings(segment_columns=()))
    assert found.select(WEIGHTS).unique().row(0) == pytest.approx((0.6 / 0.9, 0.1 / 0.9, 0.1 / 0.9, 0.1 / 0.9))


@pytest.mark.proves("L83")
def test_a_signal_that_nobody_has_has_no_weight():
    found = components(rows(lift=0.0, similarity=0.0), BlendSettings())
    assert found.select(WEIGHTS).unique().row(0) == pytest.approx((0.6 / 0.7, 0.0, 0.0, 0.1 / 0.7))


def test_who_lacks_a_signal_neither_gains_nor_loses_by_it():
    found = components(rows(lift=0.5), BlendSettings())
    assert set(found.filter(pl.col("lift").is_null())["lift_norm"]) == {NEUTRAL}
    assert found.filter(pl.col("lift").is_not_null())["lift_norm"].mean() == pytest.approx(NEUTRAL, abs=0.02)


@pytest.mark.proves("L81", "L82")
@given(st.integers(0, 50), st.floats(0.01, 0.29))
def test_no_stand_in_outranks_a_genuine_similarity(seed, share):
    found = components(rows(similarity=share, backfill=0.8, seed=seed), BlendSettings())
    by_source = {
        source: part["als_norm"] for (source,), part in found.partition_by("als_source", as_dict=True).items()
    }
    assert by_source["item2vec"].max() < by_source["als"].min()
    assert set(by_source.get("none", [])) <= {NEUTRAL}


@pytest.mark.proves("L81", "L84")
@given(st.integers(0, 50), st.floats(0.02, 0.14), st.floats(0.02, 0.14))
def test_no_stand_in_outranks_a_similarity_by_purchases_or_assets(seed, share, by_assets):
    found = components(rows(similarity=share, by_assets=by_assets, backfill=1.0, seed=seed), BlendSettings())
    is_stand_in = found["als_source"] == "item2vec"
    assert found.filter(is_stand_in)["als_norm"].max() < found.filter(~is_stand_in)["als_norm"].min()
    genuine = found.filter(pl.any_horizontal(pl.col("similarity", "similarity_by_assets").is_not_null()))
    assert genuine.height == found.filter(~is_stand_in).height


@pytest.mark.proves("L84")
@pytest.mark.parametrize("weights", [(0.5, 0.5), (3.0, 1.0), (0.0, 1.0)])
def test_percentiles_by_purchases_and_assets_are_blended_and_what_is_known_alone_counts_whole(weights):
    found = components(rows(similarity=0.7, by_assets=0.7), BlendSettings(als_blend_weights=weights))
    bought, owned = (
        found[name].rank("average") / found[name].count() for name in ("similarity", "similarity_by_assets")
    )
    blend = (weights[0] * bought + weights[1] * owned) / sum(weights)
    wanted = {"als_blend": blend, "als": bought, "als_assets": owned, "none": pl.Series([NEUTRAL] * 100)}
    assert set(found["als_source"]) == set(wanted)
    for source, values in wanted.items():
        ours = found["als_source"] == source
        assert found.filter(ours)["als_norm"].to_list() == pytest.approx(values.filter(ours).to_list()), source


def test_weights_of_a_blend_that_are_all_0_are_refused():
    with pytest.raises(ValueError, match="let one of them be above 0"):
        BlendSettings(als_blend_weights=(0.0, 0.0))


@pytest.mark.proves("L82")
def test_stand_ins_are_used_only_where_similarities_are_too_rarely_known():
    assert "item2vec" not in components(rows(similarity=0.4, backfill=1.0), BlendSettings())["als_source"]


@pytest.mark.proves("L78", "L79")
def test_a_large_cell_of_customers_has_its_own_coverage_and_a_small_one_that_of_the_division():
    large = rows(2000, lift=1.0).with_columns(industry=pl.lit("bakery"))
    small = rows(20, lift=0.0, seed=1).with_columns(industry=pl.lit("garage"))
    found = components(pl.concat([large, small]), BlendSettings(coverage_threshold=1.0))
    weights = {name: part["weight_lift"][0] for (name,), part in found.partition_by("industry", as_dict=True).items()}
    assert weights["bakery"] == pytest.approx(0.2, abs=0.001)
    assert 0.18 < weights["garage"] < 0.2
    many = pl.concat([large, rows(2000, lift=0.0, seed=1).with_columns(industry=pl.lit("garage"))])
    weights = (
        components(many, BlendSettings(coverage_threshold=1.0))
        .group_by("industry")
        .agg(pl.col("weight_lift").first())
    )
    assert dict(weights.iter_rows())["garage"] < 0.02


@given(st.integers(0, 20), st.sampled_from([(0.0, 0.0, 0.0, 0.0), (0.6, 0.2, 0.1, 0.1), (0.0, 1.0, 1.0, 0.0)]))
def test_weights_add_up_and_scores_are_shares_whatever_is_known(seed, weights):
    found = components(rows(40, lift=0.1, similarity=0.0, seed=seed), BlendSettings(weights=weights))
    assert found.select(pl.sum_horizontal(WEIGHTS)).to_series().to_list() == pytest.approx([1.0] * 40)
    assert found["score"].is_between(0, 1).all()


def test_pooled_percentiles_compare_divisions_and_others_do_not():
    two = pl.concat(
        [
            rows().with_columns(division=pl.lit(name), p_icp=pl.col("p_icp") + add)
            for name, add in (("one", 0), ("two", 1))
        ]
    )
    apart, pooled = (components(two, BlendSettings(normalize=normalize)) for normalize in ("percentile", "pooled"))
    assert apart.group_by("division").agg(pl.col("p_icp_pct").max())["p_icp_pct"].to_list() == [1.0, 1.0]
    assert pooled.filter(pl.col("division") == "one")["p_icp_pct"].max() == 0.5


@pytest.mark.proves("L185", "L186")
def test_coverage_is_what_is_present_and_not_what_is_above_zero():
    found = coverage_of(components(rows(lift=0.2, similarity=0.1, backfill=1.0), BlendSettings()))
    assert found.select("lift_coverage", "als_coverage", "backfilled").row(0) == (0.2, 0.1, 90)
    by_assets = coverage_of(components(rows(similarity=0.0, by_assets=0.4), BlendSettings()))
    assert by_assets["als_coverage"].to_list() == [0.4]


def test_the_order_of_rows_changes_no_score():
    given_rows = rows(200, lift=0.2, similarity=0.2, backfill=0.5)
    shuffled = given_rows.sample(fraction=1, shuffle=True, seed=3)
    found = [components(each, BlendSettings()).sort("customer_id") for each in (given_rows, shuffled)]
    assert found[0].equals(found[1])
