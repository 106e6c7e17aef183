"""A night that is killed, interrupted or kept out: readers see the whole old night or the whole new one."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import pytest

from engine.outputs.shelf.read import one_case
from engine.runs.registry import Registry
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf import desk
from tests.command import PROGRAM, darkshelf, darkshelf_process, data_files, latest_data, published
from tests.kills import killed_at_every_touch
from tests.planted.small import AS_OF, DARK_CASE, small_chain, write_parquet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KILLED = -signal.SIGKILL
NIGHT = """
import engine.shelf.desk
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.settings.shelf.night import Settings

def run(out, folder):
    engine.shelf.desk.run(folder, out, CalibratedSettings())
"""


class Nights(NamedTuple):
    """The input, an output folder with last night's run, and what tonight's run comes to."""

    folder: Path
    last_night: Path
    tonight: dict[str, bytes]


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    place = tmp_path_factory.mktemp("nights")
    folder = write_parquet(place / "in", small_chain())
    desk.run(folder, place / "out", CalibratedSettings(), AS_OF - timedelta(days=1))
    tonight = desk.run(folder, place / "undisturbed", CalibratedSettings())
    return Nights(folder, place / "out", data_files(tonight.folder))


@pytest.fixture
def out(nights: Nights, tmp_path: Path) -> Path:
    return shutil.copytree(nights.last_night, tmp_path / "out")


def assert_one_whole_night_is_seen(nights: Nights, out: Path) -> None:
    """Every run listed is whole, the latest is last night's or tonight's, and its case can be read."""
    old = published(nights.last_night)
    seen = {name: content for name, content in published(out).items() if not name.startswith(("runs/.", "."))}
    assert {name: seen[name] for name in old if name != "LATEST"} == {n: c for n, c in old.items() if n != "LATEST"}
    registry = Registry(out)
    runs = registry.runs()
    assert registry.latest_id() in [run.run_id for run in runs]
    for run in runs:
        assert run.as_of == AS_OF.isoformat() or run.run_id == Registry(nights.last_night).latest_id()
        if run.as_of == AS_OF.isoformat():
            assert data_files(run.folder) == nights.tonight, "half a run is listed"
    assert one_case(registry.find(), DARK_CASE)[0]["case_id"] == DARK_CASE


def assert_the_next_run_is_clean(nights: Nights, out: Path) -> None:
    """It succeeds, comes to the undisturbed bytes, is the latest, and nothing is left but the log of the killed."""
    desk.run(nights.folder, out, CalibratedSettings())
    assert latest_data(out) == nights.tonight
    runs = Registry(out).runs()
    assert len(runs) == 2
    assert {place.name for place in out.iterdir()} - {"logs"} == {".lock", "LATEST", "runs"}
    assert sorted((out / "runs").iterdir()) == sorted(run.folder for run in runs)


@pytest.fixture(scope="module")
def killed(nights: Nights, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Output folders as killed runs left them, one for every touch; the last run was not killed."""
    return killed_at_every_touch(NIGHT, nights.last_night, tmp_path_factory.mktemp("killed"), nights.folder)


@pytest.mark.slow
def test_a_night_killed_before_any_touch_of_the_output_folder_leaves_a_whole_night(nights, killed):
    assert len(killed) > 20, "kills at every stage of publishing"
    latest = [Registry(out).latest_id() for out in killed]
    assert len(set(latest)) == 2, "some runs were killed before they were the latest, and some after"
    assert latest == sorted(latest), "once tonight is the latest it stays so"
    listed = [len(Registry(out).runs()) for out in killed]
    assert sorted(set(listed)) == [1, 2]
    # Many a touch changes nothing: what lies there is as it was at the touch before.
    for out in {frozenset(content_of(out)): out for out in killed}.values():
        assert_one_whole_night_is_seen(nights, out)


def content_of(out: Path) -> Iterator[tuple[str, bytes | None]]:
    """Every file and folder by relative name."""
    return ((str(one.relative_to(out)), one.read_bytes() if one.is_file() else None) for one in out.rglob("*"))


@pytest.mark.slow
def test_the_night_after_a_kill_is_clean_and_the_same(nights, killed):
    states = {frozenset(str(path.relative_to(out)) for path in out.rglob("*")): out for out in killed}
    assert len(states) > 8
    for number, out in enumerate(states.values()):
        copy = shutil.copytree(out, out.parents[1] / f"next-{number}")
        assert_the_next_run_is_clean(nights, copy)


DICE = random.Random(5)
MOMENTS = sorted(DICE.uniform(0.2, 1) for _ in range(3))
"""Shares of a night's life: an even spread over what follows the start of the interpreter."""


