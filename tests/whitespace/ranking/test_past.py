"""What earlier cutoffs teach and show, each by what was known on its day."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from engine.settings.whitespace.ranking import CapacitySettings, FairnessSettings, RankingSettings
from engine.whitespace.ranking.challenger import challenger
from engine.whitespace.ranking.components import PARTS
from engine.whitespace.ranking.eras import eras
from engine.whitespace.ranking.fairness import OTHERS, fairness
from engine.whitespace.ranking.gains import EVERYBODY, gains
from engine.whitespace.ranking.learn import CHALLENGES, MODEL, PAST, artifacts, load
from engine.whitespace.ranking.rank import rank
from tests.whitespace.ranking.market import CUTOFFS, TODAY, scene

SETTINGS = RankingSettings(replicates=200, capacity=CapacitySettings(capacity_percent=20))
SCENE = scene(200, 4)
LEARNED = SCENE.learned(SETTINGS)


def past(weights: tuple[float, ...], champion: tuple[float, ...], n: int = 400, seed: int = 0) -> pl.DataFrame:
    """Components that outcomes follow by these weights, and a champion that weighs them otherwise."""
    chance = np.random.default_rng(seed)
    eras_of_rows = []
    for cutoff in CUTOFFS:
        parts = chance.random((n, 4))
        odds = parts @ np.array(weights) - 4
        label = chance.random(n) < 1 / (1 + np.exp(-odds))
        eras_of_rows.append(
            pl.DataFrame(
                {
                    "customer_id": [f"c{number}" for number in range(n)],
                    "division": ["one"] * n,
                    "cutoff": [cutoff] * n,
                    "window_end": [cutoff + dt.timedelta(days=184)] * n,
                    "label": label.astype(int),
                    "net_gp_window": label * 100.0,
                    "is_worth_known": [True] * n,
                    **dict(zip(PARTS, parts.T, strict=True)),
                    "value": parts @ np.array(champion),
                    "score": parts @ np.array(champion),
                }
            )
        )
    return pl.concat(eras_of_rows)


@pytest.mark.proves("L75", "L77")
def test_a_challenger_is_compared_on_the_last_three_cutoffs_and_on_all_of_them_together():
    table = LEARNED.challenger.table
    assert table["cutoff"].to_list() == [*CUTOFFS[-3:], None]
    assert table["status"].to_list() == ["compared"] * 4
    assert table["overlap"].is_between(0, 1).all()
    assert (table["difference_low"] <= table["difference_high"]).all()


def test_a_challenger_that_finds_what_outcomes_follow_is_promoted():
    found = challenger(past((0, 6, 0, 0), (1, 0, 0, 0)), "value", TODAY, SETTINGS)
    assert found.is_promoted
    assert np.argmax(found.coefficients) == 1


def test_a_challenger_that_does_no_better_is_not_promoted():
    assert not challenger(past((0, 6, 0, 0), (0, 1, 0, 0)), "value", TODAY, SETTINGS).is_promoted


def test_a_challenger_learns_nothing_that_was_not_known_on_the_day_it_is_judged():
    rows = past((6, 0, 0, 0), (1, 0, 0, 0))
    judged = pl.col("cutoff") == CUTOFFS[-1]
    poisoned = rows.with_columns(label=pl.when(judged).then(1 - pl.col("label")).otherwise("label"))
    lists = [
        challenger(one, "value", TODAY, SETTINGS).table.filter(judged)["overlap"].to_list()
        for one in (rows, poisoned)
    ]
    assert lists[0] == lists[1]


def test_with_nothing_known_before_a_cutoff_there_is_nothing_to_compare():
    rows = past((6, 0, 0, 0), (1, 0, 0, 0)).filter(pl.col("cutoff") == CUTOFFS[-1])
    found = challenger(rows, "value", TODAY + dt.timedelta(days=10), SETTINGS)
    assert found.table["status"].to_list() == ["no earlier outcomes", "no earlier outcomes"]
    assert not found.is_promoted


@pytest.mark.proves("L85")
def test_every_cutoff_tells_what_its_list_caught_with_an_interval():
    found = eras(past((4, 0, 0, 0), (1, 0, 0, 0)), "value", SETTINGS)
    rows = found.rows
    assert rows["cutoff"].to_list() == list(CUTOFFS)
    assert rows["selected"].to_list() == [80] * 6
    assert (rows["capture_low"] <= rows["capture"]).all()
    assert (rows["capture"] <= rows["capture_high"]).all()
    assert (rows["capture"] > 0.2).all()
    deviation = (rows["capture_at_threshold"] - rows["capture_at_threshold"].mean()).abs().max()
    assert found.largest_deviation == pytest.approx(deviation)


def test_capture_is_the_share_of_the_buyers_on_the_list():
    rows = past((4, 0, 0, 0), (1, 0, 0, 0))
    one = rows.filter(pl.col("cutoff") == CUTOFFS[0])
    caught = one.sort("value", descending=True).head(80)["label"].sum() / one["label"].sum()
    assert eras(rows, "value", SETTINGS).rows["capture"][0] == pytest.approx(caught, abs=1e-4)


def test_a_cutoff_on_whose_day_nobody_was_known_to_have_bought_is_not_judged_by_value():
    known = LEARNED.past.filter("is_worth_known")["cutoff"].unique().sort().to_list()
    assert known == list(CUTOFFS[2:])
    assert eras(LEARNED.past, "value", SETTINGS).rows["cutoff"].to_list() == known
    assert eras(LEARNED.past, "score", SETTINGS).rows["cutoff"].to_list() == list(CUTOFFS)


def test_worth_at_an_earlier_cutoff_is_learned_from_labels_that_ended_by_then():
    later = pl.col("window_end") > CUTOFFS[-2]
    dearer = SCENE.labels.with_columns(
        net_gp_window=pl.when(later).then(1e4 * pl.col("net_gp_window")).otherwise("net_gp_window")
    )
    again = replace(SCENE, labels=dearer).learned(SETTINGS)
    early = pl.col("cutoff") <= CUTOFFS[-2]
    assert again.past.filter(early)["value"].equals(LEARNED.past.filter(early)["value"])


@pytest.mark.proves("L183")
def test_groups_are_compared_with_all_and_small_ones_are_shown_together():
    rows = past((4, 0, 0, 0), (1, 0, 0, 0)).with_columns(
        region=pl.when(pl.col("customer_id").str.ends_with("7")).then(pl.lit("far")).otherwise(pl.lit("near"))
    )
    now = rows.filter(pl.col("cutoff") == CUTOFFS[-1]).with_columns(is_selected=pl.col("value") > 0.8)
    settings = SETTINGS.model_copy(update={"fairness": FairnessSettings(columns=("region",), min_rows=50)})
    found = fairness(now, rows, "value", settings)
    assert found["group"].to_list() == [OTHERS, "near"]
    assert found["rows"].to_list() == [40, 360]
    assert found["selected"].sum() == now["is_selected"].sum()
    assert not found["is_flagged"].any()


@pytest.mark.proves("L92")
def test_gains_of_groups_are_parts_of_those_of_everybody():
    rows = past((4, 0, 0, 0), (1, 0, 0, 0)).with_columns(region=pl.col("customer_id").str.slice(-1))
    settings = SETTINGS.model_copy(update={"fairness": FairnessSettings(columns=("region",))})
    found = gains(rows, "value", settings)
    everybody, groups = (found.filter(pl.col("column") == column) for column in (EVERYBODY, "region"))
    assert everybody["k_percent"].to_list() == [5, 10, 20]
    assert everybody["capture"].is_sorted()
    for name in ("rows", "selected", "positives"):
        of_groups = groups.group_by("k_percent").agg(pl.col(name).sum()).sort("k_percent")[name]
        assert of_groups.to_list() == everybody[name].to_list()


def test_a_group_whose_buyers_are_missed_is_flagged():
    rows = past((4, 0, 0, 0), (1, 0, 0, 0)).with_columns(
        region=pl.when(pl.col("customer_id") < "c3").then(pl.lit("far")).otherwise(pl.lit("near"))
    )
    missed = rows.with_columns(value=pl.when(pl.col("region") == "far").then(0.0).otherwise("value"))
    now = missed.filter(pl.col("cutoff") == CUTOFFS[-1]).with_columns(is_selected=pl.lit(value=False))
    settings = SETTINGS.model_copy(update={"fairness": FairnessSettings(columns=("region",))})
    found = fairness(now, missed, "value", settings)
    assert dict(found.select("group", "is_flagged").rows())["far"]
    assert found.filter(pl.col("group") == "far")["capture_gap_high"][0] < 0


def test_what_was_learned_ranks_the_same_when_it_is_read_back(tmp_path):
    for artifact in artifacts(LEARNED):
        path = tmp_path / artifact.path
        if artifact.path in {PAST, CHALLENGES}:
            artifact.content.write_parquet(path)
        else:
            assert artifact.path == MODEL
            path.write_text(json.dumps(artifact.content))
    again = load(tmp_path)
    one, other = (rank(SCENE.market(), learned, SETTINGS) for learned in (LEARNED, again))
    assert one.candidates.equals(other.candidates)
    assert one.eras.rows.equals(other.eras.rows)
