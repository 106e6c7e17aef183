"""What rows sold before they rose."""

import math

import numpy as np

from engine.kernels.compiling import inner, kernel
from engine.kernels.sales import N_WORKED_WITH, Sales, row_in_units_of_sale
from engine.kernels.types import Floats1D, Integers1D, Out


@inner
def _gain(sold: float, expected_units: float, share: float) -> float:
    """Log likelihood ratio of a Poisson count's own share of its expectation to a given one."""
    return sold * math.log(sold / (share * expected_units)) if sold > 0.0 else 0.0


@kernel
def two_rates(before: float, due: float, later: float, due_later: float) -> float:
    """Log likelihood ratio of two Poisson rates, one until a rise and one from it on, to one; 0 where none rose.

    before, later: units sold until it and from it on. due, due_later: expected.
    """
    # A rise, not a fall: later days sold more of their expectation. Products spare dividing by nothing.
    if not (due > 0.0 and due_later > 0.0 and later * due > before * due_later):
        return 0.0
    share = (before + later) / (due + due_later)
    return _gain(before, due, share) + _gain(later, due_later, share)


@kernel
def before_rises(
    sales: Sales, least_units: float, bound: float, rows: Integers1D, ends: Integers1D, shares: Out[Floats1D]
) -> None:
    """Share of their expectation that the clean days before a rise sold; the rise may be on any day before the end.

    The likeliest rise is the one with the largest log likelihood ratio of two Poisson rates to one, divided by how
    far sales scatter beyond counts: 1 + dispersion · mean expected units (quasi-likelihood, Wedderburn 1974).
    least_units: due before the rise, units of sale. bound: ratio from which a rise is proven. rows, ends: (n_spans,),
    of the panel; days from the end on are not looked at. shares: (n_spans,), NaN without a proven rise; written.
    """
    room = np.empty((N_WORKED_WITH, sales.usable.shape[1]))
    for place in range(rows.size):
        of, end = row_in_units_of_sale(sales, rows[place], room), ends[place]
        units, expected, clean = of.units, of.expected, of.clean
        shares[place] = np.nan
        sold = expected_units = 0.0
        days = 0
        for day in range(end):
            if clean[day]:
                sold += units[day]
                expected_units += expected[day]
                days += 1
        if not (sold > 0.0 and expected_units > 0.0):
            continue
        # Instead of dividing every ratio by the scatter, the bound is multiplied by it once.
        best = bound * (1.0 + of.dispersion * expected_units / days)
        before = due = 0.0
        for day in range(end):
            if due >= least_units:
                ratio = two_rates(before, due, sold - before, expected_units - due)
                if ratio > 0.0 and ratio >= best:
                    best, shares[place] = ratio, before / due
            if clean[day]:
                before, due = before + units[day], due + expected[day]
