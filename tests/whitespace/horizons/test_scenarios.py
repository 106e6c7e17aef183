"""Lists of every kind and size, held against what was bought; and groups that are caught less."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from engine.resampling import Clusters
from engine.settings.whitespace.horizons import ForwardSettings
from engine.settings.whitespace.ranking import CapacitySettings
from engine.vocabulary import whitespace as v
from engine.whitespace.ranking.limits import limits
from engine.whitespace.ranking.select import greedy
from engine.whitespace.scenarios import BY_CHANCE, BY_MONEY, scenarios, segment_column
from engine.whitespace.segments import segments

SETTINGS = ForwardSettings(segment_columns=("industry",), accounts_per_rep=(3, 7), segment_min_rows=20)


def rows(customers: int = 80, seed: int = 3) -> pl.DataFrame:
    """Two divisions of customers whose chances come true; what a purchase brings is another matter."""
    rng = np.random.default_rng(seed)
    n = 2 * customers
    chance = rng.beta(1, 4, n)
    bought = rng.random(n) < chance
    worth = np.exp(rng.normal(4, 1, n))
    trades = rng.choice(["bakery", "garage", "school", "farm"], customers, p=[0.6, 0.2, 0.1, 0.1])
    ids = np.repeat([f"c{number:03}" for number in range(customers)], 2)
    return pl.DataFrame(
        {
            v.CUSTOMER: ids,
            v.DIVISION: ["Services", "Training"] * customers,
            "label": bought.astype(np.int8),
            "net_gp_window": bought * worth,
            "p_icp": chance,
            "p_raw": chance,
            "value": chance * worth,
            "rep": np.repeat(rng.choice(["ann", "bob", "cy"], customers), 2),
            "industry": np.repeat(trades, 2),
            "segment": "warm",
            "region": "north",
        }
    )


def draws(table: pl.DataFrame, replicates: int = 200) -> Clusters:
    return Clusters(table[v.CUSTOMER], replicates, 0.95)


@pytest.mark.proves("L188")
@pytest.mark.parametrize("is_calibrated", [True, False])
def test_a_list_is_the_one_that_the_ranking_would_select_without_other_caps(is_calibrated):
    table = rows()
    order = ["value", "p_icp"] if is_calibrated else ["p_icp", "value"]
    ordered = table.sort([*order, *v.PAIR], descending=[True, True, False, False])
    found = scenarios(table, draws(table), "", 0.01, is_calibrated, SETTINGS)
    for row in found.iter_rows(named=True):
        capacity = CapacitySettings(
            mode=row["mode"],
            capacity_percent=row["k_percent"] or 10,
            accounts_per_rep=row["accounts_per_rep"] or 25,
            division_share_cap=1,
            per_customer=1000,
        )
        candidates = ordered.with_columns(segment="industry") if row["mode"] == "hybrid_segment" else ordered
        picked = ordered[greedy(-np.arange(ordered.height, dtype=float), limits(candidates, capacity))]
        assert row["contacts"] == picked.height
        assert row["precision"] == pytest.approx(picked["label"].mean())
        assert row["realized_gp"] == pytest.approx(picked["net_gp_window"].sum())
        assert row["expected_gp"] == pytest.approx(picked["value"].sum())


@pytest.mark.proves("L173", "L174")
@pytest.mark.parametrize(("is_calibrated", "rank_by"), [(True, BY_MONEY), (False, BY_CHANCE)])
def test_honest_chances_rank_by_money_and_others_by_buyers_caught(is_calibrated, rank_by):
    table = rows()
    found = scenarios(table, draws(table), "", 0.01, is_calibrated, SETTINGS)
    assert found["rank_by"].unique().to_list() == [rank_by]
    assert found["rank"].to_list() == list(range(1, found.height + 1))
    assert found["marginal_per_contact"].is_sorted(descending=True)


def test_the_longest_list_does_not_rank_first_only_for_being_long():
    table = rows()
    found = scenarios(table, draws(table), "", 0.01, True, SETTINGS)
    plain = found.filter(pl.col("mode") == "top_percent")
    assert plain["k_percent"].to_list() == [5, 10, 20]
    assert plain["expected_gp"].is_sorted()


@pytest.mark.proves("L169", "L170")
def test_every_list_has_its_figures_with_intervals_around_them():
    table = rows()
    found = scenarios(table, draws(table), "", 0.01, True, SETTINGS)
    assert found.height == 3 + 2 + 3
    for name in ("precision", "capture", "expected_gp", "realized_gp", "rev_capture"):
        assert (found[f"{name}_low"] <= found[name] + 1e-9).all()
        assert (found[name] <= found[f"{name}_high"] + 1e-9).all()
    hybrid = found.filter(pl.col("mode") == "hybrid_segment")
    assert hybrid["capture_gain"].null_count() == 0
    assert found.filter(pl.col("mode") != "hybrid_segment")["capture_gain"].null_count() == 5


@pytest.mark.proves("L171")
def test_draws_are_the_same_again_whatever_the_order_of_rows():
    table = rows()
    once = scenarios(table, draws(table), "", 0.01, True, SETTINGS)
    again = scenarios(table.sample(fraction=1, shuffle=True, seed=5), draws(table), "", 0.01, True, SETTINGS)
    assert_frame_equal(once, again)


@pytest.mark.proves("L231")
def test_intervals_narrow_as_buyers_grow():
    widths = []
    for customers in (100, 1600):
        table = rows(customers)
        found = scenarios(table, draws(table), "", 0.01, False, SETTINGS)
        row = found.row(by_predicate=(pl.col("mode") == "top_percent") & (pl.col("k_percent") == 10), named=True)
        widths.append((row["capture_high"] - row["capture_low"]) * np.sqrt(row["positives"]))
    assert widths[1] == pytest.approx(widths[0], rel=0.4)


def test_without_rows_or_buyers_nothing_is_claimed():
    table = rows()
    assert scenarios(table.clear(), draws(table), "", float("nan"), False, SETTINGS).height == 0
    nobody = table.with_columns(label=pl.lit(0, pl.Int8), net_gp_window=pl.lit(0.0))
    found = scenarios(nobody, draws(table), "", float("nan"), False, SETTINGS)
    assert found["capture"].null_count() == found.height
    assert found["cal_mae"].null_count() == found.height


def test_hybrid_lists_take_turns_over_the_first_column_that_parts_customers():
    table = rows()
    assert segment_column(table, ForwardSettings(segment_columns=("region", "industry"))) == "industry"
    assert segment_column(table, ForwardSettings(segment_columns=("region", "nowhere"))) == ""


def test_a_group_that_is_caught_less_is_flagged_and_one_too_small_to_tell_is_not():
    table = rows(customers=600, seed=4)
    small = pl.col("industry") == "farm"
    hidden = table.with_columns(p_icp=pl.when(pl.col("industry") == "bakery").then(0.0).otherwise("p_icp"))
    found = segments(hidden, ["p_icp"], draws(hidden), "", SETTINGS).filter("is_flagged")
    assert found["segment"].to_list() == ["bakery"]
    assert found["capture_gap_high"][0] < 0
    few = table.with_columns(label=pl.when(small).then(0).otherwise("label").cast(pl.Int8))
    bought_once = few.with_row_index().with_columns(
        label=pl.when(small & (pl.col("index") == few["industry"].index_of("farm"))).then(1).otherwise("label"),
        p_icp=pl.when(small).then(0.0).otherwise("p_icp"),
    )
    told = segments(bought_once, ["p_icp"], draws(few), "", SETTINGS)
    farm = told.row(by_predicate=pl.col("segment") == "farm", named=True)
    assert farm["capture"] == 0
    assert not farm["is_flagged"]


def test_groups_below_the_least_rows_and_columns_that_part_nobody_are_left_out():
    table = rows()
    settings = ForwardSettings(segment_columns=("industry", "region"), segment_min_rows=40)
    found = segments(table, ["p_icp"], draws(table), "Services", settings)
    assert found["segment_col"].unique().to_list() == ["industry"]
    assert (found["n"] >= 40).all()
    assert found["division"].unique().to_list() == ["Services"]
