"""What every store and every category usually delivers on a day, from the habits of its store-SKUs.

A habit is a share of days, the nearer ones the heavier, on both sides of the day it is held against: what a store-SKU
does on a day never tells what it usually does. Sums are whole numbers, so that no order of adding changes a bit.
"""

import math
from typing import NamedTuple

import numpy as np

from engine.kernels.compiling import inner, inner_of_quotients, kernel
from engine.kernels.types import (
    Floats1D,
    Floats2D,
    Integers1D,
    Integers2D,
    Integers3D,
    Marks1D,
    Marks2D,
    Out,
)

SCALE = 1 << 20
"""So many parts of one are told apart in the sums."""
ROWS, SOLD, STEADY, AMOUNT = 0, 3, 6, 9
"""Where each measure begins in the sums: what was seen, what was to be expected, and its variance (times SCALE).

ROWS: store-SKUs with a row. SOLD: store-SKUs with a sale. STEADY: those with a sale among the ones that sell nearly
every day. AMOUNT: logarithms of units, in which one absurd cell weighs no more than some busy ones.
"""
SILENCE = 12
"""Log likelihood that the day's store-SKUs would all sell nothing by chance, times minus one and SCALE."""
N_SUMS = 13
SUREST = 0.98
"""No habit is believed to be surer than this."""
MOST_UNITS = 1e12
"""More than this is no number of units; its logarithm must still be one."""
FEW_UNITS = 256
"""The logarithms of fewer units, where these are whole, are looked up."""
ENOUGH_DAYS = 3.0
"""Weight of days that a habit needs to be one."""


class HabitSums(NamedTuple):
    """Sums of a store and of a category, (N_SUMS, n_days), added to."""

    of_store: Out[Integers2D]
    of_category: Out[Integers2D]


@inner
def _look_around(days: Floats2D, counts: Marks1D, memory: float, around: Out[Floats2D]) -> None:
    """Weights and weighted sums of the days around each day, itself left out.

    days: (3, n_days), values by measure. around: (5, n_days), weight, sums, and squares of the last one, written.
    """
    n_days = counts.size
    around[:] = 0.0
    # Once forward and once backward. A day takes what is behind it before it joins it: it never tells of itself.
    for way in range(2):
        weight = row = sold = amount = square = 0.0
        for step in range(n_days):
            day = step if way == 0 else n_days - 1 - step
            around[0, day] += weight
            around[1, day] += row
            around[2, day] += sold
            around[3, day] += amount
            around[4, day] += square
            weight *= memory
            row *= memory
            sold *= memory
            amount *= memory
            square *= memory
            if counts[day]:
                weight += 1.0
                row += days[0, day]
                sold += days[1, day]
                amount += days[2, day]
                square += days[2, day] * days[2, day]


@inner_of_quotients
def _habit(sums: Floats1D, weights: Floats1D, counts: Marks1D, habit: Out[Floats1D]) -> None:
    """Weighted mean of the days around each day that counts, 0 on the others."""
    for day in range(sums.size):
        habit[day] = sums[day] / weights[day] if counts[day] else 0.0


@inner
def _add_scaled(values: Floats1D, counts: Marks1D, of_store: Out[Integers1D], of_category: Out[Integers1D]) -> None:
    for day in range(values.size):
        scaled = int(values[day] * SCALE + 0.5) if counts[day] else 0
        of_store[day] += scaled
        of_category[day] += scaled


@inner
def _add_share(
    seen: Floats1D, habit: Floats1D, counts: Marks1D, variance: Out[Floats1D], place: int, sums: HabitSums
) -> None:
    """Add a share of the days: what was seen, what was to be expected, its variance. variance: room to work in."""
    for day in range(habit.size):
        variance[day] = habit[day] * (1.0 - habit[day])
    _add_scaled(seen, counts, sums.of_store[place], sums.of_category[place])
    _add_scaled(habit, counts, sums.of_store[place + 1], sums.of_category[place + 1])
    _add_scaled(variance, counts, sums.of_store[place + 2], sums.of_category[place + 2])


@inner
def _add_row(days: Floats2D, around: Floats2D, counts: Marks1D, steady_share: float, sums: HabitSums) -> None:
    """Add a row of `_look_around` to the sums of its store and category."""
    habits, room, is_steady = np.empty((4, counts.size)), np.empty(counts.size), np.empty(counts.size, np.bool_)
    for day in range(counts.size):
        counts[day] = counts[day] and around[0, day] >= ENOUGH_DAYS
    for measure in range(4):
        _habit(around[measure + 1], around[0], counts, habits[measure])
    _add_share(days[0], habits[0], counts, room, ROWS, sums)
    _add_share(days[1], habits[1], counts, room, SOLD, sums)
    for day in range(counts.size):
        is_steady[day] = counts[day] and habits[1, day] >= steady_share
    _add_share(days[1], habits[1], is_steady, room, STEADY, sums)
    for day in range(counts.size):
        room[day] = max(habits[3, day] - habits[2, day] * habits[2, day], 0.0)
    _add_scaled(days[2], counts, sums.of_store[AMOUNT], sums.of_category[AMOUNT])
    _add_scaled(habits[2], counts, sums.of_store[AMOUNT + 1], sums.of_category[AMOUNT + 1])
    _add_scaled(room, counts, sums.of_store[AMOUNT + 2], sums.of_category[AMOUNT + 2])
    for day in range(counts.size):
        room[day] = -math.log(1.0 - min(habits[1, day], SUREST)) if habits[1, day] > 0.0 else 0.0
    _add_scaled(room, counts, sums.of_store[SILENCE], sums.of_category[SILENCE])


