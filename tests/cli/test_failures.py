"""However a call ends, it says one thing: in words, or as one object."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

from cli.console import answer as print_answer
from tests.command import darkshelf

if TYPE_CHECKING:
    from pathlib import Path


def failing(error: BaseException):
    def fail(*_, **__):
        raise error

    return fail


@pytest.fixture(params=[["--json"], []], ids=["json", "words"])
def form(request) -> list[str]:
    return list(request.param)


def told(answer, form) -> str:
    """What was complained about; as one object it says the exit code too."""
    if not form:
        assert answer.out == ""
        return answer.err
    assert answer.json()["exit_code"] == answer.code
    return answer.json()["error"]


def test_a_call_that_is_interrupted_says_so(monkeypatch, tmp_path, capsys, form):
    monkeypatch.setattr("engine.runs.registry.Registry.runs", failing(KeyboardInterrupt()))
    answer = darkshelf(capsys, "runs", "list", "--out", tmp_path, *form)
    assert answer.code == 130
    if form:
        assert answer.json() == {"error": "interrupted", "problems": [], "exit_code": 130}


def test_memory_that_does_not_suffice_is_no_bug(monkeypatch, tmp_path, capsys, form):
    monkeypatch.setattr("engine.runs.registry.Registry.runs", failing(MemoryError()))
    answer = darkshelf(capsys, "runs", "list", "--out", tmp_path, *form)
    assert answer.code == 1
    assert "the memory of this machine did not suffice; a run takes less with  --max-memory" in told(answer, form)


def test_threads_that_may_not_be_started_are_no_bug(monkeypatch, tmp_path, capsys, form):
    monkeypatch.setattr("engine.runs.registry.Registry.runs", failing(RuntimeError("can't start new thread")))
    answer = darkshelf(capsys, "runs", "list", "--out", tmp_path, *form)
    assert answer.code == 1
    assert "this process may start no more threads" in told(answer, form)


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(ZeroDivisionError("by nothing"), id="an_exception"),
        pytest.param(RecursionError("too deep"), id="a_recursion"),
        pytest.param(RuntimeError("the set changed"), id="an_error_as_a_night_runs"),
        pytest.param(OverflowError("too large"), id="an_overflow"),
        pytest.param(pl.exceptions.PanicException("the reader gave up"), id="a_panic"),
    ],
)
def test_a_bug_is_one_object_beside_its_traceback(monkeypatch, tmp_path, capsys, error):
    monkeypatch.setattr("engine.runs.registry.Registry.runs", failing(error))
    with pytest.raises(type(error)):
        darkshelf(capsys, "runs", "list", "--out", tmp_path, "--json")
    assert json.loads(capsys.readouterr().out) == {
        "error": f"{type(error).__name__}: {error}",
        "problems": [],
        "exit_code": 1,
    }


@pytest.mark.parametrize(
    "words",
    [
        ["runs", "list", "--json"],
        ["runs", "list", "--out", "OUT", "--json", "--no-such-option"],
        ["runs", "show", "--out", "OUT", "--json"],
        ["explain", "1_1_2025-01-01", "--out", "OUT", "--json"],
        ["tasks", "--out", "OUT", "--json"],
        ["decisions", "list", "--out", "OUT", "--json"],
        ["answers", "import", "OUT/nothing.csv", "--out", "OUT", "--json"],
        ["accuracy", "--out", "OUT", "--run", "none", "--json"],
        ["run", "OUT", "--out", "OUT", "--json"],
        ["run", "OUT", "--out", "OUT", "--feedback", "OUT/nothing.csv", "--json"],
        ["check", "OUT", "--json"],
        ["ingest", "OUT", "--lake", "OUT/lake", "--json"],
        ["lake", "verify", "--lake", "OUT", "--json"],
        ["lake", "drop", "--lake", "OUT", "--date", "2025-01-01", "--json"],
        ["lake", "drop", "--lake", "OUT", "--date", "yesterday", "--json"],
        ["growth", "scale", "OUT", "--out", "OUT", "--json"],
        ["growth", "discover", "OUT", "--out", "OUT/new", "--json"],
        ["growth", "backtest", "OUT", "--out", "OUT", "--json"],
        ["backtest", "OUT", "--out", "OUT/new", "--json"],
    ],
    ids=lambda words: " ".join(word for word in words if not word.startswith(("OUT", "--"))),
)
def test_every_verb_refuses_with_one_object(tmp_path: Path, capsys, words):
    (tmp_path / "out").mkdir()
    answer = darkshelf(capsys, *(word.replace("OUT", str(tmp_path / "out")) for word in words))
    assert answer.code == 2, answer
    assert answer.json().keys() == {"error", "problems", "exit_code"}
    assert answer.json()["exit_code"] == 2


def test_what_is_no_number_is_null_in_an_object(capsys):
    print_answer({"one": float("nan"), "two": [float("inf"), 1.5], "three": {"four": -float("inf")}})
    assert json.loads(capsys.readouterr().out) == {"one": None, "two": [None, 1.5], "three": {"four": None}}
