"""What the list would be under other caps, capacities and weights, and what each step of the cap costs."""

from __future__ import annotations

import itertools
import json

import polars as pl
import pytest

from engine.settings.whitespace.ranking import (
    CapacitySettings,
    RankingSettings,
    WhatIfSettings,
)
from engine.whitespace.ranking.rank import rank
from engine.whitespace.ranking.what_if import summary, what_if
from tests.whitespace.ranking.market import scene

GRID = WhatIfSettings(division_share_caps=(0.3, 1.0), capacity_factors=(0.5,), weights=((1.0, 0.0, 0.0, 0.0),))
SETTINGS = RankingSettings(
    capacity=CapacitySettings(division_share_cap=0.4, capacity_percent=20), what_if=GRID, replicates=100
)
SCENE = scene(customers=80)
LEARNED = SCENE.learned(SETTINGS)
RANKING = rank(SCENE.market(), LEARNED, SETTINGS)
KEYS = ("ranked_by", "w_p_icp", "capacity", "division_share_cap")


def ranked(**changes):
    settings = SETTINGS.model_copy(update=changes)
    return settings, rank(SCENE.market(), LEARNED, settings)


@pytest.mark.proves("L150")
def test_the_alternatives_are_the_grid_and_what_stands():
    rows = RANKING.what_if.select(KEYS).rows()
    caps = [(size, cap) for size in (10.0, 20.0) for cap in (1.0, 0.4, 0.3)]
    assert rows == [("value", None, size, cap) for size, cap in caps] + [("score", 1.0, 20.0, 0.4)]
    assert RANKING.what_if.filter("is_current").select(KEYS).rows() == [("value", None, 20.0, 0.4)]


@pytest.mark.proves("L150")
def test_the_row_of_what_stands_is_the_selection():
    row = RANKING.what_if.row(by_predicate=pl.col("is_current"), named=True)
    assert row["calls"] == RANKING.selection.calls
    assert row["selected_rows"] == RANKING.selected.height
    assert row["expected_value"] == pytest.approx(RANKING.selection.worth, abs=0.01)
    assert row["expected_buyers"] == pytest.approx(RANKING.selected["p_icp"].sum(), abs=1e-4)
    counts = RANKING.selected["division"].cast(pl.String).value_counts()
    shares = {name: count / RANKING.selected.height for name, count in counts.iter_rows()}
    assert json.loads(row["division_shares"]) == pytest.approx(shares, abs=1e-6)
    assert row["largest_share"] == pytest.approx(max(shares.values()), abs=1e-6)


@pytest.mark.proves("L150")
@pytest.mark.parametrize(
    "change", [{"division_share_cap": 0.3}, {"division_share_cap": 1.0}, {"capacity_percent": 10}]
)
def test_an_alternative_is_the_list_that_these_settings_would_have_made(change):
    capacity = SETTINGS.capacity.model_copy(update=change)
    _, other = ranked(capacity=capacity)
    row = RANKING.what_if.row(
        by_predicate=(pl.col("capacity") == capacity.capacity_percent)
        & (pl.col("division_share_cap") == capacity.division_share_cap)
        & (pl.col("ranked_by") == "value"),
        named=True,
    )
    assert row["expected_value"] == pytest.approx(other.selection.worth, abs=0.01)
    assert row["selected_rows"] == other.selected.height


@pytest.mark.proves("L150")
def test_other_weights_make_the_list_that_these_weights_would_have_made():
    blend = SETTINGS.blend.model_copy(update={"weights": GRID.weights[0]})
    _, other = ranked(rank_by="score", blend=blend)
    row = RANKING.what_if.row(by_predicate=pl.col("ranked_by") == "score", named=True)
    money = (other.selected["value"] * other.selected["cooldown_factor"]).sum()
    assert row["expected_value"] == pytest.approx(money, abs=0.01)
    assert row["expected_value"] < RANKING.selection.worth
    assert row["price_of_step"] is None


@pytest.mark.proves("L150")
def test_steps_of_the_cap_cost_what_they_take_and_add_up_to_the_price_of_the_cap():
    for steps in RANKING.what_if.filter(ranked_by="value").partition_by("capacity"):
        worth = steps["expected_value"].to_list()
        wanted = [before - after for before, after in itertools.pairwise(worth)]
        assert steps["price_of_step"][0] is None
        assert steps["price_of_step"][1:].to_list() == pytest.approx(wanted)
        assert steps["price_of_step"].drop_nulls().min() >= 0
    whole = RANKING.what_if.filter(pl.col("ranked_by") == "value", pl.col("capacity") == 20)["price_of_step"]
    assert whole[1] == pytest.approx(RANKING.selection.prices["division_share_cap"], abs=0.02)
    assert whole[1] > 0


@pytest.mark.proves("L150")
def test_the_best_alternative_has_as_many_calls_and_is_worth_more_than_what_stands():
    best = summary(RANKING.what_if)["best_alternative"]
    assert (best["division_share_cap"], best["ranked_by"]) == (1.0, "value")
    assert best["gain"] == pytest.approx(RANKING.selection.prices["division_share_cap"], abs=0.02)
    larger = GRID.model_copy(update={"capacity_factors": (2.0,)})
    _, free = ranked(capacity=SETTINGS.capacity.model_copy(update={"division_share_cap": 1.0}), what_if=larger)
    assert free.what_if["expected_value"].max() > free.selection.worth
    assert summary(free.what_if)["best_alternative"] is None
    assert not free.what_if["is_best_alternative"].any()


def test_where_reps_set_the_capacity_their_calls_are_varied():
    capacity = CapacitySettings(mode="per_rep", accounts_per_rep=5)
    settings, found = ranked(capacity=capacity)
    assert sorted(found.what_if["capacity"].unique()) == [2.0, 5.0]
    assert what_if(found.candidates, "value", settings).equals(found.what_if)
