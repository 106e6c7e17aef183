"""What verbs answer to programs: one JSON object, the same facts as in words."""

from __future__ import annotations

import pytest

from tests.command import darkshelf
from tests.outputs.nights import make_night


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return make_night(tmp_path_factory.mktemp("night")).folder.parents[1]


@pytest.mark.slow
def test_a_report_names_its_run_and_its_file(out, tmp_path, capsys):
    told = darkshelf(capsys, "report", "--out", out, "--file", tmp_path / "night.html", "--json").json()
    assert told["file"] == str(tmp_path / "night.html")
    again = ("--out", out, "--file", tmp_path / "again.html", "--json")
    assert darkshelf(capsys, "report", told["run_id"], *again).json()["run_id"] == told["run_id"]
    both = darkshelf(capsys, "report", told["run_id"], "--run", "another", "--out", out)
    assert (both.code, "name one" in both.err) == (2, True)


def test_sql_answers_rows_however_json_is_asked_for(out, capsys):
    query = ("sql", "select count(*) as n from cases", "--out", out)
    assert darkshelf(capsys, *query, "--json").json() == darkshelf(capsys, *query, "--format", "json").json()


def test_comparing_rolling_back_and_pruning_tell_what_they_did(out, capsys):
    (run,) = darkshelf(capsys, "runs", "list", "--out", out, "--json").json()["runs"]
    name = run["run_id"]
    change = darkshelf(capsys, "runs", "diff", name, name, "--out", out, "--json").json()
    assert change["sentence"]
    assert all(set(each) == {"title", "columns", "rows"} for each in change["lists"])
    kept = darkshelf(capsys, "runs", "prune", "--keep", "1", "--out", out, "--json").json()
    assert kept == {"deleted": [], "latest": name}
    back = darkshelf(capsys, "runs", "rollback", "--to", name, "--out", out, "--json").json()
    assert back == {"latest": name}


def test_settings_are_told_by_desk_with_their_bounds(capsys):
    told = darkshelf(capsys, "config", "explain", "episode.max_fdr", "--json").json()["settings"]
    assert [(one["desk"], one["setting"]) for one in told] == [("shelf", "episode.max_fdr")]
    assert darkshelf(capsys, "config", "show", "--json").json()["profile"] == "calibrated"
