"""What changed at a store-SKU from the weeks before an episode to the episode, and how its store and SKU fared."""

from typing import NamedTuple

import numpy as np

from engine.kernels.compiling import inner, inner_of_quotients, kernel
from engine.kernels.exact import add_by_place
from engine.kernels.packed import Packed, unpack_row
from engine.kernels.records import Factors, Spans
from engine.kernels.sales import N_WORKED_WITH, Sales, row_of
from engine.kernels.types import Flags1D, Flags2D, Floats1D, Floats2D, Integers1D, Out

SIGNALS = (
    "sold",
    "expected_units",
    "expected_at_usual_offer",
    "expected_alone",
    "days",
    "views",
    "views_exposure",
    "views_before",
    "views_exposure_before",
    "price",
    "price_days",
    "price_before",
    "price_days_before",
    "elsewhere",
    "elsewhere_days",
    "elsewhere_before",
    "elsewhere_days_before",
    "promo_days",
    "promo_days_before",
    "days_before",
    "stock",
    "stock_days",
    "stock_before",
    "stock_days_before",
    "stock_moves",
    "stock_pairs",
    "store_share",
    "sku_share",
    "sold_before",
    "expected_before",
)
"""Columns of `episode_signals`, all sums over days."""


class Course(NamedTuple):
    """How every store and every SKU fared day by day, and what every SKU cost.

    store_sold, store_expected: (stores, n_days), sku_sold, sku_expected: (skus, n_days), see `group_course`.
    price_totals, price_counts: (skus, n_days), see `price_course`.
    """

    store_sold: Floats2D
    store_expected: Floats2D
    sku_sold: Floats2D
    sku_expected: Floats2D
    price_totals: Floats2D
    price_counts: Floats2D


class Observed(NamedTuple):
    """All that is known of rows.

    units, expected, usable, clean: as in `sales.Row`. price, views, on_hand: (n_rows, n_days), NaN unknown.
    promo: the same, 0 or 1. offer: the same, place of a cell in its category's factors. category, store, sku:
    (n_rows,), places in `Factors`. usual_price: (n_rows,), NaN unknown.
    """

    units: Floats2D
    expected: Floats2D
    usable: Flags2D
    clean: Flags2D
    price: Floats2D
    promo: Flags2D
    views: Floats2D
    on_hand: Floats2D
    offer: Flags2D
    category: Integers1D
    store: Integers1D
    sku: Integers1D
    usual_price: Floats1D


class Looking(NamedTuple):
    """Where `episode_signals` looks, and how it weighs the others of a store or a SKU.

    before_days, gap_days: the days before an episode are those from before_days to gap_days + 1 before its first one.
    near_days: on-hand as it begins is that of so many days before and of the first one. far_days: on-hand before it
    is that of days at least so long before. spread: see `group_course`. prior: units a day at no change, added to
    what the others sold and should have.
    """

    before_days: int
    gap_days: int
    near_days: int
    far_days: int
    spread: float
    prior: float


class CourseSums(NamedTuple):
    """By (group, day), added to: damped units sold and expected, each in two parts, as `exact` makes them."""

    sold: Out[Floats2D]
    sold_rest: Out[Floats2D]
    expected: Out[Floats2D]
    expected_rest: Out[Floats2D]


@inner_of_quotients
def _damp(
    units: Floats1D,
    expected: Floats1D,
    factor: Floats1D,
    spread: float,
    sold: Out[Floats1D],
    expected_units: Out[Floats1D],
) -> None:
    """What a row counts for on each day, see `group_course`."""
    for day in range(units.size):
        alone = expected[day] / factor[day]
        damping = 1.0 + spread * alone
        sold[day] = units[day] / damping
        expected_units[day] = alone / damping


@inner
def _mark_expected(expected: Floats1D, usable: Flags1D, marked: Out[Flags1D]) -> None:
    """Mark the usable days on which a row should sell anything."""
    for day in range(expected.size):
        marked[day] = usable[day] if expected[day] > 0.0 else 0


@kernel
def group_course(
    sales: Sales, rows: Integers1D, group: Integers1D, factor: Floats2D, spread: float, sums: CourseSums
) -> None:
    """Add the usable cells of some rows to their (group, day), dark ones too.

    group: (n_rows,). factor: (groups, n_days), what the expectation already owes to the group's day; it is taken out.
    spread: a row counts by its expected units e as e / (1 + spread · e), so that no best seller speaks for all.
    """
    n_days = sales.usable.shape[1]
    room = np.empty((N_WORKED_WITH, n_days))
    sold, expected_units, counted = np.empty(n_days), np.empty(n_days), np.empty(n_days, np.uint8)
    for one in range(rows.size):
        place, of = group[rows[one]], row_of(sales, rows[one], room)
        _mark_expected(of.expected, of.usable, counted)
        _damp(of.units, of.expected, factor[place], spread, sold, expected_units)
        add_by_place(sold, counted, sums.sold[place], sums.sold_rest[place])
        add_by_place(expected_units, counted, sums.expected[place], sums.expected_rest[place])


