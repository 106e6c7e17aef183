from __future__ import annotations

import math
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import ValidationError

from engine.config import Settings, as_toml, bounds, described, load, value_of
from engine.errors import SettingsError

KEYS = dict(described())
LISTS = [key for key in KEYS if get_origin(KEYS[key].annotation) is tuple]
WORDS = [key for key in KEYS if get_origin(KEYS[key].annotation) is Literal]
CHANGEABLE = [key for key in KEYS if key not in {*WORDS, *LISTS}]
"""Settings that are one number."""


def limits(key: str) -> dict[str, float]:
    """The bounds of a setting by kind: gt, ge, lt, le."""
    return {
        kind: getattr(rule, kind)
        for rule in KEYS[key].metadata
        for kind in ("gt", "ge", "lt", "le")
        if hasattr(rule, kind)
    }


def another_legal_value(key: str) -> float:
    """A value of the setting's kind that is within its bounds and not its default."""
    default, bound = KEYS[key].default, limits(key)
    step = 1 if KEYS[key].annotation is int else 0.125
    low, high = bound.get("ge", bound.get("gt", -math.inf)), bound.get("le", bound.get("lt", math.inf))
    return default - step if low < default - step else default + step if default + step < high else low


def toml_line(key: str, value: object) -> str:
    *section, name = key.split(".")
    return f"[{'.'.join(section)}]\n{name} = {value}\n"


def problems(*assignments: str, file: Any = None) -> list[tuple[str, str, str]]:
    """Where, what and the advice of every problem that these settings have."""
    with pytest.raises(SettingsError, match="the settings cannot be used") as caught:
        load(file, assignments)
    return [(problem.where, problem.what, problem.advice) for problem in caught.value.problems]


