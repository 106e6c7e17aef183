"""`darkshelf synth`, `check`, `run` and `demo`: from nothing to a night that can be read."""

from __future__ import annotations

import os
import pty
import re
import shlex
import subprocess
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from engine.outputs.money import money
from engine.outputs.shelf import shapes
from engine.outputs.shelf.desk import STAGES
from engine.runs.registry import Registry
from tests.command import PROGRAM, darkshelf, darkshelf_process, data_files, published
from tests.planted.small import AS_OF, DARK_CASE, small_chain, write_csv

TINY = ("--stores", 6, "--skus", 8, "--days", 60)


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "in", small_chain())


@pytest.mark.slow
@pytest.mark.parametrize("form", ["parquet", "csv", "csv.gz"])
def test_a_simulated_chain_can_be_checked_run_and_explained(tmp_path, capsys, form):
    folder, out = tmp_path / "chain", tmp_path / "out"
    # In fewer stores the planted SKU falls in the whole chain, which is an event and no case.
    size = ("--stores", 60, "--skus", 5, "--days", 60)
    made = darkshelf(capsys, "synth", folder, *size, "--format", form, "--json").json()
    assert made["store_skus"] == 300
    assert len(list(folder.glob(f"*.{form}"))) >= 6
    checked = darkshelf(capsys, "check", folder, "--json").json()
    assert checked["remarks"] == []
    ran = darkshelf(capsys, "run", folder, "--out", out, "--json").json()
    assert ran["is_new"]
    assert ran["cases"] > 0
    case_id = pl.read_csv(out / "runs" / ran["run_id"] / shapes.CASES_CSV)["case_id"][0]
    told = darkshelf(capsys, "explain", case_id, "--out", out)
    assert told.code == 0
    assert case_id in told.out


def test_a_good_folder_is_said_to_be_good(chain, capsys):
    before = published(chain)
    answer = darkshelf(capsys, "check", chain)
    tables = "sales_transactions, inventory_snapshot, pricing, impressions, stores, skus"
    first, *warnings = answer.out.splitlines()
    assert (answer.code, first) == (0, f"{chain} can be run as of {AS_OF}: {tables}.")
    told = [line for line in warnings if line.startswith("! ")]
    assert [line.split(": ")[0] for line in told] == ["! 1. inventory_snapshot", "! 2. pricing"], "they come weekly"
    assert warnings[-1] == "- 12 of 12 judged store-SKUs have days of unknown sales: closed, or before their listing"
    assert published(chain) == before


def test_what_will_be_set_aside_is_remarked_and_stops_nothing(chain, capsys):
    with (chain / "pricing.csv").open("a", encoding="utf-8") as lines:
        lines.write("1,11,2025-06-03,-2,false,\n1,12,2025-06-03,-3,false,\n")
    answer = darkshelf(capsys, "check", chain)
    assert answer.code == 0
    assert "1. pricing: price is negative: 2 of 98 rows (2.04%)" in answer.out
    assert "first: pricing.csv row 97: store_id 1, sku_id 11, date 2025-06-03, price -2" in answer.out
    assert darkshelf(capsys, "run", chain, "--out", chain.parent / "out").code == 0


@pytest.mark.slow
def test_flags_of_two_kinds_pass_the_check_as_they_pass_the_run(chain, capsys):
    with (chain / "pricing.csv").open("a", encoding="utf-8") as lines:
        lines.write("1,11,2025-06-03,2,0,\n")
    assert darkshelf(capsys, "check", chain, "--json").json()["remarks"] == []
    assert darkshelf(capsys, "run", chain, "--out", chain.parent / "out").code == 0


def test_a_night_tells_its_key_figures_and_where_it_is(chain, tmp_path, capsys):
    answer = darkshelf(capsys, "run", chain, "--out", tmp_path / "out")
    run = Registry(tmp_path / "out").find()
    assert f"{AS_OF}  1 dark shelves open in 1 stores, of 12 store-SKUs judged" in answer.out
    assert f"Revenue at risk {money(run.manifest['revenue_at_risk_open'])};" in answer.out
    assert answer.out.endswith(f"run {run.run_id} → {run.folder}\n")


def test_a_night_that_nobody_watches_writes_a_line_per_stage(chain, tmp_path, capsys):
    told = darkshelf(capsys, "run", chain, "--out", tmp_path / "out").err.splitlines()
    lines = [line for line in told if not line.startswith("about ")]
    assert [line.split()[0] for line in lines] == list(STAGES)
    assert all(re.fullmatch(r"\w+ +\d+\.\d{3} s +\d+ MiB", line) for line in lines)


def test_in_json_there_is_one_object_and_nothing_else(chain, tmp_path, capsys):
    answer = darkshelf(capsys, "run", chain, "--out", tmp_path / "out", "--json")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.count("\n") == 1
    assert answer.json()["as_of"] == AS_OF.isoformat()
    assert answer.json()["cases"] == 1


def test_a_night_that_is_published_already_says_so_and_how_to_run_it_again(chain, tmp_path, capsys):
    first = darkshelf(capsys, "run", chain, "--out", tmp_path / "out", "--json").json()
    again = darkshelf(capsys, "run", chain, "--out", tmp_path / "out")
    assert again.complaint == f"this is published already as {first['run_id']}; --force runs it again"
    assert not darkshelf(capsys, "run", chain, "--out", tmp_path / "out", "--json").json()["is_new"]
    forced = darkshelf(capsys, "run", chain, "--out", tmp_path / "out", "--force", "--json").json()
    assert forced["run_id"] == f"{first['run_id']}-2"


