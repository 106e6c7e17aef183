"""Borrow: what other stores say of a store-SKU that was listed late (the cold start).

In: `Panel`, levels. Out: the level that like stores let expect of every store-SKU listed late, and how far that may
be wrong. A store is brought to the size of another by what it sells of all its SKUs; how far stores still differ in a
SKU is what the chain's own stores show, each against all the others.
"""

from typing import NamedTuple

import numpy as np

from engine.arrays import Floats, Integers, Marks
from engine.kernels.records import Borrowed
from engine.settings.shelf.calibrated import DemandSettings
from engine.shelf.panel import Panel

ROUNDS = 4
"""Of SKUs and stores in turn: sizes change by less than a thousandth after so many."""
FEWEST_LENDERS = 2
"""Of one store nobody knows how far it differs from others."""


class _Sizes(NamedTuple):
    """level ≈ of_sku × of_store. of_sku: (skus,), units of sale a day in a store of size 1; of_store: (stores,)."""

    of_sku: Floats
    of_store: Floats


def nothing_borrowed(n_pairs: int) -> Borrowed:
    """Every level is its own."""
    return Borrowed(np.zeros(n_pairs), np.zeros(n_pairs), np.zeros(n_pairs))


def listed_late(panel: Panel, young_days: int) -> Marks:
    """Store-SKUs that were listed at least so many days after the first one of which anything is known, (pairs,)."""
    first_day = int(np.argmax(panel.is_open.any(axis=0)))
    return np.asarray(panel.codes("listed") - first_day >= young_days)


def borrowed(
    panel: Panel, level: Floats, exposure: Floats, unit: Floats, dispersion: Floats, settings: DemandSettings
) -> Borrowed:
    """What each store-SKU that was listed late would sell if it were like the SKU in other stores, (pairs,).

    Nothing is borrowed of a SKU that no store has carried for long, and nowhere unless two stores carry one: then
    nobody knows how far stores differ.

    level: units a day, NaN unknown. exposure: days that tell it. unit: of sale. dispersion: of a day. All (pairs,).
    """
    store, sku = panel.codes("store"), panel.codes("sku")
    is_late = listed_late(panel, settings.young_days)
    sold = np.nan_to_num(level) / unit
    lends = ~is_late & (exposure > 0.0) & (sold > 0.0)
    lenders = np.bincount(sku[lends], minlength=panel.skus.height)
    borrows = np.flatnonzero(is_late & (lenders[sku] > 0))
    lent, together = nothing_borrowed(sold.size), panel.together
    if not together.count(borrows.size) or together.largest(int(lenders.max(initial=0))) < FEWEST_LENDERS:
        return lent
    sizes = _sizes(sold, exposure, lends, panel)
    variance = _between_stores(sold, exposure, dispersion, np.flatnonzero(lends), panel, sizes, settings)
    lent.level[borrows] = (sizes.of_sku[sku] * sizes.of_store[store] * unit)[borrows]
    lent.relative_variance[borrows] = variance[sku[borrows]]
    return lent._replace(dispersion=dispersion)


def _sizes(sold: Floats, exposure: Floats, lends: Marks, panel: Panel) -> _Sizes:
    """SKUs and stores in turn, each a ratio of sums; a store without a sale is as large as any other.

    Lenders tell a SKU; whatever a store sells tells the store, so that one which has just opened has a size, too.
    """
    store, sku, n_skus, n_stores = panel.codes("store"), panel.codes("sku"), panel.skus.height, panel.stores.height
    of_store = np.ones(n_stores)
    for _ in range(ROUNDS):
        levels, due = np.where(lends, sold, 0.0), np.where(lends, of_store[store], 0.0)
        of_sku = _ratio(np.bincount(sku, levels, n_skus), np.bincount(sku, due, n_skus))
        is_known = np.isfinite(of_sku)[sku]
        days_sold, days_due = (each * exposure * is_known for each in (sold, np.nan_to_num(of_sku)[sku]))
        of_store = _ratio(*(panel.together.sums_by_group(store, days, n_stores) for days in (days_sold, days_due)))
        of_store = np.where(of_store > 0.0, of_store, 1.0)
    return _Sizes(np.nan_to_num(of_sku), of_store)


def _ratio(total: Floats | Integers, due: Floats | Integers) -> Floats:
    """The one over the other, NaN where the lower one is 0."""
    return np.asarray(np.divide(total, due, out=np.full(due.size, np.nan), where=due > 0.0))


def _between_stores(
    sold: Floats,
    exposure: Floats,
    dispersion: Floats,
    lenders: Integers,
    panel: Panel,
    sizes: _Sizes,
    settings: DemandSettings,
) -> Floats:
    """Relative variance between stores of every SKU, (skus,): of lenders against what the others let expect of them.

    Less what the count of their own days and dispersion explain; shrunk toward the chain's by the number of stores.
    No two stores are more alike than a level is to itself the day after.
    """
    n_skus = sizes.of_sku.size
    of_sku, of_store = panel.codes("sku")[lenders], sizes.of_store[panel.codes("store")[lenders]]
    levels = sold[lenders]
    others_sold = np.bincount(of_sku, levels, n_skus)[of_sku] - levels
    others_due = np.bincount(of_sku, of_store, n_skus)[of_sku] - of_store
    has_others = others_sold > 0.0
    let_expect = (others_sold / np.where(has_others, others_due, 1.0) * of_store)[has_others]
    days, scatter = exposure[lenders][has_others], dispersion[lenders][has_others]
    beyond = (levels[has_others] / let_expect - 1.0) ** 2 - (1.0 / let_expect + scatter) / days
    group = of_sku[has_others]
    total = np.bincount(group, beyond, n_skus).astype(np.float64)
    stores = np.bincount(group, minlength=n_skus)
    of_chain = panel.together.sum(total) / max(panel.together.count(int(stores.sum())), 1)
    chain = max(of_chain, settings.level_drift)
    prior = settings.lender_prior_stores
    return np.maximum((total + prior * chain) / (stores + prior), settings.level_drift)
