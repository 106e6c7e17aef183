"""Expected units as a product of factors, and the sums from which each factor is estimated.

The expectation of a row on a day is its level times the factors of its category on the weekday, of its category in
the cell's offer (price and promotion), of its store on the day and of its SKU on the day. Sums by (group, day) are
exact: no order of rows and no cut of a chain changes a digit.
"""

from typing import NamedTuple

import numpy as np

from engine.kernels.compiling import inner, inner_in_place, kernel
from engine.kernels.exact import add_by_place
from engine.kernels.packed import unpack_row
from engine.kernels.records import Borrowed, Factors, Spans
from engine.kernels.sales import Cells, divide, expect_row, multiply
from engine.kernels.types import Codes1D, Flags1D, Flags2D, Floats1D, Floats2D, Integers1D, Out


class GroupSums(NamedTuple):
    """By (group, day), added to: units and expected units, in units of sale, and number of cells.

    Units are in two parts, whole and rest, as `exact` makes them, which add up to the sum.
    """

    sold: Out[Floats2D]
    sold_rest: Out[Floats2D]
    expected: Out[Floats2D]
    expected_rest: Out[Floats2D]
    cells: Out[Floats2D]


@inner
def _mark(clean: Flags1D, offer: Flags1D, wanted: int, marked: Out[Flags1D]) -> bool:
    """Mark the clean days of an offer. Returns whether there are any."""
    marks = 0
    for day in range(clean.size):
        is_wanted = clean[day] if offer[day] == wanted else 0
        marked[day] = is_wanted
        marks |= is_wanted
    return marks != 0


@inner
def _note(offer: Flags1D, is_there: Out[Flags1D]) -> None:
    """Which offers a row had on some day."""
    is_there[:] = 0
    for day in range(offer.size):
        is_there[offer[day]] = 1


@inner
def _count(is_counted: Flags1D, cells: Out[Floats1D]) -> None:
    for day in range(is_counted.size):
        cells[day] += 1.0 if is_counted[day] != 0 else 0.0


@inner
def _add_whole(codes: Codes1D, is_counted: Flags1D, sold: Out[Floats1D]) -> None:
    """Add whole numbers, which leave no rest: with half the work of `add_by_place`."""
    for day in range(codes.size):
        sold[day] += float(codes[day]) if is_counted[day] != 0 else 0.0


@inner_in_place
def _in_units_of_sale(of: Cells, row: int, sold: Out[Floats1D], expected: Out[Floats1D]) -> bool:
    """Units of a row, and what is expected of it, over its unit of sale. Returns whether its codes say the units."""
    unit = of.unit[row]
    # Most products are sold by the piece, and a division takes longer than all the rest.
    if unit == 1.0 and of.units.divisors[row] == 1:
        return True
    unpack_row(of.units, row, sold)
    if unit != 1.0:
        divide(sold, unit, sold)
        divide(expected, unit, expected)
    return False


@inner_in_place
def _add(
    of: Cells,
    row: int,
    is_whole: bool,
    sold: Floats1D,
    expected: Floats1D,
    counted: Flags1D,
    place: int,
    sums: GroupSums,
) -> None:
    """Add the days of a row that count to their place."""
    if is_whole:
        _add_whole(of.units.codes[row], counted, sums.sold[place])
    else:
        add_by_place(sold, counted, sums.sold[place], sums.sold_rest[place])
    add_by_place(expected, counted, sums.expected[place], sums.expected_rest[place])
    _count(counted, sums.cells[place])


@kernel
def group_sums(
    of: Cells, rows: Integers1D, factors: Factors, level: Floats1D, group: Integers1D, sums: GroupSums
) -> None:
    """Add units, expected units and number of the clean cells of some rows to their (group, day).

    Both in units of sale, so that pieces and weights add up. level, group: (n_rows,).
    """
    n_days = of.clean.shape[1]
    sold, expected, picked = np.empty(n_days), np.empty(n_days), np.empty(n_days)
    for one in range(rows.size):
        row = rows[one]
        expect_row(of, row, factors, level[row], picked, expected)
        is_whole = _in_units_of_sale(of, row, sold, expected)
        _add(of, row, is_whole, sold, expected, of.clean[row], group[row], sums)


