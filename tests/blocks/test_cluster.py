"""Blocks on workers answer as one block alone, whatever befalls a worker."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

import engine
from engine.blocks import cluster
from engine.blocks.cluster import begun, executor
from engine.blocks.executor import IN_PROCESS, InProcess
from engine.errors import InputError, OutputError, Problem, TryLaterError
from tests.blocks import rounds
from tests.blocks.dask import ROOT, allowed_failures, cluster_of
from tests.blocks.rounds import ROUNDS, Rounds, alone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.blocks.executor import Executor

N_BLOCKS = 5
LATE = N_BLOCKS - 1
"""A block of the last worker."""


@pytest.fixture(autouse=True)
def nothing_is_left_behind(room: Path) -> Iterator[None]:
    yield
    assert not list(room.glob("exchange-*"))


@pytest.mark.parametrize("blocks", [1, 2, 7, 30])
def test_blocks_on_workers_answer_as_one_block_alone(workers: Executor, blocks: int):
    assert workers.run(Rounds(), blocks, at_once=2) == [alone()] * blocks


@pytest.mark.slow
@pytest.mark.parametrize("unlucky", [0, LATE])
@pytest.mark.parametrize("at", range(ROUNDS))
def test_a_worker_that_is_killed_changes_no_answer(workers: Executor, tmp_path: Path, at: int, unlucky: int):
    told: list[str] = []
    program = Rounds(rounds.is_killed, unlucky, at, tmp_path / "happened")
    assert workers.run(program, N_BLOCKS, told.append) == [alone()] * N_BLOCKS
    assert (tmp_path / "happened").exists()
    assert told == [f"round {each}" for each in range(ROUNDS)]


@pytest.mark.slow
def test_a_worker_that_is_slow_is_waited_for(workers, tmp_path):
    program = Rounds(rounds.is_slow, LATE, 1, tmp_path / "happened")
    assert workers.run(program, N_BLOCKS) == [alone()] * N_BLOCKS


def test_a_block_that_fails_once_is_run_again(workers, tmp_path):
    program = Rounds(rounds.fails, LATE, 2, tmp_path / "happened")
    assert workers.run(program, N_BLOCKS) == [alone()] * N_BLOCKS


def test_a_block_that_fails_again_ends_all_and_its_reason_is_the_one_that_is_told(workers):
    with pytest.raises(ZeroDivisionError, match="a block cannot"):
        workers.run(Rounds(rounds.fails, LATE, 2), N_BLOCKS)


def test_what_is_wrong_with_the_input_is_told_at_once_and_whole(workers, tmp_path):
    with pytest.raises(InputError) as told:
        workers.run(Rounds(rounds.finds_a_problem, LATE, 2, tmp_path / "happened"), N_BLOCKS)
    assert told.value.problems == (Problem("sales", "the store is unknown", "add it", 1, 20),)


def test_a_disk_that_is_full_is_told(workers):
    with pytest.raises(OSError, match="No space left on device"):
        workers.run(Rounds(rounds.finds_the_disk_full, 0, 1), N_BLOCKS)


def test_workers_that_are_about_to_start_again_are_waited_for(workers, monkeypatch):
    monkeypatch.setattr(workers._client, "nthreads", dict)
    assert workers.run(Rounds(), N_BLOCKS) == [alone()] * N_BLOCKS


@pytest.mark.slow
def test_a_cluster_without_workers_is_told(workers, monkeypatch):
    monkeypatch.setattr(workers._client, "nthreads", dict)
    monkeypatch.setattr(cluster, "WORKERLESS_SECONDS", 0)
    with pytest.raises(TryLaterError, match="has no workers any more"):
        workers.run(Rounds(rounds.is_slow, 0, 1), N_BLOCKS)


@pytest.mark.slow
def test_blocks_of_which_workers_die_again_and_again_end_the_night(workers):
    told = "died of the same blocks, 2 times in all: give them more memory"
    with allowed_failures(workers, 1), pytest.raises(OutputError, match=told):
        workers.run(Rounds(rounds.is_killed, LATE, 1), N_BLOCKS)


def test_work_in_pieces_comes_back_in_the_order_of_the_pieces(workers):
    assert workers.map(abs, [-3, 1, -2]) == [3, 1, 2]


@pytest.mark.slow
def test_a_piece_that_cannot_be_done_is_told(workers):
    with pytest.raises(ValueError, match="math domain error"):
        workers.map(_root, [4.0, -1.0])


def test_a_piece_that_is_wrong_input_is_told_at_once_and_whole(workers):
    with pytest.raises(InputError) as told:
        workers.map(_problem, [1])
    assert told.value.problems == (Problem("sales", "the store is unknown", "add it", 1, 20),)


def test_pieces_that_have_not_begun_when_one_fails_never_begin(workers, tmp_path):
    with pytest.raises(InputError):
        workers.map(partial(_problem_of_the_first, tmp_path), range(40))
    assert len(list(tmp_path.iterdir())) < 39


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_its_own_pieces_alone(workers, tmp_path):
    assert workers.map(partial(_killed_once_at_3, tmp_path), range(6)) == list(range(6))
    done = [tuple(map(int, file.name.split("-"))) for file in tmp_path.glob("*-*")]
    numbers = [number for number, _ in done]
    again = {number for number in numbers if numbers.count(number) > 1}
    killed = int((tmp_path / "killed").read_text(encoding="utf-8"))
    assert 3 in again
    # What it had done and not handed over is lost with it.
    assert {(number, killed) for number in again} <= set(done)


def test_a_worker_does_itself_what_a_piece_cuts_further(workers):
    assert workers.map(partial(_cut_further, workers), [1, 2]) == [[1, 2], [2, 3]]


def test_workers_of_this_machine_keep_memory_that_they_will_need_again(workers):
    assert "MALLOC_TRIM_THRESHOLD_" not in os.environ
    assert workers.map(os.getenv, ["MALLOC_TRIM_THRESHOLD_", "PYTHONHASHSEED"]) == [None, "6640"]


def test_every_process_works_within_what_it_is_told_to(workers, tmp_path):
    for who in (workers, IN_PROCESS):
        assert who.map(_is_within, [1, 2], at_once=2, within=_within) == [True, True]
    assert not _is_within(1)


def test_items_that_are_done_are_told(workers):
    for who in (workers, IN_PROCESS):
        done: list[int] = []
        who.map(abs, [-1, 2], watch=done.append)
        assert sorted(done) == [-1, 2]


def test_workers_of_other_versions_are_refused(workers, room, monkeypatch):
    own = cluster._versions()
    monkeypatch.setattr(cluster, "_versions", lambda: own | {"polars": "0.1"})
    with pytest.raises(InputError, match=rf"has polars {own['polars']} for 0\.1"):
        cluster._refuse_unfit(workers._client, room)


def test_workers_that_do_not_see_the_folder_are_refused(workers, room, monkeypatch):
    monkeypatch.setattr(cluster, "_fitness", partial(_blind, cluster._versions()))
    with pytest.raises(InputError, match=f"does not see {room}"):
        cluster._refuse_unfit(workers._client, room)


@pytest.mark.slow
def test_workers_of_one_night_after_the_other_start_and_end(tmp_path):
    for _ in range(2):
        with executor("local:1", tmp_path) as workers:
            assert workers.map(abs, [-1]) == [1]
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_scheduler_that_is_lost_is_told_in_one_line(tmp_path):
    file, happened = tmp_path / "scheduler.json", tmp_path / "happened"
    with cluster_of(file, 1) as scheduler, executor(str(file), tmp_path) as workers:
        program = Rounds(partial(os.kill, scheduler.pid, signal.SIGKILL), 0, 1, happened)
        with pytest.raises(TryLaterError, match=r"^the cluster at \S+ is gone; what was published is untouched$"):
            workers.run(program, 2)
    assert happened.exists()


@pytest.mark.slow
def test_blocks_of_a_worker_that_does_not_come_back_run_beside_those_of_another(tmp_path):
    file, happened = tmp_path / "scheduler.json", tmp_path / "happened"
    with cluster_of(file, 2), executor(str(file), tmp_path) as workers:
        workers._client.wait_for_workers(2, timeout=120)
        assert workers.run(Rounds(rounds.is_killed, LATE, 1, happened), N_BLOCKS) == [alone()] * N_BLOCKS
        assert len(workers._client.nthreads()) == 1
    assert happened.exists()


def test_an_address_where_nobody_answers_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1)
    with pytest.raises(TryLaterError, match="no worker answers"), executor("tcp://127.0.0.1:1", tmp_path):
        pass


@pytest.mark.parametrize("address", ["local:none", "local:0", "local:", "ftp://host:1"])
def test_what_is_no_address_is_refused(tmp_path: Path, address: str):
    with pytest.raises(InputError, match=f"'{address}'"), executor(address, tmp_path):
        pass


def test_without_the_extra_a_cluster_is_refused_with_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"pip install 'darkshelf\[cluster\]'"), executor("local:2", tmp_path):
        pass


def test_nobody_waits_for_dask_who_does_not_ask_for_it():
    loaded = "import sys, engine.blocks.cluster; print('distributed' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, check=True).stdout == b"False\n"
    )


IN_A_FOLDER = """
import os, sys
from importlib import import_module
from pathlib import Path
from engine.blocks.cluster import executor

