"""Settings from the environment: after the file, before the command line, and no name that is none."""

import json

import pytest

from engine.errors import SettingsError
from engine.settings.growth.scaling import GrowthSettings
from engine.settings.loading import described, load_as, value_of
from engine.settings.shelf.night import load
from tests.command import darkshelf


def test_a_variable_goes_before_the_file_and_behind_the_command_line(tmp_path, monkeypatch):
    file = tmp_path / "settings.toml"
    file.write_text("[episode]\nmin_days = 3\n", encoding="utf-8")
    assert load(file).episode.min_days == 3
    monkeypatch.setenv("DARKSHELF_EPISODE__MIN_DAYS", "4")
    assert load(file).episode.min_days == 4
    assert load(file, ["episode.min_days=5"]).episode.min_days == 5


def test_every_setting_of_a_desk_has_a_variable(monkeypatch):
    keys = [key for key, _ in described(GrowthSettings)]
    for key in keys:
        value = value_of(GrowthSettings(), key)
        text = json.dumps(value) if isinstance(value, bool | int | float | str | tuple | list) else str(value)
        monkeypatch.setenv("DARKSHELF_" + key.upper().replace(".", "__"), text)
    assert load_as(GrowthSettings) == GrowthSettings()


def test_words_need_no_quotes_and_wrong_values_are_refused(monkeypatch):
    monkeypatch.setenv("DARKSHELF_PROFILE", "classic")
    assert load().profile == "classic"
    monkeypatch.setenv("DARKSHELF_PROFILE", "calibrated")
    monkeypatch.setenv("DARKSHELF_EPISODE__MIN_DAYS", "soon")
    with pytest.raises(SettingsError, match=r"episode\.min_days"):
        load()


def test_a_variable_that_stands_for_no_setting_of_any_desk_is_refused(monkeypatch, capsys):
    monkeypatch.setenv("DARKSHELF_CAPS__MIN_UNITS", "2")
    assert darkshelf(capsys, "config", "show").code == 0
    monkeypatch.setenv("DARKSHELF_EPISODE__MIN_DAYZ", "2")
    answer = darkshelf(capsys, "config", "show")
    assert answer.code == 2
    assert "DARKSHELF_EPISODE__MIN_DAYZ" in answer.err
    assert "did you mean episode.min_days?" in answer.err
