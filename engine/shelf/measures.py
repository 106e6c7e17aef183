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
from engine.kernels.packed import WIDE, Packed, Packing, pack, unpack
from engine.memory import Memory

EVERY = slice(None)


class Measure(Protocol):
    """A number of every pair and day, NaN unknown. shape: (pairs, days)."""

    @property
    def shape(self) -> tuple[int, int]:
        """Pairs and days."""
        ...

    def rows(self, of: Rows, days: slice = EVERY) -> NDArray[Any]:
        """The numbers of some pairs on neighbouring days, (rows, days)."""
        ...


class Whole:
    """A measure that is one array, of which rows are shown as they are."""

    def __init__(self, array: NDArray[Any]) -> None:
        self.array = array

    @property
    def shape(self) -> tuple[int, int]:
        """As `Measure`."""
        return self.array.shape[0], self.array.shape[1]

    def rows(self, of: Rows, days: slice = EVERY) -> NDArray[Any]:
        """As `Measure`; without a copy where the pairs are neighbours, too."""
        return self.array[of, days]


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

    def rows(self, of: Rows, days: slice = EVERY) -> Floats:
        """As `Measure`, in an array of its own."""
        places = in_rows.places(of, self.shape[0])
        first, end, _ = days.indices(self.shape[1])
        values = np.empty((places.size, end - first))
        unpack(self.packed(), places, first, values)
        return values

    def copied(self, memory: Memory) -> "Narrow":
        """The same numbers in arrays of their own."""
        copy = Narrow(self.shape, memory)
        copy._divisors[:] = self._divisors
        in_rows.in_blocks(lambda block: np.copyto(copy._codes[block], self._codes[block]), self.shape[0])
        if len(self._wide):
            copy._wide = memory.empty(self.shape)
            copy._wide[:] = self._wide
        return copy

    def packed(self) -> Packed:
        """All of it as it is kept, not to be written."""
        return given(Packed(self._codes, self._divisors, self._wide))

    def put(self, of: Rows, values: Floats) -> None:
        """Write some rows. values: (rows, days)."""
        places = in_rows.places(of, self.shape[0])
        if pack(values, places, Packing(self._codes, self._divisors, self._wide)):
            with self._widening:
                if not len(self._wide):
                    # What nobody writes takes no memory.
                    self._wide = self._memory.empty(self.shape)
            pack(values, places, Packing(self._codes, self._divisors, self._wide))


def packed(measure: Measure) -> Packed:
    """A measure for kernels that look at its rows one after the other, and take less time with fewer bytes."""
    if isinstance(measure, Narrow):
        return measure.packed()
    n_rows, n_days = measure.shape
    return given(Packed(np.empty((0, n_days), np.uint16), np.full(n_rows, WIDE, np.uint16), measure.rows(EVERY)))


def replaced(measure: Measure, of: Integers, values: Floats, memory: Memory) -> Measure:
    """A measure with other numbers in some pairs, itself where there are none. values: (rows, days)."""
    if not of.size:
        return measure
    changed = measure.copied(memory) if isinstance(measure, Narrow) else Narrow.of(measure.rows(EVERY), memory)
    changed.put(of, values)
    return changed
