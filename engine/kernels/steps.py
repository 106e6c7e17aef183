"""When a price or a promotion came to a store-SKU, and how well its sales fit a fall that began on that day."""

import math
from typing import NamedTuple

import numpy as np

from engine.kernels.compiling import inner, kernel
from engine.kernels.records import Spans
from engine.kernels.sales import N_WORKED_WITH, Row, Sales, row_of
from engine.kernels.types import Flags1D, Flags2D, Floats1D, Floats2D, Out


class Stepping(NamedTuple):
    """Where a step is looked for, and which day may have begun a fall.

    before_days: days before an episode that are looked at. price_days, promo_days: days on either side of a step that
    tell its height. free_days: so near the first day of the episode every day fits. fit_begin, fit_end: log
    likelihood ratios between which a day's fit falls from 1 to 0. smallest_share: a fall is taken for no deeper.
    """

    before_days: int
    price_days: int
    promo_days: int
    free_days: int
    fit_begin: float
    fit_end: float
    smallest_share: float


@kernel
def fit_of(against: float, begin: float, end: float) -> float:
    """Fit of a day that so large a log likelihood ratio speaks against: 1 up to begin, 0 from end on."""
    return min(max((end - against) / (end - begin), 0.0), 1.0)


@inner
def _day_fits(of: Row, first: int, last: int, rule: Stepping, fits: Out[Floats1D]) -> None:
    """Fit of every day as the beginning of the fall, from 0 to 1, of the days from first - before_days to last.

    What speaks against a day is the log likelihood ratio of the fall having begun on the first day of the episode:
    Poisson counts, their share left the episode's, every day divided by how far sales scatter beyond counts
    (quasi-likelihood, Wedderburn 1974).
    """
    units, expected, usable = of.units, of.expected, of.usable
    sold = expected_units = 0.0
    for day in range(first, last + 1):
        if usable[day]:
            sold += units[day]
            expected_units += expected[day]
    share = min(max(sold / expected_units, rule.smallest_share), 1.0) if expected_units > 0.0 else 1.0
    begin = max(first - rule.before_days, 0)
    fits[begin : last + 1] = 1.0
    for direction in (-1, 1):
        against = 0.0
        day = first + direction * rule.free_days
        while begin <= day <= last:
            fits[day] = fit_of(against, rule.fit_begin, rule.fit_end)
            passed = day - 1 if direction < 0 else day
            if passed >= 0 and usable[passed] and expected[passed] > 0.0:
                scatter = of.unit + of.dispersion * expected[passed]
                ratio = units[passed] * math.log(share) + (1.0 - share) * expected[passed]
                against += direction * ratio / scatter
            day += direction


@inner
def _usual_price(price: Floats1D, promo: Flags1D, first: int, begin: int, end: int) -> float:
    """Mean known price of the days [begin, end), NaN without any; before an episode no promotion's."""
    total = 0.0
    days = 0
    for day in range(max(begin, 0), end):
        if not np.isnan(price[day]) and (day >= first or promo[day] == 0):
            total += price[day]
            days += 1
    return total / days if days > 0 else np.nan


@kernel
def fitting_steps(
    price: Floats2D, promo: Flags2D, sales: Sales, rule: Stepping, episodes: Spans, steps: Out[Floats2D]
) -> None:
    """The rise of the price, and the begin of promotion, that each episode's beginning fits best.

    price: of the row of each episode, (n_episodes, n_days), NaN unknown. promo: the same, 0 or 1. steps:
    (n_episodes, 6), of the price and then of promotion: days from the first day of the episode to the step, negative
    before it; its height, of the price as after over before less 1, of promotion the rise in the share of days; and
    its fit. NaN without a rise. Written.
    """
    fits, room = np.empty(price.shape[1]), np.empty((N_WORKED_WITH, price.shape[1]))
    price_days, promo_days = rule.price_days, rule.promo_days
    for episode in range(episodes.rows.size):
        first, last, on = episodes.firsts[episode], episodes.lasts[episode], promo[episode]
        _day_fits(row_of(sales, episodes.rows[episode], room), first, last, rule, fits)
        steps[episode] = np.nan
        best_price = best_promo = 0.0
        for day in range(max(first - rule.before_days, 1), last + 1):
            before = _usual_price(price[episode], on, first, max(day - price_days, 0), day)
            after = _usual_price(price[episode], on, first, day, min(day + price_days, last + 1))
            rise = after / before - 1.0 if before > 0.0 else 0.0
            if rise * fits[day] > best_price:
                best_price = rise * fits[day]
                steps[episode, 0], steps[episode, 1], steps[episode, 2] = day - first, rise, fits[day]
            begun, ran = on[day : min(day + promo_days, last + 1)], on[max(day - promo_days, 0) : day]
            rise = begun.mean() - ran.mean()
            if rise * fits[day] > best_promo:
                best_promo = rise * fits[day]
                steps[episode, 3], steps[episode, 4], steps[episode, 5] = day - first, rise, fits[day]
