"""Shrinking: factors as ratios of sums, with a prior in units of sale added to both sides."""

from collections.abc import Sequence

import numpy as np

from engine.arrays import Floats


def shrunk(sums: Sequence[Floats], prior_units: float) -> Floats:
    """Factors of (category, kind) toward those of the chain, and those toward 1.

    sums: units, expected units and number of cells, each (categories, kinds).
    """
    chain = toward_one([table.sum(axis=0, keepdims=True) for table in sums], prior_units, 0.0)
    sold, expected, _ = sums
    return np.asarray((sold + prior_units * chain) / (expected + prior_units))


def toward_one(sums: Sequence[Floats], prior_units: float, prior_rows: float) -> Floats:
    """Units over expected units, as if the prior's units and some more average rows had sold as expected.

    The rows keep a factor from learning what a single store-SKU does.
    """
    sold, expected, cells = sums
    prior = prior_units + prior_rows * expected / np.maximum(cells, 1.0)
    return np.asarray((sold + prior) / (expected + prior))
