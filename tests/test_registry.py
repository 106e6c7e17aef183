"""Runs on disk: what they are called, which is the latest, and what stays when they go."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from engine.config import Settings, load
from engine.errors import InputError, NotFoundError, OutputError, TryLaterError
from engine.outputs import read, shapes
from engine.registry import Registry, fingerprint_files, run_name
from engine.shelf import desk
from tests.command import data_files, published
from tests.planted.small import AS_OF, small_chain, write_parquet

if TYPE_CHECKING:
    from pathlib import Path

DAY = timedelta(days=1)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "out")


def add(registry: Registry, run_id: str, as_of: str = "2025-06-30", finished_at: str = "") -> None:
    """A run that holds nothing but its manifest."""
    with registry.writer(), registry.publish(run_id) as folder:
        manifest = {"run_id": run_id, "as_of": as_of, "finished_at": finished_at}
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def add_days(registry: Registry, n_days: int) -> list[str]:
    """Runs of days in a row, `run-1` the oldest."""
    ids = [f"run-{day}" for day in range(1, n_days + 1)]
    for day, run_id in enumerate(ids, 1):
        add(registry, run_id, f"2025-06-{day:02}")
    return ids


# Which runs there are


def test_there_is_no_run_before_the_first(registry):
    assert registry.latest_id() is None
    assert registry.runs() == []
    with pytest.raises(NotFoundError, match=r"there is no run under .* yet: make one with  darkshelf run INPUT"):
        registry.find()


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


def test_folders_that_are_no_runs_are_not_listed(registry):
    add(registry, "first")
    (registry.folder / "notes").mkdir()
    (registry.folder / ".second.partial").mkdir()
    (registry.folder / ".second.partial" / "manifest.json").write_text("{}")
    assert [run.run_id for run in registry.runs()] == ["first"]


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


def test_a_damaged_run_is_named_and_does_not_stop_the_next_night(registry):
    add(registry, "first")
    (registry.folder / "first" / "manifest.json").write_text('{"as_of": "2025')
    with pytest.raises(NotFoundError, match=r"the run first is damaged: .* Delete .*first and run again"):
        registry.find()
    add(registry, "second")
    assert registry.latest_id() == "second"


def test_published_files_that_are_gone_are_told_as_damage(tmp_path):
    night = desk.run(write_parquet(tmp_path / "in", small_chain()), tmp_path / "out", Settings())
    run = read.find_run(tmp_path / "out")
    (night.folder / shapes.SUMMARY).write_text("{")
    (night.folder / shapes.EVIDENCE).unlink()
    with pytest.raises(NotFoundError, match="is damaged"):
        read.summary(run)
    with pytest.raises(NotFoundError, match=r"is damaged: .*evidence\.parquet"):
        read.one_case(run, "2_12_2025-06-25")


@pytest.mark.parametrize(
    "content", [b"gone\n", b"\xff\xfe", b"", b"../x"], ids=["gone", "no_text", "empty", "outside"]
)
def test_a_latest_that_names_no_run_is_told_and_mended_by_the_next_night(registry, content):
    add(registry, "first")
    (registry.out / "LATEST").write_bytes(content)
    with pytest.raises(NotFoundError, match="there is no run"):
        registry.find()
    assert [run.run_id for run in registry.runs()] == ["first"]
    add(registry, "second", "2020-01-01")
    assert registry.latest_id() == "second"


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


def test_a_disk_that_fails_is_told_and_the_run_vanishes(registry):
    with pytest.raises(OutputError, match=r"cannot be written: No space left on device\. The runs published before"):
        fail_halfway(registry, OSError(28, os.strerror(28)))
    assert published(registry.out) == {}


def test_a_back_filled_day_does_not_move_latest_back(registry):
    add(registry, "today", "2025-06-30")
    add(registry, "last-week", "2025-06-23")
    assert registry.latest_id() == "today"
    add(registry, "today-again", "2025-06-30")
    assert registry.latest_id() == "today-again"
    add(registry, "tomorrow", "2025-07-01")
    assert registry.latest_id() == "tomorrow"


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

    def fingerprint(seconds: int = 1) -> str:
        file.write_bytes(content)
        os.utime(file, (seconds, seconds))
        return fingerprint_files([file], tmp_path)["sales.csv"]

    first = fingerprint()
    assert fingerprint() == first
    seen = {first, fingerprint(seconds=2)}
    for place in (0, len(content) - 1):
        content[place] += 1
        seen.add(fingerprint())
    content.append(1)
    seen.add(fingerprint())
    assert len(seen) == 5


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    return write_parquet(tmp_path / "in", small_chain())


def test_a_finished_night_is_recognised_and_nothing_is_written(chain, tmp_path):
    first = desk.run(chain, tmp_path / "out", Settings())
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "out").rglob("*") if file.name != ".lock"}
    second = desk.run(chain, tmp_path / "out", Settings())
    assert (first.is_new, second.is_new) == (True, False)
    assert (second.run_id, second.folder, second.summary) == (first.run_id, first.folder, first.summary)
    after = {file: file.stat().st_mtime_ns for file in (tmp_path / "out").rglob("*") if file.name != ".lock"}
    assert after == before


def test_a_night_run_again_by_force_is_a_run_of_its_own_with_the_same_bytes(chain, tmp_path):
    first = desk.run(chain, tmp_path / "out", Settings())
    second = desk.run(chain, tmp_path / "out", Settings(), force=True)
    assert second.run_id == f"{first.run_id}-2"
    assert Registry(tmp_path / "out").latest_id() == second.run_id
    assert data_files(second.folder) == data_files(first.folder)


def test_other_settings_another_input_or_another_day_are_another_run(chain, tmp_path):
    out = tmp_path / "out"
    ids = [desk.run(chain, out, Settings()).run_id, desk.run(chain, out, Settings(), AS_OF - DAY).run_id]
    ids.append(desk.run(chain, out, load(None, ["detect.min_dark_days=4"])).run_id)
    sales = small_chain()["sales_transactions"].with_columns(pl.col("revenue") + 1)
    sales.write_parquet(chain / "sales_transactions.parquet")
    ids.append(desk.run(chain, out, Settings()).run_id)
    (chain / "impressions.parquet").unlink()
    ids.append(desk.run(chain, out, Settings()).run_id)
    assert len(set(ids)) == 5
    assert Registry(out).latest_id() == ids[-1]


def test_the_manifest_tells_how_the_run_came_about(chain, tmp_path):
    night = desk.run(chain, tmp_path / "out", load(None, ["interval.replicates=200"]))
    manifest = json.loads((night.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["run_id"] == night.run_id
    assert manifest["as_of"] == AS_OF.isoformat()
    assert manifest["input_fingerprints"]["pricing"] == fingerprint_files([chain / "pricing.parquet"], chain)
    assert [stage["stage"] for stage in manifest["stages"]][-1] == "publish"
    resolved = load(night.folder / "config_resolved.toml")
    assert resolved.interval.replicates == 200
    assert manifest["settings_fingerprint"] == resolved.fingerprint()
    events = [json.loads(line) for line in (night.folder / "logs.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [event["stage"] for event in events if "stage" in event] == [
        stage["stage"] for stage in manifest["stages"]
    ][1:]