def engine_of(_):
    return import_module("engine").__file__

if __name__ == "__main__":
    with executor("local:1", Path(sys.argv[1])) as workers:
        (found,) = workers.map(engine_of, [0])
    print("pandas" in sys.modules, os.environ.get("PYTHONSAFEPATH"), found)
"""


@pytest.mark.slow
@pytest.mark.parametrize("safe", [None, "yes"])
def test_workers_start_without_what_nobody_needs_and_with_nothing_of_the_folder_they_start_in(tmp_path, safe):
    (folder := tmp_path / "here").mkdir()
    (tmp_path / "program.py").write_text(IN_A_FOLDER, encoding="utf-8")
    for name in ("engine", "distributed"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("raise RuntimeError('of the folder')", encoding="utf-8")
    others = {name: value for name, value in os.environ.items() if name != cluster.SAFE_PATH}
    environment = others | ({cluster.SAFE_PATH: safe} if safe else {})
    words = [sys.executable, tmp_path / "program.py", folder]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == f"False {safe} {engine.__file__}\n"


BEGUN = """
import os, sys
from multiprocessing import forkserver
from pathlib import Path
from engine.blocks.cluster import begun, executor

def parent_of(_):
    return os.getppid(), "distributed" in sys.modules

if __name__ == "__main__":
    with begun("local:1"):
        pass
    began = forkserver._forkserver._forkserver_pid
    with executor("local:1", Path(sys.argv[1])) as workers:
        found = workers.map(parent_of, [0])
    print(found == [(began, True)], os.environ.get("PYTHONSAFEPATH"))