@kernel
def offer_sums(
    of: Cells, rows: Integers1D, factors: Factors, level: Floats1D, group: Integers1D, n_offers: int, sums: GroupSums
) -> None:
    """As `group_sums`, told apart by the offer of each cell, and without the factors of offers.

    n_offers: of each group. sums: by (group · n_offers + offer, day).
    """
    n_days = of.clean.shape[1]
    sold, expected, counted = np.empty(n_days), np.empty(n_days), np.empty(n_days, np.uint8)
    no_offers, is_there = np.ones(n_days), np.empty(n_offers, np.uint8)
    for one in range(rows.size):
        row = rows[one]
        weekdays, stores = factors.weekday[of.category[row]], factors.store_day[of.store[row]]
        multiply(level[row], weekdays, no_offers, stores, factors.sku_day[of.sku[row]], expected)
        is_whole = _in_units_of_sale(of, row, sold, expected)
        _note(of.offer[row], is_there)
        for offer in range(n_offers):
            # Most rows have few of the offers, and to look for one takes as long as to add it.
            if is_there[offer] and _mark(of.clean[row], of.offer[row], offer, counted):
                _add(of, row, is_whole, sold, expected, counted, group[row] * n_offers + offer, sums)


@inner
def _weights(decay_factor: float, n_days: int) -> Floats1D:
    """Weight of each day, counted from the last one back, which has 1 however long the history is."""
    weights = np.ones(n_days)
    for back in range(1, n_days):
        weights[back] = weights[back - 1] * decay_factor
    return weights


@inner
def _keep_clean(units: Out[Floats1D], expected: Out[Floats1D], clean: Flags1D) -> None:
    """Make 0 of the days that are not clean, which then add nothing to any sum."""
    for day in range(units.size):
        units[day] = units[day] if clean[day] else 0.0
        expected[day] = expected[day] if clean[day] else 0.0


@kernel
def own_share(own_variance: float, borrowed_variance: float) -> float:
    """Weight of what own days say beside what is borrowed, by their relative variances (Bühlmann 1967)."""
    return borrowed_variance / (borrowed_variance + own_variance)


@kernel
def levels(
    of: Cells,
    rows: Integers1D,
    factors: Factors,
    memory: float,
    long_decay_factor: float,
    prior_units: float,
    borrowed: Borrowed,
    level: Out[Floats1D],
    exposure: Out[Floats1D],
) -> None:
    """Level of some rows from their clean days, the later the heavier.

    memory, long_decay_factor: weight of a day relative to the next one, in the recent level and in the lasting one
    that it is shrunk toward by prior_units, in units of sale. borrowed: levels that own days are weighed against by
    the variances of both (Bühlmann 1967). level: (n_rows,), units a day at factors of 1, NaN where neither clean days
    nor other stores tell it. exposure: (n_rows,), own days of equal weight that would tell the level as well. Both
    written.
    """
    n_days = of.clean.shape[1]
    units, picked, expected = np.empty(n_days), np.empty(n_days), np.empty(n_days)
    weights, long_weights = _weights(memory, n_days), _weights(long_decay_factor, n_days)
    for one in range(rows.size):
        row = rows[one]
        unit, clean = of.unit[row], of.clean[row]
        unpack_row(of.units, row, units)
        expect_row(of, row, factors, 1.0, picked, expected)
        _keep_clean(units, expected, clean)
        sold = expected_units = squares = long_sold = long_expected = long_squares = 0.0
        for back in range(n_days):
            day = n_days - 1 - back
            weight, long_weight = weights[back], long_weights[back]
            sold += weight * units[day]
            expected_units += weight * expected[day]
            squares += weight * weight * expected[day]
            long_sold += long_weight * units[day]
            long_expected += long_weight * expected[day]
            long_squares += long_weight * long_weight * expected[day]
        level[row], exposure[row] = np.nan, 0.0
        if expected_units > 0.0:
            lasting = long_sold / long_expected
            prior = prior_units * unit / lasting if lasting > 0.0 else 0.0
            level[row] = (sold + prior * lasting) / (expected_units + prior)
            # Days of unequal weight tell as much as (Σw)² / Σw² equal ones; what each level tells, by its share.
            own, lent = expected_units * expected_units / squares, long_expected * long_expected / long_squares
            share = (expected_units / (expected_units + prior)) ** 2
            exposure[row] = 1.0 / (share / own + (1.0 - share) / lent)
        if borrowed.level[row] > 0.0:
            own_level, own_weight = 0.0, 0.0
            if exposure[row] > 0.0:
                # Of the borrowed level: days without a sale, by their own level, would be sure of nothing.
                own_variance = (unit / borrowed.level[row] + borrowed.dispersion[row]) / exposure[row]
                own_level, own_weight = level[row], own_share(own_variance, borrowed.relative_variance[row])
            level[row] = borrowed.level[row] + own_weight * (own_level - borrowed.level[row])


