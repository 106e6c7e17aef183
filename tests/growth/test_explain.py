"""The trace in words: the worked example byte for byte, and numbers that can be read back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings

from engine.growth.scale import scale
from engine.outputs.growth.desk import DESK
from engine.outputs.growth.explain import explain
from engine.outputs.growth.explanation_facts import explanation_facts
from engine.settings.growth.scaling import GrowthSettings
from engine.stats import round_half_up
from tests.growth.golden import GOLDEN, SEED
from tests.growth.strategies import tables
from tests.growth.tables import Case, Row, Tables, among_peers

if TYPE_CHECKING:
    from collections.abc import Iterable

SEED_STYLE = GrowthSettings(profile="reference", trace={"style": "seed"})
EXTENDED = GrowthSettings(profile="reference")
WORKED_EXAMPLE = """\
WHY SCALED: Step 11 identified this as a High Confidence Growth opportunity
BENCHMARK LAG: Store sells 15.2 units below cluster P75 (35.8)
FACTORS: base=7.6, affinity=1.05x, step9_dampen=1.0x
RECOMMENDATION: +7.5 units (Moderate Adjustment)
NO CONFLICT: ✓ Step 11 approved | ✓ No Step 9 boost | ✓ No Step 10 reduction"""
EXAMPLE_GAP = (
    "Store sells 15.2 fewer units than cluster P75 benchmark (gap ratio: 42.5%). Store ranks at P35 among 75 cluster "
    "peers. Scaling is justified because Step 11 validated this as a growth candidate."
)
EXAMPLE_SCALING = (
    "Gap: 15.2 units (42.5% below P75) | Base scaling: 7.6 | Affinity modifier: 1.05x | "
    "Cap applied: max_pct_median (30% of median 25.0 = 7.5)"
)
NUMBER = r"(-?\d+\.\d+)"
TEXTS = ("gap_justification", "scaling_explanation", "no_conflict_reason", "full_explanation")


def told(made: Tables, method: GrowthSettings, tier: str | None = "High Confidence Growth") -> list[Row]:
    given = made.inputs(method)
    audit = scale(given, method).with_columns(opportunity_tier=pl.lit(tier, pl.String))
    facts = explanation_facts(method.model_dump(), made.frames().keys())
    return list(explain(audit, facts).collect().iter_rows(named=True))


def worked_example() -> Tables:
    """The specification's example: 26 of the 74 other peers sell less, so that the store ranks at P35."""
    made = among_peers(Case(**SEED))
    for row in (made.rows["sales"] or [])[1:27]:
        row["store_sales"] = row["current_spu_count"] = 18.0
    return made


@pytest.mark.proves("I-27", "R63", "R62", "R73", "R90")
def test_the_worked_example_is_told_byte_for_byte():
    (row,) = told(worked_example(), SEED_STYLE)
    assert row["full_explanation"].encode() == WORKED_EXAMPLE.encode()


@pytest.mark.proves("R58", "R71", "R59", "R60", "R61", "R72")
def test_the_worked_example_has_the_other_texts_too():
    (row,) = told(worked_example(), SEED_STYLE)
    assert row["gap_justification"] == EXAMPLE_GAP
    assert row["scaling_explanation"] == EXAMPLE_SCALING
    assert row["no_conflict_reason"] == "✓ Step 11 approved | ✓ No Step 9 boost | ✓ No Step 10 reduction"
    assert round(row["peer_percentile"], 2) == 35.33


@pytest.mark.proves("R24", "R25", "R26")
def test_the_extended_style_says_what_the_gap_means_and_what_a_cap_took():
    (row,) = told(worked_example(), EXTENDED)
    assert "below the level reached by the top quarter of peers" in row["gap_justification"]
    assert "potential that similar stores realise" in row["gap_justification"]
    assert "Step 11 validated this" in row["gap_justification"]
    assert "CAP: raw 7.98 -> 7.5 by max_pct_median (30% x median 25.0)" in row["full_explanation"].splitlines()