def test_the_defaults_are_those_of_the_specification():
    assert {key: field.default for key, field in KEYS.items()} == {
        "profile": "calibrated",
        "inputs.min_keys_meeting": 0.5,
        "inputs.usual_keys_meeting": 0.98,
        "inputs.keys_days": 90,
        "inputs.sent_twice": "refuse",
        "inputs.sent_twice_share": 0.9,
        "inputs.sent_twice_rows": 20,
        "inputs.max_set_aside_share": 0.2,
        "inputs.zero_place_degrees": 1.0,
        "inputs.shared_place_stores": 3,
        "inputs.shared_place_share": 0.02,
        "inputs.swapped_place_spread": 5,
        "panel.lookback_days": 90,
        "panel.gap_fill_days": 3,
        "panel.min_on_hand": 0,
        "panel.stock_from_sales_days": 7,
        "panel.active_days": 7,
        "panel.min_history_days": 28,
        "panel.held_days": 400,
        "panel.return_days": 28,
        "delivery.habit_memory": 0.9,
        "delivery.settling_days": 14,
        "delivery.steady_share": 0.9,
        "delivery.chain_slack": 0.1,
        "delivery.amount_slack": 0.2,
        "delivery.group_slack": 0.4,
        "delivery.spreads": 5,
        "delivery.errors": 5,
        "delivery.min_expected": 5,
        "delivery.short_days": 3,
        "delivery.silent_evidence": 12,
        "delivery.min_silent_skus": 3,
        "delivery.closed_days": 7,
        "delivery.closed_share": 0.5,
        "delivery.min_kept_share": 0.5,
        "delivery.told_share": 0.05,
        "delivery.stray_share": 0.1,
        "delivery.stray_gap_days": 7,
        "delivery.stray_late_share": 0.5,
        "delivery.far_gap_days": 92,
        "delivery.usual_days": 28,
        "delivery.stale_gaps": 2,
        "delivery.stale_days": 3,
        "price_check.tolerance": 0.15,
        "price_check.wrong_factor": 3,
        "price_check.min_units": 5,
        "demand.rounds": 3,
        "demand.day_memory": 0.93,
        "demand.long_day_memory": 0.99,
        "demand.level_prior_units": 20,
        "demand.usual_price_quantile": 0.75,
        "demand.price_bounds": (0.98, 0.9, 0.8, 0.65),
        "demand.offer_prior_units": 200,
        "demand.weekday_prior_units": 500,
        "demand.store_prior_units": 50,
        "demand.sku_prior_units": 25,
        "demand.prior_rows": 5,
        "demand.dark_depth": 0.05,
        "demand.dark_false_share": 0.8,
        "demand.new_normal_days": 56,
        "demand.velocity_bands": (0.3, 1, 3, 10),
        "demand.bulk_quantile": 0.9,
        "demand.bulk_ratio": 8,
        "demand.impossible_ratio": 300,
        "demand.paid_share": 0.25,
        "demand.stock_ratio": 1000,
        "demand.price_ratio": 30,
        "demand.weighed_share": 0.1,
        "demand.slow_share": 0.25,
        "demand.lots_prior_rises": 0.3,
        "demand.dispersion_prior_share": 0.1,
        "demand.before_memory": 0.98,
        "demand.fade": 0.0002,
        "demand.fade_share": 0.43,
        "demand.open_evidence": 3.0,
        "episode.depths": (0.02, 0.1, 0.25, 0.5),
        "episode.depth_weights": (0.4, 0.25, 0.2, 0.15),
        "demand.price_settling_days": 14,
        "demand.fallen_before_days": 28,
        "demand.fallen_depth": 0.5,
        "demand.fallen_evidence": 8.0,
        "episode.closing_evidence": 5.0,
        "episode.start_slack": 2.0,
        "episode.closed_days": 3,
        "episode.before_evidence": 6.0,
        "pattern.before_days": 42,
        "pattern.gap_days": 3,
        "pattern.stock_near_days": 3,
        "pattern.stock_far_days": 15,
        "pattern.prior_units": 0.5,
        "pattern.prior_views": 3.0,
        "pattern.group_spread": 0.2,
        "pattern.group_prior_units": 2.0,
        "pattern.price_rise": (0.03, 0.08),
        "pattern.price_response": 5.0,
        "pattern.promo_share": (0.25, 0.75),
        "pattern.promo_lift": (0.9, 1.1),
        "pattern.promo_fall": 1.2,
        "pattern.cover_days": (35.0, 50.0),
        "pattern.long_cover_strength": 0.6,
        "pattern.stock_growth": (1.4, 2.2),
        "pattern.overstock_fall": 1.5,
        "pattern.neighbour_errors": 1.3,
        "pattern.neighbour_strength": (2.4, 3.8),
        "pattern.neighbour_fall": 1.2,
        "pattern.dark_share": (0.08, 0.28),
        "pattern.stock_moves": (0.3, 0.7),
        "pattern.conversion_fall": 2.0,
        "pattern.conversion_yields": 0.7,
        "stories.smoothed_days": 3,
        "stories.wide_days": 4,
        "stories.holiday_days": 1,
        "stories.wide_share": 0.75,
        "stories.usual_quantile": 0.6,
        "stories.wide_errors": 4.0,
        "stories.min_units": 20.0,
        "stories.min_stores": 5,
        "stories.end_share": 0.25,
        "stories.ended_share": 0.05,
        "stories.season_ratio": 3,
        "stories.launch_days": 21,
        "stories.unit_jump": 2.5,
        "stories.unit_slack": 0.4,
        "stories.run_out_share": 0.4,
        "stories.run_out_cover_days": 3.0,
        "stories.risen_share": 0.75,
        "stories.store_points": 50.0,
        "stories.rise_evidence": 6.0,
        "stories.rise_units": 20.0,
        "stories.return_share": 0.65,
        "demand.left_out_doubt": 0.025,
        "stories.fold_stores": 5,
        "stories.fold_cases": 20,
        "stories.fold_gap_days": 7,
        "episode.max_ratio": 0.6,
        "episode.min_days": 1,
        "episode.max_days": 56,
        "episode.max_fdr": 0.1,
        "episode.closed_evidence": 12.5,
        "certainty.constant": -0.1756,
        "certainty.of_log_evidence": 1.3722,
        "certainty.of_root_ratio": -1.7797,
        "certainty.of_log_days": -0.4639,
        "certainty.min_answers": 30,
        "certainty.intercept_sd": 1.0,
        "certainty.log_slope_sd": 0.5,
        "expect.window_days": 28,
        "expect.trim_sigmas": 3,
        "expect.min_kept_days": 14,
        "expect.interval_z": 1.96,
        "detect.dark_ratio": 0.60,
        "detect.min_dark_days": 3,
        "confidence.steadiness_weight": 0.4,
        "confidence.history_weight": 0.3,
        "confidence.gap_weight": 0.3,
        "confidence.full_history_days": 28,
        "confidence.full_gap": 0.5,
        "causes.primary_score": 50,
        "causes.secondary_score": 40,
        "causes.max_score": 100,
        "causes.price_too_high.category_ratio": 1.15,
        "causes.price_too_high.category_score": 50,
        "causes.price_too_high.category_extra_per_pct": 1,
        "causes.price_too_high.category_extra_max": 30,
        "causes.price_too_high.own_ratio": 1.10,
        "causes.price_too_high.own_score": 20,
        "causes.conversion_drop.recent_days": 7,
        "causes.conversion_drop.baseline_days": 28,
        "causes.conversion_drop.min_drop_pct": 30,
        "causes.conversion_drop.score": 60,
        "causes.conversion_drop.extra_max": 40,
        "causes.overstock.recent_days": 7,
        "causes.overstock.baseline_days": 28,
        "causes.overstock.cover_days": 45,
        "causes.overstock.cover_score": 40,
        "causes.overstock.cover_extra_per_day": 0.5,
        "causes.overstock.cover_extra_max": 30,
        "causes.overstock.falling_trend_pct": -10,
        "causes.overstock.falling_score": 30,
        "causes.overstock.unsold_cover_days": 999,
        "causes.overstock.aged_days": 60,
        "causes.promo_ineffective.promo_days": 7,
        "causes.promo_ineffective.base_days": 28,
        "causes.promo_ineffective.negative_score": 90,
        "causes.promo_ineffective.min_lift_pct": 20,
        "causes.promo_ineffective.weak_score": 70,
        "causes.misallocation.radius_km": 50,
        "causes.misallocation.window_days": 28,
        "causes.misallocation.min_days": 7,
        "causes.misallocation.high_ratio": 1.20,
        "causes.misallocation.score": 50,
        "causes.misallocation.score_per_store": 15,
        "causes.misallocation.extra_max": 50,
        "causes.misallocation.kept_stores": 3,
        "recommend.projection_days": 30,
        "recommend.min_price_cut_pct": 5,
        "recommend.max_price_cut_pct": 20,
        "recommend.cost_floor_ratio": 1.05,
        "recommend.price_response": 1.5,
        "recommend.promo_off_pct": 10,
        "recommend.deep_promo_off_pct": 20,
        "recommend.deep_drop_pct": 50,
        "recommend.promo_lift_pct": 30,
        "recommend.promo_lift_per_pct": 2,
        "recommend.promo_run_days": 7,
        "recommend.promo_margin_share": 0.9,
        "recommend.clearance_cover_days": 60,
        "recommend.deep_clearance_cover_days": 90,
        "recommend.clearance_pct": 20,
        "recommend.cover_clearance_pct": 30,
        "recommend.deep_clearance_pct": 40,
        "recommend.clearance_sell_share": 0.7,
        "recommend.end_promo_share": 0.5,
        "recommend.transfer_share": 0.5,
        "recommend.transfer_ratio": 0.6,
        "ingest.min_kept_share": 0.5,
        "ingest.slack": 0.15,
        "ingest.spreads": 5,
        "ingest.stray_share": 0.1,
        "ingest.usual_days": 90,
        "ingest.min_weekdays": 4,
        "interval.level": 0.95,
        "interval.replicates": 1000,
        "interval.block_days": 7,
        "demand.drift_units": 30,
        "response.min_change_pct": 1.0,
        "response.max_change_ratio": 3.0,
        "response.min_skus": 5,
        "response.max_error": 0.75,
        "response.max_response": 6.0,
        "response.rounds": 6,
        "transfers.safety_days": 7,
        "transfers.cost_per_unit": 0.1,
        "transfers.cost_per_unit_km": 0.01,
        "transfers.pace_prior_units": 20,
        "watch.max_alert_days": 28,
    }


