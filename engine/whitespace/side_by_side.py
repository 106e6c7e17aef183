"""Side by side: fits and experiments that do not touch one another, two at once."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

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
    with threadpool_limits(1), ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(work, items))
