"""How many calls there are, and how they are shared out, in every mode."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from engine.settings.whitespace.ranking import CapacitySettings
from engine.whitespace.ranking.limits import CUSTOMER, DIVISION, REGION, REP, SEGMENT, limits
from engine.whitespace.ranking.select import select


def candidates(divisions: list[int], segments: list[str] | None = None, rep: str | None = "ann") -> pl.DataFrame:
    names = [f"division {number}" for number, size in enumerate(divisions) for _ in range(size)]
    return pl.DataFrame(
        {
            "customer_id": [f"c{number}" for number in range(len(names))],
            "division": names,
            "segment": segments or ["warm"] * len(names),
            "rep": [rep] * len(names),
            "region": ["north"] * len(names),
        }
    )


def selected(rows: pl.DataFrame, settings: CapacitySettings, column: str) -> dict[str, int]:
    values = np.arange(rows.height, 0.0, -1)
    chosen = select(values, limits(rows, settings)).is_called
    counted = rows.filter(pl.Series(chosen))[column].cast(pl.String).fill_null("(none)").value_counts()
    return dict(counted.sort(column).iter_rows())


def test_a_share_of_the_candidates_is_called_rounded_down():
    assert limits(candidates([29]), CapacitySettings(capacity_percent=10)).calls == 2
    assert limits(candidates([30]), CapacitySettings(capacity_percent=10)).calls == 3


@pytest.mark.proves("L188", "L189")
def test_every_rep_calls_so_many_and_customers_without_one_share_a_list():
    rows = candidates([12]).with_columns(rep=pl.Series(["ann"] * 5 + ["bob"] * 2 + [None] * 5))
    settings = CapacitySettings(mode="per_rep", accounts_per_rep=3, division_share_cap=1.0)
    assert selected(rows, settings, "rep") == {"(none)": 3, "ann": 3, "bob": 2}


@pytest.mark.proves("L188", "L189")
def test_divisions_take_turns_and_one_that_is_used_up_passes_its_turn_on():
    settings = CapacitySettings(mode="hybrid", capacity_percent=50, per_customer=1)
    assert selected(candidates([20, 6, 2]), settings, "division") == {
        "division 0": 6,
        "division 1": 6,
        "division 2": 2,
    }


@pytest.mark.proves("L188", "L189")
def test_segments_take_turns():
    rows = candidates([20], ["warm"] * 12 + ["cold"] * 6 + ["prospect"] * 2)
    settings = CapacitySettings(mode="hybrid_segment", capacity_percent=30, division_share_cap=1.0)
    assert selected(rows, settings, "segment") == {"cold": 2, "prospect": 2, "warm": 2}


@pytest.mark.proves("L94")
def test_divisions_reps_and_regions_are_capped_at_a_share_of_the_calls():
    rows = candidates([10, 10]).with_columns(
        rep=pl.Series(["ann", "bob"] * 10), region=pl.Series(["north"] * 15 + ["south"] * 5)
    )
    settings = CapacitySettings(
        capacity_percent=50, division_share_cap=0.6, rep_share_cap=0.5, region_share_cap=0.7, per_customer=1
    )
    found = {part.name: part for part in limits(rows, settings).parts}
    assert found[DIVISION].at_most.tolist() == [6, 6]
    assert found[REP].at_most.tolist() == [5, 5]
    assert found[REGION].at_most.tolist() == [7, 7]


def test_a_limit_that_can_never_bind_is_left_out():
    settings = CapacitySettings(capacity_percent=50, division_share_cap=1.0)
    assert limits(candidates([10, 10]), settings).parts == ()


def test_a_customer_is_called_about_so_many_divisions_at_most():
    rows = candidates([3, 3, 3]).with_columns(customer_id=pl.Series(["a", "b", "c"] * 3))
    settings = CapacitySettings(capacity_percent=100, division_share_cap=1.0, per_customer=2)
    assert [part.name for part in limits(rows, settings).parts] == [CUSTOMER]
    assert selected(rows, settings, "customer_id") == {"a": 2, "b": 2, "c": 2}


def test_a_segment_gets_its_minimum_of_calls_though_others_are_worth_more():
    rows = candidates([20], ["warm"] * 15 + ["cold"] * 5)
    settings = CapacitySettings(
        capacity_percent=50, division_share_cap=1.0, segment_minimum_shares=(0.0, 0.3, 0.0), per_customer=1
    )
    assert [part.name for part in limits(rows, settings).parts] == [SEGMENT]
    assert selected(rows, settings, "segment") == {"cold": 3, "warm": 7}
