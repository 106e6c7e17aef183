"""A ranking: in order, within its limits, the same whatever the order of rows, and steady."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import polars as pl
import pytest

from engine.settings.whitespace.ranking import (
    CapacitySettings,
    ChallengerSettings,
    HoldoutSettings,
    RankingSettings,
)
from engine.whitespace.features.matrix import Features
from engine.whitespace.ranking.before import SHOWN_SCHEMA, Before
from engine.whitespace.ranking.rank import Ranking, rank
from tests.whitespace.ranking.market import TODAY, scene

SETTINGS = RankingSettings()
SCENE = scene(120, 4)
LEARNED = SCENE.learned(SETTINGS)
RANKING = rank(SCENE.market(), LEARNED, SETTINGS)
KEY = ["customer_id", "division"]


def ranked(settings: RankingSettings, **changes: object) -> Ranking:
    return rank(SCENE.market(**changes), SCENE.learned(settings), settings)


def test_candidates_are_ordered_by_priority_chance_worth_freshness_and_id():
    found = RANKING.candidates
    order = ["priority", "p_icp", "expected_gp_if_buys", "recency_days", *KEY]
    expected = found.sort(order, descending=[True, True, True, False, False, False])
    assert found.select(KEY).equals(expected.select(KEY))
    assert found["rank"].to_list() == list(range(1, found.height + 1))


def test_of_customers_alike_in_everything_the_first_id_comes_first():
    features = _with_feature(SCENE.features, "log_odds", pl.lit(-1.0))
    features = _with_feature(features, "rfm__all__gp_sum__12m", pl.lit(100.0))
    found = rank(SCENE.market(features=features), LEARNED, SETTINGS).candidates
    of_one = found.filter((pl.col("division") == "division 02") & (pl.col("segment") == "warm"))
    assert of_one["customer_id"].is_sorted()


def test_owners_are_no_candidates_and_are_told_as_such():
    assert RANKING.others["excluded_because"].unique().to_list() == ["owned"]
    assert "division 00" not in RANKING.candidates["division"]


def test_the_value_of_a_gap_is_its_chance_times_the_money_it_would_bring():
    found = RANKING.candidates
    assert found["value"].to_list() == pytest.approx((found["p_icp"] * found["expected_gp_if_buys"]).to_list())
    assert found["priority"].to_list() == found["value"].to_list()


def test_the_order_of_rows_and_tables_changes_nothing():
    shuffled = {
        "rows": SCENE.rows.sample(fraction=1, shuffle=True, seed=1),
        "tables": replace(
            SCENE.tables,
            transactions=SCENE.tables.transactions.sample(fraction=1, shuffle=True, seed=2),
            customers=SCENE.tables.customers.sample(fraction=1, shuffle=True, seed=3),
        ),
    }
    labels = SCENE.labels.sample(fraction=1, shuffle=True, seed=4)
    learned = replace(SCENE, labels=labels).learned(SETTINGS)
    again = rank(SCENE.market(**shuffled), learned, SETTINGS)
    assert again.candidates.equals(RANKING.candidates)
    assert again.fairness.equals(RANKING.fairness)
    assert again.eras.rows.equals(RANKING.eras.rows)


def test_a_customer_of_a_million_moves_no_other_among_the_selected():
    whale = RANKING.selected["customer_id"][len(RANKING.selected) // 2]
    size = pl.when(pl.col("customer_id") == whale).then(1e6).otherwise(pl.col("rfm__all__gp_sum__12m"))
    features = _with_feature(SCENE.features, "rfm__all__gp_sum__12m", size, only=TODAY)
    again = rank(SCENE.market(features=features), LEARNED, SETTINGS)
    others = pl.col("customer_id") != whale
    before, after = (one.candidates.filter(others).select(*KEY, "priority") for one in (RANKING, again))
    assert after.equals(before)


@pytest.mark.proves("L76")
def test_a_challenger_that_is_switched_on_leaves_the_ranking_as_it_is():
    without = ranked(RankingSettings(challenger=ChallengerSettings(enabled=False)))
    assert without.candidates["score_challenger"].is_null().all()
    assert RANKING.candidates["score_challenger"].is_not_null().all()
    assert without.candidates.drop("score_challenger").equals(RANKING.candidates.drop("score_challenger"))


def test_a_challenger_that_is_not_proved_better_does_not_rank_though_it_is_asked_to():
    settings = RankingSettings(rank_by="challenger")
    found = ranked(settings)
    assert not found.learned.challenger.is_promoted
    assert found.rank_by == "value"


def test_a_challenger_that_is_proved_better_ranks_where_it_is_asked_to():
    learned = replace(LEARNED, challenger=replace(LEARNED.challenger, is_promoted=True))
    found = rank(SCENE.market(), learned, RankingSettings(rank_by="challenger"))
    assert found.candidates["priority"].to_list() == found.candidates["score_challenger"].to_list()


def test_nobody_held_out_is_called_and_the_calls_stay_as_many():
    settings = RankingSettings(holdout=HoldoutSettings(share=0.2))
    found = ranked(settings)
    assert not (found.candidates["is_held_out"] & found.candidates["is_selected"]).any()
    assert found.selected.height == RANKING.selected.height == found.limits.calls
    assert found.candidates["would_be_selected"].sum() == found.limits.calls
    assert (found.candidates["is_held_out"] & found.candidates["would_be_selected"]).any()


@pytest.mark.slow
@pytest.mark.proves("L87", "L181", "L182")
def test_no_division_exceeds_its_share_and_every_swap_is_reported():
    settings = RankingSettings(capacity=CapacitySettings(division_share_cap=0.4), holdout=HoldoutSettings(share=0))
    found, free = (
        ranked(settings),
        ranked(settings.model_copy(update={"capacity": CapacitySettings(division_share_cap=1.0)})),
    )
    assert max(found.warnings["division_shares"].values()) <= 0.4
    assert not found.warnings["warn"]
    report = found.diversification
    left = {(swap["out"]["customer_id"], swap["out"]["division"]) for swap in report["swaps"]}
    came = {(swap["in"]["customer_id"], swap["in"]["division"]) for swap in report["swaps"]}
    lists = [set(map(tuple, one.selected.select(pl.col(KEY).cast(pl.String)).rows())) for one in (free, found)]
    assert left == lists[0] - lists[1]
    assert came == lists[1] - lists[0]
    price = free.selection.worth - found.selection.worth
    assert report["price_of_limits"]["division_share_cap"] == pytest.approx(price, abs=0.01)


@pytest.mark.proves("L87")
def test_the_capacity_by_division_adds_up_to_the_list():
    capacity = RANKING.capacity
    assert capacity["selected_count"].sum() == RANKING.selected.height
    assert capacity["share"].sum() == pytest.approx(1, abs=1e-5)
    assert capacity["expected_value"].sum() == pytest.approx(RANKING.selection.worth, abs=0.05)


def test_what_was_shown_and_left_undone_is_sorted_by_what_is_left_of_it():
    first = RANKING.selected.select(pl.col(KEY).cast(pl.String)).head(1)
    shown = first.with_columns(shown_on=pl.lit(dt.date(2020, 6, 20))).cast(SHOWN_SCHEMA)
    again = rank(SCENE.market(before=Before(RANKING.candidates, shown)), LEARNED, SETTINGS)
    one = again.candidates.join(first.cast(dict(RANKING.candidates.select(KEY).schema)), on=KEY)
    assert one["priority"][0] == pytest.approx(0.75 * RANKING.candidates["priority"][0])
    assert one["rank"][0] > 1
    assert again.candidates["priority"].is_sorted(descending=True)


@pytest.mark.proves("L93")
def test_the_same_ranking_again_overlaps_wholly():
    again = rank(
        SCENE.market(before=Before(RANKING.candidates, pl.DataFrame(schema=SHOWN_SCHEMA))), LEARNED, SETTINGS
    )
    assert (again.stability.overlap, again.stability.changes.height) == (1.0, 0)


@pytest.mark.proves("L80")
def test_a_size_is_told_by_terciles_that_were_frozen_with_the_model():
    counts = RANKING.candidates.unique("customer_id")["size_bin"].value_counts().sort("size_bin")
    assert counts["count"].to_list() == [40, 40, 40]
    grown = SCENE.tables.transactions.with_columns(pl.col("gross_profit_cents") * 10**6)
    later = rank(SCENE.market(tables=replace(SCENE.tables, transactions=grown)), LEARNED, SETTINGS)
    assert later.candidates["size_bin"].unique().to_list() == ["large"]


def test_a_feature_that_is_not_computed_is_told_and_counts_nothing():
    names = {"mb_lift_max_lag60d", "als__div__owner_likeness__12m", "ppmi__div__owner_likeness__12m"}
    registry = tuple(one for one in SCENE.features.registry if one.name not in names)
    found = rank(SCENE.market(features=Features(registry, SCENE.features.matrices)), LEARNED, SETTINGS)
    assert set(found.not_computed) == {*names, "als_assets__div__owner_likeness__12m"}
    assert found.candidates["weight_lift"].unique().to_list() == [0.0]


def test_every_reason_is_shorter_than_150_characters():
    assert RANKING.selected["nba_reason"].str.len_chars().max() < 150
    assert RANKING.candidates.filter(~pl.col("is_selected"))["nba_reason"].is_null().all()


def _with_feature(features: Features, name: str, values: pl.Expr, only: dt.date | None = None) -> Features:
    """The features with another column, at every cutoff or at one."""

    def changed(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(values.alias(name)) if name in frame.columns else frame

    matrices = {
        cutoff: replace(matrix, customers=changed(matrix.customers), pairs=changed(matrix.pairs))
        if only in {None, cutoff}
        else matrix
        for cutoff, matrix in features.matrices.items()
    }
    return replace(features, matrices=matrices)
