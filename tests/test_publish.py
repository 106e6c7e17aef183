"""One run of any desk becomes a published one, once, and can be published elsewhere as it is."""

from __future__ import annotations

import datetime as dt
import json
import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import InputError
from engine.runs.journal import Journal
from engine.runs.manifest import FORMAT
from engine.runs.publish import PACKAGES, Making, publish, publish_copy
from engine.runs.registry import DamagedRunError, Registry
from engine.settings.frozen import DeskSettings

if TYPE_CHECKING:
    from pathlib import Path

    from engine.runs.registry import Run

PRINTS = {"sales": {"sales.csv": "abc"}}


def making(place: Path | None, **changed: Any) -> Making:
    facts = {"desk": "jars", "as_of": "2025-06-30", "settings": DeskSettings(profile="plain"), "inputs": PRINTS}
    return Making(**facts | {"place": place} | changed)


def published(out: Path, place: Path | None = None, *, force: bool = False, **changed: Any) -> tuple[Run, bool]:
    """A run with a file in the folder and one in a folder of its own, and one stage."""
    journal = Journal()

    def write(folder: Path) -> dict[str, Any]:
        with journal.stage("count"):
            (folder / "jars.json").write_text("12")
            (folder / "aside").mkdir()
            (folder / "aside" / "broken.json").write_text("3")
        return {"jars": 12}

    return publish(out, making(place, **changed), journal, write, force=force)


def test_the_manifest_says_what_made_the_run_and_what_the_desk_adds(tmp_path):
    run, is_new = published(tmp_path / "out", tmp_path / "x" / ".." / "in")
    assert is_new
    told = json.loads((run.folder / "manifest.json").read_text(encoding="utf-8"))
    finished = dt.datetime.fromisoformat(told.pop("finished_at"))
    assert abs(dt.datetime.now(dt.UTC) - finished) < dt.timedelta(hours=1)
    assert finished.microsecond % 1000 == 0
    (stage,) = told.pop("stages")
    assert (stage["stage"], set(told.pop("files")), len(told.pop("seal"))) == (
        "count",
        {"aside/broken.json", "config_resolved.toml", "jars.json", "logs.jsonl"},
        16,
    )
    settings = DeskSettings(profile="plain")
    assert told == {
        "format": FORMAT,
        "run_id": run.run_id,
        "desk": "jars",
        "profile": "plain",
        "as_of": "2025-06-30",
        "input": str((tmp_path / "in").resolve()),
        "input_fingerprints": PRINTS,
        "mapping": None,
        "settings_fingerprint": settings.fingerprint(),
        "settings": {"profile": "plain"},
        "versions": {name: version(name) for name in PACKAGES} | {"python": platform.python_version()},
        "jars": 12,
    }
    assert (run.folder / "config_resolved.toml").read_text(encoding="utf-8").strip() == 'profile = "plain"'
    assert '"stage": "count"' in (run.folder / "logs.jsonl").read_text(encoding="utf-8")


def test_a_run_of_frames_in_memory_says_so(tmp_path):
    run, _ = published(tmp_path)
    assert run.manifest["input"] == "frames"


def test_the_same_run_is_published_once_and_by_force_again_under_a_name_with_a_number(tmp_path):
    first, _ = published(tmp_path)
    second, is_new = published(tmp_path)
    assert (second.run_id, is_new) == (first.run_id, False)
    third, is_new = published(tmp_path, force=True)
    assert (third.run_id, is_new) == (f"{first.run_id}-2", True)
    assert third.manifest["run_id"] == third.run_id


def test_a_run_of_an_earlier_day_is_answered_with_though_a_newer_one_stays_the_latest(tmp_path):
    newer, _ = published(tmp_path)
    earlier = making(None, as_of="2025-06-29").run_id
    for is_made in (True, False):
        found, is_new = published(tmp_path, as_of="2025-06-29")
        assert (found.run_id, is_new) == (earlier, is_made)
    assert Registry(tmp_path).latest_id() == newer.run_id


@pytest.mark.parametrize(
    "changed",
    [
        {"as_of": "2025-07-01"},
        {"settings": DeskSettings(profile="other")},
        {"inputs": {"sales": {"sales.csv": "abd"}}},
        {"inputs": {"sales": {"sold.csv": "abc"}}},
        {"further": ("learnt",)},
        {"further": ("learnt", "more")},
    ],
    ids=str,
)
def test_whatever_makes_a_run_is_in_its_name(changed):
    assert making(None, **changed).run_id != making(None).run_id
    assert making(None, **changed).run_id == making(None, **changed).run_id


@pytest.mark.parametrize("package", PACKAGES)
def test_another_version_of_what_computes_is_another_run(monkeypatch, package):
    before = making(None).run_id
    monkeypatch.setattr("engine.runs.publish.version", lambda name: "0" if name == package else version(name))
    assert making(None).run_id != before


def test_a_folder_with_runs_of_another_desk_is_refused(tmp_path):
    other, _ = published(tmp_path)
    told = f"{tmp_path}: holds runs of another desk, such as {other.run_id}\n.*name another folder for the runs of "
    with pytest.raises(InputError, match=f"{told}the pots desk"):
        published(tmp_path, desk="pots")
    with pytest.raises(InputError, match="the runs of the jars desk"):
        publish_copy(other, published(tmp_path / "pots", desk="pots")[0].folder.parents[1])


def test_a_copy_is_the_run_byte_for_byte_and_is_made_once(tmp_path):
    run, _ = published(tmp_path / "out")
    copy, is_new = publish_copy(run, tmp_path / "elsewhere")
    assert is_new
    assert (copy.run_id, Registry(tmp_path / "elsewhere").latest_id()) == (run.run_id, run.run_id)
    names = {file.relative_to(run.folder) for file in run.folder.rglob("*") if file.is_file()}
    assert {file.relative_to(copy.folder) for file in copy.folder.rglob("*") if file.is_file()} == names
    assert [name for name in names if (copy.folder / name).read_bytes() != (run.folder / name).read_bytes()] == []
    published(tmp_path / "elsewhere", as_of="2025-07-01")
    again, is_new = publish_copy(run, tmp_path / "elsewhere")
    assert (again.run_id, is_new) == (run.run_id, False), "though another one is the latest by now"


def test_a_copy_is_answered_with_though_a_newer_run_stays_the_latest(tmp_path):
    run, _ = published(tmp_path / "out")
    newer, _ = published(tmp_path / "elsewhere", as_of="2025-07-01")
    copy, is_new = publish_copy(run, tmp_path / "elsewhere")
    assert (copy.run_id, is_new) == (run.run_id, True)
    assert Registry(tmp_path / "elsewhere").latest_id() == newer.run_id


def test_a_run_of_which_a_file_was_changed_is_not_copied(tmp_path):
    run, _ = published(tmp_path / "out")
    (run.folder / "jars.json").write_text("13")
    with pytest.raises(DamagedRunError, match=r"jars\.json"):
        publish_copy(run, tmp_path / "elsewhere")
    assert Registry(tmp_path / "elsewhere").runs() == []
