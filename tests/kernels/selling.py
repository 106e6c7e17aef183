"""Sales of any units and expectations, as kernels take them."""

from __future__ import annotations

import numpy as np

from engine.kernels.compiling import given
from engine.kernels.records import Factors
from engine.kernels.sales import Cells, Sales
from engine.shelf.measures import Whole, packed


def sales_of(
    units: np.ndarray,
    expected: np.ndarray,
    usable: np.ndarray,
    clean: np.ndarray,
    dispersion: np.ndarray,
    unit: np.ndarray,
    borrowed_share: np.ndarray,
    borrowed_variance: np.ndarray,
) -> Sales:
    """Rows of any expectation: every row is a SKU of its own, whose days have it as their factor."""
    n_rows, n_days = units.shape
    nothing, row = np.zeros(n_rows, np.int64), np.arange(n_rows)
    cells = Cells(packed(Whole(units)), clean, np.zeros((n_rows, n_days), np.uint8), nothing, nothing, row, unit)
    factors = Factors(np.ones((1, n_days)), np.ones((1, 1)), np.ones((1, n_days)), np.ascontiguousarray(expected))
    known = (given(cells), given(factors), np.ones(n_rows), usable)
    return given(Sales(*known, dispersion, borrowed_share, borrowed_variance))
