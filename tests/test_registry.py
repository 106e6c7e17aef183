"""Runs on disk: what they are called, which is the latest, and what stays when they go."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from engine.disk import fingerprint
from engine.errors import InputError, NotFoundError, OutputError, TryLaterError
from engine.runs.journal import LOGS_KEPT, Journal
from engine.runs.registry import Registry, run_name
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.settings.shelf.night import load
from engine.shelf import desk
from tests.command import data_files, published
from tests.planted.small import AS_OF, small_chain, write_parquet
from tests.runs import add, add_days

if TYPE_CHECKING:
    from pathlib import Path

DAY = timedelta(days=1)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "out")


# Which runs there are


def test_there_is_no_run_before_the_first(registry):
    assert registry.latest_id() is None
    assert registry.runs() == []
    with pytest.raises(NotFoundError, match=r"there is no run under .* yet: make one with  darkshelf run INPUT"):
        registry.find()
    with pytest.raises(NotFoundError, match=r"darkshelf run INPUT --out .* --desk whitespace$"):
        registry.find(desk="whitespace")


def test_a_published_run_is_the_latest(registry):
    add(registry, "first")
    assert registry.latest_id() == "first"
    assert registry.find() == registry.find("first")
    assert (registry.out / "LATEST").read_text() == "first\n"


def test_runs_are_listed_by_day_and_then_by_the_order_of_publishing(registry):
    add(registry, "b", "2025-06-30", finished_at="2025-07-01T02:00")
    add(registry, "a", "2025-06-30", finished_at="2025-07-01T03:00")
    add(registry, "z", "2025-06-29", finished_at="2025-07-02T02:00")
    assert [run.run_id for run in registry.runs()] == ["z", "b", "a"]


def test_folders_that_are_no_runs_are_not_listed_but_named(registry, caplog):
    add(registry, "first")
    (registry.folder / "notes").mkdir()
    (registry.folder / "list.txt").write_text("first")
    (registry.folder / ".second.partial").mkdir()
    (registry.folder / ".second.partial" / "manifest.json").write_text("{}")
    assert [run.run_id for run in registry.runs()] == ["first"]
    assert [problem.where for problem in registry.survey().skipped] == ["run list.txt", "run notes"]
    assert "run notes is damaged: its manifest.json cannot be read (No such file or directory)" in caplog.text


@pytest.mark.parametrize(
    "run_id", ["../x", "..", ".", "", "a/b", "/etc", ".first.partial", "first\n", "first/../first"]
)
def test_a_run_id_names_no_other_place(registry, run_id):
    add(registry, "first")
    (registry.out / "x").mkdir()
    (registry.out / "x" / "manifest.json").write_text('{"as_of": "2025-06-30"}')
    with pytest.raises(NotFoundError, match="there is no run"):
        registry.find(run_id)
    with registry.writer(), pytest.raises(NotFoundError):
        registry.point_to(run_id)
    assert registry.latest_id() == "first"


def test_a_run_that_is_not_there_is_answered_with_those_that_are(registry):
    add_days(registry, 7)
    with pytest.raises(NotFoundError, match=r"the last runs there: run-3, run-4, run-5, run-6, run-7$"):
        registry.find("run-9")


# Desks


def test_a_desk_is_shown_its_own_newest_run_and_told_of_others(registry, caplog):
    add(registry, "night", "2025-06-30")
    add(registry, "scaling", "202507A", desk="growth")
    add(registry, "late", "2025-08-30", desk="shelf")
    registry.point_to("scaling")
    assert registry.find().run_id == "scaling"
    assert registry.find(desk="shelf").run_id == "late"
    assert registry.latest_id("shelf") == "late"
    assert [run.run_id for run in registry.runs("growth")] == ["scaling"]
    assert (
        "LATEST names scaling, a run of the growth desk; the newest of the shelf desk is taken: late" in caplog.text
    )
    with pytest.raises(NotFoundError, match="scaling is a run of the growth desk, not of the shelf desk"):
        registry.find("scaling", desk="shelf")
    with pytest.raises(NotFoundError, match="there is no run of the whitespace desk"):
        registry.find(desk="whitespace")


def test_without_a_latest_the_desk_that_made_most_runs_is_whose_newest_is_taken(registry):
    add_days(registry, 2)
    add(registry, "scaling", "202507A", desk="growth")
    (registry.out / "LATEST").unlink()
    assert registry.latest_id() == "run-2"


def test_a_night_is_not_measured_against_a_latest_run_of_another_desk(registry):
    add(registry, "scaling", "202507A", desk="growth")
    add(registry, "night", "2025-06-30")
    assert registry.latest_id("shelf") == "night"


# Where LATEST is missing or senseless


@pytest.mark.parametrize(
    "content", [b"gone\n", b"\xff\xfe", b"", b"../x"], ids=["gone", "no_text", "empty", "outside"]
)
def test_a_latest_that_names_no_run_is_told_and_mended_by_the_next_writer(registry, content, caplog):
    add_days(registry, 2)
    (registry.out / "LATEST").write_bytes(content)
    assert registry.find().run_id == registry.latest_id() == "run-2"
    assert "; the newest run that can be read is taken: run-2" in caplog.text
    add(registry, "back-filled", "2020-01-01")
    assert (registry.out / "LATEST").read_text() == "run-2\n"
    assert "LATEST is mended: it names run-2" in caplog.text


def test_a_latest_that_is_gone_is_written_again_by_the_next_writer(registry):
    add_days(registry, 2)
    (registry.out / "LATEST").unlink()
    assert registry.latest_id() == "run-2"
    with registry.writer():
        assert (registry.out / "LATEST").read_text() == "run-2\n"


# Nights of days that had not come


def test_a_night_from_the_future_gives_way_to_the_next_true_one(registry, caplog):
    add(registry, "true", "2025-06-29", "2025-06-30T02:00:00+00:00")
    add(registry, "typo", "2099-06-30", "2025-07-01T02:00:00+00:00")
    assert registry.latest_id() == "typo"
    add(registry, "next", "2025-07-01", "2025-07-02T02:00:00+00:00")
    assert registry.latest_id() == "next"
    assert "typo is no longer the latest run: its as-of day 2099-06-30 lies after the day it was made" in caplog.text
    (registry.out / "LATEST").unlink()
    assert registry.latest_id() == "next"


def test_a_true_night_that_was_published_after_one_from_the_future_is_found_by_the_next_writer(registry):
    """As an older version left them."""
    for run_id, as_of, finished_at in (
        ("true", "2025-06-29", "2025-06-30T02:00:00+00:00"),
        ("typo", "2099-06-30", "2025-07-01T02:00:00+00:00"),
        ("next", "2025-07-01", "2025-07-02T02:00:00+00:00"),
    ):
        add(registry, run_id, as_of, finished_at)
    (registry.out / "LATEST").write_text("typo\n")
    with registry.writer():
        assert (registry.out / "LATEST").read_text() == "next\n"


def test_nights_that_all_lie_in_the_future_follow_one_another_as_any_do(registry):
    add(registry, "b", "2099-06-30", "2025-07-01T02:00:00+00:00")
    add(registry, "c", "2099-07-01", "2025-07-02T02:00:00+00:00")
    add(registry, "a", "2099-06-29", "2025-07-03T02:00:00+00:00")
    assert registry.latest_id() == "c"


def test_a_day_that_has_begun_further_east_is_not_the_future(registry):
    add(registry, "today", "2025-07-01", "2025-06-30T12:00:00+00:00")
    add(registry, "yesterday", "2025-06-30", "2025-06-30T13:00:00+00:00")
    assert registry.latest_id() == "today"


def test_pruning_begins_with_nights_from_the_future(registry):
    add(registry, "typo", "2099-06-30", "2025-07-01T02:00:00+00:00")
    add(registry, "true", "2025-06-30", "2025-07-01T03:00:00+00:00")
    add(registry, "next", "2025-07-01", "2025-07-02T03:00:00+00:00")
    assert registry.prune(2) == ["typo"]


# Publishing


def test_a_run_is_not_there_until_it_is_whole(registry):
    add(registry, "first")
    with registry.writer(), registry.publish("second") as folder:
        (folder / "manifest.json").write_text('{"as_of": "2025-07-01"}')
        assert folder == registry.folder / ".second.partial"
        assert [run.run_id for run in registry.runs()] == ["first"]
        assert registry.latest_id() == "first"
    assert [run.run_id for run in registry.runs()] == ["first", "second"]
    assert registry.latest_id() == "second"


def fail_halfway(registry: Registry, error: Exception) -> None:
    """Begin a run and meet an error."""
    with registry.writer(), registry.publish("second") as folder:
        (folder / "quarantine").mkdir()
        (folder / "quarantine" / "sales.parquet").write_text("half")
        raise error


def test_a_run_that_fails_vanishes(registry):
    add(registry, "first")
    before = published(registry.out)
    with pytest.raises(ZeroDivisionError):
        fail_halfway(registry, ZeroDivisionError())
    assert published(registry.out) == before
    assert list(registry.folder.iterdir()) == [registry.folder / "first"]


def test_a_run_that_fails_leaves_its_log_and_why_it_failed(registry):
    with (
        pytest.raises(ZeroDivisionError),
        registry.writer(),
        registry.publish("second") as folder,
        Journal().written_to(folder / "logs.jsonl"),
    ):
        raise ZeroDivisionError("by nothing")
    (log,) = (registry.out / "logs").iterdir()
    assert log.name.endswith("-second.jsonl")
    last = json.loads(log.read_text().splitlines()[-1])
    assert (last["level"], last["event"]) == ("error", "run failed")
    assert (last["error"], last["why"]) == ("ZeroDivisionError", "by nothing")


def test_a_killed_run_leaves_its_log_to_the_next_writer_and_the_oldest_logs_make_room(registry):
    for number in range(LOGS_KEPT + 3):
        partial = registry.folder / f".run-{number}.partial"
        partial.mkdir(parents=True)
        (partial / "logs.jsonl").write_text("{}\n")
        os.utime(partial / "logs.jsonl", (number, number))
    with registry.writer():
        pass
    kept = sorted(log.name.partition("-")[2] for log in (registry.out / "logs").iterdir())
    assert kept == sorted(f"run-{number}.jsonl" for number in range(3, LOGS_KEPT + 3))
    assert list(registry.folder.iterdir()) == []


def test_a_disk_that_fails_is_told_and_the_run_vanishes(registry):
    with pytest.raises(OutputError, match=r"cannot be written: No space left on device\. The runs published before"):
        fail_halfway(registry, OSError(28, os.strerror(28)))
    assert published(registry.out) == {}


def test_a_back_filled_day_does_not_move_latest_back_and_says_so(registry, caplog):
    add(registry, "today", "2025-06-30")
    assert not caplog.records
    add(registry, "last-week", "2025-06-23")
    assert registry.latest_id() == "today"
    assert "last-week is not the latest run: as of 2025-06-23 it is before today, which readers keep" in caplog.text
    assert f"darkshelf runs rollback --out {registry.out} --to last-week" in caplog.text
    add(registry, "today-again", "2025-06-30")
    assert registry.latest_id() == "today-again"
    add(registry, "tomorrow", "2025-07-01")
    assert registry.latest_id() == "tomorrow"


def test_what_latest_will_say_is_on_disk_with_its_name_before_the_run_gets_its_own(registry, monkeypatch):
    """A power cut between the two must not lose the line and keep the run."""
    steps: list[str] = []
    monkeypatch.setattr("engine.runs.registry.sync", lambda path: steps.append(path.name))
    monkeypatch.setattr("engine.runs.registry.sync_all", lambda path: steps.append("all of the run"))
    add(registry, "first")
    assert steps == ["all of the run", ".LATEST.partial", "out", "runs", "out"]


def test_there_is_one_writer(registry):
    with registry.writer(), pytest.raises(TryLaterError, match="another run is writing"), registry.writer():
        pass
    with registry.writer():
        pass


def test_what_a_killed_writer_left_is_cleared_by_the_next(registry):
    add(registry, "first")
    before = published(registry.out)
    (registry.folder / ".second.partial" / "quarantine").mkdir(parents=True)
    (registry.folder / ".second.partial" / "manifest.json").write_text("{}")
    (registry.out / ".LATEST.partial").write_text("second\n")
    with registry.writer():
        assert published(registry.out) == before
        assert list(registry.folder.iterdir()) == [registry.folder / "first"]


def test_a_run_whose_writer_was_killed_before_it_was_the_latest_becomes_it(registry):
    add_days(registry, 2)
    (registry.out / "LATEST").write_text("run-1\n")
    (registry.out / ".LATEST.partial").write_text("run-2\n")
    with registry.writer():
        assert registry.latest_id() == "run-2"
    assert not (registry.out / ".LATEST.partial").exists()


def test_the_name_of_a_run_that_is_there_gets_a_number(registry):
    assert registry.free_name("night") == "night"
    add(registry, "night")
    assert registry.free_name("night") == "night-2"
    add(registry, "night-2")
    assert registry.free_name("night") == "night-3"
    assert registry.free_name("other") == "other"


def test_an_output_folder_that_is_a_file_is_refused(registry):
    registry.out.write_text("a file")
    with pytest.raises(InputError, match="is a file"), registry.writer():
        pass
    assert registry.latest_id() is None
    assert registry.runs() == []


# Rolling back and pruning


def test_rolling_back_goes_past_a_damaged_run(registry):
    add_days(registry, 3)
    (registry.folder / "run-2" / "manifest.json").unlink()
    assert registry.rollback().run_id == "run-1"


def test_pruning_leaves_what_it_cannot_read(registry):
    add_days(registry, 4)
    (registry.folder / "run-1" / "manifest.json").unlink()
    assert registry.prune(1) == ["run-2", "run-3"]
    assert (registry.folder / "run-1").exists()


def test_rolling_back_goes_to_the_run_before_and_deletes_nothing(registry):
    ids = add_days(registry, 3)
    assert registry.rollback().run_id == "run-2"
    assert registry.rollback().run_id == "run-1"
    assert [run.run_id for run in registry.runs()] == ids


def test_there_is_nothing_before_the_first_run_to_roll_back_to(registry):
    with pytest.raises(NotFoundError, match="there is no run"):
        registry.rollback()
    add(registry, "first")
    with pytest.raises(NotFoundError, match="there is no run before first to go back to"):
        registry.rollback()
    assert registry.latest_id() == "first"


def test_after_a_rollback_the_next_new_night_is_the_latest_again(registry):
    add_days(registry, 2)
    registry.rollback()
    add(registry, "run-3", "2025-06-03")
    assert registry.latest_id() == "run-3"


def test_any_run_can_be_made_the_latest(registry):
    add_days(registry, 3)
    registry.point_to("run-1")
    assert registry.latest_id() == "run-1"
    registry.point_to("run-3")
    assert registry.latest_id() == "run-3"


def test_pruning_keeps_the_newest(registry):
    add_days(registry, 5)
    assert registry.prune(2) == ["run-1", "run-2", "run-3"]
    assert [run.run_id for run in registry.runs()] == ["run-4", "run-5"]
    assert registry.prune(2) == []
    assert registry.prune(9) == []


def test_pruning_keeps_the_latest_however_old(registry):
    add_days(registry, 5)
    registry.point_to("run-2")
    assert registry.prune(1) == ["run-1", "run-3", "run-4"]
    assert [run.run_id for run in registry.runs()] == ["run-2", "run-5"]
    assert registry.find().run_id == "run-2"


@pytest.mark.parametrize("keep", [0, -1])
def test_pruning_everything_is_refused(registry, keep):
    add_days(registry, 2)
    with pytest.raises(InputError, match="keep at least one run"):
        registry.prune(keep)
    assert len(registry.runs()) == 2


# What a run is called


def test_a_run_name_says_day_and_profile_and_differs_with_everything_else():
    name = run_name("2025-06-30", "classic", "settings", "input")
    assert name.startswith("2025-06-30-classic-")
    assert name == run_name("2025-06-30", "classic", "settings", "input")
    assert (
        len(
            {
                name,
                run_name("2025-06-30", "classic", "settings2", "input"),
                run_name("2025-06-30", "classic", "s", ""),
            }
        )
        == 3
    )


def test_a_fingerprint_sees_size_time_and_both_ends_of_a_file(tmp_path):
    file = tmp_path / "sales.csv"
    content = bytearray(b"x" * 200_000)

    def written(seconds: int = 1) -> str:
        file.write_bytes(content)
        os.utime(file, (seconds, seconds))
        return fingerprint(file)

    first = written()
    assert written() == first
    seen = {first, written(seconds=2)}
    for place in (0, len(content) - 1):
        content[place] += 1
        seen.add(written())
    content.append(1)
    seen.add(written())
    assert len(seen) == 5


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    return write_parquet(tmp_path / "in", small_chain())


@pytest.mark.slow
def test_a_finished_night_is_recognised_and_nothing_is_written(chain, tmp_path):
    first = desk.run(chain, tmp_path / "out", CalibratedSettings())
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "out").rglob("*") if file.name != ".lock"}
    second = desk.run(chain, tmp_path / "out", CalibratedSettings())
    assert (first.is_new, second.is_new) == (True, False)
    assert (second.run_id, second.folder, second.summary) == (first.run_id, first.folder, first.summary)
    after = {file: file.stat().st_mtime_ns for file in (tmp_path / "out").rglob("*") if file.name != ".lock"}
    assert after == before


@pytest.mark.slow
def test_a_night_run_again_by_force_is_a_run_of_its_own_with_the_same_bytes(chain, tmp_path):
    first = desk.run(chain, tmp_path / "out", CalibratedSettings())
    second = desk.run(chain, tmp_path / "out", CalibratedSettings(), force=True)
    assert second.run_id == f"{first.run_id}-2"
    assert Registry(tmp_path / "out").latest_id() == second.run_id
    assert data_files(second.folder) == data_files(first.folder)


@pytest.mark.slow
def test_other_settings_another_input_or_another_day_are_another_run(chain, tmp_path):
    out = tmp_path / "out"
    ids = [desk.run(chain, out, CalibratedSettings(), day).run_id for day in (AS_OF, AS_OF - DAY)]
    ids.append(desk.run(chain, out, load(None, ["episode.min_days=4"])).run_id)
    sales = small_chain()["sales_transactions"].with_columns(pl.col("revenue") + 1)
    sales.write_parquet(chain / "sales_transactions.parquet")
    ids.append(desk.run(chain, out, CalibratedSettings()).run_id)
    (chain / "impressions.parquet").unlink()
    ids.append(desk.run(chain, out, CalibratedSettings()).run_id)
    assert len(set(ids)) == 5
    assert Registry(out).latest_id() == ids[-1]


def test_the_manifest_tells_how_the_run_came_about(chain, tmp_path):
    night = desk.run(chain, tmp_path / "out", load(None, ["interval.level=0.9"]))
    manifest = json.loads((night.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["run_id"] == night.run_id
    assert manifest["as_of"] == AS_OF.isoformat()
    assert manifest["input_fingerprints"]["pricing"] == {"pricing.parquet": fingerprint(chain / "pricing.parquet")}
    assert [stage["stage"] for stage in manifest["stages"]][-1] == "publish"
    resolved = load(night.folder / "config_resolved.toml")
    assert resolved.interval.level == 0.9
    assert manifest["settings_fingerprint"] == resolved.fingerprint()
    events = [json.loads(line) for line in (night.folder / "logs.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [event["stage"] for event in events if "stage" in event] == [
        stage["stage"] for stage in manifest["stages"]
    ][1:]
