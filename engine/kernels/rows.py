"""Running a kernel over blocks of rows on every core; no number depends on how the rows are cut."""

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

BLOCKS_PER_THREAD = 4
"""More blocks than threads, so that one slow block does not leave a core idle."""
ROWS_PER_BLOCK = 2048
"""What a block works with stays in the processor's cache."""
FEW_ROWS = 256
"""Starting threads takes longer than what so few rows take."""


def threads() -> int:
    """Cores to use: `POLARS_MAX_THREADS` when set, so that one setting governs the whole process."""
    return int(os.environ.get("POLARS_MAX_THREADS", 0)) or len(os.sched_getaffinity(0))


def in_blocks(kernel: Callable[[slice], object], n_rows: int) -> None:
    """Call a kernel with slices that cover `n_rows` once. The kernel releases the GIL and writes its own rows."""
    fewest = threads() * BLOCKS_PER_THREAD if n_rows > FEW_ROWS else 1
    blocks = min(max(fewest, -(-n_rows // ROWS_PER_BLOCK)), n_rows)
    bounds = [n_rows * block // max(blocks, 1) for block in range(blocks + 1)]
    slices = [slice(first, last) for first, last in itertools.pairwise(bounds)]
    if threads() == 1 or len(slices) == 1:
        for rows in slices:
            kernel(rows)
        return
    with ThreadPoolExecutor(threads()) as pool:
        list(pool.map(kernel, slices))


def in_parts(kernel: Callable[[int, int], object]) -> None:
    """Call a kernel for every part of the groups that it adds up: with the number of the part and of all parts.

    The kernel releases the GIL and writes the groups of its part alone.
    """
    parts = threads()
    if parts == 1:
        kernel(0, 1)
        return
    with ThreadPoolExecutor(parts) as pool:
        list(pool.map(lambda part: kernel(part, parts), range(parts)))
