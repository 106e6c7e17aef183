"""`darkshelf config`: settings as a file to keep, and what each of them means."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from engine.settings.loading import described
from engine.settings.shelf.night import Settings, load
from tests.command import darkshelf

if TYPE_CHECKING:
    from pathlib import Path

CHANGED = [
    "--set",
    "detect.dark_ratio=0.55",
    "--set",
    "interval.replicates=250",
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


def test_the_settings_shown_hold_every_key(capsys):
    shown = tomllib.loads(darkshelf(capsys, "config", "show").out)
    assert sorted(keys_of(shown)) == sorted(key for key, _ in described(Settings))


def test_the_explanation_lists_every_key_with_its_meaning(capsys):
    answer = darkshelf(capsys, "config", "explain")
    assert (answer.code, answer.err) == (0, "")
    rows = {line.split()[0]: line for line in answer.out.splitlines()[1:]}
    assert list(rows) == [key for key, _ in described(Settings)]
    for key, field in described(Settings):
        assert field.description, key
        assert field.description in rows[key]


def test_the_explanation_can_be_asked_for_a_part(capsys):
    answer = darkshelf(capsys, "config", "explain", "detect", "--set", "detect.dark_ratio=0.5")
    keys = [line.split()[0] for line in answer.out.splitlines()[1:]]
    assert keys == [key for key, _ in described(Settings) if key.startswith("detect")]
    assert "0.5" in next(line for line in answer.out.splitlines() if line.startswith("detect.dark_ratio"))


def test_a_setting_that_does_not_exist_is_refused(capsys):
    answer = darkshelf(capsys, "config", "explain", "detekt")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "darkshelf: no setting begins with 'detekt'; list all with  darkshelf config explain\n"


def test_wrong_settings_are_refused_with_the_nearest_key(capsys):
    answer = darkshelf(capsys, "config", "show", "--set", "detect.dark_rato=0.5")
    assert (answer.code, answer.out) == (2, "")
    assert "did you mean detect.dark_ratio?" in answer.err
