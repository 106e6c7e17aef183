"""The nightly call: every missing run of every job, told a line each, and an exit code for the scheduler."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from prometheus_client.parser import text_string_to_metric_families

from engine.runs.registry import Registry
from engine.schedule import nightly as nightly_of
from tests.command import darkshelf
from tests.decisions.nights import publish
from tests.decisions.receivers import web_server
from tests.growth.golden import golden_tables
from tests.planted.small import AS_OF, small_chain, write_parquet

if TYPE_CHECKING:
    from pathlib import Path

DAYS = [AS_OF - dt.timedelta(days=n) for n in (2, 1, 0)]


def until(tables: dict[str, pl.DataFrame], day: dt.date) -> dict[str, pl.DataFrame]:
    return {
        name: table.filter(pl.col("date") <= day) if "date" in table.columns else table
        for name, table in tables.items()
    }


def write_schedule(folder: Path, *jobs: str, first: str = "") -> Path:
    file = folder / "schedule.toml"
    file.write_text(first + "".join(f"[[jobs]]\n{job}\n" for job in jobs), encoding="utf-8")
    return file


def lines(answer: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.out.splitlines()]


SHELF = 'name = "shelf"\ninput = "in"\nout = "out"'


def test_nights_that_were_missed_are_made_up_for_in_their_order(tmp_path, capsys):
    write_parquet(tmp_path / "in", small_chain())
    schedule = write_schedule(tmp_path, SHELF)
    assert darkshelf(capsys, "nightly", schedule, "--until", DAYS[0], "--json").code == 0
    answer = darkshelf(capsys, "nightly", schedule, "--until", DAYS[2], "--json")
    assert answer.code == 0
    assert [(one["day"], one["state"]) for one in lines(answer)] == [(str(day), "published") for day in DAYS[1:]]
    assert [run.as_of for run in Registry(tmp_path / "out").runs()] == [str(day) for day in DAYS]
    again = darkshelf(capsys, "nightly", schedule, "--until", DAYS[2], "--json")
    assert (again.code, [one["state"] for one in lines(again)]) == (0, ["nothing due"])


def test_neither_a_part_of_a_run_nor_a_run_of_a_far_day_is_a_night_that_is_there(tmp_path, capsys):
    write_parquet(tmp_path / "in", until(small_chain(), DAYS[1]))
    schedule = write_schedule(tmp_path, SHELF)
    publish(tmp_path / "out", [], {(1, 1): 1.0}, as_of=DAYS[1], profile="part", part_of="")
    publish(tmp_path / "out", [], {(1, 1): 1.0}, as_of=dt.date(2099, 6, 3))
    answer = darkshelf(capsys, "nightly", schedule, "--since", DAYS[1], "--until", DAYS[2], "--json")
    assert [(one["day"], one["state"]) for one in lines(answer)] == [
        (str(DAYS[1]), "published"),
        (str(DAYS[2]), "not complete"),
    ]
    assert answer.code == 75


@pytest.mark.slow
def test_stages_are_told_as_json_on_stderr_beside_a_json_object_a_night(tmp_path, capsys):
    write_parquet(tmp_path / "in", small_chain())
    answer = darkshelf(capsys, "nightly", write_schedule(tmp_path, SHELF), "--until", AS_OF, "--json")
    told = [json.loads(line) for line in answer.err.splitlines()]
    assert {"check", "panel", "publish"} <= {one.get("stage") for one in told}
    (night,) = lines(answer)
    assert night["run_id"] == Registry(tmp_path / "out").latest_id()
    assert night["facts"]["cases_open"] == 1


@pytest.mark.slow
def test_a_day_that_is_not_complete_is_awaited_unless_a_later_one_is_there(tmp_path, capsys):
    tables = until(small_chain(), DAYS[1])
    write_parquet(tmp_path / "in", tables)
    schedule = write_schedule(tmp_path, SHELF)
    waiting = darkshelf(capsys, "nightly", schedule, "--until", DAYS[2], "--json")
    assert (waiting.code, lines(waiting)[0]["state"]) == (75, "not complete")
    closed = small_chain()
    closed["sales_transactions"] = closed["sales_transactions"].filter(pl.col("date") != DAYS[1])
    write_parquet(tmp_path / "in", closed)
    answer = darkshelf(capsys, "nightly", schedule, "--since", DAYS[0], "--until", DAYS[2], "--json")
    assert [(one["day"], one["state"]) for one in lines(answer)] == [
        (str(DAYS[0]), "published"),
        (str(DAYS[1]), "not complete"),
        (str(DAYS[2]), "published"),
    ]
    assert answer.code == 0
    assert darkshelf(capsys, "nightly", schedule, "--since", DAYS[0], "--until", DAYS[2]).code == 0


def test_a_job_that_fails_keeps_no_other_from_running(tmp_path, capsys):
    write_parquet(tmp_path / "in", small_chain())
    golden_tables().write(tmp_path / "growth")
    growth = 'name = "growth"\ndesk = "growth"\nrhythm = "delivery"\ninput = "growth"\nout = "growth_out"'
    schedule = write_schedule(tmp_path, SHELF.replace('"in"', '"nowhere"'), growth)
    answer = darkshelf(capsys, "nightly", schedule, "--until", AS_OF, "--json")
    assert [(one["job"], one["state"]) for one in lines(answer)] == [("shelf", "failed"), ("growth", "published")]
    assert answer.code == 2
    again = darkshelf(capsys, "nightly", schedule, "--job", "growth", "--json")
    assert (again.code, [one["state"] for one in lines(again)]) == (0, ["published already"])


def test_a_fault_of_the_program_is_told_with_its_traceback_and_ends_with_1(tmp_path, capsys, monkeypatch):
    write_parquet(tmp_path / "in", small_chain())

    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by mistake")

    monkeypatch.setattr(nightly_of, "entry", lambda _: fails)
    answer = darkshelf(capsys, "nightly", write_schedule(tmp_path, SHELF), "--until", AS_OF)
    assert answer.code == 1
    assert "Traceback" in answer.err
    assert "by mistake" in answer.err


@pytest.mark.slow
def test_deliveries_are_taken_into_the_lake_first_and_old_runs_and_days_go(tmp_path, capsys):
    job = (
        'name = "shelf"\nlake = "lake"\ndelivery = "delivery"\nout = "out"\n'
        "keep_runs = 2\nkeep_lake_days = 40\nfirst_day = "
    )
    schedule = write_schedule(tmp_path, job + str(DAYS[0]))
    for day in DAYS:
        shutil.rmtree(tmp_path / "delivery", ignore_errors=True)
        write_parquet(tmp_path / "delivery", until(small_chain(), day))
        answer = darkshelf(capsys, "nightly", schedule, "--until", day, "--json")
        assert answer.code == 0, answer.err
    assert [one["state"] for one in lines(answer)] == ["taken in", "published", "let go"]
    assert [run.as_of for run in Registry(tmp_path / "out").runs()] == [str(day) for day in DAYS[1:]]
    kept = json.loads(darkshelf(capsys, "lake", "verify", "--lake", tmp_path / "lake", "--json").out)
    assert kept["files"] > 0
    shutil.rmtree(tmp_path / "delivery")
    empty = darkshelf(capsys, "nightly", schedule, "--until", DAYS[2], "--json")
    assert [one["state"] for one in lines(empty)] == ["taken in", "nothing due"]
    assert "holds no delivery" in lines(empty)[0]["summary"]


def test_figures_of_the_newest_runs_are_written_for_prometheus(tmp_path, capsys):
    write_parquet(tmp_path / "in", small_chain())
    schedule = write_schedule(tmp_path, SHELF, first='metrics = "darkshelf.prom"\n')
    assert darkshelf(capsys, "nightly", schedule, "--until", AS_OF).code == 0
    text = (tmp_path / "darkshelf.prom").read_text(encoding="utf-8")
    found = {
        (
            sample.name,
            *(value for name, value in sorted(sample.labels.items()) if name not in ("desk", "job")),
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found["darkshelf_figure", "cases_open"] == 1
    assert found["darkshelf_rows", "used", "sales_transactions"] == small_chain()["sales_transactions"].height
    assert found["darkshelf_run_as_of_seconds",] == dt.datetime(*AS_OF.timetuple()[:3], tzinfo=dt.UTC).timestamp()
    assert found["darkshelf_stage_seconds", "expect"] > 0


@pytest.mark.slow
def test_new_runs_are_exported_and_subscriptions_hear_of_the_latest_once(tmp_path, capsys):
    write_parquet(tmp_path / "in", small_chain())
    with web_server() as (posts, address):
        (tmp_path / "alerts.toml").write_text(
            '[[subscription]]\nname = "ann"\nwho = "Ann"\ndesk = "shelf"\nabout = "cases"\n'
            f'to = "json://{address}/hook"\n',
            encoding="utf-8",
        )
        job = f'{SHELF}\nexports = ["warehouse", "delta+file:///proc/nowhere"]\nalerts = "alerts.toml"'
        first = darkshelf(capsys, "nightly", write_schedule(tmp_path, job), "--until", AS_OF, "--json")
        assert [one["state"] for one in lines(first)] == ["published", "exported", "failed", "alerted"]
        assert "make it good by  darkshelf export" in lines(first)[2]["summary"]
        assert first.code == lines(first)[2]["exit_code"] != 0
        assert list((tmp_path / "warehouse").rglob("*.parquet"))
        again = darkshelf(capsys, "nightly", tmp_path / "schedule.toml", "--until", AS_OF, "--json")
        assert [one["state"] for one in lines(again)] == ["nothing due", "alerted"]
        assert again.code == 0
        assert len(posts.calls) == 1


WRONG = {
    "no input": ('name = "a"\nout = "out"', "give either input or lake"),
    "two inputs": ('name = "a"\ninput = "in"\nlake = "lake"\nout = "out"', "give either input or lake"),
    "a delivery without a lake": ('name = "a"\ninput = "in"\ndelivery = "d"\nout = "out"', "name it"),
    "a typo": ('name = "a"\ninput = "in"\nout = "out"\nrythm = "daily"', "did you mean jobs.0.rhythm"),
    "another rhythm": ('name = "a"\ninput = "in"\nout = "out"\nrhythm = "hourly"', "rhythm"),
    "a desk without days": ('name = "a"\ndesk = "growth"\ninput = "in"\nout = "out"', 'the rhythm "delivery"'),
    "a desk without lakes": ('name = "a"\ndesk = "growth"\nlake = "in"\nout = "out"', "reads no lake"),
    "days of runs without days": (
        'name = "a"\ndesk = "growth"\nrhythm = "delivery"\nkeep_run_days = 9\ninput = "in"\nout = "out"',
        "keep_runs",
    ),
    "no desk": ('name = "a"\ndesk = "shop"\ninput = "in"\nout = "out"', "there is no desk 'shop'"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_schedule_is_refused_in_words(wrong, tmp_path, capsys):
    job, words = WRONG[wrong]
    answer = darkshelf(capsys, "nightly", write_schedule(tmp_path, job), "--until", AS_OF)
    assert answer.code == 2
    assert words in " ".join((answer.out + answer.err).split())
    assert not (tmp_path / "out").exists()


def test_two_jobs_of_one_name_and_a_job_that_is_none_are_refused(tmp_path, capsys):
    two = darkshelf(capsys, "nightly", write_schedule(tmp_path, SHELF, SHELF), "--until", AS_OF)
    assert (two.code, "two jobs have the name shelf" in two.err) == (2, True)
    none = darkshelf(capsys, "nightly", write_schedule(tmp_path, SHELF), "--job", "shelv")
    assert (none.code, "name one of shelf" in none.err) == (2, True)
