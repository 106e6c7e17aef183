from __future__ import annotations

import math
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import ValidationError

from engine.errors import SettingsError
from engine.settings.loading import as_toml, bounds, described, value_of
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.settings.shelf.classic import ClassicSettings
from engine.settings.shelf.night import PROFILES, known_keys, load, readers

KEYS = known_keys()
LISTS = [key for key in KEYS if get_origin(KEYS[key].annotation) is tuple]
WORDS = [key for key in KEYS if get_origin(KEYS[key].annotation) is Literal]
TEXTS = [key for key in KEYS if KEYS[key].annotation is str]
FLAGS = [key for key in KEYS if KEYS[key].annotation is bool]
NUMBERS = [key for key in KEYS if key not in {*WORDS, *LISTS, *TEXTS, *FLAGS}]
"""Settings that are one number."""
CHANGEABLE = [*NUMBERS, *FLAGS]


def limits(key: str) -> dict[str, float]:
    """The bounds of a setting by kind: gt, ge, lt, le."""
    return {
        kind: getattr(rule, kind)
        for rule in KEYS[key].metadata
        for kind in ("gt", "ge", "lt", "le")
        if hasattr(rule, kind)
    }


def another_legal_value(key: str) -> Any:
    """A value of the setting's kind that is within its bounds and not its default."""
    if key in FLAGS:
        return not KEYS[key].default
    default, bound = KEYS[key].default, limits(key)
    step = 1 if KEYS[key].annotation is int else 0.125
    low, high = bound.get("ge", bound.get("gt", -math.inf)), bound.get("le", bound.get("lt", math.inf))
    return default - step if low < default - step else default + step if default + step < high else low


def of(*keys: str) -> str:
    """The assignment of a profile that reads all of the keys."""
    return next(f"profile={profile}" for profile in PROFILES if all(profile in readers(key) for key in keys))


def toml_line(key: str, value: object) -> str:
    *section, name = key.split(".")
    return f"[{'.'.join(section)}]\n{name} = {as_written(value)}\n"


