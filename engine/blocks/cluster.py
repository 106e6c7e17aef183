"""Cluster: who runs the blocks of a chain, this process or workers of Dask on one or many machines.

Dask places the slots of blocks, watches them, and starts them again where a worker was lost; what blocks tell one
another goes through a folder (`engine.blocks.exchange`). All slots have to run at the same time, because they wait
for one another: there are as many as workers, and a slot takes no place that another would need.
"""

import logging
import multiprocessing
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache, partial
from importlib.metadata import version
from multiprocessing import forkserver
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import Any

from engine.blocks.exchange import Caller, Exchange, Program, run_slot, silent
from engine.blocks.executor import IN_PROCESS, Executor, InProcess, Item, T
from engine.blocks.turns import BlockStoppedError
from engine.errors import DarkshelfError, InputError, OutputError, Problem, TryLaterError
from engine.kernels.rows import threads
from engine.places.extras import needed

LOCAL = "local:"
EXTRA, WHERE = "cluster", "--cluster"
BEAT_SECONDS = 0.2
CONNECT_SECONDS = 60
WORKERLESS_SECONDS = 600
"""So long a cluster may be without any worker, or a local one may take to start again."""
STOP_SECONDS = 30.0
"""So long the slots that are left have to end once one has failed."""
RETRIES = 1
"""A slot that failed is started once more, unless what it says is meant for the user."""
EAGER_MEMORY = {"distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None}
"""Dask would have the C library hand memory back at once, and every batch of days would be asked for page by page."""
FORKSERVER, SAFE_PATH = "forkserver", "PYTHONSAFEPATH"
WORK = "work"
"""The file of what workers do."""
SAME_EVERYWHERE = ("darkshelf", "numba", "numpy", "polars")
"""Their versions decide the last digits of results."""


class Cluster(Executor):
    """Workers of Dask. client: of Dask. folder: which every worker sees under the same name."""

    def __init__(self, client: Any, folder: Path) -> None:
        self._client, self._folder, self._address = client, folder, client.scheduler.address
        self.workers = len(client.nthreads())

    def run(
        self, program: Program[T], blocks: int, watch: Callable[[str], None] | None = None, at_once: int = 1
    ) -> list[T]:
        """See `Executor`. The program lies in a file of the folder; results are pickled and sent.

        Raises TryLaterError when the cluster is gone, and OutputError when workers died of a slot again and again.
        """
        # All workers may be about to start again.
        slots = max(min(self._workers(), blocks), 1)
        with TemporaryDirectory(dir=self._folder, prefix="exchange-", ignore_cleanup_errors=True) as room:
            caller = Caller(Path(room))

            def beat() -> None:
                for line in caller.beat():
                    (watch or silent)(line)

            slot_of = partial(_run_slot, _kept(program, Path(room)), blocks, slots, at_once)
            futures = self._submit(slot_of, range(slots))
            try:
                return [each for of_slot in self._results(futures, beat) for each in of_slot]
            finally:
                caller.stop()
                self._end(futures)

    def map(
        self,
        function: Callable[[Item], T],
        items: Iterable[Item],
        *,
        at_once: int = 1,
        within: Callable[[], AbstractContextManager[object]] = nullcontext,
        watch: Callable[[Item], None] | None = None,
    ) -> list[T]:
        """See `Executor`. A worker works on one item at a time.

        The function lies in a file of the folder, which each worker reads once; items and results are sent. Raises as
        `run` does.
        """
        every = list(items)
        with TemporaryDirectory(dir=self._folder, prefix="exchange-", ignore_cleanup_errors=True) as room:
            work = _kept((function, within), Path(room))
            futures = self._submit(partial(_run_one, work), every)
            try:
                return self._results(futures, lambda: None, lambda place: (watch or silent)(every[place]))
            finally:
                # What has not begun finds nothing to do.
                work.unlink()
                self._end(futures)

    def __reduce__(self) -> str | tuple[Any, ...]:
        """A worker does itself what a piece cuts further."""
        return InProcess, ()

    def _submit(self, work: Callable[[Item], Any], items: Iterable[Item]) -> list[Any]:
        # In one go, so that the scheduler sees all when it places them: as many as workers go to a worker each.
        futures: list[Any] = self._client.map(work, list(items), pure=False, retries=RETRIES)
        return futures

    def _results(
        self, futures: list[Any], beat: Callable[[], None], done: Callable[[int], None] | None = None
    ) -> list[Any]:
        """What the futures come to. The first that fails is the one that is told. done: called with each place."""
        results: dict[Any, Any] = {}
        seen_at = time.monotonic()
        while True:
            for place, future in enumerate(futures):
                if future.key not in results and future.done():
                    results[future.key] = self._result(future)
                    if done is not None:
                        done(place)
            beat()
            if len(results) == len(futures):
                break
            if self._workers() > 0:
                seen_at = time.monotonic()
            elif time.monotonic() - seen_at > WORKERLESS_SECONDS:
                raise self._gone("has no workers any more")
            time.sleep(BEAT_SECONDS)
        return [results[future.key] for future in futures]

    def _result(self, future: Any) -> Any:
        distributed = _distributed()
        try:
            result = future.result()
        except distributed.KilledWorker as error:
            died = f"workers died of the same blocks, {error.allowed_failures + 1} times in all"
            raise OutputError(f"{died}: give them more memory, or cut the chain into more blocks") from None
        except (CancelledError, distributed.comm.CommClosedError):
            # Dask lets all futures go when it loses its scheduler.
            raise self._gone("is gone") from None
        if isinstance(result, BaseException):
            raise result
        return result

    def _workers(self) -> int:
        try:
            return len(self._client.nthreads())
        except OSError:
            raise self._gone("is gone") from None

    def _gone(self, how: str) -> TryLaterError:
        return TryLaterError(f"the cluster at {self._address} {how}; what was published is untouched")

    def _end(self, futures: list[Any]) -> None:
        """Wait for slots that were stopped, so that nothing is written once their folder is gone; then let go."""
        until = time.monotonic() + STOP_SECONDS
        while self._client.status == "running" and time.monotonic() < until:
            if all(future.done() for future in futures):
                break
            time.sleep(BEAT_SECONDS)
        for future in futures:
            future.release()


@contextmanager
def executor(address: str | None, folder: Path) -> Iterator[Executor]:
    """Who runs blocks: this process without an address, else workers.

    address: `local:N` starts N workers on this machine, and they end with the block; else that of a scheduler of
    Dask, or the file it wrote its address to. folder: where blocks exchange; every worker sees it by this name.
    Raises InputError when Dask is missing or a worker is unfit, and TryLaterError when nobody answers.
    """
    if address is None:
        yield IN_PROCESS
        return
    with _quiet(), _scheduler(address, folder) as place, _client(place) as client:
        _refuse_unfit(client, folder)
        yield Cluster(client, folder)


@contextmanager
def begun(address: str | None) -> Iterator[None]:
    """Have workers of this machine begin while the caller does what comes before them.

    Libraries take a second to load, in the process that all of them are copies of. Nothing is raised for an address
    or a package that is wrong: `executor` does.
    """
    if address is None or not address.startswith(LOCAL):
        yield
        return
    with ThreadPoolExecutor(1) as aside:
        aside.submit(_begin)
        yield


def _begin() -> None:
    _distributed()
    with _copies_of_this():
        forkserver.ensure_running()


def _distributed() -> Any:
    return needed("distributed", EXTRA, WHERE)


@contextmanager
def _scheduler(address: str, folder: Path) -> Iterator[str]:
    """The address of a scheduler that is there, or of one that is started on this machine."""
    if address.startswith(LOCAL):
        with _local(_workers_of(address), folder) as cluster:
            yield cluster.scheduler_address
    else:
        yield address


@contextmanager
def _client(address: str) -> Iterator[Any]:
    """A client of a cluster that has a worker."""
    place = {"scheduler_file": address} if Path(address).is_file() else {"address": address}
    try:
        client = _distributed().Client(**place, timeout=CONNECT_SECONDS, set_as_default=False)
        client.wait_for_workers(1, timeout=CONNECT_SECONDS)
    except ValueError as error:
        advice = "give local:N, an address such as tcp://HOST:8786, or the file of a scheduler"
        raise InputError([Problem(WHERE, f"{address!r} is no address: {error}", advice)]) from None
    except OSError:
        raise TryLaterError(f"{address}: no worker answers within {CONNECT_SECONDS} seconds") from None
    with client:
        yield client


def _workers_of(address: str) -> int:
    number = address.removeprefix(LOCAL)
    if not number.isdecimal() or int(number) == 0:
        raise InputError([Problem(WHERE, f"{address!r} names no number of workers", "give local:4, for instance")])
    return int(number)


@contextmanager
def _local(workers: int, folder: Path) -> Iterator[Any]:
    """Workers on this machine, which share its cores."""
    distributed = _distributed()
    each = str(max(threads() // workers, 1))
    settings = {"distributed.deploy.lost-worker-timeout": f"{WORKERLESS_SECONDS}s", **EAGER_MEMORY}
    with (
        needed("dask.config", EXTRA, WHERE).set(settings),
        TemporaryDirectory(dir=folder, prefix="workers-", ignore_cleanup_errors=True) as scratch,
        _copies_of_this(),
        distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            # The engine watches its memory itself; a worker that Dask holds back would be waited for.
            memory_limit=0,
            host="127.0.0.1",
            # Any free port, and nothing on it to look at: two nights may run at a time.
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False},
            local_directory=scratch,
            silence_logs=logging.CRITICAL,
            env={"POLARS_MAX_THREADS": each, "NUMBA_NUM_THREADS": each},
        ) as cluster,
    ):
        yield cluster


@contextmanager
def _copies_of_this() -> Iterator[None]:
    """Have one process load what this one has loaded, and every worker begin as a copy of it.

    Dask is imported before: its settings are there then, and only then can one be set for a while.
    """
    with needed("dask.config", EXTRA, WHERE).set({"distributed.worker.multiprocessing-method": FORKSERVER}):
        # Dask chooses its own modules when it asks for the first time, and loads pandas then, which nobody needs.
        with _nothing_in(needed("distributed.versions", EXTRA, WHERE).optional_packages):
            needed("distributed.utils", EXTRA, WHERE).get_mp_context()
        package = __name__.partition(".")[0]
        loaded = [name for name in sys.modules if name.partition(".")[0] == package]
        multiprocessing.get_context(FORKSERVER).set_forkserver_preload(["distributed", *loaded])
        with _safe_path():
            yield


@contextmanager
def _safe_path() -> Iterator[None]:
    """Have processes that start load nothing from the folder somebody happens to be in: it may hold an `engine`."""
    before = os.environ.get(SAFE_PATH)
    os.environ[SAFE_PATH] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[SAFE_PATH]
        else:
            os.environ[SAFE_PATH] = before


@contextmanager
def _nothing_in(names: list[str]) -> Iterator[None]:
    """Keep a list of others empty for a while."""
    held = names.copy()
    names.clear()
    try:
        yield
    finally:
        names.extend(held)


@contextmanager
def _quiet() -> Iterator[None]:
    """What Dask logs of lost workers and connections is told by what is raised."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _refuse_unfit(client: Any, folder: Path) -> None:
    """Raise InputError for workers with other versions, or that do not see the folder."""
    with NamedTemporaryFile(dir=folder, prefix="seen-") as marker:
        found = client.run(_fitness, marker.name)
    own = _versions()
    problems = []
    for worker, (versions, is_seen) in sorted(found.items()):
        other = ", ".join(f"{name} {versions[name]} for {own[name]}" for name in own if versions[name] != own[name])
        if other:
            problems.append(Problem(worker, f"has {other}", "install the same versions everywhere"))
        if not is_seen:
            problems.append(Problem(worker, f"does not see {folder}", "give a folder that every worker mounts so"))
    if problems:
        raise InputError(problems)


def _fitness(marker: str) -> tuple[dict[str, str], bool]:
    """Versions at a worker, and whether it sees a file."""
    return _versions(), Path(marker).exists()


def _versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: version(name) for name in SAME_EVERYWHERE}}


def _run_slot(work: Path, blocks: int, slots: int, at_once: int, slot: int) -> list[Any] | Exception:
    """The results of a slot at a worker, or what ended it if running it again would end the same.

    work: the file of the program, in the folder where slots exchange.
    """
    # Another slot may come here when its worker is lost, and must not wait for this one to end.
    _distributed().secede()
    try:
        return run_slot(_work_in(work), blocks, Exchange(work.parent, slot, slots), at_once)
    except (DarkshelfError, BlockStoppedError) as error:
        return error


def _run_one(work: Path, item: Any) -> Any:
    """What the work makes of an item, or what ended it if trying again would end the same."""
    if not work.exists():
        return BlockStoppedError()
    function, within = _work_in(work)
    try:
        with within():
            return function(item)
    except DarkshelfError as error:
        return error


def _kept(work: object, folder: Path) -> Path:
    """The file that work lies in from now on."""
    file = folder / WORK
    with file.open("wb") as stream:
        _cloudpickle().dump(work, stream)
    return file


@lru_cache(maxsize=1)
def _work_in(work: Path) -> Any:
    """The work of a file, which many pieces share. Each has its own name: none is read for another."""
    with work.open("rb") as stream:
        return _cloudpickle().load(stream)


def _cloudpickle() -> Any:
    return needed("cloudpickle", EXTRA, WHERE)
