"""Seeds from keys: one number from the bytes of each text."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels import types as t


@njit(t.nothing(t.given(t.byte, 1), t.wholes_in, t.written(t.seed, 1)), cache=True, nogil=True)
def hash_texts(content: NDArray[np.uint8], ends: NDArray[np.int64], hashes: NDArray[np.uint64]) -> None:
    """FNV-1a, 64 bits (Fowler, Noll and Vo 1991), of each text.

    content: the bytes of all texts. ends: (n_texts + 1,), text i is content[ends[i]:ends[i + 1]]. hashes: written.
    """
    for text in range(hashes.size):
        value = np.uint64(0xCBF29CE484222325)
        for place in range(ends[text], ends[text + 1]):
            value = (value ^ np.uint64(content[place])) * np.uint64(0x100000001B3)
        hashes[text] = value
