"""Verdicts of the gauntlet: how statuses add up, and when a division's breach is more than noise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.settings.whitespace.gauntlet import GauntletSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.gauntlet.decide import Rule, decide, figure, figures, holm
from engine.whitespace.gauntlet.quality import by_chance
from engine.whitespace.gauntlet.verdict import ALL, CheckResult, failed, findings, found, overall, reading, readings
from engine.whitespace.gauntlet.verdict import waived as left_out
from engine.whitespace.metrics import relative_cal_error

SETTINGS = GauntletSettings()
STRICT = GauntletSettings(strict=True)
RISE = Rule("delta_auc", most=0.01, warns_above=0.0)


def judged(*rows, rule=RISE, settings=SETTINGS):
    return decide(figures(figure(*row) for row in rows), rule, settings)


@pytest.mark.parametrize(
    ("statuses", "verdict"),
    [
        pytest.param({"one": v.PASS, "two": v.PASS}, v.PASS, id="all pass"),
        pytest.param({"one": v.PASS, "two": v.WARN}, v.WARN, id="a warning passes, and shows"),
        pytest.param({"one": v.WARN, "two": v.WAIVED}, v.WAIVED, id="a waiver shows"),
        pytest.param({"one": v.PASS, "two": v.ERROR}, v.FAIL, id="a check that broke off fails"),
        pytest.param({"one": v.PASS}, v.FAIL, id="a check that is missing fails"),
        pytest.param({"one": v.WAIVED, "two": v.FAIL}, v.FAIL, id="a waiver of one hides no failure of another"),
    ],
)
def test_what_all_checks_come_to(statuses, verdict):
    assert overall(("one", "two"), statuses) == verdict


def test_a_status_that_nobody_knows_is_refused():
    with pytest.raises(ValueError, match="not in tuple"):
        overall(("one",), {"one": "SKIPPED"})


def test_a_division_of_which_a_check_says_nothing_fails():
    result = CheckResult("shift_grid", readings([reading(v.PASS, "fine", "Services")]))
    assert (result.of_division("Services"), result.of_division("Training"), result.pooled) == (v.PASS, v.FAIL, v.FAIL)


def test_what_is_said_of_the_whole_run_holds_for_every_division():
    wrong = found("static_scan", findings([(ALL, "a.py:1", "clock", 1)]), "clean")
    assert wrong.of_division("Services") == v.FAIL
    assert left_out("permutation", "waivers.permutation").of_division("Services") == v.WAIVED
    assert failed("truncation", KeyError("sku")).of_division("Services") == v.ERROR


@given(st.lists(st.floats(0, 1), max_size=12), st.floats(0.001, 0.5))
def test_holm_is_the_step_down_of_its_definition(chances, level):
    found, left = [False] * len(chances), len(chances)
    for chance, place in sorted((chance, place) for place, chance in enumerate(chances)):
        if chance > level / left:
            break
        found[place], left = True, left - 1
    assert holm(np.array(chances), level).tolist() == found


@pytest.mark.parametrize(
    ("value", "status"),
    [(-0.02, v.PASS), (0.0, v.PASS), (0.004, v.WARN), (0.01, v.WARN), (0.011, v.FAIL)],
    ids=["falls", "stays", "rises a little", "rises to the bound", "rises beyond it"],
)
def test_all_divisions_together_are_read_as_the_rule_is_written(value, status):
    assert judged((ALL, value, 0.5, 40))["status"].to_list() == [status]


def test_a_breach_that_noise_explains_is_a_warning_that_names_how_many_buyers_would_decide():
    row = judged(("Services", 0.03, 0.02, 24)).row(0, named=True)
    assert (row["status"], row["low_power"]) == (v.WARN, True)
    assert row["positives_needed"] > 24
    assert f"{row['positives_needed']:,} positives would decide" in row["note"]


def test_with_so_many_buyers_as_were_named_the_same_breach_is_settled():
    needed = judged(("Services", 0.03, 0.02, 24))["positives_needed"][0]
    error = 0.02 * (24 / needed) ** 0.5
    assert judged(("Services", 0.03, error, needed))["status"].to_list() == [v.FAIL]


def test_a_breach_beyond_noise_fails_a_division():
    assert judged(("Services", 0.06, 0.01, 400))["status"].to_list() == [v.FAIL]


def test_a_breach_among_many_divisions_has_to_be_clearer_than_one_alone():
    others = [(f"division {number}", -0.1, 0.01, 100) for number in range(40)]
    breach = ("Services", 0.03, 0.01, 100)
    assert judged(breach)["status"][0] == v.FAIL
    assert judged(breach, *others)["status"][0] == v.WARN


def test_strict_reads_every_division_as_the_rule_is_written():
    assert judged(("Services", 0.03, 0.02, 24), settings=STRICT)["status"].to_list() == [v.FAIL]


def test_what_could_not_be_computed_fails_but_for_a_division_without_buyers():
    nothing = float("nan")
    rows = [(ALL, nothing, nothing, 0), ("Services", nothing, nothing, 0), ("Training", nothing, nothing, 7)]
    assert judged(*rows)["status"].to_list() == [v.FAIL, v.WARN, v.FAIL]


def test_a_rule_that_fails_nothing_warns():
    soft = Rule("delta_auc", most=0.01, breach_is=v.WARN)
    assert judged((ALL, 0.5, 0.01, 400), ("Services", 0.5, 0.01, 400), rule=soft)["status"].to_list() == [v.WARN] * 2


@pytest.mark.slow
def test_a_perfectly_calibrated_division_never_fails_for_having_few_buyers():
    rng = np.random.default_rng(3)
    chances = rng.beta(1, 19, 500)
    rule, said = Rule("relative_cal_error", most=0.25), []
    for _ in range(60):
        bought = (rng.random(chances.size) < chances).astype(np.uint8)
        drawn = by_chance(chances, 10, 1)
        value = relative_cal_error(bought, chances, 10)
        row = ("Services", value, drawn.std(), int(bought.sum()), drawn.mean())
        said += judged(row, rule=rule)["status"].to_list()
    assert said.count(v.FAIL) <= 3
    assert said.count(v.WARN) > 30


def test_chances_that_are_twice_too_high_fail_all_the_same():
    rng = np.random.default_rng(4)
    truth = rng.beta(1, 9, 4000)
    bought = (rng.random(truth.size) < truth).astype(np.uint8)
    drawn = by_chance(2 * truth.clip(0, 0.5), 10, 1)
    value = relative_cal_error(bought, 2 * truth.clip(0, 0.5), 10)
    row = ("Services", value, drawn.std(), int(bought.sum()), drawn.mean())
    assert judged(row, rule=Rule("relative_cal_error", most=0.25))["status"].to_list() == [v.FAIL]
