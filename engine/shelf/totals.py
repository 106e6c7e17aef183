"""Totals: a SKU or a store that holds the sum of all the others is a line of the report, and no SKU or store.

In: `Panel`. Out: nothing, or a refusal. One look at the sums of the chain tells whether any could be one.
"""

import numpy as np

from engine.arrays import Floats
from engine.errors import InputError, Problem
from engine.kernels import rows
from engine.settings.shelf.delivered import PriceCheckSettings
from engine.shelf.panel import Panel
from engine.vocabulary import shelf as v

HALF = 0.5
"""What holds the sum of all others holds this share of everything."""
MOSTLY = 0.9
"""On so many of its days it has to."""
FEWEST = 3
"""SKUs or stores among which one can be a total: of two, either holds the sum of the other."""
ROUNDING = 1e-6
"""Sums that differ by less than this share are the same."""


def refuse_totals(panel: Panel, of: PriceCheckSettings) -> None:
    """Raise InputError when a SKU or a store sells, day by day, what all others of its store or SKU sell together."""
    sold = _sums(panel)
    problems = [*_found(panel, sold, "sku", "store", of), *_found(panel, sold, "store", "sku", of)]
    if problems:
        raise InputError(problems)


def _sums(panel: Panel) -> Floats:
    """Units of every pair, (pairs,)."""
    units, sold = panel.array("units"), np.empty(panel.pairs.height)

    def add(block: slice) -> None:
        with np.errstate(over="ignore"):
            sold[block] = np.nansum(units[block], axis=1)

    rows.in_blocks(add, sold.size)
    return sold


def _found(panel: Panel, sold: Floats, kind: str, within: str, of: PriceCheckSettings) -> list[Problem]:
    ids = (panel.skus if kind == "sku" else panel.stores)[f"{kind}_id"]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        share = np.bincount(panel.codes(kind), sold, len(ids)) / sold.sum()
    named = [
        str(ids[int(one)])
        for one in np.flatnonzero(np.abs(share / HALF - 1.0) <= of.tolerance)
        if len(ids) >= FEWEST and _is_total(panel, int(one), kind, within)
    ]
    if not named:
        return []
    what = f"{kind}_id {', '.join(named)} holds the sum of all others: it is a total among the rows"
    return [Problem(v.SALES, what, "leave totals out of the export")]


def _is_total(panel: Panel, one: int, kind: str, within: str) -> bool:
    """Whether the rows of a SKU or store are the sums of the others, within their stores or SKUs."""
    units = panel.array("units")
    agreeing = days = 0
    of_one = np.flatnonzero(panel.codes(kind) == one)
    for pair in of_one:
        beside = np.flatnonzero((panel.codes(within) == panel.codes(within)[pair]) & (panel.codes(kind) != one))
        others, own = np.nansum(units[beside], axis=0), units[pair]
        comparable = ~np.isnan(own) & (others > 0)
        agreeing += int((np.abs(own[comparable] - others[comparable]) <= ROUNDING * others[comparable]).sum())
        days += int(comparable.sum())
    return days > 0 and agreeing >= MOSTLY * days
