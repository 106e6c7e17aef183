"""Prices: what was paid for a unit, and whether the prices say the same.

In: `Panel` with its prices, units and revenue. Out: the price each store-SKU was paid at, the price it is valued at,
and what is to be told of SKUs and stores whose prices are not those of the till: cents, a tax, packs, a currency.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.arrays import Floats
from engine.errors import InputError, Problem
from engine.kernels import rows
from engine.settings.shelf.delivered import PriceCheckSettings
from engine.shelf.panel import Panel
from engine.vocabulary import shelf as v

SHOWN = 5
"""SKUs or stores named in a notice."""
CENTS = 100.0
LARGEST_PACK = 48
NEAR = 0.03
"""Factors that differ by less look the same."""
TAXES = (1.04, 1.3)
"""Factors that a sales tax makes."""


@dataclass(frozen=True)
class PaidPrices:
    """What shoppers paid of late, (pairs,): revenue over units, NaN without sales. ratio: the prices asked on those
    days over that, NaN where either is unknown. units: sold on those days.
    """

    paid: Floats
    ratio: Floats
    units: Floats


def paid_prices(panel: Panel) -> PaidPrices:
    """Revenue over units of the days that keep their revenue."""
    revenue_days = panel.measures["revenue"].shape[1]
    days = slice(panel.n_days - 1 - revenue_days, panel.n_days - 1)
    paid, ratio, sold = (np.full(panel.pairs.height, np.nan) for _ in range(3))

    def add(block: slice) -> None:
        units, price = panel.array("units", block)[:, days], panel.array("price", block)[:, days]
        earned = panel.array("revenue", block)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            is_known = (units > 0) & (earned > 0)
            sold[block] = np.where(is_known, units, 0.0).sum(axis=1)
            paid[block] = np.where(is_known, earned, 0.0).sum(axis=1) / sold[block]
            is_priced = is_known & (price > 0)
            asked = np.where(is_priced, units * price, 0.0).sum(axis=1)
            ratio[block] = asked / np.where(is_priced, earned, 0.0).sum(axis=1)

    rows.in_blocks(add, panel.pairs.height)
    for values in (paid, ratio):
        values[~np.isfinite(values) | (values <= 0)] = np.nan
    return PaidPrices(paid, ratio, sold)


def refuse_swapped(panel: Panel, found: PaidPrices, of: PriceCheckSettings) -> None:
    """Raise InputError when units stand in the column of revenue and revenue in that of units.

    What was paid is then the price turned upside down.
    """
    price, together = panel.at("price", np.arange(panel.pairs.height), -1), panel.together
    is_enough = ~np.isnan(found.ratio) & (found.units >= of.min_units) & (price > 0)
    own = np.stack([np.log(found.ratio[is_enough]), 2 * np.log(price[is_enough])], axis=1)
    told, pairs = together.joined(own), together.count(panel.pairs.height)
    if not len(told):
        return
    away, if_swapped = together.once(lambda: np.median(np.abs([told[:, 0], told[:, 0] - told[:, 1]]), axis=1))
    bound = np.log(1 + of.tolerance)
    if away > bound and if_swapped <= bound:
        what = "units_sold and revenue look swapped: revenue ÷ units is one over the price"
        advice = "put each into its own column"
        raise InputError([Problem(v.SALES, what, advice, len(told), pairs)])


def believed_prices(
    panel: Panel, pair: NDArray[np.int64], own: Floats, found: PaidPrices, of: PriceCheckSettings
) -> tuple[Floats, Floats]:
    """The own price and the paid price that value some store-SKUs, NaN unknown.

    pair, own: (points,), the price asked. The first is NaN where it is beyond any bargain or rise against what was
    paid; the second is what was paid for the store-SKU, else the middle of what was paid for its SKU.
    """
    paid_enough = np.where(found.units >= of.min_units, found.paid, np.nan)
    of_sku = _medians_of(paid_enough, panel.codes("sku"), panel.skus.height)[panel.codes("sku")[pair]]
    paid = np.where(np.isnan(found.paid[pair]), of_sku, found.paid[pair])
    with np.errstate(invalid="ignore"):
        is_wrong = np.abs(np.log(own / paid)) > np.log(of.wrong_factor)
    return np.where(is_wrong, np.nan, own), paid


def price_notices(panel: Panel, found: PaidPrices, of: PriceCheckSettings) -> Iterator[Problem]:
    """What is to be told of prices that are not what was paid: of the chain, else of stores, else of SKUs."""
    together, store = panel.together, panel.codes("store")
    is_enough = ~np.isnan(found.ratio) & (found.units >= of.min_units)
    own = np.log(found.ratio[is_enough])
    known, of_store = together.joined(own), together.joined(store[is_enough])
    pairs = together.count(panel.pairs.height)
    if not known.size:
        return
    ratio = np.full(is_enough.size, np.nan)
    ratio[is_enough] = own
    bound = np.log(1 + of.tolerance)
    chain = together.once(lambda: float(np.median(known)))
    advice = "deliver the price that the till asks, in the money of revenue; cases are valued at what was paid " + (
        f"where the two differ more than {of.wrong_factor:g} times"
    )
    if abs(chain) > bound:
        what = f"prices are {np.exp(chain):.3g} times what was paid (revenue ÷ units): {_looks_like(np.exp(chain))}"
        yield Problem(v.PRICING, what, advice, known.size, pairs)
        ratio, known = ratio - chain, known - chain
    stores = together.once(lambda: _medians_of(known, of_store, panel.stores.height))
    yield from _problems_of("stores", panel.stores["store_id"], stores, bound, advice)
    odd_store = np.abs(np.nan_to_num(stores))[store] > bound
    skus = _medians_of(np.where(odd_store, np.nan, ratio), panel.codes("sku"), panel.skus.height)
    of_chain = together.rows(panel.skus.select("sku_id").with_columns(ratio=skus))
    yield from _problems_of("SKUs", of_chain["sku_id"], of_chain["ratio"].to_numpy(), bound, advice)


def _problems_of(kind: str, ids: pl.Series, ratio: Floats, bound: float, advice: str) -> Iterator[Problem]:
    odd = np.flatnonzero(np.abs(np.nan_to_num(ratio)) > bound)
    if not odd.size:
        return
    order = odd[np.argsort(-np.abs(ratio[odd]), kind="stable")][:SHOWN]
    examples = tuple(
        f"{ids[int(one)]}: {np.exp(ratio[one]):.3g} times, {_looks_like(np.exp(ratio[one]))}" for one in order
    )
    what = f"prices of {odd.size:,} of {len(ids):,} {kind} are not what was paid (revenue ÷ units)"
    yield Problem(v.PRICING, what, advice, examples=examples)


def _looks_like(factor: float) -> str:
    """What a price that is so many times what was paid looks like."""
    if factor < 1:
        other = _looks_like(1 / factor)
        return f"seen from revenue, {other}"
    if abs(factor / CENTS - 1) < 10 * NEAR:
        return "it looks like cents"
    if TAXES[0] <= factor <= TAXES[1]:
        return "it looks like a tax or a discount on one side only"
    if 2 * (1 - NEAR) <= factor <= LARGEST_PACK and abs(factor / round(factor) - 1) < NEAR:
        return f"it looks like the price of a pack of {round(factor)}"
    return "it looks like another currency or another unit"


def _medians_of(values: Floats, group: NDArray[np.int64], n_groups: int) -> Floats:
    """The median of the known values of every group, NaN without any."""
    known = ~np.isnan(values)
    found = (
        pl.DataFrame({"group": group[known], "value": values[known]}).group_by("group").agg(pl.col("value").median())
    )
    medians = np.full(n_groups, np.nan)
    medians[found["group"].to_numpy()] = found["value"].to_numpy()
    return medians
