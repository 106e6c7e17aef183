"""What befalls a whole night on workers is told in one line with nothing half published, or changes no byte."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import psutil
import pytest

from engine.errors import OutputError, TryLaterError
from engine.runs.registry import Registry
from engine.settings.shelf.night import load
from engine.shelf import desk
from tests.blocks import faulty
from tests.blocks.dask import cluster_of
from tests.blocks.faulty import Faulty
from tests.command import data_files
from tests.planted.awkward import AS_OF, write_awkward_chain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.outputs.shelf.result import Night

pytestmark = pytest.mark.slow
SLOW_SECONDS = 2.0
BLOCKS = 4


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chain")
    write_awkward_chain(folder, format="parquet")
    return folder


@pytest.fixture
def out(chain: Path, tmp_path: Path) -> Path:
    """Runs of which one is published: as of the day before."""
    night(chain, tmp_path / "out", None, as_of=AS_OF.replace(day=AS_OF.day - 1))
    return tmp_path / "out"


def night(
    chain: Path, out: Path, cluster: str | None, watch: Callable[[str], None] | None = None, as_of=AS_OF
) -> Night:
    return desk.run(chain, out, load(), as_of, blocks=BLOCKS, cluster=cluster, watch=watch)


def everything(out: Path) -> dict[str, bytes]:
    """All files of the runs that are published, and what says which is the latest."""
    kept = [file for file in out.rglob("*") if file.is_file() and "failed" not in str(file)]
    return {str(file.relative_to(out)): file.read_bytes() for file in kept}


def assert_nothing_is_published(chain: Path, out: Path, before: dict[str, bytes], alone: Path) -> None:
    """The runs are as before, nothing else lies there, and the same call publishes later what it would have."""
    assert {name: found for name, found in everything(out).items() if name in before} == before
    assert len(Registry(out).runs()) == 1
    assert not [file for file in out.rglob("*") if "partial" in file.name or file.name.startswith("exchange-")]
    assert data_files(night(chain, out, None).folder) == data_files(night(chain, alone, None).folder)


def test_a_scheduler_that_is_lost_ends_the_night_and_the_next_call_publishes_it(chain, out, tmp_path):
    before, file = everything(out), tmp_path / "scheduler.json"
    with (
        cluster_of(file, 2) as scheduler,
        pytest.raises(TryLaterError, match=r"^the cluster at \S+ is gone; what was"),
    ):
        night(chain, out, str(file), lambda stage: scheduler.kill() if stage == "detect" else None)
    assert_nothing_is_published(chain, out, before, tmp_path / "alone")


def test_a_worker_that_stands_still_for_a_while_is_waited_for(chain, out, tmp_path):
    stood_still: list[int] = []

    def stop(stage: str) -> None:
        if stage == "expect":
            children = psutil.Process().children(recursive=True)
            worker = max(children, key=lambda child: child.memory_info().rss)
            worker.send_signal(signal.SIGSTOP)
            threading.Timer(SLOW_SECONDS, worker.send_signal, [signal.SIGCONT]).start()
            stood_still.append(worker.pid)

    found = night(chain, out, "local:2", stop)
    assert stood_still
    assert data_files(found.folder) == data_files(night(chain, tmp_path / "alone", None).folder)


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
    chain, out, tmp_path, monkeypatch, befalls, error, told
):
    before = everything(out)
    monkeypatch.setattr(desk, "_night_of_block", Faulty(befalls, tmp_path / "happened"))
    with pytest.raises(error, match=told):
        night(chain, out, "local:2")
    monkeypatch.undo()
    assert len(list((tmp_path / "happened").iterdir())) == 2
    assert_nothing_is_published(chain, out, before, tmp_path / "alone")


@pytest.mark.parametrize("unlucky", [0, BLOCKS - 1])
def test_a_block_that_fails_once_changes_no_byte(chain, out, tmp_path, monkeypatch, unlucky):
    told: list[str] = []
    monkeypatch.setattr(desk, "_night_of_block", Faulty(faulty.cannot, tmp_path / "happened", unlucky, times=1))
    found = night(chain, out, "local:2", told.append)
    monkeypatch.undo()
    assert (tmp_path / "happened").exists()
    assert len(told) == len(set(told))
    assert data_files(found.folder) == data_files(night(chain, tmp_path / "alone", None).folder)


def test_workers_that_are_killed_for_their_memory_again_and_again_end_the_night(chain, out, tmp_path, monkeypatch):
    import dask

    before = everything(out)
    monkeypatch.setattr(desk, "_night_of_block", Faulty(faulty.is_killed, tmp_path / "happened"))
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        pytest.raises(OutputError, match="workers died of the same blocks, 2 times in all: give them more memory"),
    ):
        night(chain, out, "local:2")
    monkeypatch.undo()
    assert_nothing_is_published(chain, out, before, tmp_path / "alone")


def test_what_workers_log_comes_to_the_log_of_the_night(chain, tmp_path):
    events = []
    for cluster in (None, "local:2"):
        found = night(chain, tmp_path / str(cluster), cluster)
        lines = (found.folder / "logs.jsonl").read_text(encoding="utf-8").splitlines()
        events.append([line.split('"stage"')[-1].split(",")[0] for line in lines if '"stage"' in line])
    assert events[0] == events[1]
