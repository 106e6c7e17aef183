"""Who is held out is drawn before anything is selected, and looks at no score."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.settings.whitespace.ranking import HoldoutSettings
from engine.whitespace.ranking.holdout import STRATUM, holdout
from tests.whitespace.ranking.market import scene

ROWS = scene(200, 3).rows.select("customer_id", "division", "segment")


@given(st.floats(0, 0.49), st.integers(0, 1000))
def test_the_same_share_of_every_division_and_segment_is_held_out(share, seed):
    found = holdout(ROWS, HoldoutSettings(share=share, seed=seed))
    strata = found.group_by(STRATUM).agg(
        pl.len(), pl.col("is_held_out").sum(), chance=pl.col("holdout_chance").first()
    )
    assert (strata["is_held_out"] - strata["len"] * share).abs().max() <= 0.5
    assert strata["chance"].to_list() == pytest.approx((strata["is_held_out"] / strata["len"]).to_list())


def test_the_draw_depends_neither_on_the_order_of_rows_nor_on_anything_but_ids():
    found = holdout(ROWS, HoldoutSettings())
    shuffled = ROWS.sample(fraction=1, shuffle=True, seed=1).with_columns(score=pl.int_range(pl.len()))
    again = holdout(shuffled, HoldoutSettings()).drop("score").sort("division", "customer_id")
    assert again.equals(found.sort("division", "customer_id"))


def test_another_seed_holds_out_others():
    one, other = (holdout(ROWS, HoldoutSettings(seed=seed))["is_held_out"] for seed in (1, 2))
    assert one.sum() == other.sum()
    assert not one.equals(other)


def test_a_share_of_nothing_holds_nobody_out():
    assert not holdout(ROWS, HoldoutSettings(share=0))["is_held_out"].any()
