"""The invariants of the specification's section 6, over random tables."""

from __future__ import annotations

import math
from copy import deepcopy
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import SettingsError
from engine.settings.growth.scaling import GrowthSettings
from engine.settings.loading import load_as
from tests.growth.strategies import random_tables, tables
from tests.growth.tables import Case, Row, Tables, among_peers, candidate, only

DEFAULT = GrowthSettings()
REFERENCE = GrowthSettings(profile="reference")
TINY = 1e-9
QUANTITY = "recommended_adjustment_quantity"
FATE_OF_FACTORS = {"SCALED", "BELOW_MIN_QTY", "SUPPRESSED_BY_CAP"}
some = settings(max_examples=25)
few = settings(max_examples=12)


def marked(made: Tables) -> set[tuple[str, str]]:
    return {(row["str_code"], row["spu_code"]) for row in made.rows["step11"] or [] if row["is_growth_candidate"]}


def flagged(made: Tables, step: str, *flags: str) -> set[tuple[str, str]]:
    rows = made.rows[step] or []
    return {(row["str_code"], row["spu_code"]) for row in rows if any(row.get(flag) for flag in flags)}


def with_rows(made: Tables, **changed: list[Row] | None) -> Tables:
    return Tables({**made.rows, **changed})


@pytest.mark.proves("I-1", "I-2", "R1", "R6", "R9", "R10", "R16", "R17", "R31", "R37", "R80", "R81", "R86")
@some
@given(made=tables())
def test_every_candidate_and_nothing_else_has_exactly_one_row(made):
    assert made.scaled(DEFAULT).keys() == marked(made)


@pytest.mark.slow
@pytest.mark.proves("I-3")
@some
@given(made=tables())
def test_rows_that_step_11_did_not_mark_affect_nothing(made):
    without = [row for row in made.rows["step11"] if row["is_growth_candidate"]]
    assert with_rows(made, step11=without).scaled(DEFAULT) == made.scaled(DEFAULT)


@pytest.mark.slow
@pytest.mark.proves("I-4", "R43", "R75")
@few
@given(made=tables(), seed=st.integers(0, 99))
def test_score_and_tier_of_step_11_move_no_quantity(made, seed):
    rng = Random(seed)
    other = [
        {**row, "opportunity_score": rng.random(), "opportunity_tier": rng.choice("xyz")}
        for row in made.rows["step11"]
    ]
    assert with_rows(made, step11=other).scaled(DEFAULT) == made.scaled(DEFAULT)


@pytest.mark.slow
@pytest.mark.proves("I-5")
@some
@given(made=tables(), seed=st.integers(0, 99))
def test_the_order_of_rows_changes_nothing(made, seed):
    rng = Random(seed)
    shuffled = {name: rows and rng.sample(rows, len(rows)) for name, rows in made.rows.items()}
    assert Tables(shuffled).scaled(DEFAULT) == made.scaled(DEFAULT)


@pytest.mark.slow
@pytest.mark.proves("I-7")
@some
@given(made=tables(), keep=st.integers(1, 5))
def test_peers_make_benchmarks_and_candidates_do_not(made, keep):
    fewer = with_rows(made, step11=made.rows["step11"][::keep])
    whole = made.scaled(DEFAULT)
    assert fewer.scaled(DEFAULT).items() <= whole.items()


@pytest.mark.slow
@pytest.mark.proves("I-8", "R14", "R19", "R33", "R54", "R83", "R88", "R92")
@some
@given(made=tables())
def test_what_step_10_reduces_gets_nothing_whatever_else_is_said(made):
    for key in flagged(made, "step10", "rule10_applied", "volatility_flag") & marked(made):
        row = made.scaled(DEFAULT)[key]
        assert (row["status"], row[QUANTITY], row["raw_adjustment"]) == ("BLOCKED_STEP10", 0, None)


@pytest.mark.slow
@pytest.mark.proves("I-9", "R13", "R32", "R53", "R69", "R82", "R87")
@some
@given(made=tables())
def test_what_step_9_raises_is_scaled_by_exactly_half(made):
    boosted, plain = made.scaled(DEFAULT), with_rows(made, step9=[]).scaled(DEFAULT)
    for key in flagged(made, "step9", "rule9_applied") & marked(made):
        raw = plain[key]["raw_adjustment"]
        assert boosted[key]["raw_adjustment"] == (None if raw is None else raw * 0.5)
        assert boosted[key][QUANTITY] <= plain[key][QUANTITY]


