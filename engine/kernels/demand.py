"""Expected units as a product of factors, and the sums from which each factor is estimated.

The expectation of a row on a day is its level times the factors of its category on the weekday, of its category in
the cell's offer (price and promotion), of its store on the day and of its SKU on the day. Unknown cells are NaN in
`units` and 0 in `clean`. Sums by (group, day) are exact: no order of rows and no cut of a chain changes a digit.
"""

from typing import NamedTuple

import numpy as np

from engine.kernels.compiling import inner, kernel
from engine.kernels.exact import add_by_place
from engine.kernels.records import Borrowed, Factors, Spans
from engine.kernels.types import Flags1D, Flags2D, Floats1D, Floats2D, Integers1D, Out


class Cells(NamedTuple):
    """What rows sold, at which offer, and whose factors they are expected with.

    units, clean, offer: (n_rows, n_days). category, store, sku: (n_rows,), places in `Factors`. unit: (n_rows,), of
    sale.
    """

    units: Floats2D
    clean: Flags2D
    offer: Flags2D
    category: Integers1D
    store: Integers1D
    sku: Integers1D
    unit: Floats1D


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
def _pick(factor: Floats1D, kind: Flags1D, picked: Out[Floats1D]) -> None:
    """The factor of each day's kind. Apart from what follows, so that this is done for many days at once."""
    for day in range(kind.size):
        picked[day] = factor[kind[day]]


@inner
def _multiply(
    level: float, weekdays: Floats1D, offers: Floats1D, stores: Floats1D, skus: Floats1D, product: Out[Floats1D]
) -> None:
    """A level times the factors of each day, always in this order: the product is the same to the bit everywhere."""
    for day in range(product.size):
        product[day] = level * weekdays[day] * offers[day] * stores[day] * skus[day]


@inner
def _divide(values: Floats1D, unit: float, quotients: Out[Floats1D]) -> None:
    for day in range(values.size):
        quotients[day] = values[day] / unit


@inner
def _mark(clean: Flags1D, offer: Flags1D, wanted: int, n_offers: int, marked: Out[Flags1D]) -> bool:
    """Mark the clean days of an offer, all of them where offers are not told apart. Returns whether there are any."""
    marks = 0
    for day in range(clean.size):
        is_wanted = clean[day] if offer[day] == wanted or n_offers == 1 else 0
        marked[day] = is_wanted
        marks |= is_wanted
    return marks != 0


@inner
def _count(is_counted: Flags1D, cells: Out[Floats1D]) -> None:
    for day in range(is_counted.size):
        cells[day] += 1.0 if is_counted[day] != 0 else 0.0


@kernel
def group_sums(
    of: Cells,
    factors: Factors,
    level: Floats1D,
    group: Integers1D,
    n_offers: int,
    sums: GroupSums,
) -> None:
    """Add units, expected units and number of the clean cells to their (group, day).

    Both in units of sale, so that pieces and weights add up. level, group: (n_rows,). n_offers: 1, or the number of
    offers when a group is told apart by the offer of each cell: group · n_offers + offer.
    """
    n_days = of.units.shape[1]
    sold, expected, offers, counted = np.empty(n_days), np.empty(n_days), np.empty(n_days), np.empty(n_days, np.uint8)
    for row in range(of.units.shape[0]):
        offer, unit = of.offer[row], of.unit[row]
        _pick(factors.offer[of.category[row]], offer, offers)
        weekdays, stores = factors.weekday[of.category[row]], factors.store_day[of.store[row]]
        _multiply(level[row], weekdays, offers, stores, factors.sku_day[of.sku[row]], expected)
        if unit != 1.0:
            _divide(of.units[row], unit, sold)
            _divide(expected, unit, expected)
        for one in range(n_offers):
            if not _mark(of.clean[row], offer, one, n_offers, counted):
                continue
            place = group[row] * n_offers + one
            # Most products are sold by the piece, and a division takes longer than all the rest.
            if unit == 1.0:
                add_by_place(of.units[row], counted, sums.sold[place], sums.sold_rest[place])
            else:
                add_by_place(sold, counted, sums.sold[place], sums.sold_rest[place])
            add_by_place(expected, counted, sums.expected[place], sums.expected_rest[place])
            _count(counted, sums.cells[place])


@inner
def _weights(decay_factor: float, n_days: int) -> Floats1D:
    """Weight of each day, counted from the last one back, which has 1 however long the history is."""
    weights = np.ones(n_days)
    for back in range(1, n_days):
        weights[back] = weights[back - 1] * decay_factor
    return weights


@inner
def _keep_clean(
    units: Floats1D, expected: Floats1D, clean: Flags1D, kept_units: Out[Floats1D], kept: Out[Floats1D]
) -> None:
    """Units and expected units of the clean days, and 0 of the others, which then add nothing to any sum."""
    for day in range(units.size):
        kept_units[day] = units[day] if clean[day] else 0.0
        kept[day] = expected[day] if clean[day] else 0.0


