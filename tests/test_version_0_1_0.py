"""What version 0.1.0 published stays readable: runs of both desks, decisions beside them, and a lake."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from engine import open_run
from engine.outputs.growth.read import boundary_report
from engine.runs.registry import Registry
from tests.command import darkshelf

KEPT = Path(__file__).parent / "fixtures" / "version_0_1_0"
FINDINGS = {"shelf": "2_7_2026-03-27", "growth": "11000/16K5001"}


@pytest.fixture(params=FINDINGS)
def out(request, tmp_path):
    """An output folder of that version; decisions are migrated where they lie, so it is a copy."""
    return shutil.copytree(KEPT / request.param, tmp_path / request.param)


def test_its_manifests_say_no_format(out):
    for run in Registry(out).runs():
        assert "format" not in run.manifest
        assert "seal" not in run.manifest


def test_its_runs_are_listed_shown_and_compared(out, capsys):
    runs = Registry(out).runs()
    assert len(runs) == (3 if out.name == "shelf" else 1)
    listed = darkshelf(capsys, "runs", "list", "--out", out)
    assert (listed.code, listed.err) == (0, "")
    assert all(run.run_id in listed.out for run in runs)
    assert "open, $" in listed.out or "scaled, " in listed.out
    for words in (["show"], ["diff", runs[0].run_id, runs[-1].run_id], ["rollback", "--to", runs[0].run_id]):
        answer = darkshelf(capsys, "runs", *words, "--out", out)
        assert (answer.code, answer.err) == (0, ""), answer
    assert darkshelf(capsys, "runs", "prune", "--keep", "1", "--out", out).code == 0


def test_its_findings_are_explained_asked_and_reported(out, tmp_path, capsys):
    finding = FINDINGS[out.name]
    query, page = ["sql", "select 1", "--format", "csv"], ["report", "--file", tmp_path / "page.html"]
    for each in (["explain", finding], query, page):
        answer = darkshelf(capsys, *each, "--out", out)
        assert (answer.code, answer.err) == (0, ""), answer
    assert finding in darkshelf(capsys, "explain", finding, "--out", out).out


def test_what_was_decided_then_is_in_effect(out, capsys):
    answer = darkshelf(capsys, "decisions", "list", "--out", out, "--json")
    assert (answer.code, answer.err) == (0, "")
    (row,) = answer.json()["decisions"]
    assert (row["subject_id"], row["decision"], row["decided_by"]) == (FINDINGS[out.name], "accepted", "eva")


def test_its_night_has_checks_answers_and_accuracy(tmp_path, capsys):
    out = shutil.copytree(KEPT / "shelf", tmp_path / "shelf")
    for words in (["tasks"], ["accuracy"], ["feedback", "--file", tmp_path / "feedback.parquet"]):
        answer = darkshelf(capsys, *words, "--out", out)
        assert (answer.code, answer.err) == (0, ""), answer


def test_a_night_is_run_from_its_lake_and_the_lake_takes_further_days(tmp_path, capsys):
    lake = shutil.copytree(KEPT / "lake", tmp_path / "lake")
    assert json.loads((lake / "lake.json").read_text(encoding="utf-8"))["format"] == 1
    assert darkshelf(capsys, "lake", "verify", "--lake", lake).code == 0
    answer = darkshelf(capsys, "run", "--lake", lake, "--out", tmp_path / "out", "--json")
    assert answer.code == 0, answer
    assert answer.json()["as_of"] == "2026-03-04"
    dropped = darkshelf(capsys, "lake", "drop", "--date", "2026-03-04", "--lake", lake)
    assert dropped.code == 0, dropped
    assert json.loads((lake / "lake.json").read_text(encoding="utf-8"))["format"] == 2


def test_what_its_tables_and_columns_were_called_is_read_under_todays_names(capsys):
    night = open_run(KEPT / "shelf", "2026-03-31-calibrated-ac0126d4")
    assert "events" in night.tables
    assert "stories" not in night.tables
    for table, before, today in (
        ("cases", "evidence", "log_likelihood_ratio"),
        ("evidence", "says", "explanation"),
        ("expectation", "says", "explanation"),
        ("events", "says", "explanation"),
    ):
        assert today in night.table(table).columns
        assert before not in night.table(table).columns
    asked = (
        "select max(log_likelihood_ratio) > 0 as is_large, (select count(explanation) from events) as n from cases"
    )
    answer = darkshelf(capsys, "sql", asked, "--out", KEPT / "shelf", "--run", night.run_id, "--format", "csv")
    assert (answer.out, answer.err) == (f"is_large,n\ntrue,{night.table('events').height}\n", "")


def test_its_boundary_is_read_under_todays_names():
    (run,) = Registry(KEPT / "growth").runs()
    checks = boundary_report(run)["checks"]
    assert checks[0]["statement"] == "Every scaled row was marked by Step 11."
    assert not any("says" in check for check in checks)
