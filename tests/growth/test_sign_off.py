"""The sign-off: every sentence on the sheet follows from the run's rows and from the settings it was made with."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.growth import desk
from engine.outputs.growth import shapes
from engine.outputs.growth import sign_off as module
from engine.outputs.growth.explain import explained
from engine.outputs.growth.report import report
from engine.outputs.growth.sign_off import sign_off
from engine.outputs.read import table
from engine.runs.registry import Registry
from engine.settings.growth.scaling import PROFILES, GrowthSettings
from engine.stats import half_up
from tests.growth.test_desk import golden_tables

if TYPE_CHECKING:
    from pathlib import Path

    from engine.runs.registry import Run


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return golden_tables().write(tmp_path_factory.mktemp("sign-off") / "in")


def run_with(folder: Path, out: Path, **settings: Any) -> Run:
    made = desk.run(folder, out, GrowthSettings.model_validate(settings))
    return Registry(out).find(made.run_id, "growth")


@pytest.mark.proves("R79", "R93")
def test_a_run_at_its_defaults_says_that_no_threshold_was_changed(inputs: Path, tmp_path: Path) -> None:
    sheet = sign_off(run_with(inputs, tmp_path), labels_render=True)
    assert sheet.sentence.startswith("No threshold of the business was changed: all ")
    assert not [each.key for each in sheet.thresholds if each.differs]
    assert {line.requirement: line.status for line in sheet.checklist}["R79"] == "PASS"


@pytest.mark.slow
@pytest.mark.proves("R79", "R93", "R94")
def test_caps_raised_threefold_are_named_with_their_defaults_on_sheet_and_report(
    inputs: Path, tmp_path: Path
) -> None:
    run = run_with(inputs, tmp_path, caps={"current_share": 1.5, "median_share": 0.9, "absolute_units": 150})
    sheet = sign_off(run, labels_render=True)
    assert "No threshold of the business was changed" not in sheet.sentence
    assert sheet.sentence.startswith("3 of ")
    for told in (
        "caps.current_share is 1.5 instead of 0.5",
        "caps.median_share is 0.9 instead of 0.3",
        "caps.absolute_units is 150 instead of 50",
    ):
        assert told in sheet.sentence
    assert [each.key for each in sheet.thresholds if each.differs] == [
        "caps.current_share",
        "caps.median_share",
        "caps.absolute_units",
    ]
    risk = next(line for line in sheet.risks if line.requirement == "R89")
    assert "At most 150% of the current quantity, 90% of the median of the cluster and 150 units" in risk.mitigation
    assert {line.requirement: line.status for line in sheet.checklist}["R79"] == "OPEN"
    page = report(run, explained(run, table(run, shapes.AUDIT)))
    assert sheet.sentence in page
    assert "No threshold of the business was changed" not in page


def test_what_a_profile_sets_is_a_difference_too(inputs: Path, tmp_path: Path) -> None:
    sheet = sign_off(run_with(inputs, tmp_path, profile="reference"), labels_render=True)
    limits = {
        f"{section}.{name}" for section in ("elasticity", "sell_through") for name in PROFILES["reference"][section]
    }
    assert {each.key for each in sheet.thresholds if each.differs} == limits


@pytest.mark.proves("R75", "R76", "R78", "R80", "R82", "R83", "R84", "R85", "R86", "R87", "R88", "R89", "R90")
def test_a_broken_check_turns_its_lines_and_no_others(
    inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_with(inputs, tmp_path)
    real = module.boundary_report(run)
    before = sign_off(run, labels_render=True)
    assert {line.status for line in (*before.checklist, *before.risks)} == {"PASS"}
    for check in real["checks"]:
        broken = {**check, "verdict": "FAIL", "broken": 1}
        checks = [broken if each is check else each for each in real["checks"]]
        monkeypatch.setattr(module, "boundary_report", lambda _, checks=checks: {**real, "checks": checks})
        after = sign_off(run, labels_render=True)
        failing = {line.requirement for line in (*after.checklist, *after.risks) if line.status == "FAIL"}
        assert failing == FAILS_WITH.get(check["name"], set()), check["name"]


FAILS_WITH = {
    "only_candidates": {"R80", "R86"},
    "no_key_added": {"R75", "R81", "R86"},
    "keys_unique": {"R76"},
    "every_candidate_answered": {"R86"},
    "step9_checked": {"R82", "R87"},
    "step10_checked": {"R83", "R88"},
    "caps_applied": {"R84", "R89"},
    "no_noise": {"R89"},
    "gap_large_enough": {"R89"},
    "step9_minimum_kept": {"R87"},
    "traceable": {"R85", "R90"},
    "finite": {"R85", "R90"},
    "step11_unchanged": {"R75"},
}


@pytest.mark.proves("R77", "R78")
def test_what_was_not_drawn_or_not_supplied_does_not_pass(inputs: Path, tmp_path: Path) -> None:
    (inputs / "step9.parquet").rename(tmp_path / "step9.parquet")
    try:
        run = run_with(inputs, tmp_path / "out", inputs={"allow_missing_step9": True})
    finally:
        (tmp_path / "step9.parquet").rename(inputs / "step9.parquet")
    for labels, status in ((None, "OPEN"), (False, "FAIL"), (True, "PASS")):
        told = {line.requirement: line for line in sign_off(run, labels_render=labels).checklist}
        assert told["R77"].status == status
    assert (told["R78"].status, told["R78"].evidence) == ("FAIL", "Step 9 not supplied")
    assert told["R82"].status == "VACUOUS"


@given(st.decimals(-1000, 1000, places=3), st.integers(0, 2))
def test_numbers_are_rounded_as_people_round(number: Decimal, digits: int) -> None:
    place = Decimal(1).scaleb(-digits)
    wanted = number.quantize(place, ROUND_HALF_UP)
    if number < 0 and abs(number - wanted) * 2 == place:
        wanted += place
    assert half_up(float(number), digits) == float(wanted)
    assert math.isnan(half_up(math.nan, digits))
