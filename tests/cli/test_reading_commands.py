"""`darkshelf explain`, `sql` and `runs`: what was published, told, asked and compared."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from engine.outputs import read
from engine.outputs.money import money
from engine.outputs.shelf import shapes
from engine.outputs.shelf.read import one_case
from engine.runs.registry import Registry
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf import desk
from engine.vocabulary.shelf import CASE_COLUMNS, CAUSES
from tests.command import darkshelf, unsealed
from tests.planted.awkward import AS_OF as AWKWARD_AS_OF
from tests.planted.awkward import write_awkward_chain
from tests.planted.small import AS_OF, DARK_CASE, small_chain, write_parquet

if TYPE_CHECKING:
    from pathlib import Path

N_NIGHTS = 3


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three nights of the small chain in a folder whose name means something to pattern matchers and to markup."""
    place = tmp_path_factory.mktemp("runs[red]")
    skus = small_chain()["skus"].with_columns(sku_name=pl.col("sku_name") + " [/red] [bold]")
    folder = write_parquet(place / "in", small_chain() | {"skus": skus})
    for days_back in reversed(range(N_NIGHTS)):
        desk.run(folder, place / "out [1]", CalibratedSettings(), AS_OF - timedelta(days=days_back))
    return place / "out [1]"


@pytest.fixture
def own_runs(runs: Path, tmp_path: Path) -> Path:
    """The same, to change."""
    return shutil.copytree(runs, tmp_path / "out")


def ids(out: Path) -> list[str]:
    return [run.run_id for run in Registry(out).runs()]


@pytest.fixture(scope="module")
def awkward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("awkward")
    write_awkward_chain(folder / "in", format="parquet")
    desk.run(folder / "in", folder / "out", CalibratedSettings(), AWKWARD_AS_OF)
    return folder / "out"


# explain


@pytest.mark.slow
def test_a_case_is_told_with_its_numbers(runs, capsys):
    answer = darkshelf(capsys, "explain", DARK_CASE, "--out", runs)
    assert (answer.code, answer.err) == (0, "")
    case, evidence, _ = one_case(read.find_run(runs), DARK_CASE)
    assert "Coffee [/red] [bold] at South  (b, drinks)" in answer.out
    for told in (
        DARK_CASE,
        f"for {case['duration_days']} days ({case['detection_date']} … {case['last_dark_date']}, open)",
        f"it sold {case['actual_daily_units']:.2f} a day where {case['expected_daily_units']:.2f} were expected",
        f"{case['underperformance_pct']:.0f}% less",
        money(case["revenue_at_risk"]),
        money(case["revenue_at_risk_low"]),
        money(case["revenue_at_risk_high"]),
        money(case["projected_30d_loss"]),
        money(case["projected_recovery"]),
        f"On hand {case['on_hand']:g} units",
        f"do: {case['recommended_action']}",
    ):
        assert told in answer.out
    for row in evidence.iter_rows(named=True):
        assert row["cause"] in answer.out
        assert row["explanation"] in answer.out
    assert [answer.out.count(cause) for cause in CAUSES] == [1] * len(CAUSES)


def test_the_dark_days_stand_under_the_days_they_were(runs, capsys):
    lines = darkshelf(capsys, "explain", DARK_CASE, "--out", runs).out.splitlines()
    actual, dark = (next(line for line in lines if line.startswith(name)) for name in ("actual ", "dark days"))
    assert len(dark.rstrip()) == len(actual)
    assert dark.count("▲") == 6
    assert {shown for shown, mark in zip(actual, dark, strict=True) if mark == "▲"} == {"▁"}


def test_a_case_can_be_had_as_one_object(runs, capsys):
    told = darkshelf(capsys, "explain", DARK_CASE, "--out", runs, "--json").json()
    assert told["case"]["case_id"] == DARK_CASE
    assert told["evidence"][0]["cause"] == told["case"]["primary_cause"]
    assert len(told["daily"]["actual"]) == len(told["daily"]["expected"])


@pytest.mark.slow
def test_every_kind_of_case_can_be_told(awkward, capsys):
    cases = pl.read_parquet(Registry(awkward).find().folder / shapes.CASES)
    kinds = cases.unique(["primary_cause", "review_flags", "price_basis", "status", "region"], maintain_order=True)
    assert kinds.height > 10
    for case_id in kinds["case_id"]:
        answer = darkshelf(capsys, "explain", case_id, "--out", awkward)
        assert answer.code == 0
        assert "nan" not in answer.out.lower().split()
        assert "None" not in answer.out
        assert darkshelf(capsys, "explain", case_id, "--out", awkward, "--json").json()["case"]["case_id"] == case_id


