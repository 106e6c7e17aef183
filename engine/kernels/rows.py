"""Running a kernel over blocks of rows on every core; no number depends on how the rows are cut."""

import itertools
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import lru_cache
from typing import Any

import numpy as np

from engine.arrays import Integers, Rows

BLOCKS_PER_THREAD = 4
"""More blocks than threads, so that one slow block does not leave a core idle."""
ROWS_PER_BLOCK = 4096
"""What a block works with stays in the processor's cache."""
ROWS_ONE_BY_ONE = 65_536
"""Of a block from which a kernel takes one row at a time, which stays there anyhow: a call has its price, too."""
FEW_ROWS = 256
"""Asking other threads takes longer than what so few rows take."""


def threads() -> int:
    """Cores to use: `POLARS_MAX_THREADS` when set, so that one setting governs the whole process."""
    return int(os.environ.get("POLARS_MAX_THREADS", 0)) or len(os.sched_getaffinity(0))


def in_blocks(kernel: Callable[[slice], object], n_rows: int, rows_per_block: int = ROWS_PER_BLOCK) -> None:
    """Call a kernel with slices that cover `n_rows` once. The kernel releases the GIL and writes its own rows."""
    fewest = threads() * BLOCKS_PER_THREAD if n_rows > FEW_ROWS else 1
    blocks = min(max(fewest, -(-n_rows // rows_per_block)), n_rows)
    bounds = [n_rows * block // max(blocks, 1) for block in range(blocks + 1)]
    _on_every_core(kernel, [slice(first, last) for first, last in itertools.pairwise(bounds)])


def _on_every_core(kernel: Callable[[Any], object], works: Sequence[Any]) -> None:
    """Call a kernel with every piece of work once: whoever is free takes the next one, who asks for it included.

    Raises what the kernel raises, once nobody is at work any more.
    """
    left, taking = iter(works), threading.Lock()

    def work() -> None:
        while True:
            with taking:
                mine = next(left, None)
            if mine is None:
                return
            kernel(mine)

    n_others = min(threads(), len(works)) - 1
    others = [_helpers(threads() - 1).submit(work) for _ in range(n_others)] if n_others > 0 else []
    try:
        work()
    finally:
        # Who has not come yet, because others have work for him, is not waited for: they might wait for each other.
        come = [other for other in others if not other.cancel()]
        wait(come)
    for other in come:
        other.result()


@lru_cache
def _helpers(n_threads: int) -> ThreadPoolExecutor:
    """Threads that stay: to start some takes as long as many a kernel."""
    return ThreadPoolExecutor(n_threads, thread_name_prefix="rows")


# A process that was forked off has none of the threads of the one before.
os.register_at_fork(after_in_child=_helpers.cache_clear)


def batches(first: int, last: int) -> Iterator[slice]:
    """Slices from the first row until before the last one, of so few rows that they stay in the cache."""
    for begin in range(first, last, ROWS_PER_BLOCK):
        yield slice(begin, min(begin + ROWS_PER_BLOCK, last))


def places(of: Rows, n_rows: int) -> Integers:
    """Numbers of some rows among so many."""
    return np.arange(*of.indices(n_rows)) if isinstance(of, slice) else np.ascontiguousarray(of)


def in_parts(kernel: Callable[[Integers], object], group: Integers) -> None:
    """Call a kernel with the rows of some groups at a time, all of them once and in their order.

    group: of each row. The kernel releases the GIL and adds to the groups of its rows alone. Every thread gets
    neighbouring groups of about as many rows: what two of them write lies apart, or both wait for the other's cache.
    """
    n_parts = threads() if group.size > FEW_ROWS else 1
    place = group - group.min(initial=0)
    sizes = np.bincount(place)
    middles = np.cumsum(sizes) - sizes / 2
    part = (middles * n_parts // max(group.size, 1)).astype(np.int16)[place]
    _on_every_core(kernel, [np.flatnonzero(part == one) for one in range(n_parts)])
