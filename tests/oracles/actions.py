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
    """A dark shelf. expected, actual, delivered: units a day. usual: price before. response: percent a percent."""

    expected: float
    actual: float
    price: float
    cost: float | None
    on_hand: float | None
    response: float
    usual: float
    delivered: float | None = None


def sellable(rate: float, shelf: Shelf, days: float = WINDOW_DAYS) -> float:
    """Units over some days as far as stock and trucks reach."""
    reach = math.inf if shelf.on_hand is None else shelf.on_hand + (shelf.delivered or 0.0) * days
    return min(rate * days, reach)


def margin(price: float, shelf: Shelf) -> float:
    """Of a unit; its price where the cost is unknown."""
    return price - (shelf.cost or 0.0)


def undone(shelf: Shelf, price: float, units: float) -> float:
    """What selling `units` a day at a price earns over the window beyond what is sold now at the price of now."""
    return sellable(units, shelf) * margin(price, shelf) - sellable(shelf.actual, shelf) * margin(shelf.price, shelf)


def restored(shelf: Shelf) -> float:
    """What going back to the usual price earns, as far as the cost lets the price go; 0 where it does not pay."""
    floor = 0.0 if shelf.cost is None else 1.05 * shelf.cost
    asked = max(shelf.usual, floor)
    if asked >= shelf.price:
        return 0.0
    units = max(shelf.expected * min((shelf.usual / asked) ** shelf.response, 1.0), shelf.actual)
    return max(undone(shelf, asked, units), 0.0)


def promoted(shelf: Shelf, off: float, lift: float, days: float) -> float:
    """What a lower price earns while it lasts: what sells anyway sells cheaper, and no more than is due sells."""
    more = max(min(shelf.actual * lift, shelf.expected - shelf.actual), 0.0)
    after = sellable(shelf.actual + more, shelf, days) * margin(shelf.price * (1 - off), shelf)
    return after - sellable(shelf.actual, shelf, days) * margin(shelf.price, shelf)


def own_response(
    share_left: float, sold: float, lost_error: float, rise: float, category: float, spread: float
) -> float:
    """A shelf's answer to its own rise, weighed with its category's: each by one over its variance."""
    own = -math.log(share_left) / math.log(rise)
    precision = (sold * math.log(rise) / lost_error) ** 2
    prior = 1 / spread**2
    return (precision * own + prior * category) / (precision + prior)


def delivered(on_hand: Sequence[float], sold: Sequence[float]) -> float:
    """Units a day that came in, day by day: tomorrow's stock less what is left of today's."""
    came = [tomorrow - (today - units) for today, tomorrow, units in zip(on_hand, on_hand[1:], sold, strict=False)]
    return sum(came) / len(came)


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
        walked = sum(min(one, other) for one in range(1, n + 1) for other in range(1, n + 1)) / n**2
        size = 1 / (dispersion * n * units_a_day**2 / mean**2 + 1 / learnt + level_drift * walked)
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
