"""Schedulers and workers of Dask that nobody starts again."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

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
