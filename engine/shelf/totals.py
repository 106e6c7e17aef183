"""Totals: a SKU or a store that holds the sum of all the others is a line of the report, and no SKU or store.

In: `Panel`. Out: nothing, or a refusal. One look at the sums of the chain tells whether any could be one.
"""

import numpy as np

from engine.arrays import Floats, Integers, Marks
from engine.blocks import exact
from engine.errors import InputError, Problem
from engine.kernels import rows
from engine.settings.shelf.delivered import PriceCheckSettings
from engine.shelf.panel import Panel
from engine.vocabulary import shelf as v

HALF = 0.5
"""What holds the sum of all others holds this share of everything."""
MOSTLY = 0.9
"""On so many of its days it has to."""
PAIRS_AT_A_TIME = 50_000
"""So many store-SKUs are added up at a time."""
FEWEST = 3
"""SKUs or stores among which one can be a total: of two, either holds the sum of the other."""
ROUNDING = 1e-6
"""Sums that differ by less than this share are the same."""


def refuse_totals(panel: Panel, of: PriceCheckSettings) -> None:
    """Raise InputError when a SKU or a store sells, day by day, what all others of its store or SKU sell together."""
    sold = _sums(panel)
    chain = panel.together.sum(sold)
    of_sku = np.bincount(panel.codes("sku"), sold, panel.skus.height).astype(np.float64)
    of_store = panel.together.sums_by_group(panel.codes("store"), sold, panel.stores.height)
    problems = [*_skus(panel, _likely(of_sku, chain, of)), *_stores(panel, _likely(of_store, chain, of))]
    if problems:
        raise InputError(problems)


def _sums(panel: Panel) -> Floats:
    """Units of every pair, (pairs,)."""
    sold = np.empty(panel.pairs.height)

    def add(block: slice) -> None:
        with np.errstate(over="ignore"):
            sold[block] = np.nansum(panel.array("units", block), axis=1)

    rows.in_blocks(add, sold.size)
    return sold


def _likely(sold: Floats, chain: float, of: PriceCheckSettings) -> Integers:
    """The SKUs or stores that sell as much as all others together."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return np.flatnonzero(np.abs(sold / chain / HALF - 1.0) <= of.tolerance)


def _skus(panel: Panel, likely: Integers) -> list[Problem]:
    """likely: SKUs of the block. Every block is asked for each, for it holds some of the others."""
    together, named = panel.together, list[str]()
    n_skus = together.count(panel.skus.height)
    own = [(int(one), str(panel.skus["sku_id"][int(one)])) for one in likely]
    for block, of_block in enumerate(together.gathered(own)):
        for one, sku_id in of_block:
            is_one = (panel.codes("sku") == one) & (block == together.number)
            others = exact.total(together.added(_others(panel, "store", panel.stores.height, is_one)))
            if _are_sums(panel, is_one, others[panel.codes("store")[is_one]]) and n_skus >= FEWEST:
                named.append(sku_id)
    return _problems("sku", named)


def _stores(panel: Panel, likely: Integers) -> list[Problem]:
    """likely: stores of the chain. The others of a SKU are all in its block."""
    named = list[str]()
    for one in likely:
        is_one = panel.codes("store") == one
        others = exact.total(_others(panel, "sku", panel.skus.height, is_one))
        if _are_sums(panel, is_one, others[panel.codes("sku")[is_one]]) and panel.stores.height >= FEWEST:
            named.append(str(panel.stores["store_id"][int(one)]))
    return _problems("store", named)


def _problems(kind: str, named: list[str]) -> list[Problem]:
    if not named:
        return []
    what = f"{kind}_id {', '.join(named)} holds the sum of all others: it is a total among the rows"
    return [Problem(v.SALES, what, "leave totals out of the export")]


def _others(panel: Panel, within: str, n_groups: int, is_one: Marks) -> Floats:
    """Parts of the units of all pairs but those marked, by store or SKU and day, (groups, days, 2)."""
    others, group = np.flatnonzero(~is_one), panel.codes(within)
    parts = np.zeros((n_groups, panel.n_days, exact.N_PARTS))
    for first in range(0, others.size, PAIRS_AT_A_TIME):
        some = others[first : first + PAIRS_AT_A_TIME]
        units = np.nan_to_num(panel.array("units", some), posinf=np.inf, neginf=-np.inf)
        for day in range(panel.n_days):
            parts[:, day] += exact.by_group(group[some], units[:, day], n_groups)
    return parts


def _are_sums(panel: Panel, is_one: Marks, others: Floats) -> bool:
    """Whether the marked pairs, those of all blocks, sell what the others do. others: of each of them and day."""
    own = panel.array("units", np.flatnonzero(is_one))
    is_comparable = ~np.isnan(own) & (others > 0)
    is_equal = is_comparable & (np.abs(own - others) <= ROUNDING * others)
    agreeing, days = (panel.together.count(int(marks.sum())) for marks in (is_equal, is_comparable))
    return days > 0 and agreeing >= MOSTLY * days