@pytest.mark.slow
def test_days_in_a_row_are_run_oldest_first(chain, tmp_path, capsys):
    out, first = tmp_path / "out", AS_OF - timedelta(days=2)
    answer = darkshelf(capsys, "run", chain, "--out", out, "--backfill", f"{first}:{AS_OF}", "--json")
    nights = answer.json()["nights"]
    days = [(first + timedelta(days=n)).isoformat() for n in range(3)]
    assert [night["as_of"] for night in nights] == days
    assert [run.as_of for run in Registry(out).runs()] == days
    assert Registry(out).latest_id() == nights[-1]["run_id"]


def test_a_back_fill_that_meets_a_day_to_come_keeps_the_days_before(chain, tmp_path, capsys):
    out, last = tmp_path / "out", AS_OF + timedelta(days=1)
    answer = darkshelf(capsys, "run", chain, "--out", out, "--backfill", f"{AS_OF}:{last}")
    assert answer.code == 75
    assert [run.as_of for run in Registry(out).runs()] == [AS_OF.isoformat()]


@pytest.mark.slow
def test_an_older_day_that_is_back_filled_sees_nothing_after_it(chain, tmp_path, capsys):
    darkshelf(capsys, "run", chain, "--out", tmp_path / "all", "--as-of", AS_OF - timedelta(days=10))
    days = pl.col("date") <= AS_OF - timedelta(days=10)
    past = {t: frame.filter(days) if "date" in frame.columns else frame for t, frame in small_chain().items()}
    darkshelf(capsys, "run", write_csv(tmp_path / "past", past), "--out", tmp_path / "then")
    everything, then = (data_files(Registry(tmp_path / out).find().folder) for out in ("all", "then"))
    assert {name: everything[name] for name in shapes.DATA_FILES} == then


def test_settings_come_from_a_file_and_are_overruled_one_by_one(chain, tmp_path, capsys):
    file = tmp_path / "darkshelf.toml"
    file.write_text("profile = 'classic'\n[detect]\nmin_dark_days = 9\n", encoding="utf-8")
    words = ("run", chain, "--out", tmp_path / "out", "--config", file, "--json")
    assert darkshelf(capsys, *words).json()["cases"] == 0
    assert darkshelf(capsys, *words, "--set", "detect.min_dark_days=5").json()["cases"] == 1


@pytest.mark.slow
@pytest.mark.parametrize("as_json", [[], ["--json"]], ids=["plain", "json"])
def test_an_answer_that_finds_no_space_is_told_in_one_line(chain, as_json):
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        words = [PROGRAM, "check", chain, *as_json]
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("darkshelf: the answer cannot be printed: no space left")
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_reader_that_has_seen_enough_is_no_failure(tmp_path, chain, capsys):
    darkshelf(capsys, "run", chain, "--out", tmp_path / "out")
    words = [PROGRAM, "sql", "select range from range(1000000)", "--out", tmp_path / "out", "--format", "csv"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "range\n"
        process.stdout.close()
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


@pytest.mark.slow
def test_on_a_terminal_a_night_shows_a_bar_and_fits_the_page(tmp_path, chain):
    """A page of 60 columns; Rich asks the environment first."""
    ours, theirs = pty.openpty()
    words = [PROGRAM, "run", chain, "--out", tmp_path / "out"]
    environment = os.environ | {"COLUMNS": "60", "TERM": "xterm"}
    with subprocess.Popen(words, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # The end of a terminal is an error to its reader.
            while part := os.read(ours, 4096):
                shown += part
    os.close(ours)
    told = shown.decode()
    assert process.returncode == 0
    assert "MiB" not in told
    assert "━" in told
    assert str(Registry(tmp_path / "out").find().folder) in told


@pytest.mark.slow
def test_the_demo_needs_nothing_and_ends_with_the_next_command(tmp_path):
    size = ("--stores", 60, "--skus", 5, "--days", 60)
    answer = darkshelf_process("demo", *size, "--out", tmp_path / "demo [1]")
    assert answer.code == 0, answer.err
    assert "Scorecard: what was planted and what the night made of it" in answer.out
    assert "Traceback" not in answer.err
    last = answer.out.splitlines()[-1]
    assert last.startswith("next:  darkshelf explain ")
    assert darkshelf_process(*shlex.split(last)[2:]).code == 0


def test_the_demo_can_be_run_again_in_the_same_place(tmp_path, capsys):
    for _ in range(2):
        assert darkshelf(capsys, "demo", *TINY, "--out", tmp_path).code == 0
    assert len(Registry(tmp_path).runs()) == 2


def test_another_seed_is_another_chain(tmp_path, capsys):
    for seed in (1, 2):
        darkshelf(capsys, "synth", tmp_path / str(seed), *TINY, "--seed", seed)
    sales = [(tmp_path / str(seed) / "sales_transactions.parquet").read_bytes() for seed in (1, 2)]
    assert sales[0] != sales[1]


def test_a_chain_cannot_be_written_over_a_file(tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    answer = darkshelf(capsys, "synth", tmp_path / "file", *TINY)
    assert answer.code in (1, 2)
    assert answer.err.startswith("darkshelf: ")
    assert (tmp_path / "file").read_text() == "mine"


def test_the_case_of_the_small_chain_is_the_one_planted(chain, tmp_path, capsys):
    night = darkshelf(capsys, "run", chain, "--out", tmp_path / "out", "--json").json()
    cases = pl.read_csv(tmp_path / "out" / "runs" / night["run_id"] / shapes.CASES_CSV)
    assert cases["case_id"].to_list() == [DARK_CASE]
