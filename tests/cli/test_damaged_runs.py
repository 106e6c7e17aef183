"""Beside a whole night lie a damaged one, a run of another desk and a folder of somebody: every verb passes by."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from engine.runs.registry import Registry
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf import desk
from tests.command import darkshelf
from tests.planted.small import AS_OF, DARK_CASE, small_chain, write_parquet

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command import Answer

WHOLE, DAMAGED = AS_OF - timedelta(days=1), AS_OF
GROWTH = "202507A-reference-00000000"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The input, and an output folder whose newest night is damaged."""
    place = tmp_path_factory.mktemp("damaged")
    folder, out = write_parquet(place / "in", small_chain()), place / "out"
    for day in (WHOLE - timedelta(days=1), WHOLE, DAMAGED):
        desk.run(folder, out, CalibratedSettings(), day)
    (Registry(out).find().folder / "manifest.json").write_text("{")
    growth = out / "runs" / GROWTH
    growth.mkdir()
    (growth / "manifest.json").write_text('{"desk": "growth", "as_of": "202507A", "finished_at": "2025-07-20"}')
    (growth / "summary.json").write_text('{"candidates": 3}')
    (growth / "data_quality.json").write_text(
        '{"rows": {"step11": {"read": 3, "used": 2, "quarantined": 1}}, "warnings": []}'
    )
    (out / "runs" / "notes").mkdir()
    return place


@pytest.fixture
def out(place: Path, tmp_path: Path) -> Path:
    return shutil.copytree(place / "out", tmp_path / "out")


def ids(out: Path) -> list[str]:
    return [run.run_id for run in Registry(out).runs("shelf")]


def assert_named(answer: Answer, out: Path) -> None:
    """The damaged night and the folder of somebody are named once, the whole night is told of."""
    damaged = next(folder.name for folder in (out / "runs").iterdir() if folder.name.startswith(str(DAMAGED)))
    lines = answer.err.splitlines()
    assert sum(line.startswith(f"warning: run {damaged} is damaged: its manifest.json") for line in lines) == 1
    assert sum(line.startswith("warning: run notes is damaged: ") for line in lines) == 1
    assert "Traceback" not in answer.err


READING = {
    "list": ["runs", "list"],
    "list_json": ["runs", "list", "--json"],
    "show": ["runs", "show"],
    "show_json": ["runs", "show", "--json"],
    "explain": ["explain", DARK_CASE],
    "explain_json": ["explain", DARK_CASE, "--json"],
    "sql": ["sql", "select count(*) from cases"],
    "report": ["report"],
    "tasks": ["tasks"],
    "tasks_json": ["tasks", "--json"],
    "accuracy": ["accuracy"],
    "accuracy_json": ["accuracy", "--json"],
    "feedback": ["feedback", "--file", "FILE"],
    "decisions_list": ["decisions", "list"],
    "decisions_list_json": ["decisions", "list", "--json"],
    "decisions_export": ["decisions", "export", "--file", "FILE"],
    "rollback": ["runs", "rollback"],
    "prune": ["runs", "prune", "--keep", "1"],
}


@pytest.mark.parametrize("words", READING.values(), ids=READING)
def test_a_verb_takes_the_newest_night_that_can_be_read_and_names_what_it_skips(out, tmp_path, capsys, words):
    words = [str(tmp_path / "file.csv") if word == "FILE" else word for word in words]
    answer = darkshelf(capsys, *words, "--out", out)
    assert answer.code == 0, answer
    assert_named(answer, out)
    if "--json" in words:
        assert isinstance(answer.json(), dict)


def test_a_night_that_is_named_and_damaged_is_refused(out, capsys):
    damaged = next(folder.name for folder in (out / "runs").iterdir() if folder.name.startswith(str(DAMAGED)))
    for words in (["runs", "show"], ["explain", DARK_CASE], ["sql", "select 1"], ["tasks"], ["accuracy"]):
        answer = darkshelf(capsys, *words, "--run", damaged, "--out", out)
        assert (answer.code, answer.out) == (2, "")
        assert f"darkshelf: the run {damaged} is damaged: its manifest.json cannot be read" in answer.err


