"""Seeds from keys: one number from the bytes of each text."""

import numpy as np

from engine.kernels.compiling import kernel
from engine.kernels.types import Flags1D, Integers1D, Out, Seeds1D


@kernel
def hash_texts(content: Flags1D, ends: Integers1D, hashes: Out[Seeds1D]) -> None:
    """FNV-1a, 64 bits (Fowler, Noll and Vo 1991), of each text.

    content: the bytes of all texts. ends: (n_texts + 1,), text i is content[ends[i]:ends[i + 1]]. hashes: written.
    """
    for text in range(hashes.size):
        value = np.uint64(0xCBF29CE484222325)
        for place in range(ends[text], ends[text + 1]):
            value = (value ^ np.uint64(content[place])) * np.uint64(0x100000001B3)
        hashes[text] = value
