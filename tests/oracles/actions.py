"""What a calibrated action earns, what a plan may ship and when an alert can come at all: plain numbers, plain loops.

Unknown is None.
"""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

WINDOW_DAYS = 30


class Shelf(NamedTuple):
    """A dark shelf. expected, actual: units a day. response: percent of units per percent of price."""

    expected: float
    actual: float
    price: float
    cost: float | None
    on_hand: float | None
    response: float


def sellable(units: float, shelf: Shelf) -> float:
    """Units as far as the stock reaches."""
    return units if shelf.on_hand is None else min(units, shelf.on_hand)


def margin(price: float, shelf: Shelf) -> float:
    """Of a unit; its price where the cost is unknown."""
    return price - (shelf.cost or 0.0)


def recoverable(shelf: Shelf) -> float:
    """What a shelf that sells as expected would earn more over the window."""
    more = sellable(shelf.expected * WINDOW_DAYS, shelf) - sellable(shelf.actual * WINDOW_DAYS, shelf)
    return max(more * max(margin(shelf.price, shelf), 0.0), 0.0)


def earned_by_price(shelf: Shelf, offered: float, days: float = WINDOW_DAYS, promo_lift: float = 0.0) -> float:
    """What a lower price earns beyond doing nothing, before it is held against what is recoverable."""
    share = max((shelf.price / offered) ** shelf.response * (1 + promo_lift) - 1, 0.0)
    gained = max(min(shelf.expected * share, shelf.expected - shelf.actual), 0.0)
    after = sellable((shelf.actual + gained) * days, shelf) * margin(offered, shelf)
    return after - sellable(shelf.actual * days, shelf) * margin(shelf.price, shelf)


def recovery_by_price(shelf: Shelf, offered: float) -> float:
    """Never a loss, never above what is recoverable."""
    return min(max(earned_by_price(shelf, offered), 0.0), recoverable(shelf))


class Lane(NamedTuple):
    """A way from stock to a need. gain: money a unit."""

    source: int
    target: int
    gain: float


def best_plan(lanes: Sequence[Lane], spare: dict[int, int], need: dict[int, int]) -> float:
    """The most that any whole shipments earn, by trying all of them."""
    most = [range(min(spare[lane.source], need[lane.target]) + 1) for lane in lanes]
    best = 0.0
    for units in product(*most):
        left, open_need = dict(spare), dict(need)
        for lane, count in zip(lanes, units, strict=True):
            left[lane.source] -= count
            open_need[lane.target] -= count
        if min(left.values()) >= 0 and min(open_need.values()) >= 0:
            best = max(best, sum(lane.gain * count for lane, count in zip(lanes, units, strict=True)))
    return best


def chance_of_nothing(mean: float, size: float) -> float:
    """Of a negative binomial count."""
    return (size / (size + mean)) ** size


def days_until(
    bound: float,
    units_a_day: float,
    learnt: float,
    dispersion: float,
    level_drift: float,
    depths: Sequence[float],
    weights: Sequence[float],
    days: range,
) -> int:
    """The first number of empty days whose likelihood ratio reaches a bound (a logarithm); -1 without one."""
    for n in days:
        mean = n * units_a_day
        size = 1 / (dispersion * n * units_a_day**2 / mean**2 + 1 / learnt + level_drift * n)
        mixture = sum(
            weight * chance_of_nothing(depth * mean, size) for depth, weight in zip(depths, weights, strict=True)
        )
        if math.log(mixture) - math.log(chance_of_nothing(mean, size)) >= bound:
            return n
    return -1


def lost_sales(usual: float, pace: float, on_hand: float, safety_days: float) -> int:
    """Whole units that a shelf over its usual pace will lack while its safety stock is kept."""
    short = (pace - usual) * WINDOW_DAYS - max(on_hand - pace * safety_days, 0)
    return max(math.floor(short + 1e-6), 0)