def test_settings_cannot_be_changed_after_the_fact():
    settings = Settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.detect.dark_ratio = 0.5  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        settings.causes.price_too_high.own_score = 1  # type: ignore[misc]


@pytest.mark.parametrize("key", KEYS)
def test_every_setting_is_described_in_a_sentence(key):
    description = KEYS[key].description
    assert description is not None
    assert description.endswith(".")
    assert description[0].isupper()


@pytest.mark.parametrize("key", CHANGEABLE)
def test_every_setting_has_bounds_and_says_them(key):
    signs = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
    assert limits(key)
    assert bounds(KEYS[key]) == ", ".join(f"{signs[kind]} {limit}" for kind, limit in limits(key).items())


def test_a_choice_says_what_there_is_to_choose_from():
    assert bounds(KEYS["profile"]) == f"one of {', '.join(get_args(KEYS['profile'].annotation))}"


@pytest.mark.parametrize("key", CHANGEABLE)
def test_a_value_out_of_bounds_is_refused_by_its_key(key):
    for kind, limit in limits(key).items():
        outside = limit if kind in {"gt", "lt"} else limit - 1 if kind == "ge" else limit + 1
        ((where, what, advice),) = problems(f"{key}={outside}")
        assert where == key
        assert f"(given: {outside})" in what
        assert "darkshelf config explain" in advice