@pytest.mark.parametrize(
    ("case_id", "owner"),
    [
        pytest.param("2_12_2025-06-01", "that store-SKU", id="other_day"),
        pytest.param("2_99_2025-06-25", "that store", id="other_sku"),
        pytest.param("9_12_2025-06-25", "this night", id="other_store"),
        pytest.param("nonsense", "this night", id="no_case_at_all"),
    ],
)
def test_an_unknown_case_is_answered_with_the_nearest(runs, capsys, case_id, owner):
    answer = darkshelf(capsys, "explain", case_id, "--out", runs)
    assert (answer.code, answer.out) == (2, "")
    latest = Registry(runs).latest_id()
    assert answer.err == f"darkshelf: there is no case '{case_id}' in run {latest}; cases of {owner}: {DARK_CASE}\n"


def test_the_nearest_cases_are_the_largest_of_the_same_store_sku(awkward, capsys):
    cases = pl.read_parquet(Registry(awkward).find().folder / shapes.CASES)
    pair = cases.group_by("store_id", "sku_id", maintain_order=True).len().filter(pl.col("len") == 2).row(0)
    answer = darkshelf(capsys, "explain", f"{pair[0]}_{pair[1]}_1999-01-01", "--out", awkward)
    same = cases.filter(pl.col("store_id") == pair[0], pl.col("sku_id") == pair[1]).sort(
        "revenue_at_risk", descending=True
    )
    assert answer.err.endswith(f"; cases of that store-SKU: {', '.join(same['case_id'])}\n")


# sql


def test_sql_answers_over_cases(runs, capsys):
    query = "select case_id, revenue_at_risk, recommended_action from cases"
    answer = darkshelf(capsys, "sql", query, "--out", runs, "--format", "json")
    case, _, _ = one_case(read.find_run(runs), DARK_CASE)
    asked = ("case_id", "revenue_at_risk", "recommended_action")
    assert json.loads(answer.out) == [{name: case[name] for name in asked}]


def test_sql_answers_over_the_days_of_a_case(runs, capsys):
    query = "select date, actual, dark from days where dark order by date"
    answer = darkshelf(capsys, "sql", query, "--out", runs, "--format", "csv")
    lines = answer.out.splitlines()
    assert lines[0] == "date,actual,dark"
    assert lines[1:] == [f"{AS_OF - timedelta(days=n)},0.0,true" for n in reversed(range(6))]


@pytest.mark.slow
def test_sql_reads_every_published_table(runs, capsys):
    for table in ("cases", "evidence", "features", "stores", "daily", "days"):
        answer = darkshelf(capsys, "sql", f"select count(*) as n from {table}", "--out", runs, "--format", "csv")
        assert int(answer.out.splitlines()[1]) > 0


@pytest.mark.slow
def test_sql_can_look_at_an_earlier_run(runs, capsys):
    words = ("sql", "select max(duration_days) from cases", "--out", runs, "--format", "csv")
    days = [int(darkshelf(capsys, *words, "--run", run_id).out.splitlines()[1]) for run_id in ids(runs)]
    assert days == [4, 5, 6]


def test_a_table_shows_cells_as_they_are(runs, capsys):
    """Neither markup nor the width of a page may change what is read: a cut number is another number."""
    query = "select *, '[/bold]' as \"[x]\", 123456789.123456 as long, null as nothing from cases"
    answer = darkshelf(capsys, "sql", query, "--out", runs)
    assert answer.code == 0
    head, row = answer.out.splitlines()
    assert set(CASE_COLUMNS) < set(head.split())
    for shown in ("[/bold]", "Coffee [/red] [bold]", "123456789.123456", "–", DARK_CASE):
        assert shown in row
    assert "[x]" in head
    assert answer.err == "1 rows\n"


def test_a_long_answer_is_cut_and_says_so(runs, capsys):
    answer = darkshelf(capsys, "sql", "select range as n from range(1000)", "--out", runs)
    shown = len(answer.out.splitlines()) - 1
    assert answer.err == f"1,000 rows, {shown} shown\n"
    assert 0 < shown < 1000