@kernel
def expectations(of: Cells, rows: Integers1D, factors: Factors, level: Floats1D, expected: Out[Floats2D]) -> None:
    """Expected units of some rows on every day, by the levels of all. level: (n_rows,). expected: (rows, n_days),
    written.
    """
    picked = np.empty(expected.shape[1])
    for one in range(rows.size):
        row = rows[one]
        expect_row(of, row, factors, level[row], picked, expected[one])


@kernel
def spreads(of: Cells, rows: Integers1D, factors: Factors, level: Floats1D, sums: Out[Floats2D]) -> None:
    """Of some rows and over their clean days: squared errors, expected units, squares of the expected units.

    level: (n_rows,), by which they are expected. sums: (n_rows, 3), written.
    """
    n_days = of.clean.shape[1]
    units, picked, expected = np.empty(n_days), np.empty(n_days), np.empty(n_days)
    for one in range(rows.size):
        row = rows[one]
        unpack_row(of.units, row, units)
        expect_row(of, row, factors, level[row], picked, expected)
        errors = expected_units = squares = 0.0
        for day in range(n_days):
            if of.clean[row, day]:
                errors += (units[day] - expected[day]) ** 2
                expected_units += expected[day]
                squares += expected[day] ** 2
        sums[row, 0], sums[row, 1], sums[row, 2] = errors, expected_units, squares


@kernel
def ups(units: Floats2D, usable: Flags2D, sums: Out[Floats2D]) -> None:
    """How far sales rise above their mean, and how often a sale follows a sale: whether a shelf sells in lots.

    usable: (n_rows, n_days). sums: (n_rows, 6), over the usable days: how many; their units; of the days above the
    mean, squared distances from it, and squares of these; days that follow a usable one with a sale, and those of
    them that have a sale themselves. Written.
    """
    for row in range(units.shape[0]):
        days = total = following = sold_again = squares = fourths = 0.0
        follows = False
        for day in range(units.shape[1]):
            if usable[row, day]:
                days += 1.0
                total += units[row, day]
                following += follows
                sold_again += follows and units[row, day] > 0.0
                follows = units[row, day] > 0.0
        for day in range(units.shape[1]):
            if usable[row, day] and units[row, day] * days > total:
                square = (units[row, day] - total / days) ** 2
                squares += square
                fourths += square**2
        sums[row, 0], sums[row, 1], sums[row, 2] = days, total, squares
        sums[row, 3], sums[row, 4], sums[row, 5] = fourths, following, sold_again


@kernel
def offers(
    price: Floats2D,
    promo: Flags2D,
    quantile: float,
    warm_up_days: int,
    bounds: Floats1D,
    usual_price: Out[Floats1D],
    offer: Out[Flags2D],
) -> None:
    """What each cell was offered at: how far below the row's usual price, and whether on promotion.

    price, promo: (n_rows, n_days), NaN unknown. quantile: of the prices known until a day, its usual one: a later
    rise turns no earlier day into an offer. warm_up_days: the first known prices tell the usual one together.
    bounds: descending shares of the usual price. usual_price: (n_rows,), of the last day, NaN without a price,
    written. offer: (n_rows, n_days), written: 2 · (how many bounds the price is below) + promo; an unknown price is
    the usual one.
    """
    known = np.empty(price.shape[1])
    for row in range(price.shape[0]):
        size = 0
        next_day = 0
        usual = np.nan
        for day in range(price.shape[1]):
            while next_day < price.shape[1] and (next_day <= day or size < warm_up_days):
                if not np.isnan(price[row, next_day]):
                    # The known prices stay sorted, so that a quantile is a place among them.
                    place = size
                    while place > 0 and known[place - 1] > price[row, next_day]:
                        known[place] = known[place - 1]
                        place -= 1
                    known[place] = price[row, next_day]
                    size += 1
                next_day += 1
            if size > 0:
                usual = known[int(quantile * (size - 1))]
            below = 0
            for bound in bounds:
                if price[row, day] < bound * usual:
                    below += 1
            offer[row, day] = 2 * below + promo[row, day]
        usual_price[row] = usual


@kernel
def episode_sums(units: Floats2D, expected: Floats2D, usable: Flags2D, episodes: Spans, sums: Out[Floats2D]) -> None:
    """Usable days of every episode, their units, expected units, and squares of the expected units.

    sums: (n_episodes, 4), written.
    """
    for episode in range(episodes.rows.size):
        sums[episode] = 0.0
        row = episodes.rows[episode]
        for day in range(episodes.firsts[episode], episodes.lasts[episode] + 1):
            if usable[row, day]:
                sums[episode, 0] += 1.0
                sums[episode, 1] += units[row, day]
                sums[episode, 2] += expected[row, day]
                sums[episode, 3] += expected[row, day] ** 2
