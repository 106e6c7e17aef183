"""The kernels as a person would define them: plain loops over lists, exact fractions, no speed.

Unknown is None here and NaN there. Days and rows count from 0.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import reduce
from itertools import groupby
from statistics import stdev
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from engine.kernels.impute import DELIVERED, PARTIAL
from tests.oracles.interval import percentile, split_mix_64

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Rows = Sequence[tuple[int, int, int, bool]]
    Pairs = Sequence[tuple[int, int]]

TIE = 1e-9
EARTH_RADIUS_KM = 6371

Days = list[float | None]


def known(values: Iterable[float]) -> Days:
    """A series of the kernels with None for NaN."""
    return [None if np.isnan(value) else float(value) for value in values]


def array(days: Iterable[float | None]) -> np.ndarray:
    """A series for the kernels with NaN for None."""
    return np.array([np.nan if value is None else value for value in days], dtype=np.float64)


# cells


class Located(NamedTuple):
    """The cell of every row, and how many rows lie outside and how many are kept out."""

    cells: list[int]
    outside: int
    unusable: int


def located(rows: Rows, pairs: Pairs, n_days: int, n_before: int = 0) -> Located:
    """rows: store, SKU, day, unusable. pairs: store and SKU of every panel row. -1 outside, -2 kept out.

    From -3 down: of a known pair, before the first day, the pairs' days back one after the other.
    """
    place = {pair: number for number, pair in enumerate(pairs)}
    cells = []
    for store, sku, day, unusable in rows:
        if unusable:
            cells.append(-2)
        elif (store, sku) in place and 0 <= day < n_days:
            cells.append(place[store, sku] * n_days + day)
        elif (store, sku) in place and -n_before <= day < 0:
            cells.append(-3 - (place[store, sku] * n_before - day - 1))
        else:
            cells.append(-1)
    return Located(cells, sum(cell < 0 and cell != -2 for cell in cells), cells.count(-2))


def held_last(rows: Rows, values: list[float], pairs: Pairs, n_before: int) -> list[float]:
    """Of every pair the value of its latest day before the first, of one day that of the later row; NaN without."""
    held = []
    for pair in pairs:
        known = [
            (day, number)
            for number, (store, sku, day, unusable) in enumerate(rows)
            if (store, sku) == pair and -n_before <= day < 0 and not unusable and not math.isnan(values[number])
        ]
        held.append(values[max(known)[1]] if known else math.nan)
    return held


def returns_netted(units: list[float], most_days_back: int) -> tuple[list[float], list[tuple[int, float]]]:
    """The days with every return taken off the latest sales before it, and the day and units of what is left over."""
    days, left = list(units), []
    for day, sold in enumerate(units):
        back = max(-sold, 0.0)
        days[day] = max(days[day], 0.0)
        for before in reversed(range(max(day - most_days_back, 0), day)):
            taken = min(days[before], back)
            days[before] -= taken
            back -= taken
        if back > 0:
            left.append((day, back))
    return days, left


# impute


class Cells(NamedTuple):
    """One store-SKU as delivered. promo: per day a flag of the sales rows and one of the pricing row, or None.

    state: of the store's days, see `impute`. held_*: from before the first day. withheld: days of its category that
    are unknown.
    """

    units: Days
    on_hand: Days
    price: Days
    sales_promo: list[bool]
    pricing_promo: list[bool | None]
    state: list[int]
    held_on_hand: float | None
    held_price: float | None
    withheld: list[bool]


def first_listed(cells: Cells, min_on_hand: float) -> int:
    """The first day with a sales row or a snapshot above the minimum; the number of days when there is none."""
    return next(
        (
            day
            for day, (units, on_hand) in enumerate(zip(cells.units, cells.on_hand, strict=True))
            if units is not None or (on_hand is not None and on_hand > min_on_hand)
        ),
        len(cells.units),
    )


def carried_forward(days: Days, held: float | None) -> Days:
    """The latest known value at or before each day; one below 0 is 0 on its day and holds no longer."""
    values: Days = []
    latest = None if held is not None and held < 0 else held
    for value in days:
        latest = latest if value is None else None if value < 0 else value
        values.append(0.0 if value is not None and value < 0 else latest)
    return values


def with_zeros(cells: Cells, listed: int) -> Days:
    """Units with 0 on every delivered day since the listing that has no row, and unknown where nothing is known."""
    return [
        units
        if day < listed or (cells.state[day] == PARTIAL and not cells.withheld[day])
        else None
        if cells.withheld[day] or cells.state[day] != DELIVERED
        else 0.0
        if units is None
        else units
        for day, units in enumerate(cells.units)
    ]


def gaps_filled(days: Days, longest: int) -> Days:
    """Unknown runs of at most `longest` days between two known days, on a straight line between them."""
    filled = list(days)
    for is_unknown, run in groupby(range(len(days)), key=lambda day: days[day] is None):
        gap = list(run)
        before, after = gap[0] - 1, gap[-1] + 1
        if is_unknown and len(gap) <= longest and before >= 0 and after < len(days):
            for day in gap:
                share = (day - before) / (after - before)
                filled[day] = days[before] * (1 - share) + days[after] * share
    return filled


def in_stock(cells: Cells, min_on_hand: float, sales_days: int) -> list[bool]:
    """On-hand above the minimum; while it is unknown, whether one of the days before was seen to sell."""
    on_hand = carried_forward(cells.on_hand, cells.held_on_hand)
    return [
        on_hand[day] > min_on_hand
        if on_hand[day] is not None
        else any((units or 0) > 0 for units in cells.units[max(0, day - sales_days) : day])
        for day in range(len(cells.units))
    ]


def on_promo(cells: Cells) -> list[bool]:
    """The pricing row's flag where there is one, else the flag of the sales rows."""
    return [
        sales if pricing is None else pricing
        for sales, pricing in zip(cells.sales_promo, cells.pricing_promo, strict=True)
    ]


