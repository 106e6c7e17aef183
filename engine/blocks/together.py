"""Together: what the blocks of a chain tell one another.

A chain that is too large for one look is cut into blocks, each of some of its SKUs in all of its stores. Every block
runs the same code on its own rows. Where a number belongs to the whole chain, each block gives its part and gets the
whole; all blocks ask in the same order. One block alone asks itself, so there is one way to write a stage.

Results do not depend on the cut: sums are of whole numbers or of `engine.blocks.exact` parts, which no order of
adding changes, and what is joined is used in ways that do not ask for its order.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.arrays import Floats, Integers
from engine.blocks import exact

T = TypeVar("T")
Numbers = NDArray[Any]


class Together(ABC):
    """One block's way to the others. number: which block this is, from 0. of: how many there are.

    takes_turns: whether other blocks work in this process while this one waits.
    """

    number: int
    of: int
    takes_turns: bool = False

    @abstractmethod
    def gathered(self, mine: T) -> list[T]:
        """What every block gives here, in the order of the blocks. Waits until all have given theirs.

        Nobody may write into what comes back: other blocks may hold the same.
        """

    @abstractmethod
    def once(self, make: Callable[[], T]) -> T:
        """What `make` returns, which is the same in every block; blocks of one process make it once and share it.

        What it raises is raised in every block. It asks the others nothing.
        """

    def before_waiting(self, rest: Callable[[], None]) -> None:
        """Have `rest` called whenever this block hands its turn on, to let go of what it holds meanwhile."""
        raise NotImplementedError("blocks that take no turns never rest")

    def added(self, mine: Numbers) -> Numbers:
        """The sum of every block's array: of whole numbers, or of parts as `engine.blocks.exact` makes them.

        The sum of marks is their any. Who gives a large array keeps no name for it: then it is let go at once.
        """
        every = self.gathered(mine)
        return self.once(lambda: np.sum(every, axis=0, dtype=mine.dtype)) if self.of > 1 else mine

    def joined(self, mine: Numbers) -> Numbers:
        """Every block's array, one after the other in the order of the blocks."""
        every = self.gathered(mine)
        return self.once(lambda: np.concatenate(every)) if self.of > 1 else mine

    def rows(self, mine: pl.DataFrame) -> pl.DataFrame:
        """Every block's rows, one block after the other."""
        return pl.concat(self.gathered(mine))

    def sums_by_group(self, group: Integers, values: Floats, n_groups: int) -> Floats:
        """Sum of the whole chain's values by group, (n_groups,), the same whatever the order and the cut."""
        return exact.total(self.added(exact.by_group(group, values, n_groups)))

    def sum(self, values: Floats) -> float:
        """Sum of the whole chain's values, the same whatever the order and the cut."""
        return float(self.sums_by_group(np.zeros(values.size, np.int64), values, 1)[0])

    def count(self, mine: int) -> int:
        """Sum of a whole number of every block."""
        return sum(self.gathered(int(mine)))

    def largest(self, mine: float) -> float:
        """The largest number of any block."""
        return max(self.gathered(mine))


class _Alone(Together):
    """The whole chain is one block."""

    number, of = 0, 1

    def gathered(self, mine: T) -> list[T]:
        return [mine]

    def once(self, make: Callable[[], T]) -> T:
        return make()


ALONE: Together = _Alone()
"""One block is the whole chain."""
