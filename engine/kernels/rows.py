"""Running a kernel over blocks of rows on every core; no number depends on how the rows are cut."""

import itertools
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from engine.arrays import Integers

BLOCKS_PER_THREAD = 4
"""More blocks than threads, so that one slow block does not leave a core idle."""
ROWS_PER_BLOCK = 4096
"""What a block works with stays in the processor's cache."""
FEW_ROWS = 256
"""Starting threads takes longer than what so few rows take."""


def threads() -> int:
    """Cores to use: `POLARS_MAX_THREADS` when set, so that one setting governs the whole process."""
    return int(os.environ.get("POLARS_MAX_THREADS", 0)) or len(os.sched_getaffinity(0))


def in_blocks(kernel: Callable[[slice], object], n_rows: int, rows_per_block: int = ROWS_PER_BLOCK) -> None:
    """Call a kernel with slices that cover `n_rows` once. The kernel releases the GIL and writes its own rows."""
    fewest = threads() * BLOCKS_PER_THREAD if n_rows > FEW_ROWS else 1
    blocks = min(max(fewest, -(-n_rows // rows_per_block)), n_rows)
    bounds = [n_rows * block // max(blocks, 1) for block in range(blocks + 1)]
    slices = [slice(first, last) for first, last in itertools.pairwise(bounds)]
    if threads() == 1 or len(slices) == 1:
        for rows in slices:
            kernel(rows)
        return
    with ThreadPoolExecutor(threads()) as pool:
        list(pool.map(kernel, slices))


def batches(first: int, last: int) -> Iterator[slice]:
    """Slices from the first row until before the last one, of so few rows that they stay in the cache."""
    for begin in range(first, last, ROWS_PER_BLOCK):
        yield slice(begin, min(begin + ROWS_PER_BLOCK, last))


def in_parts(kernel: Callable[[Integers], object], group: Integers) -> None:
    """Call a kernel with some rows at a time, all of them once: those of a group in one thread and in their order.

    group: of each row. The kernel releases the GIL and adds to the groups of its rows alone.
    """

    def add(part: int) -> None:
        mine = np.flatnonzero(group % threads() == part)
        for some in batches(0, mine.size):
            kernel(mine[some])

    if threads() == 1:
        add(0)
        return
    with ThreadPoolExecutor(threads()) as pool:
        list(pool.map(add, range(threads())))
