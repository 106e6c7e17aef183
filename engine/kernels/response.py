"""Sums behind the answer of sales to price: a Poisson likelihood of two slopes, one step at a time.

On a day that differs from the ordinary in price or promotion a row is expected to sell base · exp(slope · x + lift ·
promo), with x the logarithm of its price over the usual one. Days at the usual price off promotion say nothing of
either slope and are passed over.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels import types as t


@njit(
    t.nothing(
        t.table_in,
        t.bytes_in,
        t.series_in,
        t.table_in,
        t.bytes_in,
        t.series_in,
        t.wholes_in,
        t.wholes_in,
        t.table_in,
        t.table_in,
        t.table_in,
        t.real,
        t.real,
        t.table_out,
    ),
    cache=True,
    nogil=True,
)
def response_sums(
    price: NDArray[np.float64],
    promo: NDArray[np.uint8],
    usual_price: NDArray[np.float64],
    units: NDArray[np.float64],
    usable: NDArray[np.uint8],
    level: NDArray[np.float64],
    category: NDArray[np.int64],
    store: NDArray[np.int64],
    weekday_factor: NDArray[np.float64],
    store_factor: NDArray[np.float64],
    slopes: NDArray[np.float64],
    min_change: float,
    max_change: float,
    sums: NDArray[np.float64],
) -> None:
    """Score and information of both slopes, and number of days at another price, of every row.

    price, units: (n_rows, n_days), NaN unknown. promo, usable: the same, 0 or 1. usual_price, level, category, store:
    (n_rows,). weekday_factor: (categories, n_days). store_factor: (stores, n_days). slopes: (categories, 2), of price
    and promotion. min_change, max_change: logarithms; nearer is no change, farther is not believed. sums: (n_rows,
    6), written: Σxr, Σpr, Σx²μ, Σxpμ, Σpμ, days.
    """
    for row in range(units.shape[0]):
        sums[row] = 0.0
        if not (level[row] > 0.0 and usual_price[row] > 0.0):
            continue
        weekdays, stores = weekday_factor[category[row]], store_factor[store[row]]
        slope, lift = slopes[category[row], 0], slopes[category[row], 1]
        for day in range(units.shape[1]):
            if not usable[row, day] or not price[row, day] > 0.0:
                continue
            x, p = 0.0, float(promo[row, day])
            if price[row, day] != usual_price[row]:
                x = math.log(price[row, day] / usual_price[row])
                if abs(x) > max_change:
                    continue
                if abs(x) < min_change:
                    x = 0.0
            if x == 0.0 and p == 0.0:
                continue
            hoped = level[row] * weekdays[day] * stores[day] * math.exp(slope * x + lift * p)
            error = units[row, day] - hoped
            sums[row, 0] += x * error
            sums[row, 1] += p * error
            sums[row, 2] += x * x * hoped
            sums[row, 3] += x * p * hoped
            sums[row, 4] += p * hoped
            sums[row, 5] += x != 0.0
