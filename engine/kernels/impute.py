"""From cells as delivered to series as the rules see them: listing, zeros, carrying forward, gaps, stock."""

from typing import NamedTuple

import numpy as np

from engine.kernels.compiling import inner, kernel
from engine.kernels.types import Days1D, Flags1D, Flags2D, Floats1D, Floats2D, Integers1D, Marks1D, Marks2D, Out

FEWEST_COUNTS = 4
"""Stock records that make a rhythm; fewer are a log of changes, whose last one holds."""
UNKNOWN, DELIVERED, PARTIAL = 0, 1, 4
"""A store's day: nothing of it is known; a cell without a row sold nothing; only cells with a row are known."""


@inner
def _carry_forward(series: Out[Floats1D], held: float) -> None:
    """Let every value hold until the next one. held: the one from before the first day.

    A value below 0 is a wrong record: it is 0 on its day and nothing is known after it.
    """
    if held < 0.0:
        held = np.nan
    for day in range(series.size):
        if np.isnan(series[day]):
            series[day] = held
        elif series[day] < 0.0:
            series[day] = 0.0
            held = np.nan
        else:
            held = series[day]


@inner
def _fill_gaps(series: Out[Floats1D], longest: int) -> int:
    """Fill unknown runs of at most `longest` days between two known days by a line; returns how many days."""
    known = -1
    filled = 0
    for day in range(series.size):
        if np.isnan(series[day]):
            continue
        gap = day - known - 1
        if known >= 0 and 0 < gap <= longest:
            step = (series[day] - series[known]) / (gap + 1)
            filled += gap
            for inner in range(1, gap + 1):
                series[known + inner] = series[known] + step * inner
        known = day
    return filled


@inner
def _first_listed(units: Floats1D, on_hand: Floats1D, min_on_hand: float) -> int:
    """The first day with a row of sales or with stock; n_days without one."""
    for day in range(units.size):
        if not np.isnan(units[day]) or on_hand[day] > min_on_hand:
            return day
    return units.size


@inner
def _mark_in_stock(
    units: Floats1D, on_hand: Floats1D, min_on_hand: float, sales_days: int, in_stock: Out[Flags1D]
) -> None:
    """Stock is what the record says; without a record, a shelf has some for so many days after a sale."""
    last_sale = -sales_days - 1
    for day in range(units.size):
        if np.isnan(on_hand[day]):
            in_stock[day] = day - last_sale <= sales_days
        else:
            in_stock[day] = on_hand[day] > min_on_hand
        if units[day] > 0:
            last_sale = day


@inner
def _rhythm_of_counts(on_hand: Floats1D) -> int:
    """The longest gap between two stock records in days; 0 where they are too few, or come on days in a row.

    Records of every day, and logs of changes, say themselves when a shelf is empty.
    """
    before, count, longest, shortest = -1, 0, 0, on_hand.size
    for day in range(on_hand.size):
        if not np.isnan(on_hand[day]):
            if before >= 0:
                longest, shortest = max(longest, day - before), min(shortest, day - before)
            before = day
            count += 1
    return longest if count >= FEWEST_COUNTS and shortest > 1 else 0


@inner
def _draw_down(
    units: Floats1D, on_hand: Floats1D, is_count: Marks1D, longest: int, min_on_hand: float, in_stock: Out[Flags1D]
) -> None:
    """Take a shelf for empty between two stock records where it must be.

    A record that the sales since have used up says no longer that there is stock; and where the next record finds
    none, there was none since the last sale. A day with a sale had stock.
    """
    day = 0
    while day < units.size:
        if not is_count[day]:
            day += 1
            continue
        following = day + 1
        while following < units.size and not is_count[following]:
            following += 1
        # Whether a count is of the morning or of the evening is not known: the sales of its day may be in it or not.
        left = on_hand[day] - (units[day] if units[day] > 0.0 else 0.0)
        last_sale = day
        # After twice its rhythm without a record the feed has stopped: what is left is not known any more.
        for between in range(day + 1, min(following, day + 1 + 2 * longest)):
            if units[between] > 0.0:
                left -= units[between]
                last_sale = between
                in_stock[between] = 1
            elif left <= min_on_hand:
                in_stock[between] = 0
        if following < units.size and on_hand[following] <= min_on_hand:
            in_stock[last_sale + 1 : following] = 0
        day = following