@pytest.mark.parametrize(
    ("assignment", "what"),
    [
        ("demand.price_bounds=[0.8, 0.9]", "do not descend"),
        ("demand.price_bounds=[0.9, 1.5]", "less than 1"),
        ("demand.velocity_bands=[3, 1]", "do not ascend"),
        ("episode.depths=[0.1]", "the same number of values"),
        ("episode.depth_weights=[0.4, 0.3, 0.2, 0.2]", "add up to 1.1"),
    ],
)
def test_a_list_out_of_order_or_bounds_is_refused(assignment, what):
    assert what in problems(assignment)[0][1]


def test_a_list_is_set_as_toml_writes_it():
    settings = load(assignments=["episode.depths=[0.1, 0.3]", "episode.depth_weights=[0.5, 0.5]"])
    assert settings.episode.depths == (0.1, 0.3)
    assert all("list of numbers >" in bounds(KEYS[key]) for key in LISTS)


@pytest.mark.parametrize("word", ["nan", "inf", "-inf"])
def test_a_number_that_is_none_is_refused(word):
    assert problems(f"recommend.price_response={word}")[0][0] == "recommend.price_response"


@pytest.mark.parametrize("key", CHANGEABLE)
def test_every_setting_can_be_set_in_a_file_and_changes_the_fingerprint(key, tmp_path):
    value = another_legal_value(key)
    file = tmp_path / "settings.toml"
    file.write_text(toml_line(key, value), encoding="utf-8")
    changed = load(file)
    assert value_of(changed, key) == value != value_of(Settings(), key)
    assert changed.fingerprint() != Settings().fingerprint()
    assert load(assignments=[f"{key}={value}"]) == changed
    others = [other for other in KEYS if other != key]
    assert [value_of(changed, other) for other in others] == [value_of(Settings(), other) for other in others]


def test_every_setting_changed_has_a_fingerprint_of_its_own():
    prints = {load(assignments=[f"{key}={another_legal_value(key)}"]).fingerprint() for key in CHANGEABLE}
    assert len(prints) == len(CHANGEABLE)


def test_the_fingerprint_is_of_values_and_not_of_how_they_were_written():
    written = [["detect.dark_ratio=0.6"], ["detect.dark_ratio=0.60"], ["causes.primary_score=50.0"], []]
    assert len({load(assignments=assignments).fingerprint() for assignments in written}) == 1
    assert len(Settings().fingerprint()) == 16


def test_settings_written_as_toml_are_read_back_the_same(tmp_path):
    changed = load(assignments=[f"{key}={another_legal_value(key)}" for key in CHANGEABLE[::2]])
    for settings in (Settings(), changed):
        file = tmp_path / "settings.toml"
        file.write_text(as_toml(settings), encoding="utf-8")
        assert load(file) == settings
        assert load(file).fingerprint() == settings.fingerprint()