# expectation


def kept_days(units: Days, day: int, window: int, sigmas: int) -> list[int]:
    """The known days among the `window` before a day that lie within `sigmas` deviations of their mean.

    Squares of exact fractions are compared, so that the edge itself is kept.
    """
    days = [before for before in range(max(0, day - window), day) if units[before] is not None]
    if len(days) < 2:
        return days
    values = [Fraction(units[before]) for before in days]
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return [before for before in days if (Fraction(units[before]) - mean) ** 2 <= sigmas**2 * variance]


def expected(units: Days, day: int, window: int, sigmas: int, min_kept: int) -> float | None:
    """The mean of the kept days, None when they are too few."""
    kept = [Fraction(units[before]) for before in kept_days(units, day, window, sigmas)]
    return float(sum(kept) / len(kept)) if len(kept) >= min_kept else None


def standard_error(units: Days, day: int, window: int, sigmas: int, min_kept: int) -> float | None:
    """The deviation of the kept days over the root of their count, None when they are too few."""
    kept = [units[before] for before in kept_days(units, day, window, sigmas)]
    return stdev(kept) / math.sqrt(len(kept)) if len(kept) >= min_kept else None


# runs


def dark(units: Days, expected_units: Days, stocked: Sequence[int], ratio: Fraction) -> list[bool]:
    """In stock, something expected, and less sold than the ratio of it."""
    return [
        sold is not None
        and hope is not None
        and hope > 0
        and is_stocked == 1
        and Fraction(sold) < ratio * Fraction(hope)
        for sold, hope, is_stocked in zip(units, expected_units, stocked, strict=True)
    ]


