"""A password in a place is refused by every verb, in every option, and nothing ever repeats it."""

from __future__ import annotations

import pytest

from tests.cli.test_help import VERBS
from tests.command import darkshelf

CANARY = "canary-3f9e"
URI = f"postgresql://ann:{CANARY}@127.0.0.1:9/name"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("words", [[URI], [f"--out={URI}"], ["--decisions", URI], ["--set", f"a={URI}", "--json"]])
def test_every_verb_refuses_a_password_without_repeating_it(verb, words, tmp_path, capsys):
    answer = darkshelf(capsys, *verb.split(), *words)
    assert answer.code == 2
    assert CANARY not in answer.out + answer.err
    assert "has a password or a key in it" in answer.out + answer.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", [URI, "s3://bucket/tonight"])
def test_a_schedule_refuses_a_place_before_it_becomes_a_path(place, tmp_path, capsys):
    schedule = tmp_path / "schedule.toml"
    schedule.write_text(
        f'[[jobs]]\nname = "night"\ninput = "in"\nconfig = "{place}"\nout = "runs"\n', encoding="utf-8"
    )
    answer = darkshelf(capsys, "nightly", schedule)
    assert answer.code == 2
    assert CANARY not in answer.out + answer.err
    assert ("is no local path" in answer.err) == (place != URI)
    assert list(tmp_path.iterdir()) == [schedule]
