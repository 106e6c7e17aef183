"""Exact: sums that no order of adding changes, so that blocks, threads and machines give the same digits.

Every number is split into a multiple of a coarse grid and one of a fine grid (Demmel and Nguyen 2013, "Fast
reproducible floating-point summation"). Multiples of one grid add up without rounding as long as their sum is
below 2^53 of its steps: 1.1e15 on the coarse grid; on the fine grid, for as many numbers as a chain has cells.
What is finer than the fine grid, 5e-10 at most a number, is left out.

The parts of a sum are its last axis, of two or, where it decides a rounding, of three; parts are added like any
numbers, and `total` makes a number of them.
"""

import numpy as np

from engine.arrays import Floats, Integers
from engine.kernels.exact import add_by_group

N_PARTS = 2
N_FINEST_PARTS = 3
"""Of sums that decide where a number is rounded to: their third part keeps what is finer than the fine grid."""


def by_group(group: Integers, values: Floats, n_groups: int) -> Floats:
    """The parts of the sum of the values of each group, (n_groups, 2). NaN where a value of the group is."""
    parts = np.zeros((n_groups, N_PARTS))
    add_by_group(np.ascontiguousarray(group, np.int64), np.ascontiguousarray(values, np.float64), parts)
    return parts


def total(parts: Floats) -> Floats:
    """The sums of which these are the parts: one axis less."""
    whole = parts[..., -1]
    for part in reversed(range(parts.shape[-1] - 1)):
        whole = parts[..., part] + whole
    return np.asarray(whole)