def maximal_runs(flags: Sequence[bool], min_days: int) -> list[tuple[int, int]]:
    """First and last day of every unbroken run of true that is long enough."""
    runs = []
    for is_true, run in groupby(range(len(flags)), key=lambda day: flags[day]):
        days = list(run)
        if is_true and len(days) >= min_days:
            runs.append((days[0], days[-1]))
    return runs


# windows


def total_and_count(days: Days, first: int, last: int) -> tuple[float, int]:
    """Sum and number of the known values from first to last, both included, none before day 0."""
    values = [value for value in days[max(first, 0) : last + 1] if value is not None]
    return sum(values), len(values)


def both_known(left: Days, right: Days) -> tuple[Days, Days]:
    """Both series on the days on which both are known."""
    pairs = [(a, b) if a is not None and b is not None else (None, None) for a, b in zip(left, right, strict=True)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def promo_windows(promo: Sequence[int], end: int, promo_days: int, base_days: int) -> tuple[list[int], list[int]]:
    """The last promo days up to an end, and the last other days before the promo run that holds the end."""
    if not promo[end]:
        return [], []
    began = max((day + 1 for day in range(end) if not promo[day]), default=0)
    during = [day for day in range(end + 1) if promo[day]]
    others = [day for day in range(began) if not promo[day]]
    return during[-promo_days:], others[-base_days:]


def last_rise(days: Days, end: int) -> int:
    """The last day up to an end whose value is above the day before, -1 when there is none."""
    return max(
        (
            day
            for day in range(1, end + 1)
            if days[day] is not None and days[day - 1] is not None and days[day] > days[day - 1]
        ),
        default=-1,
    )


# neighbours


def on_the_globe(latitude: float, longitude: float) -> np.ndarray:
    """A unit vector from the centre of the earth."""
    north, east = math.radians(latitude), math.radians(longitude)
    return np.array([math.cos(north) * math.cos(east), math.cos(north) * math.sin(east), math.sin(north)])


def angle_km(one: np.ndarray, other: np.ndarray) -> float:
    """The great-circle distance as the angle between two unit vectors."""
    return EARTH_RADIUS_KM * math.atan2(float(np.linalg.norm(np.cross(one, other))), float(one @ other))


def sales_ratio(units: Days, expected_units: Days, end: int, window: int, min_days: int) -> Fraction | None:
    """Sold over expected on the days of the window on which both are known; None when too few or nothing expected."""
    days = [
        day
        for day in range(max(0, end - window + 1), end + 1)
        if units[day] is not None and expected_units[day] is not None
    ]
    hope = sum(Fraction(expected_units[day]) for day in days)
    return sum(Fraction(units[day]) for day in days) / hope if len(days) >= min_days and hope > 0 else None


# bootstrap


def seed_of(text: str) -> int:
    """FNV-1a of 64 bits, of the bytes of a text."""
    return reduce(lambda value, byte: (value ^ byte) * 0x100000001B3 % 2**64, text.encode(), 0xCBF29CE484222325)


def starts_of_blocks(outputs: Iterable[int], count: int) -> list[int]:
    """Four starts below count from each 64-bit output, 16 bits each, the lowest first."""
    return [
        int(Fraction(output // 2 ** (16 * draw) % 2**16, 2**16) * count) for output in outputs for draw in range(4)
    ]


def mean_interval(
    values: Sequence[float], seed: int, block: int, replicates: int, tail: float
) -> tuple[float, float]:
    """The percentile interval of the mean, resampled in circular blocks of which the last is cut."""
    count = len(values)
    blocks = math.ceil(count / block)
    outputs = split_mix_64(seed)
    means = []
    for _ in range(replicates):
        drawn: list[float] = []
        starts = starts_of_blocks([next(outputs) for _ in range(math.ceil(blocks / 4))], count)
        for start in starts[:blocks]:
            drawn += [values[(start + step) % count] for step in range(min(block, count - len(drawn)))]
        means.append(math.fsum(drawn) / count)
    means.sort()
    return percentile(means, tail), percentile(means, 1 - tail)