def test_the_folder_asked_is_the_folder_read_whatever_its_name_matches(runs, tmp_path, capsys):
    """`a[1]` is a pattern for `a1`, and both are there."""
    shutil.copytree(runs, tmp_path / "a[1]")
    emptied = unsealed(shutil.copytree(runs, tmp_path / "a1"))
    for file in emptied.rglob("*.parquet"):
        pl.read_parquet(file, glob=False).head(0).write_parquet(file)
    for name, count in (("a[1]", "1"), ("a1", "0")):
        answer = darkshelf(
            capsys, "sql", "select count(*) as n from cases", "--out", tmp_path / name, "--format", "csv"
        )
        assert answer.out.split() == ["n", count]
    assert darkshelf(capsys, "explain", DARK_CASE, "--out", tmp_path / "a[1]").code == 0


def test_an_answer_as_csv_runs_nothing_in_a_spreadsheet(runs, capsys):
    query = "select '=1+1' as formula, '@x' as at, -5 as number, ['+a', 'b'] as list"
    answer = darkshelf(capsys, "sql", query, "--out", runs, "--format", "csv")
    assert answer.out.splitlines()[1] == "'=1+1,'@x,-5,\"'+a, b\""


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("select * from '{file}'", id="by_its_name"),
        pytest.param("select * from read_text('{file}')", id="as_text"),
        pytest.param("select * from glob('{folder}/*')", id="names_of_files"),
        pytest.param("copy (select 1) to '{folder}/written.csv'", id="write"),
        pytest.param("copy (select 1) to '{cases}' (use_tmp_file false)", id="write_over_the_cases"),
        pytest.param("select 1; copy cases to '{cases}' (use_tmp_file false)", id="write_behind_a_question"),
        pytest.param("attach '{folder}/other.db'", id="attach"),
        pytest.param("install httpfs", id="install"),
        pytest.param("load httpfs", id="load"),
        pytest.param("select * from 'http://127.0.0.1:9/x.parquet'", id="network"),
        pytest.param("set enable_external_access = true; select * from '{file}'", id="unlock"),
        pytest.param("set allowed_paths = ['{file}']; select * from '{file}'", id="allow"),
    ],
)
def test_sql_opens_no_other_file_and_no_network(runs, capsys, tmp_path, query):
    file = tmp_path / "secret.csv"
    file.write_text("word\nswordfish\n")
    cases = read.find_run(runs).folder / shapes.CASES
    before = cases.read_bytes()
    answer = darkshelf(
        capsys, "sql", query.format(file=file, folder=tmp_path, cases=cases), "--out", runs, "--format", "csv"
    )
    assert (answer.code, answer.out) == (2, "")
    assert "sql: " in answer.err
    assert cases.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["secret.csv"]


def test_open_sql_reads_what_its_caller_may_read(runs, capsys, tmp_path):
    (tmp_path / "mine.csv").write_text("word\nswordfish\n")
    query = f"select word, n from '{tmp_path}/mine.csv', (select count(*) as n from cases)"
    answer = darkshelf(capsys, "sql", query, "--out", runs, "--format", "csv", "--open")
    assert answer.out.splitlines() == ["word,n", "swordfish,1"]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        pytest.param("selec 1", "syntax error", id="no_sql"),
        pytest.param("select * from casess", "casess does not exist", id="no_such_table"),
        pytest.param("select no_such from cases", 'no_such" not found', id="no_such_column"),
        pytest.param("select cast(case_id as integer) from cases", "Could not convert", id="fails_on_the_rows"),
        pytest.param("  ", "there is no question", id="empty"),
    ],
)
def test_wrong_sql_is_told_with_the_tables_there_are(runs, capsys, query, reason):
    answer = darkshelf(capsys, "sql", query, "--out", runs)
    assert (answer.code, answer.out) == (2, "")
    assert reason in answer.err
    assert "tables here: cases, daily, detectability, events, evidence, expectation, features, pr" in answer.err
    assert answer.err.count("darkshelf: ") == 1


# runs


def test_runs_are_listed_with_the_latest_marked(runs, capsys):
    answer = darkshelf(capsys, "runs", "list", "--out", runs)
    rows = answer.out.splitlines()[1:]
    assert [row.removeprefix("→").split()[0] for row in rows] == ids(runs)
    assert [row.startswith("→") for row in rows] == [False, False, True]
    as_json = darkshelf(capsys, "runs", "list", "--out", runs, "--json").json()
    assert as_json["latest"] == ids(runs)[-1]
    assert [run["run_id"] for run in as_json["runs"]] == ids(runs)


def test_a_folder_without_runs_says_so(tmp_path, capsys):
    answer = darkshelf(capsys, "runs", "list", "--out", tmp_path / "nothing [here]")
    assert (answer.code, answer.out) == (0, f"no runs under {tmp_path / 'nothing [here]'}\n")
    assert not (tmp_path / "nothing [here]").exists()


