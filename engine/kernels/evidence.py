"""Evidence that sales fell below their expectation, from counts and their dispersion.

The units of some days are taken as negative binomial: mean Σe, variance unit · Σe + dispersion · Σe² + what the level
itself is unsure of. Against "as expected" stands a mixture of depths, each a share of the expectation that is left;
the evidence of an episode is the logarithm of that likelihood ratio, and its start is where the evidence is largest.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from engine.kernels import types as t


@njit(cache=True, nogil=True)
def _log_ratio(
    sold: float, hoped: float, size: float, depths: NDArray[np.float64], weights: NDArray[np.float64]
) -> float:
    """Log likelihood ratio of the mixture of depths to no change; sold and hoped in units of sale."""
    total = 0.0
    for place in range(depths.size):
        depth = depths[place]
        shift = (size + sold) * math.log((size + hoped) / (size + depth * hoped)) + sold * math.log(depth)
        total += weights[place] * math.exp(min(shift, 700.0))
    return math.log(total) if total > 0.0 else -700.0


@njit(cache=True, nogil=True)
def _learn_levels(
    units: NDArray[np.float64],
    factor: NDArray[np.float64],
    clean: NDArray[np.uint8],
    memory: float,
    long_memory: float,
    prior_units: float,
    level: NDArray[np.float64],
    learnt_units: NDArray[np.float64],
) -> None:
    """Level before each day from the clean days before it, and the units it was learnt from; NaN without any.

    The recent level is shrunk toward the lasting one by prior_units. All arrays: (n_days,).
    """
    sold = hoped = squares = long_sold = long_hoped = long_squares = 0.0
    for day in range(units.size):
        level[day], learnt_units[day] = np.nan, 0.0
        if long_hoped > 0.0:
            lasting = long_sold / long_hoped
            prior = prior_units / lasting if lasting > 0.0 else 0.0
            level[day] = (sold + prior * lasting) / (hoped + prior) if hoped + prior > 0.0 else lasting
            share = hoped / (hoped + prior) if hoped + prior > 0.0 else 0.0
            own = hoped * hoped / squares if squares > 0.0 else 0.0
            lent = long_hoped * long_hoped / long_squares
            doubt = (share * share / own if own > 0.0 else 0.0) + (1.0 - share * share) / lent
            learnt_units[day] = level[day] / doubt if doubt > 0.0 else 0.0
        sold, hoped, squares = memory * sold, memory * hoped, memory * memory * squares
        long_sold, long_hoped = long_memory * long_sold, long_memory * long_hoped
        long_squares = long_memory * long_memory * long_squares
        if clean[day]:
            sold, hoped, squares = sold + units[day], hoped + factor[day], squares + factor[day]
            long_sold, long_hoped = long_sold + units[day], long_hoped + factor[day]
            long_squares += factor[day]


@njit(
    t.nothing(
        t.table_in,
        t.table_in,
        t.bytes_in,
        t.bytes_in,
        t.series_in,
        t.real,
        t.real,
        t.real,
        t.real,
        t.series_in,
        t.series_in,
        t.real,
        t.whole,
        t.whole,
        t.series_out,
        t.series_out,
        t.wholes_out,
        t.table_out,
    ),
    cache=True,
    nogil=True,
)
def open_evidence(
    units: NDArray[np.float64],
    factor: NDArray[np.float64],
    usable: NDArray[np.uint8],
    clean: NDArray[np.uint8],
    dispersion: NDArray[np.float64],
    unit: float,
    memory: float,
    long_memory: float,
    prior_units: float,
    depths: NDArray[np.float64],
    weights: NDArray[np.float64],
    max_ratio: float,
    min_days: int,
    max_days: int,
    best: NDArray[np.float64],
    learnt: NDArray[np.float64],
    first: NDArray[np.int64],
    expected: NDArray[np.float64],
) -> None:
    """The best evidence of an episode that lasts until the last day, its first day, and the expected units.

    The level of an episode is learnt from the clean days before its start and stands still through it.
    units, factor: (n_rows, n_days), factor being the expectation at a level of 1. usable: 0 for days that neither
    start, extend nor end an episode; clean: 1 for those a level may be learnt from. dispersion: (n_rows,). unit:
    variance of the smallest sale over its mean. memory, long_memory, prior_units: as in `demand.levels`, prior_units
    in units of sale. depths, weights: (n_depths,). max_ratio: only episodes that sold at most this share. best:
    (n_rows,), 0 without an episode; learnt: (n_rows,), units of sale behind the level; first: (n_rows,), n_days without
    an episode; expected: (n_rows, n_days), frozen from the first day on. All written.
    """
    n_days = units.shape[1]
    level, learnt_units = np.empty(n_days), np.empty(n_days)
    for row in range(units.shape[0]):
        _learn_levels(
            units[row], factor[row], clean[row], memory, long_memory, prior_units * unit, level, learnt_units
        )
        best[row], first[row] = 0.0, n_days
        sold = shares = squares = 0.0
        days = 0
        for day in range(n_days - 1, max(n_days - 1 - max_days, -1), -1):
            if not usable[row, day]:
                continue
            sold += units[row, day] / unit
            shares += factor[row, day] / unit
            squares += (factor[row, day] / unit) ** 2
            days += 1
            hoped = level[day] * shares
            if days < min_days or not hoped > 0.0 or sold > max_ratio * hoped:
                continue
            doubt = dispersion[row] * squares / (shares * shares) + unit / learnt_units[day]
            found = _log_ratio(sold, hoped, 1.0 / doubt, depths, weights)
            if found > best[row]:
                best[row], first[row] = found, day
        learnt[row] = learnt_units[min(first[row], n_days - 1)] / unit
        for day in range(n_days):
            expected[row, day] = level[min(day, first[row])] * factor[row, day]


@njit(
    t.nothing(
        t.table_in,
        t.table_in,
        t.bytes_in,
        t.series_in,
        t.real,
        t.real,
        t.real,
        t.bytes_out,
    ),
    cache=True,
    nogil=True,
)
def mark_dark(
    units: NDArray[np.float64],
    expected: NDArray[np.float64],
    usable: NDArray[np.uint8],
    dispersion: NDArray[np.float64],
    unit: float,
    depth: float,
    threshold: float,
    dark: NDArray[np.uint8],
) -> None:
    """Mark the days of every stretch whose summed evidence of one depth passes a threshold (Page 1954).

    From where the sum leaves zero to where it peaks. Arrays as in `open_evidence`. dark: (n_rows, n_days), written.
    """
    n_days = units.shape[1]
    for row in range(units.shape[0]):
        dark[row] = 0
        total = peak = 0.0
        start = top = 0
        for day in range(n_days + 1):
            if day < n_days:
                if not usable[row, day] or not expected[row, day] > 0.0:
                    continue
                if total <= 0.0:
                    start, total, peak = day, 0.0, 0.0
                e, y = expected[row, day] / unit, units[row, day] / unit
                size = 1.0 / max(dispersion[row], 1e-6)
                total += (size + y) * math.log((size + e) / (size + depth * e)) + y * math.log(depth)
                if total > peak:
                    peak, top = total, day
            if (total <= 0.0 or day == n_days) and peak >= threshold:
                for marked in range(start, top + 1):
                    dark[row, marked] = 1
                peak = 0.0