def test_the_same_settings_are_written_as_the_same_toml(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text(as_toml(Settings()), encoding="utf-8")
    assert as_toml(load(file)) == as_toml(Settings())


def test_an_assignment_overrules_the_file_and_the_file_the_default(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text("[detect]\ndark_ratio = 0.5\nmin_dark_days = 4\n", encoding="utf-8")
    settings = load(file, ["detect.dark_ratio=0.4", "panel.active_days=5"])
    assert (settings.detect.dark_ratio, settings.detect.min_dark_days) == (0.4, 4)
    assert (settings.panel.active_days, settings.panel.lookback_days) == (5, 90)


def test_of_two_assignments_the_later_counts():
    assert load(assignments=["detect.dark_ratio=0.4", "detect.dark_ratio=0.7"]).detect.dark_ratio == 0.7


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        pytest.param("detect.dark_rato", "detect.dark_ratio", id="misspelt"),
        pytest.param("dark_ratio", "detect.dark_ratio", id="without_its_section"),
        pytest.param("causes.overstock.cover_day", "causes.overstock.cover_days", id="misspelt_deep_inside"),
        pytest.param("panel.lookback", "panel.lookback_days", id="cut_short"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_one(key, nearest):
    assert problems(f"{key}=1") == [(key, "is no setting", f"did you mean {nearest}?")]


def test_a_key_like_none_other_is_refused_with_where_to_look():
    assert problems("zzz=1") == [("zzz", "is no setting", "list every setting with  darkshelf config explain")]


def test_an_unknown_key_in_a_file_is_refused_too(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text("[detect]\ndark_rato = 0.5\n", encoding="utf-8")
    assert problems(file=file) == [("detect.dark_rato", "is no setting", "did you mean detect.dark_ratio?")]


def test_every_problem_is_told_at_once(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text("[panel]\nlookback_days = 3\nlookbak = 4\n[causes.overstock]\naged_days = 'old'\n", "utf-8")
    told = problems("detect.dark_ratio=2", "no equals sign", "expect.min_kept_days=40", file=file)
    assert {where for where, _, _ in told} == {
        "--set no equals sign",
        "panel.lookback_days",
        "panel.lookbak",
        "causes.overstock.aged_days",
        "detect.dark_ratio",
        "expect",
    }


@pytest.mark.parametrize(
    ("assignment", "where", "what"),
    [
        pytest.param("detect.dark_ratio", "--set detect.dark_ratio", "is not key=value", id="no_value"),
        pytest.param("=0.5", "--set =0.5", "is not key=value", id="no_key"),
        pytest.param("detect=1", "detect", "valid dictionary", id="a_value_for_a_section"),
        pytest.param("detect.dark_ratio=most", "detect.dark_ratio", "unable to parse", id="a_word_for_a_number"),
        pytest.param("detect.min_dark_days=2.5", "detect.min_dark_days", "fractional", id="a_fraction_for_days"),
        pytest.param(
            "profile=bold", "profile", "Input should be 'calibrated' or 'classic'", id="a_profile_that_is_none"
        ),
    ],
)
def test_an_assignment_that_cannot_be_read(assignment, where, what):
    ((told_where, told_what, _),) = problems(assignment)
    assert told_where == where
    assert what in told_what


def test_a_value_has_no_settings_inside():
    told = problems("detect.dark_ratio=0.5", "detect.dark_ratio.deep=1")
    assert told == [
        (
            "--set detect.dark_ratio.deep=1",
            "dark_ratio is a value, not a section",
            "did you mean detect.dark_ratio?",
        )
    ]


def test_a_minimum_beyond_its_window_is_refused():
    assert "min_kept_days 30 is more than window_days 28" in problems("expect.min_kept_days=30")[0][1]
    assert load(assignments=["expect.min_kept_days=30", "expect.window_days=30"]).expect.window_days == 30


def test_the_smallest_cut_is_not_above_the_largest():
    told = problems("recommend.min_price_cut_pct=21")
    assert "min_price_cut_pct is more than max_price_cut_pct" in told[0][1]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        pytest.param(b"[detect\n", "is not TOML", id="broken_toml"),
        pytest.param(b"\xff\xfe", "is not TOML", id="not_text"),
        pytest.param(None, "cannot be read: No such file or directory", id="no_file"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path, content, what):
    file = tmp_path / "settings.toml"
    if content is not None:
        file.write_bytes(content)
    ((where, told, _),) = problems(file=file)
    assert where == str(file)
    assert told.startswith(what)


def test_the_message_holds_every_problem_with_what_to_do():
    with pytest.raises(SettingsError) as caught:
        load(assignments=["detect.dark_ratio=2", "zzz=1"])
    message = str(caught.value)
    assert message.startswith("the settings cannot be used (2):")
    assert message.count("do   :") == 2
    assert caught.value.exit_code == 2
