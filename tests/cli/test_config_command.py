"""`darkshelf config`: settings as a file to keep, and what each of them means."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from engine.settings.loading import described
from engine.settings.shelf.night import PROFILES, load
from tests.command import darkshelf

if TYPE_CHECKING:
    from pathlib import Path

CHANGED = [
    "--set",
    "episode.max_fdr=0.05",
    "--set",
    "interval.level=0.9",
    "--set",
    "causes.overstock.aged_days=90",
]


@pytest.mark.parametrize("changes", [[], CHANGED], ids=["defaults", "changed"])
def test_the_settings_shown_are_a_file_that_gives_the_same_settings(capsys, tmp_path: Path, changes):
    shown = darkshelf(capsys, "config", "show", *changes)
    assert (shown.code, shown.err) == (0, "")
    file = tmp_path / "darkshelf.toml"
    file.write_text(shown.out, encoding="utf-8")
    assert darkshelf(capsys, "config", "show", "--config", file).out == shown.out
    assert load(file) == load(None, changes[1::2])


def keys_of(tree: dict, prefix: str = "") -> list[str]:
    """The dotted keys of a tree of settings."""
    found = []
    for key, value in tree.items():
        found += keys_of(value, f"{prefix}{key}.") if isinstance(value, dict) else [f"{prefix}{key}"]
    return found


@pytest.mark.parametrize("profile", PROFILES)
def test_the_settings_shown_hold_every_key_of_the_profile_and_no_other(capsys, profile):
    for words in (["--profile", profile], ["--set", f"profile={profile}"]):
        shown = tomllib.loads(darkshelf(capsys, "config", "show", *words).out)
        assert sorted(keys_of(shown)) == sorted(key for key, _ in described(PROFILES[profile]))


@pytest.mark.parametrize("profile", PROFILES)
def test_the_explanation_lists_every_key_of_the_profile_with_its_meaning(capsys, profile):
    answer = darkshelf(capsys, "config", "explain", "--profile", profile, "--desk", "shelf")
    assert (answer.code, answer.err) == (0, "")
    rows = {line.split()[0]: line for line in answer.out.splitlines()[2:]}
    read = [key for key, line in rows.items() if "(profile classic) " not in line and "(report) " not in line]
    assert sorted(read) == sorted(key for key, _ in described(PROFILES[profile]))
    for key, field in described(PROFILES[profile]):
        assert field.description, key
        assert field.description in rows[key]


def test_the_explanation_can_be_asked_for_a_part(capsys):
    answer = darkshelf(capsys, "config", "explain", "episode", "--set", "episode.max_fdr=0.05")
    keys = [line.split()[0] for line in answer.out.splitlines()[2:]]
    assert keys == [key for key, _ in described(PROFILES["calibrated"]) if key.startswith("episode")]
    assert "0.05" in next(line for line in answer.out.splitlines() if line.startswith("episode.max_fdr"))


def test_the_explanation_says_which_profile_reads_what_this_one_does_not(capsys):
    answer = darkshelf(capsys, "config", "explain", "detect.dark_ratio")
    assert (answer.code, answer.err) == (0, "")
    assert "(profile classic) Dark below this share" in answer.out
    classic = darkshelf(capsys, "config", "explain", "detect.dark_ratio", "--profile", "classic")
    assert "(profile classic)" not in classic.out


def test_a_key_of_another_desk_is_told_with_its_desk(capsys):
    answer = darkshelf(capsys, "config", "explain", "caps")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("growth: says what may grow")


def test_a_night_refuses_a_setting_that_its_profile_does_not_read(capsys, tmp_path):
    answer = darkshelf(capsys, "run", tmp_path, "--out", tmp_path / "out", "--set", "detect.dark_ratio=0.5")
    assert (answer.code, answer.out) == (2, "")
    assert "detect.dark_ratio: is read by the classic profile alone" in answer.err
    assert "--profile classic" in answer.err
    words = ("--profile", "classic", "--set", "demand.rounds=2")
    refused = darkshelf(capsys, "run", tmp_path, "--out", tmp_path / "out", *words)
    assert "demand.rounds: is read by the calibrated profile alone" in refused.err
    assert not (tmp_path / "out").exists()


def test_a_setting_that_does_not_exist_is_refused(capsys):
    answer = darkshelf(capsys, "config", "explain", "detekt")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "darkshelf: no setting begins with 'detekt'; list all with  darkshelf config explain\n"


def test_wrong_settings_are_refused_with_the_nearest_key(capsys):
    answer = darkshelf(capsys, "config", "show", "--set", "episode.max_fdrr=0.5")
    assert (answer.code, answer.out) == (2, "")
    assert "did you mean episode.max_fdr?" in answer.err