@pytest.fixture(scope="module")
def lifetime_seconds(nights: Nights, tmp_path_factory: pytest.TempPathFactory) -> float:
    """How long a night takes in a process of its own."""
    began = time.perf_counter()
    answer = darkshelf_process("run", nights.folder, "--out", tmp_path_factory.mktemp("timed") / "out")
    assert answer.code == 0
    return time.perf_counter() - began


@pytest.mark.slow
@pytest.mark.parametrize("share", MOMENTS, ids=lambda share: f"{share:.2f}")
def test_a_night_killed_at_any_time_leaves_a_whole_night(nights, out, lifetime_seconds, share):
    with started(nights, out) as process, suppress(subprocess.TimeoutExpired):
        process.wait(share * lifetime_seconds)
    assert_one_whole_night_is_seen(nights, out)
    assert_the_next_run_is_clean(nights, out)


@contextmanager
def started(nights: Nights, out: Path) -> Iterator[subprocess.Popen[str]]:
    """The command at work; killed in the end."""
    words = [PROGRAM, "run", nights.folder, "--out", out]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until(happened: Callable[[], bool]) -> None:
    for _ in range(3000):
        if happened():
            return
        time.sleep(0.005)
    raise TimeoutError


@pytest.mark.slow
def test_a_night_killed_while_it_writes_leaves_a_whole_night(nights, out):
    with started(nights, out) as process:
        wait_until(lambda: any((out / "runs").glob(".*.partial")))
    assert process.returncode == KILLED
    assert_one_whole_night_is_seen(nights, out)
    assert_the_next_run_is_clean(nights, out)


INTERRUPTED = """
import os, signal, sys
from cli.main import main

def interrupt(event, arguments):
    if arguments and str(arguments[0]).endswith("summary.json"):
        os.kill(os.getpid(), signal.SIGINT)

sys.addaudithook(interrupt)
main()
"""


@pytest.mark.slow
def test_an_interrupted_night_clears_up_after_itself(nights, out):
    before = published(out)
    words = [sys.executable, "-c", INTERRUPTED, "run", nights.folder, "--out", out]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 130
    assert "Traceback" not in done.stderr
    assert published(out) == before
    assert len(list((out / "runs").iterdir())) == 1


WITHOUT_MEMORY = """
import resource, sys
from pathlib import Path
import psutil
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf import desk

folder, out, stage = sys.argv[1:]

def end_of_memory(began):
    if began == stage:
        held = psutil.Process().memory_info().vms
        resource.setrlimit(resource.RLIMIT_AS, (held, held))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

desk.run(Path(folder), Path(out), CalibratedSettings(), watch=end_of_memory)
"""


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["panel", "expect", "publish"])
def test_a_night_that_gets_no_more_memory_leaves_a_whole_night(nights, out, stage):
    """NumPy raises what can be told; Polars and LLVM end the process at once."""
    before = published(out)
    words = [sys.executable, "-c", WITHOUT_MEMORY, nights.folder, out, stage]
    assert subprocess.run(words, capture_output=True, check=False, timeout=120).returncode != 0
    assert {name: content for name, content in published(out).items() if name in before} == before
    assert_one_whole_night_is_seen(nights, out)
    assert_the_next_run_is_clean(nights, out)


HOLD = """
import sys
from engine.runs.registry import Registry
from pathlib import Path

with Registry(Path(sys.argv[1])).writer():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def second_writer(out: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that is writing to the output folder."""
    words = [sys.executable, "-c", HOLD, out]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["run", "IN"], id="run"),
        pytest.param(["runs", "rollback"], id="rollback"),
        pytest.param(["runs", "prune", "--keep", "1"], id="prune"),
    ],
)
def test_a_second_writer_is_told_to_try_later(nights, out, second_writer, capsys, words):
    before = published(out)
    words = [nights.folder if word == "IN" else word for word in words]
    answer = darkshelf(capsys, *words, "--out", out)
    assert (answer.code, answer.out) == (75, "")
    assert answer.complaint == f"darkshelf: another run is writing to {out}; try again when it is done"
    assert published(out) == before


def test_readers_need_no_lock(out, second_writer, capsys):
    for words in (["explain", DARK_CASE], ["runs", "list"], ["runs", "show"], ["sql", "select count(*) from cases"]):
        assert darkshelf(capsys, *words, "--out", out).code == 0


@pytest.mark.slow
def test_the_lock_of_a_killed_writer_is_free(nights, out, second_writer):
    second_writer.kill()
    second_writer.wait()
    assert_the_next_run_is_clean(nights, out)
