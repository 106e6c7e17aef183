"""Placing rows of a table straight into the cells of a (pairs × days) array.

Pairs are sorted by store, then SKU: `starts[s] … starts[s + 1]` are the pairs of store s, `skus` their SKUs in
ascending order. A cell is `pair · n_days + day`.
"""

from typing import NamedTuple

import numpy as np

from engine.kernels.compiling import inner, kernel
from engine.kernels.types import Days1D, Flags1D, Floats1D, Floats2D, Integers1D, Marks1D, Out

OUTSIDE = -1
"""A row for a pair or a day that the array does not hold."""
UNUSABLE = -2
"""A row that is kept out."""
BEFORE = -3
"""From here down: a row of a known pair before the first day, BEFORE - (pair · n_before + days before - 1)."""


@inner
def _search(values: Integers1D, first: int, last: int, wanted: int) -> int:
    while first < last:
        middle = (first + last) // 2
        if values[middle] < wanted:
            first = middle + 1
        else:
            last = middle
    return first


class Grid(NamedTuple):
    """The array that cells belong to.

    stores: (n_stores,), ids ascending. starts, skus: the pairs of each store, as the module says. n_days: of the
    array. n_before: rows up to so many days before the first are told apart.
    """

    stores: Integers1D
    starts: Integers1D
    skus: Integers1D
    n_days: int
    n_before: int


@kernel
def locate(
    store_ids: Integers1D, sku_ids: Integers1D, days: Days1D, unusable: Marks1D, grid: Grid, cells: Out[Integers1D]
) -> tuple[int, int]:
    """The cell of every row, or OUTSIDE, UNUSABLE, BEFORE; returns how many have no cell, and how many are unusable.

    store_ids, sku_ids, days, unusable: (n_rows,), days counted from the array's first. cells: (n_rows,), written.
    """
    stores, starts, skus, n_days, n_before = grid
    outside = kept_out = 0
    store = pair = 0
    for row in range(days.size):
        if unusable[row]:
            cells[row] = UNUSABLE
            kept_out += 1
            continue
        cells[row] = OUTSIDE
        if -n_before <= days[row] < n_days:
            if store == stores.size or stores[store] != store_ids[row]:
                store = _search(stores, 0, stores.size, store_ids[row])
            if store < stores.size and stores[store] == store_ids[row]:
                first, last = starts[store], starts[store + 1]
                # Tables are mostly sorted: the pair of the row before, or the next one, is the likely one.
                if not (first <= pair < last and skus[pair] == sku_ids[row]):
                    pair += 1
                    if not (first <= pair < last and skus[pair] == sku_ids[row]):
                        pair = _search(skus, first, last, sku_ids[row])
                if pair < last and skus[pair] == sku_ids[row]:
                    is_within = days[row] >= 0
                    back = pair * n_before - days[row] - 1
                    cells[row] = pair * n_days + days[row] if is_within else BEFORE - back
        if cells[row] < 0:
            outside += 1
    return outside, kept_out


@kernel
def put_sales(
    cells: Integers1D,
    units: Floats1D,
    revenue: Floats1D,
    units_array: Out[Floats2D],
    revenue_array: Out[Floats2D],
    repeated: Out[Integers1D],
) -> int:
    """Put sales into empty (NaN) cells and list the rows whose cell was taken; returns how many those are.

    units_array: (n_pairs, n_days), written. revenue_array: (n_pairs, the days before the last), written where it
    reaches. repeated: (n_rows,), row numbers written from the front.
    """
    n_days = units_array.shape[1]
    revenue_from = n_days - 1 - revenue_array.shape[1]
    count = 0
    for row in range(cells.size):
        if cells[row] < 0:
            continue
        pair, day = divmod(cells[row], n_days)
        if not np.isnan(units_array[pair, day]):
            repeated[count] = row
            count += 1
            continue
        units_array[pair, day] = units[row]
        if revenue_from <= day < n_days - 1:
            revenue_array[pair, day - revenue_from] = revenue[row]
    return count


@kernel
def put_last(cells: Integers1D, values: Floats1D, array: Out[Floats1D]) -> int:
    """Put values into cells, a later row replacing an earlier; returns how many values were replaced."""
    replaced = 0
    for row in range(cells.size):
        cell = cells[row]
        if cell >= 0:
            replaced += not np.isnan(array[cell])
            array[cell] = values[row]
    return replaced


@kernel
def hold_last(
    cells: Integers1D, values: Floats1D, n_before: int, days_before: Out[Integers1D], held: Out[Floats1D]
) -> None:
    """Keep the latest value of every pair from before the first day; of one day, that of the later row.

    n_before: as `locate` was told. days_before: (n_pairs,), how far back the held value is, n_before + 1 without
    one; held: (n_pairs,); both are written.
    """
    for row in range(cells.size):
        if cells[row] <= BEFORE and not np.isnan(values[row]):
            pair, back = divmod(BEFORE - cells[row], n_before)
            if back + 1 <= days_before[pair]:
                days_before[pair] = back + 1
                held[pair] = values[row]


@kernel
def raise_flags(cells: Integers1D, flags: Flags1D, array: Out[Flags1D]) -> None:
    """Set bit 0 of a cell when any of its rows has flag 1."""
    for row in range(cells.size):
        if cells[row] >= 0 and flags[row] == 1:
            array[cells[row]] |= 1


@kernel
def overrule_flags(cells: Integers1D, flags: Flags1D, array: Out[Flags1D]) -> None:
    """Keep the last row's flag of a cell above bit 0: 1 for false, 2 for true, 0 for a flag that is not 0 or 1."""
    for row in range(cells.size):
        if cells[row] >= 0:
            word = flags[row] + 1 if flags[row] <= 1 else 0
            array[cells[row]] = (array[cells[row]] & 1) | (word << 1)
