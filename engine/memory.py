"""Memory of a night: how much it will need, and large arrays that stay below a limit.

Under a limit arrays live in unnamed files of the run's own folder. Kernels walk them in blocks of rows, and pages are
handed back as the process nears the limit; nothing is computed differently, so no number changes. So do the arrays of
a part of a chain that takes turns with others: while it waits, it hands back all of its pages.
"""

import logging
import mmap
import os
import resource
import tempfile
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import DTypeLike, NDArray

from engine.arrays import Floats
from engine.errors import InputError, Problem

LOGGER = logging.getLogger("darkshelf")
GIB = 1 << 30
GROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
"""Where a container's own limit stands; absent elsewhere, the word `max` without one."""
BASE_BYTES = 500 << 20
"""The interpreter with its libraries, and one batch of every table as it is read."""
KEPT_BYTES_PER_PAIR = 300
"""What is known of a store-SKU beside its days, whether its block works or waits: factors and flags."""
WORKING_BYTES_PER_PAIR = 300
"""What else its block holds of it while it works, or of its cases while they are judged."""
RELIEF_SHARE = 0.85
"""From this share of the limit on, pages are handed back."""
WATCH_SECONDS = 0.01
MORE_LENT_SHARE = 1 / 16
"""So much more is lent than was asked for: the blocks of a chain are not quite of one size."""
MOST_BLOCKS = 64
"""Every block looks through all tables for its rows: more of them would read longer than they compute."""


class Memory:
    """Where arrays live. limit: bytes, None for all there is. folder: where files may grow under a limit."""

    def __init__(self, limit: int | None = None, folder: Path | None = None) -> None:
        self._limit = limit
        self._folder = folder
        self._is_in_files = limit is not None
        self._maps: set[weakref.ref[mmap.mmap]] = set()
        self._blocks: list[Memory] = []
        self._chain = self
        self._lending, self._spare, self._in_memory_bytes = threading.Lock(), list[Floats](), 0
        self._watching, self._watchers, self._over = threading.Lock(), 0, threading.Event()

    def of_block(self) -> "Memory":
        """The memory of one block of those that take turns: its arrays live in files. `rest` hands them back."""
        block = Memory(self._limit, self._folder)
        block._is_in_files = True
        block._chain = self
        self._blocks.append(block)
        return block

    def empty(self, shape: tuple[int, ...], dtype: DTypeLike = np.float64) -> NDArray[Any]:
        """An array with any content. Raises OSError when the disk has no room for it."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        if not self._is_in_files or size == 0:
            return np.empty(shape, dtype)
        with tempfile.TemporaryFile(dir=self._folder) as file:
            # The room is taken now: a disk that is full later would be a bus error.
            os.posix_fallocate(file.fileno(), 0, size)
            mapped = mmap.mmap(file.fileno(), size)
        # The room is free again as soon as nobody holds the array.
        self._maps.add(weakref.ref(mapped, self._maps.discard))
        return np.frombuffer(mapped, dtype).reshape(shape)

    @contextmanager
    def lent(self, shape: tuple[int, int]) -> Iterator[Floats]:
        """Numbers to work with for a while, of any content; who asks next, in any block, is lent the same ones.

        They are in memory where they fit beside what the process holds: what is written over in a file goes to the
        disk again and again. Elsewhere they are in a file. Raises OSError when the disk has no room for it.
        """
        size = int(np.prod(shape))
        numbers = self._chain._take(size)
        try:
            yield numbers[:size].reshape(shape)
        finally:
            with self._chain._lending:
                self._chain._spare.append(numbers)

    def _take(self, size: int) -> Floats:
        with self._lending:
            for place, spare in enumerate(self._spare):
                if spare.size >= size:
                    return self._spare.pop(place)
            wanted = size + int(size * MORE_LENT_SHARE)
            in_memory_bytes = self._in_memory_bytes + wanted * np.float64().itemsize
            # What is lent may not have been touched yet.
            held = psutil.Process().memory_info().rss + in_memory_bytes
            if self._limit is not None and held > self._limit * RELIEF_SHARE:
                return self.empty((wanted,))
            self._in_memory_bytes = in_memory_bytes
            return np.empty(wanted)

    def end_lending(self) -> None:
        """Forget what was lent: nobody asks any more."""
        with self._chain._lending:
            self._chain._spare.clear()
            self._chain._in_memory_bytes = 0

    def rest(self) -> None:
        """Hand back the pages of all arrays; they come back from their files as they are looked at."""
        for mapped in (each() for each in [*self._maps]):
            if mapped is not None:
                mapped.madvise(mmap.MADV_DONTNEED)
        for block in self._blocks:
            block.rest()

    def foresee(self, pairs: int, bytes_per_pair: int, blocks: int = 1) -> None:
        """Say what the night will need. Raises InputError when that cannot be had.

        pairs: of the whole chain. bytes_per_pair: its days, of which those of one of the blocks are needed at a time.
        """
        results = needed_for(pairs, blocks=blocks)
        # Days on disk come and go as they are looked at.
        needed = results if self._limit is not None else needed_for(pairs, bytes_per_pair, blocks)
        room = available() if self._limit is None else self._limit
        LOGGER.info(
            "memory foreseen",
            extra={"facts": {"note": f"about {needed / GIB:.1f} GiB of memory needed, {room / GIB:.1f} GiB to use"}},
        )
        if needed > room:
            what = f"{pairs:,} store-SKUs need about {needed / GIB:.1f} GiB, and {room / GIB:.1f} GiB are to use"
            least = f"--max-memory {results / GIB:.1f}GiB keeps the days on disk"
            advice = (
                least
                if self._limit is None and results <= room
                else "split the chain by SKU, or free or allow more memory"
            )
            raise InputError([Problem("memory", what, f"{advice}; fewer panel.lookback_days need less")])

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Keep the process below the limit until all who asked for it have ended."""
        if self._limit is None:
            yield
            return
        with self._watching:
            self._watchers += 1
            if self._watchers == 1:
                self._over = threading.Event()
                bound = int(self._limit * RELIEF_SHARE)
                threading.Thread(target=self._watch, args=(bound, self._over), daemon=True).start()
        try:
            yield
        finally:
            with self._watching:
                self._watchers -= 1
                if self._watchers == 0:
                    self._over.set()

    def _watch(self, bound: int, over: threading.Event) -> None:
        process = psutil.Process()
        while not over.wait(WATCH_SECONDS):
            if process.memory_info().rss > bound:
                self.rest()


