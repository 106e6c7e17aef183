"""Measures: what is known of every store-SKU on every day, in as few bytes as hold it exactly.

A stage asks for some rows of a measure at a time, as the numbers that kernels take. How they are kept changes none of
them.
"""

import threading
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats, Integers, Rows
from engine.kernels import rows as in_rows
from engine.kernels.compiling import given
from engine.kernels.packed import Packed, Packing, pack, unpack
from engine.memory import Memory


class Measure(Protocol):
    """A number of every pair and day, NaN unknown. shape: (pairs, days)."""

    @property
    def shape(self) -> tuple[int, int]:
        """Pairs and days."""
        ...

    def rows(self, of: Rows) -> NDArray[Any]:
        """The numbers of some pairs, (rows, days)."""
        ...


class Whole:
    """A measure that is one array, of which rows are shown as they are."""

    def __init__(self, array: NDArray[Any]) -> None:
        self.array = array

    @property
    def shape(self) -> tuple[int, int]:
        """As `Measure`."""
        return self.array.shape[0], self.array.shape[1]

    def rows(self, of: Rows) -> NDArray[Any]:
        """As `Measure`; without a copy where they are neighbours."""
        return self.array[of]


class Narrow:
    """A measure of two bytes a day, and of more in rows that two bytes do not hold.

    Rows may be written by several threads, each its own.
    """

    def __init__(self, shape: tuple[int, int], memory: Memory) -> None:
        self._codes = memory.empty(shape, np.uint16)
        self._divisors = np.empty(shape[0], np.uint16)
        self._wide: Floats = np.empty((0, shape[1]))
        self._memory, self._widening = memory, threading.Lock()

    @classmethod
    def of(cls, values: Floats, memory: Memory) -> "Narrow":
        """What an array holds."""
        narrow = cls((values.shape[0], values.shape[1]), memory)
        in_rows.in_blocks(lambda block: narrow.put(block, values[block]), len(values))
        return narrow

    @property
    def shape(self) -> tuple[int, int]:
        """As `Measure`."""
        return self._codes.shape[0], self._codes.shape[1]

    def rows(self, of: Rows) -> Floats:
        """As `Measure`, in an array of its own."""
        places = self._places(of)
        values = np.empty((places.size, self.shape[1]))
        unpack(given(Packed(self._codes, self._divisors, self._wide)), places, values)
        return values

    def put(self, of: Rows, values: Floats) -> None:
        """Write some rows. values: (rows, days)."""
        places = self._places(of)
        if pack(values, places, Packing(self._codes, self._divisors, self._wide)):
            with self._widening:
                if not len(self._wide):
                    # What nobody writes takes no memory.
                    self._wide = self._memory.empty(self.shape)
            pack(values, places, Packing(self._codes, self._divisors, self._wide))

    def _places(self, of: Rows) -> Integers:
        return np.arange(*of.indices(self.shape[0])) if isinstance(of, slice) else np.ascontiguousarray(of)


def replaced(measure: Measure, of: Integers, values: Floats, memory: Memory) -> Measure:
    """The same measure with other numbers in some pairs. values: (rows, days)."""
    changed = Narrow(measure.shape, memory)
    in_rows.in_blocks(lambda block: changed.put(block, measure.rows(block)), measure.shape[0])
    changed.put(of, values)
    return changed
