"""Numbers on two grids, whose multiples add up without rounding; see `engine.blocks.exact`."""

import math

import numpy as np

from engine.kernels.compiling import kernel
from engine.kernels.packed import Packed, unpack_row
from engine.kernels.types import Flags1D, Floats1D, Floats2D, Floats3D, Integers1D, Integers2D, Out

COARSE = 1.5 * 2.0**49
"""Added to a number and taken off again, it leaves a multiple of 1/8: a number of this size has no finer digits."""
FINE = 1.5 * 2.0**22
"""The same for multiples of 2^-30."""
FINEST = 1.5 * 2.0**-8
"""The same for multiples of 2^-60."""


@kernel
def coarse(value: float) -> float:
    """The nearest multiple of the coarse grid; the value itself where it is larger than that grid reaches."""
    return (value + COARSE) - COARSE


@kernel
def fine(rest: float) -> float:
    """The nearest multiple of the fine grid to what the coarse grid leaves."""
    return (rest + FINE) - FINE


@kernel
def add_by_group(group: Integers1D, values: Floats1D, sums: Out[Floats2D]) -> None:
    """Add the parts of every value to its group. group: (n,); sums: (groups, 2)."""
    for row in range(values.size):
        value = values[row]
        if math.isinf(value):
            sums[group[row], 0] += value
            continue
        of_coarse = coarse(value)
        sums[group[row], 0] += of_coarse
        sums[group[row], 1] += fine(value - of_coarse)


@kernel
def add_days_by_group(
    of: Packed, rows: Integers1D, groups: Integers1D, parts: Out[Floats3D], counts: Out[Integers2D]
) -> None:
    """Add the known values of some rows, day by day, to their groups'; rows of group -1 count nowhere.

    of: finite or unknown. groups: of all rows (n_rows,). parts: (n_groups, n_days, 3), to the last digit; counts:
    (n_groups, n_days); both added to.
    """
    values = np.empty(counts.shape[1])
    for one in range(rows.size):
        group = groups[rows[one]]
        if group < 0:
            continue
        unpack_row(of, rows[one], values)
        for day in range(values.size):
            value = values[day]
            if np.isnan(value):
                continue
            of_coarse = coarse(value)
            of_fine = fine(value - of_coarse)
            parts[group, day, 0] += of_coarse
            parts[group, day, 1] += of_fine
            parts[group, day, 2] += (value - of_coarse - of_fine + FINEST) - FINEST
            counts[group, day] += 1


@kernel
def add_by_place(values: Floats1D, is_counted: Flags1D, whole: Out[Floats1D], rest: Out[Floats1D]) -> None:
    """Add the parts of every value that counts to the sums of its place. All (n,); none that counts is infinite."""
    for place in range(values.size):
        value = values[place]
        # A choice and no branch, so that the processor takes many at once.
        value = value if is_counted[place] != 0 else 0.0
        of_coarse = coarse(value)
        whole[place] += of_coarse
        rest[place] += fine(value - of_coarse)
