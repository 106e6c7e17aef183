"""What rows sold and what was expected of them, unpacked one row at a time.

Whole tables of them are many bytes: to write and read them again takes longer than to unpack a row and to multiply
its factors whenever a kernel looks at it. A row stays in the processor's nearest cache.
"""

from typing import NamedTuple

from engine.kernels.compiling import inner, inner_in_place
from engine.kernels.packed import Packed, unpack_row
from engine.kernels.records import Factors
from engine.kernels.types import Flags1D, Flags2D, Floats1D, Floats2D, Integers1D, Out

N_WORKED_WITH = 3
"""Rows of numbers that `row_of` works with."""


class Cells(NamedTuple):
    """What rows sold, at which offer, and whose factors they are expected with.

    units, clean, offer: (n_rows, n_days), NaN unknown, 1 where the cell may be learnt from, and a place in the
    category's factors. Unknown cells are not clean. category, store, sku: (n_rows,), places in `Factors`. unit:
    (n_rows,), of sale: the variance of the smallest sale over its mean, 1 for pieces.
    """

    units: Packed
    clean: Flags2D
    offer: Flags2D
    category: Integers1D
    store: Integers1D
    sku: Integers1D
    unit: Floats1D


class Sales(NamedTuple):
    """What rows sold, and what they are expected to.

    factors, level: of the expectation, the level (n_rows,) in units a day, NaN unknown. usable: (n_rows, n_days), 1
    where the cell may be judged. dispersion: (n_rows,), relative variance of a day beyond that of counts.
    borrowed_share: (n_rows,), share of the expectation that other stores let expect of a row listed late, 0 where its
    level is its own. borrowed_variance: (n_rows,), relative variance of it.
    """

    cells: Cells
    factors: Factors
    level: Floats1D
    usable: Flags2D
    dispersion: Floats1D
    borrowed_share: Floats1D
    borrowed_variance: Floats1D


class Row(NamedTuple):
    """One row of `Sales`: units and expected units of every day, NaN unknown; the others as there."""

    units: Floats1D
    expected: Floats1D
    usable: Flags1D
    clean: Flags1D
    unit: float
    dispersion: float
    borrowed_share: float
    borrowed_variance: float


@inner_in_place
def _pick(factor: Floats1D, kind: Flags1D, picked: Out[Floats1D]) -> None:
    """The factor of each day's kind. Apart from what follows, so that this is done for many days at once."""
    for day in range(kind.size):
        picked[day] = factor[kind[day]]


@inner
def multiply(
    level: float, weekdays: Floats1D, offers: Floats1D, stores: Floats1D, skus: Floats1D, product: Out[Floats1D]
) -> None:
    """A level times the factors of each day, always in this order: the product is the same to the bit everywhere."""
    for day in range(product.size):
        product[day] = level * weekdays[day] * offers[day] * stores[day] * skus[day]


@inner
def divide(values: Floats1D, unit: float, quotients: Out[Floats1D]) -> None:
    """Values over a unit of sale, (n_days,), written; may be the values' own array."""
    for day in range(values.size):
        quotients[day] = values[day] / unit


@inner_in_place
def expect_row(
    of: Cells, row: int, factors: Factors, level: float, picked: Out[Floats1D], expected: Out[Floats1D]
) -> None:
    """Expected units of every day of a row by a level, (n_days,), written. picked: (n_days,), to work with."""
    _pick(factors.offer[of.category[row]], of.offer[row], picked)
    weekdays, stores = factors.weekday[of.category[row]], factors.store_day[of.store[row]]
    multiply(level, weekdays, picked, stores, factors.sku_day[of.sku[row]], expected)


@inner_in_place
def row_of(sales: Sales, row: int, room: Out[Floats2D]) -> Row:
    """One row, unpacked. room: (N_WORKED_WITH, n_days), where its numbers live until the next one is asked for."""
    unpack_row(sales.cells.units, row, room[0])
    expect_row(sales.cells, row, sales.factors, sales.level[row], room[2], room[1])
    return Row(
        room[0],
        room[1],
        sales.usable[row],
        sales.cells.clean[row],
        sales.cells.unit[row],
        sales.dispersion[row],
        sales.borrowed_share[row],
        sales.borrowed_variance[row],
    )


@inner_in_place
def row_in_units_of_sale(sales: Sales, row: int, room: Out[Floats2D]) -> Row:
    """As `row_of`, but units and expected units are counted in units of sale."""
    # Most products are sold by the piece, and a division takes longer than what else is done with a day.
    of = row_of(sales, row, room)
    if of.unit != 1.0:
        divide(of.units, of.unit, room[0])
        divide(of.expected, of.unit, room[1])
    return of
