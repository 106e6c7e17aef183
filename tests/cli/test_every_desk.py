"""Every shared verb on the runs of every desk, one of which nobody knows by name."""

from __future__ import annotations

import base64
import shutil
import subprocess
import sys

import polars as pl
import pytest

from engine.decisions.acts import Accept, Reject
from engine.decisions.store import open_decisions
from engine.errors import InputError, NotFoundError
from engine.outputs.desks import desk_named, desk_of, desks, entry
from engine.runs.registry import Registry
from tests.command import darkshelf
from tests.decisions.receivers import web_server
from tests.every_desk import EVERY, INPUTS, SMALL, two_runs
from tests.toy.installed import toy_installed


@pytest.fixture(scope="module", autouse=True)
def _toy(tmp_path_factory):
    with toy_installed(tmp_path_factory.mktemp("installed")):
        yield


@pytest.fixture(scope="module", params=EVERY)
def made(request, tmp_path_factory):
    return two_runs(tmp_path_factory, request.param)


def test_the_desks_that_are_installed_are_found_in_their_order():
    assert [desk.name for desk in desks()] == ["shelf", "growth", "whitespace", "toy"]


def test_the_first_desk_is_meant_where_none_is_named():
    assert desk_named().name == "shelf"


def test_an_unknown_desk_is_refused_with_those_there_are():
    with pytest.raises(NotFoundError, match="there is no desk 'nobody'; there are shelf, growth, whitespace, toy"):
        desk_named("nobody")


LOADED = """
import sys
from engine.outputs.desks import desk_named
desk_named("shelf")
print([name for name in ("engine.outputs.growth", "engine.outputs.whitespace") if name in sys.modules])
"""


def test_a_desk_is_found_without_loading_the_others():
    told = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"


def test_run_runs_the_desk_that_is_named_and_finds_what_is_there(made, capsys):
    small = (word for each in SMALL.get(made.desk, []) for word in ("--set", each))
    words = ("run", made.place, "--out", made.out, "--desk", made.desk, *small)
    answer = darkshelf(capsys, *words, "--json")
    assert answer.code == 0, answer
    assert (answer.json()["run_id"], answer.json()["is_new"]) == (made.runs[1].run_id, False)
    assert darkshelf(capsys, *words).out.splitlines()[-1].startswith(f"run {made.runs[1].run_id} → ")


def test_run_refuses_a_folder_with_runs_of_another_desk(made, tmp_path, capsys):
    other = "growth" if made.desk == "shelf" else "shelf"
    place = INPUTS[other][0](tmp_path / "in")
    answer = darkshelf(capsys, "run", place, "--out", made.out, "--desk", other)
    assert answer.code == 2
    assert f"name another folder for the runs of the {other} desk" in answer.err


def test_run_refuses_options_that_the_desk_does_not_take(made, capsys):
    answer = darkshelf(capsys, "run", made.place, "--out", made.out, "--desk", made.desk, "--max-memory", "8GiB")
    assert answer.code == (0 if made.desk == "shelf" else 2)
    assert made.desk == "shelf" or f"the {made.desk} desk takes no --max-memory" in answer.err


def test_runs_are_listed_with_their_result(made, capsys):
    answer = darkshelf(capsys, "runs", "list", "--out", made.out)
    assert answer.code == 0, answer
    run = Registry(made.out).find()
    (line,) = (line for line in answer.out.splitlines() if line.startswith("→"))
    assert made.runs[1].run_id in line
    assert f"{made.desk} {desk_of(run).headline(run.manifest)}" in " ".join(line.split())


def test_a_run_is_shown_with_its_rows_and_stages(made, capsys):
    answer = darkshelf(capsys, "runs", "show", "--out", made.out)
    assert answer.code == 0, answer
    assert answer.out.startswith(made.runs[1].run_id)
    assert "check" in answer.out
    assert darkshelf(capsys, "runs", "show", "--out", made.out, "--json").json()["desk"] == made.desk


def test_two_runs_are_compared(made, capsys):
    answer = darkshelf(capsys, "runs", "diff", *(run.run_id for run in made.runs), "--out", made.out)
    assert (answer.code, answer.err) == (0, "")


def test_a_query_reads_the_tables_and_the_views_of_the_desk(made, capsys):
    assert darkshelf(capsys, "sql", "select 1 as one", "--out", made.out, "--format", "csv").out == "one\n1\n"
    run = Registry(made.out).find()
    for view in desk_of(run).views(run):
        assert darkshelf(capsys, "sql", f"select count(*) from {view}", "--out", made.out).code == 0


