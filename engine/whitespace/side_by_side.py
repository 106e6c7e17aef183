"""Side by side: fits and experiments that do not touch one another, two at once in a process."""

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from sklearn.exceptions import ConvergenceWarning

from engine.blocks.executor import IN_PROCESS, Executor
from engine.one_thread import one_thread

Item = TypeVar("Item")
Made = TypeVar("Made")

AT_ONCE: Final = 2
"""Each holds a copy of the features that it is fitted on."""


def side_by_side(
    work: Callable[[Item], Made], items: Iterable[Item], who: Executor = IN_PROCESS, at_once: int = AT_ONCE
) -> list[Made]:
    """What the work makes of each item, in their order. who: does it. at_once: so many in this process.

    Nothing that comes out depends on it. Linear algebra has one thread each, also in what is called from here: how a
    product is cut up among several decides its last bits.
    """
    return who.map(work, items, at_once=at_once, within=_steady)


@contextmanager
def _steady() -> Iterator[None]:
    # Filters of warnings are of the process: where each fit sets and resets them for itself, the first that ends
    # resets those of the others.
    unfinished = warnings.catch_warnings(action="ignore", category=ConvergenceWarning)
    with one_thread(), unfinished:
        yield