@inner
def _amount(sold: float, of_few: Floats1D) -> float:
    """Logarithm of one and the units. of_few: of the first whole numbers, most of what is sold."""
    if sold < of_few.size and sold == int(sold):
        return float(of_few[int(sold)])
    return math.log1p(min(sold, MOST_UNITS))


@kernel
def weigh_habits(
    units: Floats2D,
    store: Integers1D,
    category: Integers1D,
    store_out: Marks2D,
    category_out: Marks2D,
    memory: float,
    steady_share: float,
    of_stores: Out[Integers3D],
    of_categories: Out[Integers3D],
) -> None:
    """Add what every store-SKU delivered, and what by its habit it should have, to its store and category.

    units: (n_rows, n_days), NaN without a row. store, category: (n_rows,). store_out: (stores, n_days), category_out:
    (categories, n_days): days that are neither learnt from nor added. memory: weight of a day in a habit relative to
    the next nearer one. of_stores: (stores, N_SUMS, n_days), of_categories: (categories, N_SUMS, n_days), added to.
    """
    n_days = units.shape[1]
    days, around = np.empty((3, n_days)), np.empty((5, n_days))
    counts, of_few = np.empty(n_days, np.bool_), np.empty(FEW_UNITS)
    for sold in range(FEW_UNITS):
        of_few[sold] = math.log1p(sold)
    for row in range(units.shape[0]):
        is_known = False
        for day in range(n_days):
            sold = units[row, day]
            has_row = not np.isnan(sold)
            is_known = is_known or has_row
            counts[day] = is_known and not (store_out[store[row], day] or category_out[category[row], day])
            days[0, day] = 1.0 if has_row else 0.0
            days[1, day] = 1.0 if has_row and sold > 0.0 else 0.0
            days[2, day] = _amount(sold, of_few) if has_row and sold > 0.0 else 0.0
        _look_around(days, counts, memory, around)
        _add_row(days, around, counts, steady_share, HabitSums(of_stores[store[row]], of_categories[category[row]]))


@inner
def _mark_above(values: Floats1D, floor: float, marks: Out[Marks1D]) -> None:
    """Apart from the rows, and without a choice, so that many days are looked at at once."""
    for day in range(values.size):
        marks[day] |= values[day] > floor


@kernel
def days_above(measure: Floats2D, store: Integers1D, floor: float, known: Out[Marks2D]) -> None:
    """Mark the days on which a store has any cell above the floor. measure: (n_rows, n_days), NaN unknown.

    store: (n_rows,). floor: -inf for any known cell. known: (n_stores, n_days), marked.
    """
    for row in range(measure.shape[0]):
        _mark_above(measure[row], floor, known[store[row]])


@kernel
def days_changed(measure: Floats2D, store: Integers1D, changed: Out[Marks2D]) -> None:
    """Mark the days on which any cell of a store differs from the one known before it, the first one included.

    measure: (n_rows, n_days), NaN unknown. store: (n_rows,). changed: (n_stores, n_days), marked.
    """
    for row in range(measure.shape[0]):
        before = np.nan
        for day in range(measure.shape[1]):
            value = measure[row, day]
            if not np.isnan(value):
                if value != before:
                    changed[store[row], day] = True
                before = value


@kernel
def count_zeros(measure: Floats2D, store: Integers1D, known: Out[Integers2D], zeros: Out[Integers2D]) -> None:
    """Count the known cells of each store's days, and those of them that are 0 or less.

    measure: (n_rows, n_days), NaN unknown. store: (n_rows,). known, zeros: (n_stores, n_days), added to.
    """
    for row in range(measure.shape[0]):
        for day in range(measure.shape[1]):
            if not np.isnan(measure[row, day]):
                known[store[row], day] += 1
                zeros[store[row], day] += measure[row, day] <= 0.0


@kernel
def forget_days(measure: Out[Floats2D], store: Integers1D, marked: Marks2D) -> None:
    """Make the cells of marked store-days unknown. measure: (n_rows, n_days). marked: (n_stores, n_days)."""
    for row in range(measure.shape[0]):
        for day in range(measure.shape[1]):
            if marked[store[row], day]:
                measure[row, day] = np.nan


@kernel
def net_returns(
    units: Out[Floats2D],
    revenue: Out[Floats2D],
    rows: Integers1D,
    most_days_back: int,
    left_rows: Out[Integers1D],
    left_days: Out[Integers1D],
    left_units: Out[Floats1D],
) -> int:
    """Take every return off the sales it undoes: those of its day, then those of the latest days before.

    units: (n_rows, n_days), net of their day, negative where more came back; revenue: (n_rows, the days before the
    last); both are changed: no day stays below 0, and revenue shrinks with its units. rows: those with returns.
    Returns how many returns found no sale; these are written to left_rows, left_days and left_units, which have room
    for one a cell of `rows`.
    """
    n_days = units.shape[1]
    revenue_from = n_days - 1 - revenue.shape[1]
    left = 0
    for row in rows:
        for day in range(n_days):
            back = -units[row, day]
            if not back > 0.0:
                continue
            units[row, day] = 0.0
            if revenue_from <= day < n_days - 1:
                revenue[row, day - revenue_from] = 0.0
            # The latest sales are undone first, as a customer returns what was bought last.
            before = day - 1
            while back > 0.0 and before >= max(day - most_days_back, 0):
                sold = units[row, before]
                if sold > 0.0:
                    taken = min(sold, back)
                    units[row, before] = sold - taken
                    if revenue_from <= before:
                        revenue[row, before - revenue_from] *= (sold - taken) / sold
                    back -= taken
                before -= 1
            if back > 0.0:
                left_rows[left], left_days[left], left_units[left] = row, day, back
                left += 1
    return left
