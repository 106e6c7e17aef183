"""Side by side: fits and experiments that do not touch one another, two at once."""

import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

Item = TypeVar("Item")
Made = TypeVar("Made")

WORKERS: Final = 2
"""Each holds a copy of the features that it is fitted on."""


def side_by_side(work: Callable[[Item], Made], items: Iterable[Item]) -> list[Made]:
    """What the work makes of each item, in their order.

    Nothing that comes out depends on it. Linear algebra has one thread each, also in what is called from here: how a
    product is cut up among several decides its last bits.
    """
    # Filters of warnings are of the process: where each fit sets and resets them for itself, the first that ends
    # resets those of the others.
    unfinished = warnings.catch_warnings(action="ignore", category=ConvergenceWarning)
    with threadpool_limits(1), unfinished, ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(work, items))