@pytest.mark.slow
@pytest.mark.proves("I-10", "I-13", "I-14", "R18", "R51", "R64", "R7")
@some
@given(made=tables())
def test_a_quantity_is_0_or_at_least_1_and_whole_units_are_rounded_down(made):
    for row in made.scaled(DEFAULT).values():
        assert row[QUANTITY] == 0 or row[QUANTITY] >= 1
        assert row["recommended_units"] == math.floor(row[QUANTITY] + TINY)
        assert (row["status"] == "SCALED") == (row[QUANTITY] > 0)
        assert row["joint_increase"] >= row["step9_units"]


@pytest.mark.slow
@pytest.mark.proves("I-12", "I-16", "R12", "R48", "R49", "R50", "R84", "R89")
@some
@given(made=tables())
def test_no_quantity_is_above_a_cap(made):
    for row in made.scaled(DEFAULT).values():
        quantity = row[QUANTITY]
        assert quantity <= 50 + TINY
        assert not quantity or quantity <= min(row["raw_adjustment"], 0.3 * row["cluster_median"]) + TINY
        assert row["current_spu_count"] in (None, 0) or quantity <= 0.5 * row["current_spu_count"] + TINY


@pytest.mark.proves("I-15", "R70")
@some
@given(made=tables())
def test_the_cap_that_is_named_is_the_one_that_binds(made):
    limits = {"max_pct_current": "cap_current", "max_pct_median": "cap_median", "max_absolute": "cap_absolute"}
    for row in made.scaled(DEFAULT).values():
        named = row["cap_applied"]
        if row["status"] not in ("SCALED", "SUPPRESSED_BY_CAP"):
            assert named is None
            continue
        present = [row[limit] for limit in limits.values() if row[limit] is not None]
        if named == "none":
            assert row[QUANTITY] == pytest.approx(row["raw_adjustment"], abs=TINY)
        else:
            assert row[limits[named]] == min(present)
            assert row["raw_adjustment"] > min(present)
            assert row["status"] == "SUPPRESSED_BY_CAP" or row[QUANTITY] == pytest.approx(min(present), abs=TINY)


@pytest.mark.slow
@pytest.mark.proves("I-20", "R34", "R66", "R65")
@some
@given(made=tables())
def test_only_gaps_of_a_tenth_and_more_are_closed(made):
    for row in made.scaled(DEFAULT).values():
        if row["raw_adjustment"] is not None:
            assert row["gap_ratio"] >= 0.10 - TINY
        if row["status"] == "BELOW_GAP":
            assert 0 <= row["gap_ratio"] < 0.10


@pytest.mark.slow
@pytest.mark.proves("I-21", "I-24", "R39", "R40", "R41")
@some
@given(made=tables())
def test_no_number_is_nan_or_infinite_and_every_factor_is_in_its_range(made):
    for row in made.scaled(DEFAULT).values():
        assert all(math.isfinite(value) for value in row.values() if isinstance(value, float))
        assert row["gap_ratio"] is None or row["gap_ratio"] <= 1
        assert 0.7 <= row["affinity_modifier"] <= 1.2
        assert 0.7 <= row["elasticity_dampener"] <= 1
        assert 1 <= row["sell_through_boost"] <= 1.1
        assert row["step9_dampener"] in (0.5, 1.0)


@pytest.mark.proves("I-22")
@some
@given(made=tables())
def test_the_quantile_is_at_least_the_median(made):
    for row in made.scaled(DEFAULT).values():
        assert row["cluster_p75"] is None or row["cluster_p75"] >= row["cluster_median"]


@pytest.mark.slow
@pytest.mark.proves("I-25", "R42", "R35", "R36")
@some
@given(made=tables())
def test_factors_alone_move_a_row_only_among_three_fates(made):
    """Neither visitors nor sell-through nor Step 9 can make a row eligible, or end it."""
    bare = with_rows(made, store_traffic=None, step9=None).scaled(
        REFERENCE.model_copy(update={"inputs": DEFAULT.inputs})
    )
    for key, row in made.scaled(DEFAULT).items():
        before, after = row["status"], bare[key]["status"]
        assert before == after or {before, after} <= FATE_OF_FACTORS


def seed_case(**changed: object) -> Row:
    given = {"p75": 200.0, "median": 180.0, "sales": 100.0, "current": 400.0, "women": 50.0, "men": 50.0, "sex": "F"}
    return only(
        among_peers(Case(**(given | changed))).scaled(REFERENCE.model_copy(update={"inputs": DEFAULT.inputs}))
    )


@pytest.mark.proves("I-17")
@given(one=st.floats(110, 400), more=st.floats(0, 300))
@few
def test_raw_and_quantity_grow_with_the_gap(one, more):
    low, high = (seed_case(p75=units, median=100.0) for units in (one, one + more))
    assert low[QUANTITY] <= high[QUANTITY] + TINY
    assert (low["raw_adjustment"] or 0) <= (high["raw_adjustment"] or 0) + TINY


