"""`darkshelf tasks`, `answers`, `decisions`, `accuracy` and `feedback`."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import polars as pl
import pytest

from engine.decisions.acts import Accept, Assign, Reject
from engine.decisions.shelf import answers
from engine.decisions.shelf.cases import cases
from engine.decisions.store import open_decisions
from engine.runs.registry import Registry
from tests.command import darkshelf
from tests.decisions.nights import AS_OF, case, publish

if TYPE_CHECKING:
    from pathlib import Path

STORES = range(40)
MORNING = dt.datetime(2026, 4, 1, 9, tzinfo=dt.UTC)


@pytest.fixture
def out(tmp_path) -> Path:
    """A night of forty stores with a case each, and another product."""
    judged = {(store, sku): 2.0 for store in STORES for sku in (1, 2)}
    publish(tmp_path / "out", [case(store, 1) for store in STORES], judged)
    return tmp_path / "out"


def answered(out: Path, word: str = "on_shelf_fine") -> None:
    decisions = open_decisions(out)
    (run,) = Registry(out).runs()
    given = [answers.Given(str(store), "1", word) for store in STORES]
    answers.record(decisions, run, given, by="Eve", at=MORNING)
    decisions.close()


def decided(out: Path) -> None:
    decisions = open_decisions(out)
    one, two = cases(Registry(out).runs()[0], ["1_1_2026-03-25", "2_1_2026-03-25"])
    decisions.decide(one, Reject(reason="season", comment="=cold()"), by="Ann", version=0)
    decisions.decide(two, Assign(assigned_to="Eve"), by="Ann", version=0)
    decisions.close()


# Tasks


def test_tasks_shows_a_sheet_a_store(out, capsys):
    answer = darkshelf(capsys, "tasks", "--out", out, "--store", 3)
    assert answer.code == 0
    assert answer.out.splitlines()[0] == "store 3  Store 3"
    assert "Oat milk" in answer.out
    assert "of 60 minutes, walks included." in answer.out
    assert "Store 4" not in answer.out


def test_tasks_tells_machines_everything(out, capsys):
    everything = ("--set", "tasks.sample_pairs=1000", "--set", "tasks.sample_cases=1000")
    told = darkshelf(capsys, "tasks", "--out", out, "--store", 3, "--minutes", 0, *everything, "--json").json()
    (sheet,) = told["stores"]
    assert (sheet["store_id"], sheet["minutes_available"]) == ("3", 0)
    assert [task["drawn"] for group in sheet["groups"] for task in group["tasks"]] == [True, True]


def test_tasks_takes_settings(out, capsys):
    words = ("--set", "tasks.sample_pairs=0", "--set", "tasks.sample_cases=0", "--set", "tasks.labour_minutes=0")
    assert darkshelf(capsys, "tasks", "--out", out, *words, "--json").json()["stores"] == []
    refused = darkshelf(capsys, "tasks", "--out", out, "--set", "tasks.speed=2")
    assert refused.code == 2
    assert "tasks.speed: is no setting" in refused.err


def test_a_form_goes_out_and_its_answers_come_back(out, tmp_path, capsys):
    file = tmp_path / "checks.csv"
    answer = darkshelf(capsys, "tasks", "--out", out, "--file", file)
    assert answer.out.replace("\n", "").startswith("60 checks in 40 stores → ")
    form = pl.read_csv(file, infer_schema=False)
    filled = form.with_columns(answer=pl.lit("damaged"), answered_on=pl.lit("2026-04-01"), answered_by=pl.lit("Eve"))
    filled.write_csv(file)
    assert darkshelf(capsys, "answers", "import", file, "--out", out).out == (
        "60 rows: 60 new answers, 0 known already, 0 not answered.\n"
    )
    again = darkshelf(capsys, "answers", "import", file, "--out", out, "--json").json()
    assert again == {"rows": 60, "blank": 0, "new": 0, "known": 60}


@pytest.mark.parametrize("as_json", [False, True])
def test_a_faulty_file_of_answers_tells_every_problem_and_writes_nothing(out, tmp_path, capsys, as_json):
    file = tmp_path / "checks.csv"
    rows = "run_id,store_id,sku_id,answer,answered_on,answered_by\nnope,1,1,damaged,2026-04-01,Eve\nnope,1,1,huh,,\n"
    file.write_text(rows)
    answer = darkshelf(capsys, "answers", "import", file, "--out", out, *(["--json"] if as_json else []))
    assert answer.code == 2
    told = str(answer.json()["problems"]) if as_json else answer.err
    assert "run_id names no night there is: 2 of 2 rows" in told
    assert "answer is none there is: 1 of 2 rows" in told
    decisions = open_decisions(out)
    assert answers.every(decisions).is_empty()
    decisions.close()


def test_an_unknown_store_is_told(out, capsys):
    answer = darkshelf(capsys, "tasks", "--out", out, "--store", "x")
    assert (answer.code, answer.out) == (2, "")
    assert "store 'x' has nothing that run" in answer.err


# Decisions


def test_decisions_are_listed_the_latest_first(out, capsys):
    assert darkshelf(capsys, "decisions", "list", "--out", out).out.startswith("nothing was decided on ")
    decided(out)
    lines = darkshelf(capsys, "decisions", "list", "--out", out).out.splitlines()
    assert lines[1].split() == ["2_1_2026-03-25", "undecided", "–", "Eve", "Ann", "–"]
    assert lines[2].split() == ["1_1_2026-03-25", "rejected", "season", "–", "Ann", "=cold()"]
    told = darkshelf(capsys, "decisions", "list", "--out", out, "--json").json()
    assert [row["decision"] for row in told["decisions"]] == ["undecided", "rejected"]


def test_an_export_has_every_entry_and_runs_no_formula(out, tmp_path, capsys):
    decided(out)
    answer = darkshelf(capsys, "decisions", "export", "--out", out, "--file", tmp_path / "d.csv")
    assert answer.out.startswith("2 entries → ")
    rows = pl.read_csv(tmp_path / "d.csv")
    assert rows.select("act", "comment").rows() == [("reject", "'=cold()"), ("assign", None)]
    refused = darkshelf(capsys, "decisions", "export", "--out", out, "--file", tmp_path / "d.ods")
    assert refused.code == 2
    assert "ends in none of .csv, .xlsx and .parquet" in refused.err


def test_the_database_is_named_by_an_option_or_by_the_environment(out, tmp_path, capsys, monkeypatch):
    url = f"sqlite:///{tmp_path / 'elsewhere.sqlite'}"
    assert darkshelf(capsys, "decisions", "list", "--out", out, "--decisions", url).code == 0
    assert (tmp_path / "elsewhere.sqlite").exists()
    monkeypatch.setenv("DARKSHELF_DECISIONS", "mysql://ann@host/x")
    answer = darkshelf(capsys, "decisions", "list", "--out", out)
    assert answer.code == 2
    assert "names mysql, which is not supported" in answer.err


# Accuracy


def test_accuracy_claims_nothing_without_answers(out, capsys):
    answer = darkshelf(capsys, "accuracy", "--out", out)
    assert answer.code == 0
    assert "0 of 0 answers on open cases tell, in 0 nights." in answer.out
    assert "too few answers" in answer.out
    assert "Recall is not known yet: 0 drawn cases and 0 drawn store-SKUs" in answer.out
    assert "0 cases were acted on" in answer.out


def test_accuracy_holds_what_came_back_against_what_was_promised(out, capsys):
    # It draws, so that the answers are those of drawn cases.
    darkshelf(capsys, "tasks", "--out", out, "--set", "tasks.sample_cases=40")
    answered(out)
    answer = darkshelf(capsys, "accuracy", "--out", out)
    (overall,) = (line for line in answer.out.splitlines() if line.startswith("all "))
    assert overall.split()[:4] == ["all", "40", "0", "0%"]
    assert "80%" in overall
    assert "worse than promised" in overall
    assert "Of all open cases, by the 40 drawn at random: 0% (0% to " in answer.out
    told = darkshelf(capsys, "accuracy", "--out", out, "--json").json()
    assert told["accuracy"]["parts"][0]["answers"] == 40
    assert told["accuracy"]["drawn"]["estimate"] == 0
    assert told["recovery"]["acted"] == 0


def test_accuracy_tells_what_actions_brought(out, capsys):
    decisions = open_decisions(out)
    decisions.now = lambda: dt.datetime.combine(AS_OF, dt.time(12), dt.UTC)
    acted = [f"{store}_1_2026-03-25" for store in range(20)]
    decisions.decide_many(cases(Registry(out).runs()[0], acted), Accept(), by="Ann", versions={})
    decisions.close()
    sold = {(store, 1): 8.0 if store < 20 else 6.0 for store in STORES}
    publish(out, [], sold, as_of=AS_OF + dt.timedelta(days=8), settings={"currency": "€"})
    told = darkshelf(capsys, "accuracy", "--out", out).out
    assert "20 cases were acted on: 20 compared with others like them, 0 wait for a later night" in told
    assert "An action brought €4.00 (€4.00 to €4.00) a day more than none did, €10.00 promised." in told


# Feedback


def test_feedback_is_what_the_next_night_reads(out, tmp_path, capsys):
    answered(out)
    answer = darkshelf(capsys, "feedback", "--out", out, "--file", tmp_path / "f.parquet")
    assert answer.out.replace("\n", " ").startswith("40 answers → ")
    rows = pl.read_parquet(tmp_path / "f.parquet")
    assert rows.columns == ["run_id", "case_id", "confidence", "is_dark", "answered_on"]
    assert rows["is_dark"].to_list() == 40 * [False]


def test_a_night_refuses_feedback_that_is_none(out, tmp_path, capsys):
    (tmp_path / "f.csv").write_text("run_id,case_id\n1,2\n")
    sample = "data/sample"
    answer = darkshelf(capsys, "run", sample, "--out", tmp_path / "new", "--feedback", tmp_path / "f.csv")
    assert answer.code == 2
    assert "feedback: f.csv has no column confidence, is_dark, answered_on" in answer.err
    assert not (tmp_path / "new").exists()