def as_written(value: object) -> str:
    """A value as TOML writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def problems(*assignments: str, file: Any = None) -> list[tuple[str, str, str]]:
    """Where, what and the advice of every problem that these settings have."""
    with pytest.raises(SettingsError, match="the settings cannot be used") as caught:
        load(file, assignments)
    return [(problem.where, problem.what, problem.advice) for problem in caught.value.problems]


def test_settings_cannot_be_changed_after_the_fact():
    settings = ClassicSettings()
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


@pytest.mark.parametrize("key", NUMBERS)
def test_every_setting_has_bounds_and_says_them(key):
    signs = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
    assert limits(key)
    assert bounds(KEYS[key]) == ", ".join(f"{signs[kind]} {limit}" for kind, limit in limits(key).items())


def test_a_text_says_how_long_it_may_be():
    assert TEXTS == ["currency"]
    assert bounds(KEYS["currency"]) == "text of 1 to 5 signs"
    assert load(assignments=["currency=€"]).fingerprint() != load().fingerprint()
    for text in ("''", "dollars"):
        assert problems(f"currency={text}")[0][0] == "currency"


def test_a_choice_says_what_there_is_to_choose_from():
    assert bounds(KEYS["profile"]) == f"one of {', '.join(get_args(KEYS['profile'].annotation))}"


@pytest.mark.parametrize("key", CHANGEABLE)
def test_a_value_out_of_bounds_is_refused_by_its_key(key):
    for kind, limit in limits(key).items():
        outside = limit if kind in {"gt", "lt"} else limit - 1 if kind == "ge" else limit + 1
        ((where, what, advice),) = problems(of(key), f"{key}={outside}")
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
    changed, usual = load(file, [of(key)]), load(None, [of(key)])
    assert value_of(changed, key) == value != value_of(usual, key)
    assert changed.fingerprint() != usual.fingerprint()
    assert load(assignments=[of(key), f"{key}={value}"]) == changed
    others = [other for other, _ in described(type(usual)) if other != key]
    assert [value_of(changed, other) for other in others] == [value_of(usual, other) for other in others]


def test_every_setting_changed_has_a_fingerprint_of_its_own():
    prints = {
        load(assignments=[of(key), f"{key}={as_written(another_legal_value(key))}"]).fingerprint()
        for key in CHANGEABLE
    }
    assert len(prints) == len(CHANGEABLE)


@pytest.mark.parametrize("key", [key for key in KEYS if len(readers(key)) == 1])
def test_a_setting_that_another_profile_alone_reads_is_refused(key, tmp_path):
    (reader,) = readers(key)
    (other,) = set(PROFILES) - {reader}
    file = tmp_path / "settings.toml"
    file.write_text(toml_line(key, another_legal_value(key) if key in CHANGEABLE else "'as it is'"), encoding="utf-8")
    ((where, what, advice),) = problems(f"profile={other}", file=file)
    assert (where, what) == (key, f"is read by the {reader} profile alone")
    assert f"--profile {reader}" in advice


def test_each_profile_reads_what_it_has_and_what_both_share():
    alone = {profile: {key for key in KEYS if readers(key) == (profile,)} for profile in PROFILES}
    assert {"demand.rounds", "episode.max_fdr", "panel.return_days", "price_check.tolerance"} <= alone["calibrated"]
    assert {"detect.dark_ratio", "panel.gap_fill_days", "interval.replicates"} <= alone["classic"]
    assert {readers(key) for key in KEYS} == {("calibrated",), ("classic",), ("calibrated", "classic")}


def test_the_fingerprint_is_of_values_and_not_of_how_they_were_written():
    written = [["episode.max_ratio=0.6"], ["episode.max_ratio=0.60"], ["causes.primary_score=50.0"], []]
    assert len({load(assignments=assignments).fingerprint() for assignments in written}) == 1
    assert len(CalibratedSettings().fingerprint()) == 16


def test_settings_written_as_toml_are_read_back_the_same(tmp_path):
    changed = [
        load(assignments=[f"profile={profile}", *(f"{key}={as_written(another_legal_value(key))}" for key in some)])
        for profile in PROFILES
        if (some := [key for key in CHANGEABLE if profile in readers(key)][::2])
    ]
    for settings in (CalibratedSettings(), ClassicSettings(), *changed):
        file = tmp_path / "settings.toml"
        file.write_text(as_toml(settings), encoding="utf-8")
        assert load(file) == settings
        assert load(file).fingerprint() == settings.fingerprint()


def test_the_same_settings_are_written_as_the_same_toml(tmp_path):
    file = tmp_path / "settings.toml"
    for settings in (CalibratedSettings(), ClassicSettings()):
        file.write_text(as_toml(settings), encoding="utf-8")
        assert as_toml(load(file)) == as_toml(settings)


def test_an_assignment_overrules_the_file_and_the_file_the_default(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text("[episode]\nmax_ratio = 0.5\nmin_days = 4\n", encoding="utf-8")
    settings = load(file, ["episode.max_ratio=0.4", "panel.active_days=5"])
    assert (settings.episode.max_ratio, settings.episode.min_days) == (0.4, 4)
    assert (settings.panel.active_days, settings.panel.lookback_days) == (5, 90)


def test_of_two_assignments_the_later_counts():
    assert load(assignments=["episode.max_ratio=0.4", "episode.max_ratio=0.7"]).episode.max_ratio == 0.7


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        pytest.param("episode.max_rato", "episode.max_ratio", id="misspelt"),
        pytest.param("max_ratio", "episode.max_ratio", id="without_its_section"),
        pytest.param("detect.dark_rato", "detect.dark_ratio", id="misspelt_and_of_another_profile"),
        pytest.param("causes.overstock.aged_day", "causes.overstock.aged_days", id="misspelt_deep_inside"),
        pytest.param("panel.lookback", "panel.lookback_days", id="cut_short"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_one(key, nearest):
    assert problems(f"{key}=1") == [(key, "is no setting", f"did you mean {nearest}?")]


def test_a_key_like_none_other_is_refused_with_where_to_look():
    assert problems("zzz=1") == [("zzz", "is no setting", "list every setting with  darkshelf config explain")]


def test_an_unknown_key_in_a_file_is_refused_too(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text("[episode]\nmax_rato = 0.5\n", encoding="utf-8")
    assert problems(file=file) == [("episode.max_rato", "is no setting", "did you mean episode.max_ratio?")]


def test_every_problem_is_told_at_once(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text("[panel]\nlookback_days = 3\nlookbak = 4\n[causes.overstock]\naged_days = 'old'\n", "utf-8")
    told = problems("episode.max_fdr=2", "no equals sign", "expect.min_kept_days=40", "demand=1", file=file)
    assert {where for where, _, _ in told} == {
        "--set no equals sign",
        "panel.lookback_days",
        "panel.lookbak",
        "causes.overstock.aged_days",
        "demand",
        "episode.max_fdr",
        "expect",
    }


@pytest.mark.parametrize(
    ("assignment", "where", "what"),
    [
        pytest.param("episode.max_fdr", "--set episode.max_fdr", "is not key=value", id="no_value"),
        pytest.param("=0.5", "--set =0.5", "is not key=value", id="no_key"),
        pytest.param("episode=1", "episode", "valid dictionary", id="a_value_for_a_section"),
        pytest.param("episode.max_fdr=most", "episode.max_fdr", "unable to parse", id="a_word_for_a_number"),
        pytest.param("episode.min_days=2.5", "episode.min_days", "fractional", id="a_fraction_for_days"),
        pytest.param("profile=bold", "profile", "is none of calibrated, classic", id="a_profile_that_is_none"),
        pytest.param("profile=[1]", "profile", "is none of calibrated, classic", id="a_list_for_a_profile"),
    ],
)
def test_an_assignment_that_cannot_be_read(assignment, where, what):
    ((told_where, told_what, _),) = problems(assignment)
    assert told_where == where
    assert what in told_what


def test_a_value_has_no_settings_inside():
    told = problems("episode.max_fdr=0.05", "episode.max_fdr.deep=1")
    assert told == [
        (
            "--set episode.max_fdr.deep=1",
            "max_fdr is a value, not a section",
            "did you mean episode.max_fdr?",
        )
    ]


def test_a_minimum_beyond_its_window_is_refused():
    assert "min_kept_days 30 is more than window_days 28" in problems("expect.min_kept_days=30")[0][1]
    assert load(assignments=["expect.min_kept_days=30", "expect.window_days=30"]).expect.window_days == 30


def test_the_smallest_cut_is_not_above_the_largest():
    told = problems("profile=classic", "recommend.min_price_cut_pct=21")
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
        load(assignments=["episode.max_fdr=2", "zzz=1"])
    message = str(caught.value)
    assert message.startswith("the settings cannot be used (2):")
    assert message.count("do   :") == 2
    assert caught.value.exit_code == 2