@pytest.mark.proves("I-17", "R44", "R45", "R46")
@given(one=st.floats(0, 1), other=st.floats(0, 1))
@few
def test_raw_and_quantity_grow_with_affinity(one, other):
    low, high = (seed_case(women=100 * share, men=100 * (1 - share)) for share in sorted((one, other)))
    assert low["raw_adjustment"] <= high["raw_adjustment"] + TINY
    assert low[QUANTITY] <= high[QUANTITY] + TINY


@pytest.mark.slow
@pytest.mark.proves("I-17")
@given(rates=st.tuples(st.floats(0, 1), st.floats(0, 1)))
@few
def test_raw_and_quantity_grow_with_sell_through(rates):
    found = []
    for rate in sorted(rates):
        made = among_peers(Case(200.0, 180.0, 100.0, 400.0))
        made.rows["sales"][0]["sell_through_rate"] = rate
        found.append(only(made.scaled(DEFAULT)))
    assert found[0]["raw_adjustment"] <= found[1]["raw_adjustment"] + TINY
    assert found[0][QUANTITY] <= found[1][QUANTITY] + TINY


@pytest.mark.proves("I-17")
@pytest.mark.parametrize("cap", ["current_share", "median_share", "absolute_units"])
def test_quantity_grows_with_each_cap(cap):
    made = random_tables(3, 40, 2)
    scales = {"current_share": (0.2, 0.5, 0.9), "median_share": (0.1, 0.3, 0.6), "absolute_units": (5, 20, 80)}
    runs = [made.scaled(GrowthSettings(caps={cap: value})) for value in scales[cap]]
    for key in runs[0]:
        quantities = [run[key][QUANTITY] for run in runs]
        assert quantities == sorted(quantities)
    assert [sum(row[QUANTITY] for row in run.values()) for run in runs] != [0, 0, 0]


@pytest.mark.proves("I-17", "I-24")
def test_dispersion_beyond_chance_only_dampens():
    found = []
    for spread in (0.0, 5.0, 12.0, 20.0):
        made = among_peers(Case(60.0, 40.0, 20.0, 100.0))
        for n, row in enumerate(made.rows["sales"][1:]):
            if 0 < n < 37:
                row["store_sales"] = max(0.0, 40.0 - spread * (n % 4))
        found.append(only(made.scaled(DEFAULT)))
    dampeners = [row["elasticity_dampener"] for row in found]
    assert dampeners == sorted(dampeners, reverse=True)
    assert [row["raw_adjustment"] for row in found] == sorted((row["raw_adjustment"] for row in found), reverse=True)


@pytest.mark.proves("I-18", "R67", "R74")
@pytest.mark.parametrize(
    ("units", "tier"),
    [
        (1, "Minimal"),
        (5, "Minimal"),
        (5.0001, "Moderate"),
        (15, "Moderate"),
        (15.0001, "Aggressive"),
        (50, "Aggressive"),
    ],
)
def test_tiers_are_named_by_the_final_quantity(units, tier):
    row = only(
        among_peers(Case(400.0, 400.0, 400 - 2 * units, 300.0)).scaled(
            GrowthSettings(profile="reference", gap={"min_ratio": 1e-6}, inputs={"sales_column": "store_sales"})
        )
    )
    assert row[QUANTITY] == pytest.approx(units, abs=1e-9)
    assert row["scaling_tier"] == f"{tier} Adjustment"


@pytest.mark.slow
@pytest.mark.proves("I-19")
@given(made=tables(), factor=st.sampled_from([0.25, 2.0, 8.0]))
@few
def test_raw_and_relative_caps_are_homogeneous(made, factor):
    larger = deepcopy(made)
    for row in larger.rows["sales"]:
        for name in ("current_spu_count", "store_sales"):
            row[name] = None if row[name] is None else row[name] * factor
    grown = larger.scaled(REFERENCE)
    for key, row in made.scaled(REFERENCE).items():
        for name in ("raw_adjustment", "cap_current", "cap_median", "performance_gap", "cluster_p75"):
            wanted = None if row[name] is None else pytest.approx(row[name] * factor, rel=1e-9, abs=1e-9)
            assert grown[key][name] == wanted


@pytest.mark.proves("I-23", "R38", "R44", "R45", "R46", "R47", "R68")
@pytest.mark.parametrize(
    ("women_share", "modifier"),
    [
        (0, 0.7),
        (0.2, 0.85),
        (0.3, 0.925),
        (0.4, 1),
        (0.5, 1),
        (0.6, 1),
        (0.7, 1.05),
        (0.8, 1.1),
        (1, 1.2),
        (192 / 301, 1.0189369),
    ],
)
def test_affinity_follows_the_table_and_mirrors(women_share, modifier):
    women, men = 1000 * women_share, 1000 * (1 - women_share)
    assert seed_case(women=women, men=men, sex="F")["affinity_modifier"] == pytest.approx(modifier, abs=1e-6)
    assert seed_case(women=men, men=women, sex="男")["affinity_modifier"] == pytest.approx(modifier, abs=1e-6)
    assert seed_case(women=women, men=men, sex="中性")["affinity_modifier"] == 1