def test_a_run_is_shown_with_its_rows_and_stages(runs, capsys):
    answer = darkshelf(capsys, "runs", "show", "--out", runs)
    run = Registry(runs).find()
    assert answer.out.startswith(f"{run.run_id}  as of {AS_OF}, input {run.manifest['input']}\n")
    for table, account in read.data_quality(run)["rows"].items():
        row = next(line for line in answer.out.splitlines() if line.startswith(f"{table} "))
        shown = [int(cell.replace(",", "")) for cell in row.split()[1:]]
        assert shown == [account[key] for key in ("read", "used", "quarantined", "outside_panel")]
    for stage in run.manifest["stages"]:
        assert any(line.startswith(f"{stage['stage']} ") for line in answer.out.splitlines())
    as_json = darkshelf(capsys, "runs", "show", "--out", runs, "--run", ids(runs)[0], "--json").json()
    assert as_json["run_id"] == ids(runs)[0]
    assert as_json["summary"]["as_of"] == "2025-06-28"
    assert as_json["data_quality"]["rows"]


def test_two_nights_are_compared(runs, capsys):
    old, new = ids(runs)[0], ids(runs)[-1]
    answer = darkshelf(capsys, "runs", "diff", old, new, "--out", runs)
    head, *figures = answer.out.splitlines()
    assert head.split() == [old, new]
    assert any(
        line.split()[:2] == ["as", "of"] and line.split()[2:] == ["2025-06-28", "2025-06-30"] for line in figures
    )
    assert "1 cases are open in both." in figures
    assert any(line.startswith("opened: 0") for line in figures)


@pytest.mark.slow
def test_a_case_that_opened_and_one_that_is_gone_are_shown(tmp_path, capsys):
    folder = write_parquet(tmp_path / "in", small_chain())
    out = tmp_path / "out"
    before = desk.run(folder, out, CalibratedSettings(), AS_OF - timedelta(days=6)).run_id
    after = desk.run(folder, out, CalibratedSettings(), AS_OF).run_id
    opened = darkshelf(capsys, "runs", "diff", before, after, "--out", out).out
    gone = darkshelf(capsys, "runs", "diff", after, before, "--out", out).out
    for told, title in ((opened, "opened: 1"), (gone, "gone: 1")):
        rows = told.partition(title)[2].splitlines()
        assert rows[1].split()[0] == "case"
        assert rows[2].startswith(f"{DARK_CASE} ")


def test_the_latest_run_can_be_rolled_back(own_runs, capsys):
    first, second, _ = ids(own_runs)
    assert darkshelf(capsys, "runs", "rollback", "--out", own_runs).out == f"the latest run is now {second}\n"
    told = darkshelf(capsys, "runs", "rollback", "--out", own_runs, "--to", first)
    assert told.out == f"the latest run is now {first}\n"
    answer = darkshelf(capsys, "runs", "rollback", "--out", own_runs)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == f"darkshelf: there is no run before {first} to go back to\n"
    assert Registry(own_runs).latest_id() == first


def test_old_runs_can_be_pruned(own_runs, capsys):
    all_ids = ids(own_runs)
    answer = darkshelf(capsys, "runs", "prune", "--out", own_runs, "--keep", 1)
    assert answer.out == f"deleted 2 runs: {all_ids[0]}, {all_ids[1]}\n"
    assert ids(own_runs) == all_ids[2:]
    assert darkshelf(capsys, "runs", "prune", "--out", own_runs, "--keep", 1).out == "deleted 0 runs\n"
    refused = darkshelf(capsys, "runs", "prune", "--out", own_runs, "--keep", 0)
    assert refused.code == 2
    assert "keep at least one run" in refused.err


@pytest.mark.parametrize("run_id", ["../x", "2025-06-30-classic-00000000"])
@pytest.mark.parametrize(
    "words",
    [
        ["runs", "show", "--run"],
        ["runs", "rollback", "--to"],
        ["explain", DARK_CASE, "--run"],
        ["sql", "select 1", "--run"],
    ],
)
def test_an_unknown_run_is_answered_with_those_there_are(runs, capsys, words, run_id):
    answer = darkshelf(capsys, *words, run_id, "--out", runs)
    assert (answer.code, answer.out) == (2, "")
    assert (
        answer.err
        == f"darkshelf: there is no run '{run_id}' under {runs}; the last runs there: {', '.join(ids(runs))}\n"
    )
