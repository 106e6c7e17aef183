"""Course: how every store and every SKU fared day by day, dark shelves included, and what every SKU cost.

In: `Panel` with `expected`, `Demand`. Out: `Course`. The factors of `Demand` are learnt from clean days alone, so
that a store in which every shelf went dark would look healthy there; here it does not.
"""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from engine.kernels import causes, rows
from engine.kernels.causes import Course
from engine.kernels.compiling import given
from engine.settings.shelf.calibrated import PatternSettings
from engine.shelf.calibrated.expect import Demand
from engine.shelf.panel import Panel


def course(panel: Panel, found: Demand, settings: PatternSettings) -> Course:
    """Add up the chain by store and by SKU. Threads share the days: every sum is in the order of the pairs."""
    n_days = panel.n_days
    store_sold, store_expected = np.zeros((2, panel.stores.height, n_days))
    sku_sold, sku_expected, price_totals, price_counts = np.zeros((4, panel.skus.height, n_days))
    sales = given(found.sales(panel.array("units"), panel.array("expected")))
    spread = settings.group_spread
    store, sku = panel.codes("store"), panel.codes("sku")

    def add(first: int, end: int) -> None:
        causes.group_course(sales, store, found.store_day, spread, first, end, store_sold, store_expected)
        causes.group_course(sales, sku, found.sku_day, spread, first, end, sku_sold, sku_expected)
        causes.price_course(panel.array("price"), found.usual_price, sku, first, end, price_totals, price_counts)

    _over_days(add, n_days)
    return Course(store_sold, store_expected, sku_sold, sku_expected, price_totals, price_counts)


def _over_days(kernel: Callable[[int, int], None], n_days: int) -> None:
    bounds = [n_days * part // rows.threads() for part in range(rows.threads() + 1)]
    parts = [(first, end) for first, end in itertools.pairwise(bounds) if first < end]
    with ThreadPoolExecutor(rows.threads()) as pool:
        list(pool.map(lambda days: kernel(*days), parts))
