"""A run that is not what was published is skipped and named, and stops no other."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from engine.errors import NotFoundError
from engine.outputs import read
from engine.outputs.shelf import shapes
from engine.outputs.shelf.read import one_case
from engine.runs.registry import DamagedRunError, Registry
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf import desk
from tests.planted.small import small_chain, write_parquet
from tests.runs import add, add_days

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "out")


def edited(content: bytes, **facts: object) -> bytes:
    """A manifest with other facts."""
    return json.dumps(json.loads(content) | facts).encode()


DAMAGES = {
    "cut_short": lambda content: content[:30],
    "empty": lambda _: b"",
    "no_object": lambda _: b"[]",
    "deep": lambda _: b"[" * 100_000,
    "no_text": lambda _: b"\xff\xfe",
    "without_a_day": lambda _: b'{"run_id": "second"}',
    "a_day_that_is_none": lambda content: edited(content, as_of="2025-02-31", seal=None),
    "a_day_of_another_kind": lambda content: edited(content, as_of=20250630, seal=None),
    "a_moment_that_is_none": lambda content: edited(content, finished_at="yesterday", seal=None),
    "a_format_of_later_days": lambda content: edited(content, format=99, seal=None),
    "of_another_run": lambda content: edited(content, run_id="first", seal=None),
    "another_figure": lambda content: edited(content, cases_open=12),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_manifest_is_named_and_stops_no_other_run(registry, damage, caplog):
    add_days(registry, 1)
    add(registry, "second")
    manifest = registry.folder / "second" / "manifest.json"
    manifest.write_bytes(damage(manifest.read_bytes()))
    assert [run.run_id for run in registry.runs()] == ["run-1"]
    assert "run second is damaged: its manifest.json " in caplog.text
    with pytest.raises(DamagedRunError, match=r"the run second is damaged: .* Delete .*second and run again"):
        registry.find("second")
    assert registry.find().run_id == "run-1"
    assert "LATEST names 'second', which is no run that can be read" in caplog.text
    add(registry, "third")
    assert registry.latest_id() == "third"


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        pytest.param(lambda file: file.unlink(), "summary.json: No such file or directory", id="gone"),
        pytest.param(
            lambda file: file.write_bytes(b"{}"), "summary.json is not whole: 2 bytes instead of 12", id="cut"
        ),
    ],
)
def test_a_run_with_a_file_that_is_gone_or_cut_is_skipped(registry, damage, told):
    add_days(registry, 2)
    damage(registry.folder / "run-2" / "summary.json")
    assert [run.run_id for run in registry.runs()] == ["run-1"]
    with pytest.raises(DamagedRunError, match=told):
        registry.find("run-2")


def test_a_file_of_a_run_that_was_changed_is_not_read(registry):
    add_days(registry, 1)
    run = registry.find()
    assert run.file("summary.json").read_text() == '{"cases": 7}'
    run.folder.joinpath("summary.json").write_text('{"cases": 8}')
    with pytest.raises(DamagedRunError, match=r"run-1 is damaged: summary\.json is not what was published"):
        run.file("summary.json")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
@pytest.mark.parametrize("name", ["runs/run-2/manifest.json", "runs/run-2/summary.json", "LATEST"])
def test_what_is_no_file_in_the_place_of_one_is_waited_for_by_nobody(registry, name, make):
    add_days(registry, 2)
    (registry.out / name).unlink()
    make(registry.out / name)
    assert registry.latest_id() == ("run-2" if name == "LATEST" else "run-1")


def test_a_run_of_an_older_form_tells_nothing_of_its_files_and_is_read(registry):
    folder = registry.folder / "older"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text('{"desk": "shelf", "as_of": "2025-06-30", "more": [1]}')
    (folder / "summary.json").write_text("{}")
    assert registry.find("older").file("summary.json") == folder / "summary.json"


def test_a_folder_where_no_run_can_be_read_says_which_and_why(registry):
    add_days(registry, 1)
    (registry.folder / "run-1" / "manifest.json").unlink()
    with pytest.raises(NotFoundError, match=r"no run under .* can be read: run run-1 is damaged"):
        registry.find()
    assert registry.latest_id() is None


def test_a_damaged_night_is_made_anew_under_its_name_and_what_there_was_of_it_stays(registry, caplog):
    add_days(registry, 2)
    (registry.folder / "run-2" / "summary.json").write_text("{")
    assert not registry.has("run-2")
    assert registry.free_name("run-2") == "run-2"
    add(registry, "run-2", "2025-06-02")
    assert [run.run_id for run in registry.runs()] == ["run-1", "run-2"]
    assert (registry.folder / ".run-2.damaged" / "summary.json").read_text() == "{"
    assert "run-2 was damaged and is made anew" in caplog.text


def test_published_files_that_are_gone_are_told_as_damage(tmp_path):
    night = desk.run(write_parquet(tmp_path / "in", small_chain()), tmp_path / "out", CalibratedSettings())
    run = read.find_run(tmp_path / "out")
    (night.folder / shapes.SUMMARY).write_text("{")
    (night.folder / shapes.EVIDENCE).unlink()
    with pytest.raises(NotFoundError, match="is damaged"):
        read.summary(run)
    with pytest.raises(NotFoundError, match=r"is damaged: .*evidence\.parquet"):
        one_case(run, "2_12_2025-06-25")