class Cells(NamedTuple):
    """What was delivered, imputed in place, and what is in stock.

    units, on_hand, price: (n_rows, n_days), NaN where no row was delivered. revenue: (n_rows, the days before the
    last). promo: (n_rows, n_days), bits as `cells` leaves them, becomes 0 or 1. in_stock: (n_rows, n_days), written.
    """

    units: Out[Floats2D]
    revenue: Out[Floats2D]
    on_hand: Out[Floats2D]
    price: Out[Floats2D]
    promo: Out[Flags2D]
    in_stock: Out[Flags2D]


class Owners(NamedTuple):
    """Store and category of rows, and their last on-hand and price from before the first day, NaN without.

    All (n_rows,).
    """

    store: Integers1D
    category: Integers1D
    held_on_hand: Floats1D
    held_price: Floats1D


class ImputationRule(NamedTuple):
    """How series are imputed.

    min_on_hand: up to which a shelf is empty. stock_from_sales_days: so long after a sale a shelf without a record
    has stock. gap_fill_days: of the longest gap that is filled. draws_down: between stock records that come in a
    rhythm the sales tell what is left.
    """

    min_on_hand: float
    stock_from_sales_days: int
    gap_fill_days: int
    draws_down: bool


@kernel
def impute(
    cells: Cells, of: Owners, state: Flags2D, withheld: Marks2D, rule: ImputationRule, listed: Out[Days1D]
) -> int:
    """Impute every row in place (specification, section 2); returns how many cells were interpolated.

    state: (n_stores, n_days), DELIVERED: a cell without a row is 0; PARTIAL: it is unknown; else nothing of the day
    is known. withheld: (n_categories, n_days), the category's day is unknown. listed: (n_rows,), first listed day,
    n_days when never; written.
    """
    units, revenue, on_hand, price, promo, in_stock = cells
    min_on_hand = rule.min_on_hand
    n_days = units.shape[1]
    revenue_from = n_days - 1 - revenue.shape[1]
    filled = 0
    is_count = np.empty(n_days, np.bool_)
    for row in range(units.shape[0]):
        # Which days have a record is asked before values are carried forward over the others.
        longest = _rhythm_of_counts(on_hand[row])
        for day in range(n_days):
            is_count[day] = not np.isnan(on_hand[row, day])
        listed[row] = _first_listed(units[row], on_hand[row], min_on_hand)
        _carry_forward(on_hand[row], of.held_on_hand[row])
        _carry_forward(price[row], of.held_price[row])
        _mark_in_stock(units[row], on_hand[row], min_on_hand, rule.stock_from_sales_days, in_stock[row])
        for day in range(listed[row], n_days):
            of_store = UNKNOWN if withheld[of.category[row], day] else state[of.store[row], day]
            if of_store == PARTIAL or (of_store == DELIVERED and not np.isnan(units[row, day])):
                continue
            units[row, day] = 0.0 if of_store == DELIVERED else np.nan
            if revenue_from <= day < n_days - 1:
                revenue[row, day - revenue_from] = units[row, day]
        if rule.draws_down and longest > 0:
            _draw_down(units[row], on_hand[row], is_count, longest, min_on_hand, in_stock[row])
        for day in range(n_days):
            pricing = promo[row, day] >> 1
            promo[row, day] = pricing == 2 or (pricing == 0 and promo[row, day] == 1)
        filled += _fill_gaps(units[row], rule.gap_fill_days)
    return filled