@kernel
def own_share(own_variance: float, borrowed_variance: float) -> float:
    """Weight of what own days say beside what is borrowed, by their relative variances (Bühlmann 1967)."""
    return borrowed_variance / (borrowed_variance + own_variance)


@kernel
def levels(
    of: Cells,
    factors: Factors,
    memory: float,
    long_decay_factor: float,
    prior_units: float,
    borrowed: Borrowed,
    level: Out[Floats1D],
    exposure: Out[Floats1D],
    expected: Out[Floats2D],
) -> None:
    """Level of every row from its clean days, the later the heavier, and the expected units of every day.

    memory, long_decay_factor: weight of a day relative to the next one, in the recent level and in the lasting one
    that it is shrunk toward by prior_units, in units of sale. borrowed: levels that own days are weighed against by
    the variances of both (Bühlmann 1967). level: (n_rows,), units a day at factors of 1, NaN where neither clean days
    nor other stores tell it. exposure: (n_rows,), own days of equal weight that would tell the level as well.
    expected: (n_rows, n_days). All written.
    """
    units, clean, offer, unit = of.units, of.clean, of.offer, of.unit
    n_days = units.shape[1]
    picked, sold_units, factor = np.empty(n_days), np.empty(n_days), np.empty(n_days)
    weights, long_weights = _weights(memory, n_days), _weights(long_decay_factor, n_days)
    for row in range(units.shape[0]):
        weekdays, offers = factors.weekday[of.category[row]], factors.offer[of.category[row]]
        stores, skus = factors.store_day[of.store[row]], factors.sku_day[of.sku[row]]
        _pick(offers, offer[row], picked)
        _multiply(1.0, weekdays, picked, stores, skus, expected[row])
        _keep_clean(units[row], expected[row], clean[row], sold_units, factor)
        sold = expected_units = squares = long_sold = long_expected = long_squares = 0.0
        for back in range(n_days):
            day = n_days - 1 - back
            weight, long_weight = weights[back], long_weights[back]
            sold += weight * sold_units[day]
            expected_units += weight * factor[day]
            squares += weight * weight * factor[day]
            long_sold += long_weight * sold_units[day]
            long_expected += long_weight * factor[day]
            long_squares += long_weight * long_weight * factor[day]
        level[row], exposure[row] = np.nan, 0.0
        if expected_units > 0.0:
            lasting = long_sold / long_expected
            prior = prior_units * unit[row] / lasting if lasting > 0.0 else 0.0
            level[row] = (sold + prior * lasting) / (expected_units + prior)
            # Days of unequal weight tell as much as (Σw)² / Σw² equal ones; what each level tells, by its share.
            own, lent = expected_units * expected_units / squares, long_expected * long_expected / long_squares
            share = (expected_units / (expected_units + prior)) ** 2
            exposure[row] = 1.0 / (share / own + (1.0 - share) / lent)
        if borrowed.level[row] > 0.0:
            own_level, own_weight = 0.0, 0.0
            if exposure[row] > 0.0:
                # Of the borrowed level: days without a sale, by their own level, would be sure of nothing.
                own_variance = (unit[row] / borrowed.level[row] + borrowed.dispersion[row]) / exposure[row]
                own_level, own_weight = level[row], own_share(own_variance, borrowed.relative_variance[row])
            level[row] = borrowed.level[row] + own_weight * (own_level - borrowed.level[row])
        for day in range(n_days):
            expected[row, day] *= level[row]


@kernel
def expectations(
    offer: Flags2D,
    category: Integers1D,
    store: Integers1D,
    sku: Integers1D,
    factors: Factors,
    level: Floats1D,
    expected: Out[Floats2D],
) -> None:
    """Expected units of every row and day by levels that are known, as `levels` writes them.

    offer, category, store, sku: as in `Cells`. level: (n_rows,). expected: (n_rows, n_days), written.
    """
    picked = np.empty(offer.shape[1])
    for row in range(offer.shape[0]):
        weekdays, offers = factors.weekday[category[row]], factors.offer[category[row]]
        _pick(offers, offer[row], picked)
        _multiply(1.0, weekdays, picked, factors.store_day[store[row]], factors.sku_day[sku[row]], expected[row])
        for day in range(expected.shape[1]):
            expected[row, day] *= level[row]


@kernel
def spreads(units: Floats2D, expected: Floats2D, clean: Flags2D, sums: Out[Floats2D]) -> None:
    """Per row and over its clean days: squared errors, expected units, squares of the expected units.

    sums: (n_rows, 3), written.
    """
    for row in range(units.shape[0]):
        errors = expected_units = squares = 0.0
        for day in range(units.shape[1]):
            if clean[row, day]:
                errors += (units[row, day] - expected[row, day]) ** 2
                expected_units += expected[row, day]
                squares += expected[row, day] ** 2
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