def test_a_finding_is_explained_and_an_unknown_one_is_refused(made, capsys):
    answer = darkshelf(capsys, "explain", made.finding, "--out", made.out)
    assert answer.code == 0, answer
    assert len(answer.out.splitlines()) >= 1
    assert darkshelf(capsys, "explain", made.finding, "--out", made.out, "--json").json()
    unknown = darkshelf(capsys, "explain", "nothing", "--out", made.out)
    assert (unknown.code, unknown.out) == (2, "")
    assert "there is no" in unknown.err
    assert "damaged" not in unknown.err


def test_a_report_is_written(made, tmp_path, capsys):
    answer = darkshelf(capsys, "report", "--out", made.out, "--file", tmp_path / "page.html")
    assert answer.code == 0, answer
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.slow
def test_alerts_tell_of_every_kind_of_finding_and_of_the_report(made, tmp_path, capsys):
    kinds = [*desk_named(made.desk).alerts, "report"]
    with web_server() as (web, place):
        keys = f'who = "Ann"\ndesk = "{made.desk}"\nto = "json://{place}/x"\n'
        asked = "\n".join(f'[[subscription]]\nname = "{kind}"\nabout = "{kind}"\n{keys}' for kind in kinds)
        (tmp_path / "alerts.toml").write_text(asked, encoding="utf-8")
        database = f"sqlite:///{tmp_path / 'alerts.sqlite'}"
        words = ("alert", "--out", made.out, "--config", tmp_path / "alerts.toml", "--decisions", database)
        answer = darkshelf(capsys, *words, "--json")
    assert answer.code == 0, answer
    told = {each["name"]: each for each in answer.json()["alerts"]}
    outcomes = {name: each["outcome"] for name, each in told.items()}
    assert outcomes.pop("report") == "sent"
    assert outcomes == {name: "sent" if told[name]["new"] else "quiet" for name in outcomes}
    assert any(told[name]["new"] for name in outcomes)
    (page,) = [call["attachments"][0] for _, call in web.calls if call["attachments"]]
    assert page["filename"] == f"{made.desk}-{made.runs[1].run_id}.html"
    assert base64.b64decode(page["base64"]).startswith(b"<!doctype html>")


def test_the_settings_are_shown_and_explained(made, capsys):
    key = INPUTS[made.desk][2][0].partition("=")[0]
    shown = darkshelf(capsys, "config", "show", "--desk", made.desk)
    assert (shown.code, shown.err) == (0, "")
    assert key.rpartition(".")[2] in shown.out
    for words in ([key], [key, "--desk", made.desk]):
        explained = darkshelf(capsys, "config", "explain", *words)
        assert explained.code == 0, explained
        assert key in explained.out


def test_a_finding_is_decided_on_and_the_decision_listed(made, tmp_path, capsys):
    run = Registry(made.out).find()
    url = f"sqlite:///{tmp_path / 'decisions.sqlite'}"
    decisions = open_decisions(made.out, url)
    (subject,) = entry(desk_named(made.desk).subjects).find(run, [made.finding])
    decisions.decide(subject, Accept(comment="go"), by="Ann", version=0)
    with pytest.raises(InputError, match="is none of"):
        decisions.decide(subject, Reject(reason="nonsense", comment="no"), by="Ann", version=1)
    decisions.close()
    for words in (["list"], ["export", "--file", tmp_path / "all.csv"]):
        answer = darkshelf(capsys, "decisions", *words, "--out", made.out, "--decisions", url)
        assert answer.code == 0, answer
    listed = darkshelf(capsys, "decisions", "list", "--out", made.out, "--decisions", url, "--json").json()
    assert [row["subject_id"] for row in listed["decisions"]] == [made.finding]
    rows = pl.read_csv(tmp_path / "all.csv", infer_schema=False).rows(named=True)
    assert (rows[0]["attributes"] is None) == (made.desk in ("shelf", "growth"))


def test_readers_are_sent_back_and_old_runs_go(made, tmp_path, capsys):
    out = shutil.copytree(made.out, tmp_path / "out")
    back = darkshelf(capsys, "runs", "rollback", "--out", out, "--to", made.runs[0].run_id)
    assert (back.code, back.out) == (0, f"the latest run is now {made.runs[0].run_id}\n")
    assert darkshelf(capsys, "runs", "prune", "--out", out, "--keep", "1").code == 0
    assert made.runs[0].run_id in [run.run_id for run in Registry(out).runs()]