def needed_for(pairs: int, bytes_per_pair: int = 0, blocks: int = 1) -> int:
    """Bytes that a night needs, about. pairs: of the chain. bytes_per_pair: of its days, of one block at a time."""
    of_block = -(-pairs // blocks) * (WORKING_BYTES_PER_PAIR + bytes_per_pair)
    return BASE_BYTES + pairs * KEPT_BYTES_PER_PAIR + of_block


def blocks_within(limit: int, pairs: int, bytes_per_pair: int, most: int = MOST_BLOCKS) -> int:
    """The fewest blocks of a chain that need no more than so many bytes, one block at a time.

    most: so many where even they need more, such as the number of SKUs; their pages then come and go.
    """
    kept = BASE_BYTES + pairs * KEPT_BYTES_PER_PAIR
    pairs_at_a_time = (limit - kept) // (WORKING_BYTES_PER_PAIR + bytes_per_pair)
    fewest = -(-pairs // pairs_at_a_time) if pairs_at_a_time > 0 else MOST_BLOCKS
    return max(1, min(fewest, most, MOST_BLOCKS))


def available() -> int:
    """Bytes this process may still take: what the machine has to spare, its container or its shell allows."""
    free = psutil.virtual_memory().available
    of_group = GROUP_LIMIT.read_text().strip() if GROUP_LIMIT.exists() else "max"
    of_process, _ = resource.getrlimit(resource.RLIMIT_AS)
    if of_group.isdecimal():
        free = min(free, int(of_group))
    if of_process != resource.RLIM_INFINITY:
        # This one counts addresses, most of which nothing is at; what is held is part of what a night needs.
        held = psutil.Process().memory_info()
        free = max(0, min(free, of_process - held.vms + held.rss))
    return free
