"""Course: how every store and every SKU fared day by day, dark shelves included, and what every SKU cost.

In: `Panel` with `expected`, `Demand`. Out: `Course`. The factors of `Demand` are learnt from clean days alone, so
that a store in which every shelf went dark would look healthy there; here it does not.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from engine.arrays import Floats
from engine.kernels import causes, rows
from engine.kernels.causes import Course, CourseSums
from engine.kernels.compiling import given
from engine.settings.shelf.calibrated import PatternSettings
from engine.shelf.calibrated.expect import Demand
from engine.shelf.panel import Panel


def course(panel: Panel, found: Demand, settings: PatternSettings) -> Course:
    """Add up the chain by store, and the SKUs of the block."""
    of_store, of_sku, prices = _sums(panel, found, settings.group_spread)
    of_chain = panel.together.added(of_store)
    return Course(*panel.together.once(lambda: _totals(of_chain)), *_totals(of_sku), *prices)


def _sums(panel: Panel, found: Demand, spread: float) -> tuple[Floats, Floats, Floats]:
    """Of the block: `CourseSums` of stores and of SKUs, (4, groups, days); prices and their number, (2, skus, days).

    Threads share the groups.
    """
    n_sums = len(CourseSums._fields)
    of_store = np.zeros((n_sums, panel.stores.height, panel.n_days))
    of_sku, prices = (np.zeros((n, panel.skus.height, panel.n_days)) for n in (n_sums, 2))
    sales = given(found.sales(panel.array("units"), panel.array("expected")))
    store, sku = panel.codes("store"), panel.codes("sku")

    def add(part: int) -> None:
        threads = part, rows.threads()
        causes.group_course(sales, store, found.store_day, spread, *threads, CourseSums(*of_store))
        causes.group_course(sales, sku, found.sku_day, spread, *threads, CourseSums(*of_sku))
        causes.price_course(panel.array("price"), found.usual_price, sku, *threads, *prices)

    with ThreadPoolExecutor(rows.threads()) as pool:
        list(pool.map(add, range(rows.threads())))
    return of_store, of_sku, prices


def _totals(sums: Floats) -> tuple[Floats, Floats]:
    """Units sold and expected, (groups, days) each."""
    sold, sold_rest, expected, expected_rest = sums
    return sold + sold_rest, expected + expected_rest