"""


@pytest.mark.slow
def test_workers_are_copies_of_a_process_that_began_before_they_were_asked_for(tmp_path):
    (tmp_path / "program.py").write_text(BEGUN, encoding="utf-8")
    others = {name: value for name, value in os.environ.items() if name != cluster.SAFE_PATH}
    words = [sys.executable, tmp_path / "program.py", tmp_path]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True, env=others)
    assert done.stdout == "True None\n"


@pytest.mark.parametrize("address", [None, "tcp://127.0.0.1:1", "local:2"])
def test_what_is_wrong_with_an_address_is_told_when_workers_are_asked_for(address, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with begun(address):
        pass


def test_without_an_address_the_process_itself_runs_all(tmp_path):
    told: list[str] = []
    with executor(None, tmp_path) as here:
        assert here.workers == 1
        assert here.run(Rounds(), N_BLOCKS, told.append) == [alone()] * N_BLOCKS
        assert here.map(abs, [-3, 1]) == [3, 1]
    assert told == [f"round {each}" for each in range(ROUNDS)]


def test_as_many_blocks_and_pieces_of_a_process_work_at_a_time_as_may():
    both = threading.Barrier(2, timeout=30)
    assert IN_PROCESS.run(lambda *_: both.wait() >= 0, 2, at_once=2) == [True, True]
    assert IN_PROCESS.map(lambda _: both.wait() >= 0, [1, 2], at_once=2) == [True, True]


def test_one_piece_at_a_time_stays_in_the_thread_that_called():
    assert IN_PROCESS.map(lambda _: threading.get_ident(), [1, 2]) == [threading.get_ident()] * 2


def test_problems_that_a_worker_found_arrive_whole():
    error = InputError([Problem("sales", "the store is unknown", "add it", 1, 20, ("row 4",))])
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.problems, str(again)) == (InputError, error.problems, str(error))


def _problem(_: int) -> None:
    rounds.finds_a_problem()


def _problem_of_the_first(place: Path, number: int) -> None:
    if number == 0:
        rounds.finds_a_problem()
    time.sleep(0.2)
    (place / str(number)).touch()


def _killed_once_at_3(place: Path, number: int) -> int:
    (place / f"{number}-{os.getpid()}").touch()
    if number == 3 and not (place / "killed").exists():
        (place / "killed").write_text(str(os.getpid()), encoding="utf-8")
        rounds.is_killed()
    return number


def _cut_further(who: Executor, number: int) -> list[int]:
    assert isinstance(who, InProcess)
    return who.map(abs, [number, number + 1])


@contextmanager
def _within() -> Iterator[None]:
    os.environ["DARKSHELF_WITHIN"] = "yes"
    try:
        yield
    finally:
        del os.environ["DARKSHELF_WITHIN"]


def _is_within(_: int) -> bool:
    return "DARKSHELF_WITHIN" in os.environ


def _root(number: float) -> float:
    import math

    return math.sqrt(number)


def _blind(versions: Any, _: str) -> Any:
    return versions, False