@pytest.mark.proves("I-23")
@pytest.mark.parametrize(("women", "men"), [(0.0, 0.0), (-5.0, 5.0), (math.nan, 10.0), (None, None)])
def test_without_usable_traffic_affinity_is_neutral_and_says_so(women, men):
    row = seed_case(women=women, men=men)
    assert (row["affinity_modifier"], row["affinity_basis"]) == (1, "no traffic")


@pytest.mark.proves("R47")
def test_a_store_that_does_not_carry_an_spu_takes_its_sex_from_those_that_do():
    made = among_peers(Case(35.8, 25.0, 20.6, 20.6, women=100.0, men=0.0, sex="女"))
    made.rows["sales"].pop(0)
    assert only(made.scaled(DEFAULT))["affinity_modifier"] == pytest.approx(1.2)


@pytest.mark.proves("I-33", "R12", "R30")
@pytest.mark.parametrize(
    "assignment",
    [
        "inputs.require_step11_candidate=false",
        "conflicts.block_if_step10_reduced=false",
        "gap.min_ratio=0",
        "gap.min_ratio=10",
        "gap.base_factor=0",
        "conflicts.step9_factor=0",
        "caps.current_share=0",
        "caps.min_units=-1",
        "tiers.minimal_units=20",
        "benchmark.quantil=0.75",
    ],
)
def test_settings_that_would_open_the_boundary_are_refused(assignment):
    with pytest.raises(SettingsError, match="the settings cannot be used"):
        load_as(GrowthSettings, None, [assignment])


@pytest.mark.proves("R52", "R55", "R57")
def test_every_cap_says_what_it_is_against():
    told = {name: field.description for name, field in type(DEFAULT.caps).model_fields.items()}
    assert "over-scaling" in told["current_share"]
    assert "peers' range" in told["median_share"]
    assert "ractical limit" in told["absolute_units"]
    assert "noise" in told["min_units"]
    assert "control risk; they change no strategy" in (type(DEFAULT.caps).__doc__ or "")


@pytest.mark.proves("R76")
def test_what_step_9_gives_and_what_step_12_gives_are_shown_together():
    row = only(among_peers(Case(35.8, 25.0, 20.6, 20.6, step9=True)).scaled(REFERENCE))
    assert row["joint_increase"] == pytest.approx(1 + row[QUANTITY])
    assert row["joint_share"] == pytest.approx(row["joint_increase"] / 20.6)


@pytest.mark.proves("R33")
@pytest.mark.parametrize(
    ("period", "blocks"), [("202506A", True), ("202505B", True), ("202505A", False), ("202506B", False)]
)
def test_a_reduction_blocks_its_own_half_month_and_the_next(period, blocks):
    made = among_peers(Case(35.8, 25.0, 20.6, 20.6, step10=True))
    made.rows["step10"][0]["period"] = period
    status = only(made.scaled(REFERENCE, "202506A"))["status"]
    assert (status == "BLOCKED_STEP10") == blocks


@pytest.mark.parametrize("unknown", ["current_spu_count", "both"])
def test_a_store_whose_own_quantity_is_unknown_is_not_scaled(unknown):
    made = among_peers(Case(35.8, 25.0, 20.6, 20.6))
    row = made.rows["sales"][0]
    row["current_spu_count"] = None
    if unknown == "both":
        row["store_sales"] = math.nan
    assert only(made.scaled(DEFAULT))["status"] == "NO_BENCHMARK"


@pytest.mark.proves("R20")
def test_without_a_mark_nothing_is_scaled():
    made = among_peers(Case(35.8, 25.0, 20.6, 20.6))
    made.rows["step11"] = [candidate("S000", "A1", is_growth_candidate=flag) for flag in (False, None)]
    assert made.scaled(DEFAULT) == {}


@pytest.mark.proves("R27", "R28", "R29", "R30")
def test_only_current_quantity_quantile_and_median_of_named_columns_count():
    """Money, price and recent sales are in the table and move nothing."""
    made = random_tables(11, 30, 2)
    before = made.scaled(DEFAULT)
    rng = Random(1)
    for row in made.rows["sales"]:
        row |= {name: rng.random() * 99 for name in ("spu_sales_amt", "unit_price", "quantity", "on_hand")}
    assert made.scaled(DEFAULT) == before
