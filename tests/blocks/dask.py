"""Schedulers and workers of Dask that nobody starts again."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.blocks.executor import Executor

ROOT = Path(__file__).parents[2]


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command of Dask that runs while the block does."""
    process = subprocess.Popen([sys.executable, "-m", "dask", *arguments], cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def cluster_of(file: Path, n_workers: int) -> Iterator[subprocess.Popen[bytes]]:
    """The scheduler of workers that nobody starts again. file: where its address is."""
    with ExitStack() as running:
        scheduler = running.enter_context(
            started("scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
        )
        for _ in range(n_workers):
            alone = ("--no-nanny", "--no-dashboard", "--nthreads", "1", "--local-directory", str(file.parent))
            running.enter_context(started("worker", "--scheduler-file", str(file), *alone))
        while not file.exists():
            time.sleep(0.1)
        yield scheduler


@contextmanager
def allowed_failures(workers: Executor, number: int) -> Iterator[None]:
    """So many workers may die of the same work before it is given up."""
    usual = workers._client.run_on_scheduler(_allow_failures, number)
    try:
        yield
    finally:
        workers._client.run_on_scheduler(_allow_failures, usual)


def _allow_failures(number: int, dask_scheduler: Any) -> int:
    before, dask_scheduler.allowed_failures = dask_scheduler.allowed_failures, number
    return before