@inner_of_quotients
def _add_prices(prices: Floats1D, usual_price: float, totals: Out[Floats1D], counts: Out[Floats1D]) -> None:
    for day in range(prices.size):
        # A choice and no branch, so that the processor takes many at once.
        is_known = not np.isnan(prices[day])
        totals[day] += prices[day] / usual_price if is_known else 0.0
        counts[day] += 1.0 if is_known else 0.0


@kernel
def price_course(
    price: Packed,
    rows: Integers1D,
    usual_price: Floats1D,
    sku: Integers1D,
    totals: Out[Floats2D],
    counts: Out[Floats2D],
) -> None:
    """Add every known price of some rows, as a share of the row's usual one, to its (SKU, day).

    usual_price, sku: (n_rows,). totals, counts: (skus, n_days), added to.
    """
    prices = np.empty(totals.shape[1])
    for one in range(rows.size):
        row = rows[one]
        if usual_price[row] > 0.0:
            unpack_row(price, row, prices)
            _add_prices(prices, usual_price[row], totals[sku[row]], counts[sku[row]])


@inner
def _add_stock(
    on_hand: Floats1D, units: Floats1D, first: int, last: int, looking: Looking, sums: Out[Floats1D]
) -> None:
    """Units on hand as the episode begins and well before it; days of the episode on which it moved unsold.

    A day's count may be of its morning or its evening: a sale of either day accounts for the move between them.
    """
    for day in range(max(first - looking.near_days, 0), first + 1):
        if not np.isnan(on_hand[day]):
            sums[20] += on_hand[day]
            sums[21] += 1.0
    for day in range(max(first - looking.before_days, 0), first - looking.far_days + 1):
        if not np.isnan(on_hand[day]):
            sums[22] += on_hand[day]
            sums[23] += 1.0
    for day in range(max(first, 1), last + 1):
        if not np.isnan(on_hand[day]) and not np.isnan(on_hand[day - 1]):
            is_sold = units[day] > 0.0 or units[day - 1] > 0.0
            sums[24] += on_hand[day] != on_hand[day - 1] and not is_sold
            sums[25] += 1.0


@kernel
def episode_signals(
    of: Observed, factors: Factors, course: Course, looking: Looking, episodes: Spans, sums: Out[Floats2D]
) -> None:
    """Sums over every episode and over the days before it, in the columns of `SIGNALS`.

    course: the row itself is taken out of its store and of its SKU. sums: (n_episodes, signals), written.
    """
    units, expected, price, promo, views = of.units, of.expected, of.price, of.promo, of.views
    usual_price, store, sku = of.usual_price, of.store, of.sku
    spread, prior = looking.spread, looking.prior
    for episode in range(episodes.rows.size):
        row, first, last = episodes.rows[episode], episodes.firsts[episode], episodes.lasts[episode]
        found = sums[episode]
        found[:] = 0.0
        _add_stock(of.on_hand[row], units[row], first, last, looking, found)
        for day in range(max(first - looking.before_days, 0), last + 1):
            is_dark = day >= first
            if not is_dark and day >= first - looking.gap_days:
                continue
            if not (of.usable[row, day] if is_dark else of.clean[row, day]):
                continue
            lift = factors.offer[of.category[row], of.offer[row, day]]
            usual = expected[row, day] / lift
            if is_dark:
                expected_units = expected[row, day]
                found[0] += units[row, day]
                found[1] += expected_units
                found[2] += usual
                found[3] += expected_units / (factors.store_day[store[row], day] * factors.sku_day[sku[row], day])
                found[4] += 1.0
                found[17] += promo[row, day]
                of_store = expected_units / factors.store_day[store[row], day]
                of_sku = expected_units / factors.sku_day[sku[row], day]
                own, other = 1.0 + spread * of_store, 1.0 + spread * of_sku
                # Days count by what this row expected of them, as its own loss does.
                others_sold = course.store_sold[store[row], day] - units[row, day] / own
                others_expected = course.store_expected[store[row], day] - of_store / own
                found[26] += expected_units * (others_sold + prior) / (others_expected + prior)
                others_sold = course.sku_sold[sku[row], day] - units[row, day] / other
                others_expected = course.sku_expected[sku[row], day] - of_sku / other
                found[27] += expected_units * (others_sold + prior) / (others_expected + prior)
            else:
                found[28] += units[row, day]
                found[29] += expected[row, day]
                found[18] += promo[row, day]
                found[19] += 1.0
            # The columns of the days before stand two after those of the episode.
            shift = 0 if is_dark else 2
            if not np.isnan(views[row, day]):
                found[5 + shift] += views[row, day]
                found[6 + shift] += usual
            if not np.isnan(price[row, day]) and (is_dark or promo[row, day] == 0):
                found[9 + shift] += price[row, day]
                found[10 + shift] += 1.0
                # The row's own price is among those of its SKU; what it cost elsewhere is the mean without it.
                others = course.price_counts[sku[row], day] - 1.0
                if others > 0.0 and usual_price[row] > 0.0:
                    own = price[row, day] / usual_price[row]
                    found[13 + shift] += (course.price_totals[sku[row], day] - own) / others
                    found[14 + shift] += 1.0