@pytest.mark.parametrize(
    ("golden", "reason"),
    [
        ("reduced_by_step_10", "Step 10 reduction (blocked)"),
        ("gap_9.8_percent", "gap 9.8% below 10% threshold"),
        ("slow_seller", "30% of median 3.0 = 0.9 < 1 unit"),
        ("one_unit_held", "50% of current 1.0 = 0.5 < 1 unit"),
        ("above_p75", "store already sells 4.2 units more than cluster P75"),
        ("small_gap", "raw adjustment 0.75 < 1 unit"),
        ("four_peers", "4 cluster peers sell it, at least 5 are needed"),
        ("p75_is_0", "cluster P75 is 0"),
    ],
)
@pytest.mark.proves("R37", "R15")
def test_who_gets_nothing_is_told_why(golden, reason):
    (row,) = told(among_peers(GOLDEN[golden].case), SEED_STYLE)
    assert row["full_explanation"].splitlines()[0] == f"NOT SCALED: {reason}"
    assert row["full_explanation"].splitlines()[3] == "RECOMMENDATION: +0.0 units (No Adjustment)"


def test_a_store_that_does_not_carry_the_spu_is_told_that_its_cap_does_not_apply():
    (row,) = told(among_peers(GOLDEN["store_not_carried"].case), EXTENDED)
    assert (
        "CAP: raw 17.90 -> 7.5 by max_pct_median (30% x median 25.0); cap on current n/a (not carried)"
        in (row["full_explanation"])
    )


def test_a_boost_is_told():
    (row,) = told(among_peers(GOLDEN["boosted_by_step_9"].case), SEED_STYLE)
    assert row["no_conflict_reason"] == (
        "✓ Step 11 approved | ✓ Step 9 boost detected - 50% dampening applied | ✓ No Step 10 reduction"
    )
    assert "step9_dampen=0.5x" in row["full_explanation"]


@pytest.mark.parametrize(
    ("tier", "words"),
    [
        (None, "as a growth opportunity"),
        ("Exploratory / Test Opportunity", "as an Exploratory / Test Opportunity"),
        ("Medium Confidence Growth", "as a Medium Confidence Growth opportunity"),
    ],
)
def test_the_tier_of_step_11_is_told_in_good_english(tier, words):
    (row,) = told(worked_example(), SEED_STYLE, tier)
    assert row["full_explanation"].splitlines()[0] == f"WHY SCALED: Step 11 identified this {words}"


@pytest.mark.slow
@pytest.mark.proves("I-26", "R85", "R15")
@settings(max_examples=20)
@given(made=tables())
def test_every_row_has_every_text_and_speaks_only_of_checks_that_were_made(made):
    for row in told(made, GrowthSettings()):
        assert all(row[name] for name in TEXTS)
        for step in (9, 10):
            not_supplied = f"Step {step} not supplied" in row["no_conflict_reason"]
            assert not_supplied == (made.rows[f"step{step}"] is None)
            assert not_supplied or f"Step {step}" in row["no_conflict_reason"]


@pytest.mark.slow
@pytest.mark.proves("I-26")
@settings(max_examples=20)
@given(made=tables())
def test_numbers_read_back_from_the_text_are_those_of_the_columns(made):
    for row in told(made, GrowthSettings()):
        text = row["full_explanation"]
        if row["status"] == "SCALED":
            assert _numbers(r"BENCHMARK LAG: Store sells {} units below cluster P75 \({}\)", text) == _printed(
                row, performance_gap=1, cluster_p75=1
            )
            assert _numbers(r"FACTORS: base={}, affinity={}x, step9_dampen={}x", text) == _printed(
                row, base_scaling=1, affinity_modifier=2, step9_dampener=1
            )
            assert _numbers(r"RECOMMENDATION: \+{} units", text) == _printed(row, recommended_adjustment_quantity=1)
        if row["status"] == "SCALED" and row["cap_applied"] != "none":
            assert _numbers(r"CAP: raw {} -> {} by", text)[1] == _printed(row, recommended_adjustment_quantity=1)[0]


def _numbers(pattern: str, text: str) -> list[float]:
    found = re.search(pattern.replace("{}", NUMBER), text)
    assert found, text
    return [float(number) for number in found.groups()]


def _printed(row: Row, **decimals: int) -> Iterable[object]:
    return [pytest.approx(row[name], abs=0.5 * 10**-digits + 1e-6) for name, digits in decimals.items()]


@pytest.mark.parametrize("quantity", [24.449999999999996, 24.45, 0.05, 7.25, 1234.95])
def test_what_the_command_prints_is_rounded_as_the_texts_of_a_run(quantity):
    frame = pl.DataFrame({"quantity": [quantity]})
    in_texts = frame.select(round_half_up(pl.col("quantity"), 1)).item()
    assert DESK.headline({"scaled": 1, "units": quantity}) == f"1 scaled, {in_texts:,.1f} units"
