"""Course: how every store and every SKU fared day by day, dark shelves included, and what every SKU cost.

In: `Panel` with `expected`, `Demand`. Out: `Course`. The factors of `Demand` are learnt from clean days alone, so
that a store in which every shelf went dark would look healthy there; here it does not.
"""

import numpy as np

from engine.arrays import Floats, Integers
from engine.kernels import causes, rows
from engine.kernels.causes import Course, CourseSums
from engine.settings.shelf.calibrated import PatternSettings
from engine.shelf.calibrated.expect import Demand
from engine.shelf.measures import packed
from engine.shelf.panel import Panel


def course(panel: Panel, found: Demand, settings: PatternSettings) -> Course:
    """Add up the chain by store, and the block by its SKUs."""
    together, spread = panel.together, settings.group_spread
    of_chain = together.added(_sums(panel, found, panel.codes("store"), found.store_day, spread))
    of_stores = together.once(lambda: _totals(of_chain))
    of_skus = _totals(_sums(panel, found, panel.codes("sku"), found.sku_day, spread))
    return Course(*of_stores, *of_skus, *_prices(panel, found))


def _sums(panel: Panel, found: Demand, group: Integers, factor: Floats, spread: float) -> Floats:
    """What the block's pairs add to their groups, (4, groups, days), in the order of `CourseSums`."""
    sums = np.zeros((len(CourseSums._fields), *factor.shape))
    sales = found.sales(panel)

    def add(some: Integers) -> None:
        causes.group_course(sales, some, group, factor, spread, CourseSums(*sums))

    rows.in_parts(add, group)
    return sums


def _prices(panel: Panel, found: Demand) -> Floats:
    """Sums of prices as shares of the usual one, and their number, (2, skus, days)."""
    sums = np.zeros((2, *found.sku_day.shape))
    sku = panel.codes("sku")

    def add(some: Integers) -> None:
        causes.price_course(packed(panel.measures["price"]), some, found.usual_price, sku, *sums)

    rows.in_parts(add, sku)
    return sums


def _totals(sums: Floats) -> tuple[Floats, Floats]:
    """Units sold and expected, (groups, days) each."""
    sold, sold_rest, expected, expected_rest = sums
    return sold + sold_rest, expected + expected_rest
