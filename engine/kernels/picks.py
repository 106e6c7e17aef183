"""Picks: the best that still fits, one after the other, with room in several groups at once."""

import numpy as np

from engine.arrays import Integers
from engine.kernels.compiling import kernel
from engine.kernels.types import Integers1D, Integers2D, Marks1D, Out


@kernel
def _take_what_fits(
    order: Integers1D, groups: Integers2D, room: Out[Integers2D], most: int, taken: Out[Marks1D]
) -> None:
    left = most
    for place in order:
        if left == 0:
            return
        fits = True
        for part in range(groups.shape[0]):
            fits = fits and room[part, groups[part, place]] > 0
        if fits:
            taken[place] = True
            left -= 1
            for part in range(groups.shape[0]):
                room[part, groups[part, place]] -= 1


def take_what_fits(order: Integers, groups: Integers, room: Integers, most: int) -> Integers:
    """The places taken, ascending, at most so many.

    order: (n_rows,), places from the best to the worst. groups: (n_parts, n_rows), the group of every row in every
    part. room: (n_parts, n_groups), how many of each group may be taken.
    """
    taken = np.zeros(order.size, np.bool_)
    _take_what_fits(
        np.ascontiguousarray(order, np.int64), np.ascontiguousarray(groups, np.int64), room.copy(), most, taken
    )
    return np.flatnonzero(taken)