def test_a_run_of_another_desk_is_listed_and_shown_and_refused_by_what_it_is_not_for(out, capsys):
    (out / "LATEST").write_text(f"{GROWTH}\n")
    listed = darkshelf(capsys, "runs", "list", "--out", out)
    row = next(line for line in listed.out.splitlines() if GROWTH in line)
    assert row.split()[2:] == ["202507A", "growth", "–", "2025-07-20"]
    assert darkshelf(capsys, "runs", "show", "--out", out).out.startswith(f"{GROWTH}  as of 202507A, input unknown\n")
    answer = darkshelf(capsys, "tasks", "--out", out)
    assert answer.code == 0, answer
    assert f"LATEST names {GROWTH}, a run of the growth desk; the newest of the shelf desk is taken" in answer.err
    refused = darkshelf(capsys, "runs", "diff", GROWTH, ids(out)[0], "--out", out)
    assert (refused.code, refused.out) == (2, "")
    assert f"{ids(out)[0]}: is a run of the shelf desk, {GROWTH} one of the growth desk" in refused.err


def test_a_folder_with_runs_of_one_desk_takes_none_of_another(place, out, capsys):
    answer = darkshelf(capsys, "run", place / "in", "--out", out, "--json")
    assert answer.code == 2
    assert f"holds runs of another desk, such as {GROWTH}" in answer.json()["error"]
    assert "name another folder for the runs of the shelf desk" in answer.json()["error"]


def test_a_verb_of_the_growth_desk_finds_its_run_among_nights(out, tmp_path, capsys):
    shutil.rmtree(out / "runs" / GROWTH)
    for words in (["growth", "report"], ["growth", "export", "--file", tmp_path / "file.csv"]):
        answer = darkshelf(capsys, *words, "--out", out)
        assert answer.code == 2
        assert "darkshelf: there is no run of the growth desk under" in answer.err


def test_the_night_of_a_damaged_run_is_made_anew_and_becomes_the_latest(place, out, capsys):
    damaged = next(folder.name for folder in (out / "runs").iterdir() if folder.name.startswith(str(DAMAGED)))
    shutil.rmtree(out / "runs" / GROWTH)
    answer = darkshelf(capsys, "run", place / "in", "--out", out, "--json")
    assert answer.code == 0, answer
    assert (answer.json()["run_id"], answer.json()["is_new"]) == (damaged, True)
    assert f"{damaged} was damaged and is made anew" in answer.err
    assert (out / "LATEST").read_text() == f"{damaged}\n"
    assert not darkshelf(capsys, "run", place / "in", "--out", out, "--json").json()["is_new"]


def test_a_back_filled_night_says_why_it_is_not_the_latest(place, tmp_path, capsys):
    for day in (AS_OF, WHOLE):
        answer = darkshelf(capsys, "run", place / "in", "--out", tmp_path / "out", "--as-of", day)
        assert answer.code == 0
    assert f"is not the latest run: as of {WHOLE} it is before {AS_OF}" in answer.err
    assert "darkshelf runs rollback --out" in answer.err


def test_a_file_of_the_latest_night_that_was_changed_is_refused_and_named(out, capsys):
    night = Registry(out).find(desk="shelf")
    facts = json.loads((night.folder / "summary.json").read_text())
    changed = json.dumps(facts | {"cases_open": facts["cases_open"] + 1}, indent=2, ensure_ascii=False) + "\n"
    (night.folder / "summary.json").write_text(changed)
    answer = darkshelf(capsys, "runs", "show", "--out", out, "--json")
    assert (answer.code, answer.json()["exit_code"]) == (2, 2)
    assert f"the run {night.run_id} is damaged: summary.json is not what was published" in answer.json()["error"]


def test_a_night_that_fails_leaves_its_log(place, tmp_path, capsys):
    answer = darkshelf(capsys, "run", place / "in", "--out", tmp_path / "out", "--max-memory", "1MiB")
    assert answer.code == 2
    (log,) = (tmp_path / "out" / "logs").iterdir()
    last = json.loads(log.read_text().splitlines()[-1])
    assert (last["event"], last["error"]) == ("run failed", "InputError")
    assert "store-SKUs need about" in last["why"]
