"""What befalls a whole night on workers is told in one line with nothing half published, or changes no byte."""

from __future__ import annotations

import shutil
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from engine.errors import OutputError, TryLaterError
from engine.runs.registry import Registry
from engine.settings.shelf.night import load
from engine.shelf import desk
from tests.blocks import faulty
from tests.blocks.dask import allowed_failures, cluster_of
from tests.blocks.faulty import Faulty
from tests.command import data_files
from tests.disks import disk_of
from tests.planted.awkward import AS_OF, write_awkward_chain

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable
    from pathlib import Path

    from engine.outputs.shelf.result import Night

pytestmark = pytest.mark.slow
SLOW_SECONDS = 2.0
BLOCKS = 3
"""The first worker has one of them, the other has two, which take turns."""


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chain")
    write_awkward_chain(folder, format="parquet")
    return folder


@pytest.fixture(scope="module")
def day_before(chain: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of which one is published: as of the day before. Nobody writes there."""
    out = tmp_path_factory.mktemp("day_before") / "out"
    quiet_night(chain, out, AS_OF.replace(day=AS_OF.day - 1))
    return out


@pytest.fixture(scope="module")
def alone(chain: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the night publishes without workers."""
    return data_files(quiet_night(chain, tmp_path_factory.mktemp("alone")).folder)


@pytest.fixture
def out(day_before: Path, tmp_path: Path) -> Path:
    return shutil.copytree(day_before, tmp_path / "out")


def night(chain: Path, out: Path, cluster: str | None, watch: Callable[[str], None] | None = None) -> Night:
    return desk.run(chain, out, load(), AS_OF, blocks=BLOCKS, cluster=cluster, watch=watch)


def quiet_night(chain: Path, out: Path, as_of: dt.date = AS_OF) -> Night:
    """The same without workers: of one block, which takes least and has the same bytes."""
    return desk.run(chain, out, load(), as_of, blocks=1)


def everything(out: Path) -> dict[str, bytes]:
    """All files of the runs that are published, and what says which is the latest."""
    kept = [file for file in out.rglob("*") if file.is_file() and "failed" not in str(file)]
    return {str(file.relative_to(out)): file.read_bytes() for file in kept}


def assert_nothing_is_published(chain: Path, out: Path, before: dict[str, bytes], alone: dict[str, bytes]) -> None:
    """The runs are as before, nothing else lies there, and the same call publishes later what it would have."""
    assert {name: found for name, found in everything(out).items() if name in before} == before
    assert len(Registry(out).runs()) == 1
    assert not [file for file in out.rglob("*") if "partial" in file.name or file.name.startswith("exchange-")]
    assert data_files(quiet_night(chain, out).folder) == alone


def test_a_scheduler_that_is_lost_ends_the_night_and_the_next_call_publishes_it(chain, out, alone, tmp_path):
    before, file = everything(out), tmp_path / "scheduler.json"
    with (
        cluster_of(file, 2) as scheduler,
        pytest.raises(TryLaterError, match=r"^the cluster at \S+ is gone; what was"),
    ):
        night(chain, out, str(file), lambda stage: scheduler.kill() if stage == "detect" else None)
    assert_nothing_is_published(chain, out, before, alone)


def test_a_worker_that_stands_still_for_a_while_is_waited_for(chain, out, alone, scheduler, busiest):
    stood_still: list[int] = []

    def stop(stage: str) -> None:
        if stage == "expect":
            worker = busiest()
            worker.send_signal(signal.SIGSTOP)
            threading.Timer(SLOW_SECONDS, worker.send_signal, [signal.SIGCONT]).start()
            stood_still.append(worker.pid)

    found = night(chain, out, scheduler, stop)
    assert stood_still
    assert data_files(found.folder) == alone


@pytest.mark.parametrize(
    ("befalls", "error", "told"),
    [
        pytest.param(
            faulty.finds_the_disk_full, OutputError, "No space left on device", id="the_shared_disk_is_full"
        ),
        pytest.param(faulty.cannot, ZeroDivisionError, "^a block cannot$", id="a_block_fails_twice"),
        pytest.param(faulty.runs_out_of_memory, MemoryError, "^no array", id="a_worker_gets_no_more_memory"),
    ],
)
def test_a_block_that_fails_again_ends_the_night_with_its_reason(
    chain, out, alone, scheduler, tmp_path, monkeypatch, befalls, error, told
):
    before = everything(out)
    monkeypatch.setattr(desk, "_night_of_block", Faulty(befalls, tmp_path / "happened"))
    with pytest.raises(error, match=told):
        night(chain, out, scheduler)
    monkeypatch.undo()
    assert len(list((tmp_path / "happened").iterdir())) == 2
    assert_nothing_is_published(chain, out, before, alone)


@pytest.mark.parametrize("spare_kib", [8, 64, 512])
@pytest.mark.parametrize("has_workers", [False, True], ids=["one_process", "workers"])
def test_a_disk_that_fills_up_under_blocks_ends_the_night(
    chain, day_before, alone, scheduler, tmp_path, spare_kib, *, has_workers
):
    """What blocks keep, what they tell one another, or a file of the run is the one that does not fit."""
    with disk_of(tmp_path / "disk", kib=kib_of(day_before) + spare_kib) as disk:
        out = shutil.copytree(day_before, disk / "out")
        before = everything(out)
        with pytest.raises(OutputError, match=r"cannot be written: .*No space left on device.* are untouched\.$"):
            night(chain, out, scheduler if has_workers else None)
        assert {name: found for name, found in everything(out).items() if name in before} == before
        assert_nothing_is_published(chain, shutil.copytree(out, tmp_path / "out"), before, alone)


def kib_of(folder: Path) -> int:
    """What a folder takes of a disk, whose pages are of 4 KiB."""
    return sum(4 * (1 + -(-file.stat().st_size // 4096)) for file in folder.rglob("*"))


@pytest.mark.parametrize("unlucky", [0, BLOCKS - 1])
def test_a_block_that_fails_once_changes_no_byte(chain, out, alone, scheduler, tmp_path, monkeypatch, unlucky):
    told: list[str] = []
    monkeypatch.setattr(desk, "_night_of_block", Faulty(faulty.cannot, tmp_path / "happened", unlucky, times=1))
    found = night(chain, out, scheduler, told.append)
    monkeypatch.undo()
    assert (tmp_path / "happened").exists()
    assert len(told) == len(set(told))
    assert data_files(found.folder) == alone


def test_workers_that_are_killed_for_their_memory_again_and_again_end_the_night(
    chain, out, alone, workers, scheduler, tmp_path, monkeypatch
):
    before = everything(out)
    monkeypatch.setattr(desk, "_night_of_block", Faulty(faulty.is_killed, tmp_path / "happened"))
    with (
        allowed_failures(workers, 1),
        pytest.raises(OutputError, match="workers died of the same blocks, 2 times in all: give them more memory"),
    ):
        night(chain, out, scheduler)
    monkeypatch.undo()
    assert_nothing_is_published(chain, out, before, alone)


def test_what_workers_log_comes_to_the_log_of_the_night(chain, scheduler, tmp_path):
    events = []
    for place, cluster in (("here", None), ("there", scheduler)):
        found = night(chain, tmp_path / place, cluster)
        lines = (found.folder / "logs.jsonl").read_text(encoding="utf-8").splitlines()
        events.append([line.split('"stage"')[-1].split(",")[0] for line in lines if '"stage"' in line])
    assert events[0] == events[1]
