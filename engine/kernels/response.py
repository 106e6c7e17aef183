"""Sums behind the answer of sales to price: a Poisson likelihood of two slopes, one step at a time.

On a day that differs from the ordinary in price or promotion a row is expected to sell base · exp(slope · x + lift ·
promo), with x the logarithm of its price over the usual one. Days at the usual price off promotion tell the base; of
the slopes they say nothing. The others are few: they are found once, and asked in every step.
"""

import math
from typing import NamedTuple

from engine.kernels.compiling import inner, kernel
from engine.kernels.types import Flags1D, Flags2D, Floats1D, Floats2D, Integers1D, Out


@inner
def _change(price: float, usual: float, min_change: float) -> float:
    """Logarithm of a price over the usual one, 0 when it is near enough or no usual price is above 0."""
    if price == usual or not usual > 0.0:
        return 0.0
    x = math.log(price / usual)
    return x if abs(x) >= min_change else 0.0


class Priced(NamedTuple):
    """What rows sold, and at which price.

    price, units: (n_rows, n_days), NaN unknown. promo, usable, clean: the same, 0 or 1; the base is told by clean
    days, the slopes by usable ones: a price that darkened a shelf is heard. usual_price, unit (of sale), category,
    store: (n_rows,).
    """

    price: Floats2D
    promo: Flags2D
    usual_price: Floats1D
    units: Floats2D
    usable: Flags2D
    clean: Flags2D
    unit: Floats1D
    category: Integers1D
    store: Integers1D


@inner
def _ever_differs(price: Floats1D, promo: Flags1D, usual: float) -> bool:
    """Whether a row was ever on promotion or at another known price than the usual one."""
    differs = False
    for day in range(price.size):
        differs |= promo[day] != 0 or (price[day] != usual and price[day] > 0.0)
    return differs


@inner
def _base(of: Priced, row: int, weekdays: Floats1D, stores: Floats1D, min_change: float) -> float:
    """Units a day at factors of 1, from a row's clean days at the usual price off promotion; 0 without any."""
    price, promo, usual = of.price[row], of.promo[row], of.usual_price[row]
    units, clean = of.units[row], of.clean[row]
    sold = expected_units = 0.0
    for day in range(units.size):
        if clean[day] and not promo[day] and price[day] > 0.0 and _change(price[day], usual, min_change) == 0.0:
            sold += units[day]
            expected_units += weekdays[day] * stores[day]
    return sold / expected_units if expected_units > 0.0 else 0.0


class Changed(NamedTuple):
    """Days of rows at another price than the usual one or on promotion, row after row.

    starts: (n_rows + 1,), the first of each row, then how many there are. change: logarithm of the price over the
    usual one. promo: 0 or 1. due: units expected at the usual price off promotion. units: sold. All (n_changed,).
    """

    starts: Integers1D
    change: Floats1D
    promo: Floats1D
    due: Floats1D
    units: Floats1D


class FoundChanged(NamedTuple):
    """Room for `Changed`, written."""

    starts: Out[Integers1D]
    change: Out[Floats1D]
    promo: Out[Floats1D]
    due: Out[Floats1D]
    units: Out[Floats1D]


@kernel
def changed_days(
    of: Priced,
    weekday_factor: Floats2D,
    store_factor: Floats2D,
    min_change: float,
    max_change: float,
    found: FoundChanged,
) -> int:
    """Find the usable days that say something of the slopes; returns how many there are.

    weekday_factor: (categories, n_days). store_factor: (stores, n_days). min_change, max_change: logarithms of the
    price over the usual one; nearer is no change, farther is not believed. found: written as far as there are any.
    """
    price, promo, usual_price, usable = of.price, of.promo, of.usual_price, of.usable
    count = 0
    for row in range(price.shape[0]):
        found.starts[row] = count
        # Most rows never leave their usual price: nothing of them is asked.
        if not _ever_differs(price[row], promo[row], usual_price[row]):
            continue
        weekdays, stores = weekday_factor[of.category[row]], store_factor[of.store[row]]
        base = _base(of, row, weekdays, stores, min_change)
        if not base > 0.0:
            continue
        for day in range(price.shape[1]):
            if not usable[row, day] or not price[row, day] > 0.0:
                continue
            x, p = _change(price[row, day], usual_price[row], min_change), float(promo[row, day])
            # An ordinary day tells the base, which is told already; of the slopes it says nothing.
            if abs(x) > max_change or (x == 0.0 and p == 0.0):
                continue
            found.change[count], found.promo[count] = x, p
            found.due[count], found.units[count] = base * weekdays[day] * stores[day], of.units[row, day]
            count += 1
    found.starts[price.shape[0]] = count
    return count


@kernel
def response_sums(of: Changed, unit: Floats1D, category: Integers1D, slopes: Floats2D, sums: Out[Floats2D]) -> None:
    """Sums for one step of both slopes of every row, and number of days at another price.

    unit, category: (n_rows,), as in `Priced`. slopes: (categories, 2), of price and promotion, so far. sums:
    (n_rows, 6), written, over days with x the logarithm, p the promotion (0 or 1), μ the expected units and r the
    units beyond it: Σxr and Σpr, the score; Σx²μ, Σxpμ and Σpμ, the information; days.
    """
    for row in range(unit.size):
        sums[row] = 0.0
        slope, lift = slopes[category[row], 0], slopes[category[row], 1]
        for day in range(of.starts[row], of.starts[row + 1]):
            x, p = of.change[day], of.promo[day]
            expected_units = of.due[day] * math.exp(slope * x + lift * p) / unit[row]
            error = of.units[day] / unit[row] - expected_units
            sums[row, 0] += x * error
            sums[row, 1] += p * error
            sums[row, 2] += x * x * expected_units
            sums[row, 3] += x * p * expected_units
            sums[row, 4] += p * expected_units
            sums[row, 5] += x != 0.0
