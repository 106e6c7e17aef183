"""Memory of a night: how much it will need, and large arrays that stay below a limit.

Under a limit arrays live in unnamed files of the run's own folder. Kernels walk them in blocks of rows, and pages are
handed back as the process nears the limit; nothing is computed differently, so no number changes.
"""

import logging
import mmap
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import DTypeLike, NDArray

from engine.errors import InputError, Problem

LOGGER = logging.getLogger("darkshelf")
GIB = 1 << 30
GROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
"""Where a container's own limit stands; absent elsewhere, the word `max` without one."""
BASE_BYTES = 500 << 20
"""The interpreter with its libraries, and one batch of every table as it is read."""
RESULT_BYTES_PER_PAIR = 600
"""What is known of a store-SKU beside its days: factors and flags, or its cases while they are judged."""
RELIEF_SHARE = 0.85
"""From this share of the limit on, pages are handed back."""
WATCH_SECONDS = 0.002


class Memory:
    """Where arrays live. limit: bytes, None for all there is. folder: where files may grow under a limit."""

    def __init__(self, limit: int | None = None, folder: Path | None = None) -> None:
        self._limit = limit
        self._folder = folder
        self._maps: list[mmap.mmap] = []

    def empty(self, shape: tuple[int, ...], dtype: DTypeLike = np.float64) -> NDArray[Any]:
        """An array with any content. Raises OSError when the disk has no room for it."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        if self._limit is None or size == 0:
            return np.empty(shape, dtype)
        with tempfile.TemporaryFile(dir=self._folder) as file:
            # The room is taken now: a disk that is full later would be a bus error.
            os.posix_fallocate(file.fileno(), 0, size)
            self._maps.append(mmap.mmap(file.fileno(), size))
        return np.frombuffer(self._maps[-1], dtype).reshape(shape)

    def foresee(self, pairs: int, bytes_per_pair: int) -> None:
        """Say what the night will need. Raises InputError when that cannot be had."""
        results = BASE_BYTES + pairs * RESULT_BYTES_PER_PAIR
        needed = results + (pairs * bytes_per_pair if self._limit is None else 0)
        room = available() if self._limit is None else self._limit
        LOGGER.info(
            "memory foreseen",
            extra={"facts": {"note": f"about {needed / GIB:.1f} GiB of memory needed, {room / GIB:.1f} GiB to use"}},
        )
        if needed > room:
            what = f"{pairs:,} store-SKUs need about {needed / GIB:.1f} GiB, and {room / GIB:.1f} GiB are to use"
            least = f"--max-memory {results / GIB:.1f}GiB keeps the days on disk"
            advice = least if self._limit is None and results <= room else "split the chain by store, or free memory"
            raise InputError([Problem("memory", what, f"{advice}; fewer panel.lookback_days need less")])

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Keep the process below the limit while the block runs."""
        if self._limit is None:
            yield
            return
        over = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(int(self._limit * RELIEF_SHARE), over), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()

    def _watch(self, bound: int, over: threading.Event) -> None:
        process = psutil.Process()
        while not over.wait(WATCH_SECONDS):
            if process.memory_info().rss > bound:
                for mapped in self._maps:
                    mapped.madvise(mmap.MADV_DONTNEED)


def available() -> int:
    """Bytes this process may still take: what the machine has to spare, or what its container allows."""
    free = psutil.virtual_memory().available
    limit = GROUP_LIMIT.read_text().strip() if GROUP_LIMIT.exists() else "max"
    return min(free, int(limit)) if limit.isdecimal() else free
