"""When a price rose and a promotion began, and whether the fall may have begun then, against plain likelihoods."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.kernels import compiling
from engine.kernels.records import Spans
from engine.kernels.steps import Stepping, fitting_steps
from tests.kernels.selling import sales_of

RULE = Stepping(
    before_days=12, price_days=4, promo_days=6, free_days=2, fit_begin=1.0, fit_end=4.0, smallest_share=0.02
)
UNIT, DISPERSION = 2.0, 0.1
DAY = st.tuples(
    st.integers(0, 12),
    st.sampled_from([2.0, 3.0, 5.0]),
    st.sampled_from([True] * 5 + [False]),
    st.sampled_from([1.0, 1.0, 1.2, 1.5, math.nan]),
    st.sampled_from([0, 0, 0, 1]),
)
SERIES = st.lists(DAY, min_size=8, max_size=24)
"""Units, expected units, whether the day may be judged, price, promotion."""


def log_likelihood(series: list, days: range, begin: int, share: float) -> float:
    """Of quasi-Poisson counts, expected until a fall begins and a share of that from it on."""
    total = 0.0
    for day in days:
        units, expected, usable = series[day][:3]
        if usable:
            mean = expected if day < begin else share * expected
            total += (units * math.log(mean) - mean) / (UNIT + DISPERSION * expected)
    return total


def plain_fit(series: list, first: int, last: int, day: int) -> float:
    """How well the fall may have begun on a day; it may be dated so many days off for nothing."""
    dark = [one for one in series[first : last + 1] if one[2]]
    share = sum(one[0] for one in dark) / sum(one[1] for one in dark) if dark else 1.0
    share = min(max(share, RULE.smallest_share), 1.0)
    free = range(first - RULE.free_days, first + RULE.free_days + 1)
    if day in free:
        return 1.0
    near = free[0] if day < first else free[-1]
    days = range(max(min(day, near), 0), max(day, near))
    against = log_likelihood(series, days, near, share) - log_likelihood(series, days, day, share)
    return min(max((RULE.fit_end - against) / (RULE.fit_end - RULE.fit_begin), 0.0), 1.0)


def plain_steps(series: list, first: int, last: int) -> list[tuple[float, float, float] | None]:
    """Lag, height and fit of the best price rise and of the best begin of promotion."""
    found: list[tuple[float, float, float] | None] = []
    for kind in ("price", "promo"):
        width = RULE.price_days if kind == "price" else RULE.promo_days
        steps = []
        for day in range(max(first - RULE.before_days, 1), last + 1):
            sides = range(max(day - width, 0), day), range(day, min(day + width, last + 1))
            if kind == "promo":
                before, after = (float(np.mean([series[one][4] for one in side])) for side in sides)
                rise = after - before
            else:
                prices = [
                    [series[one][3] for one in side if series[one][3] > 0 and (one >= first or not series[one][4])]
                    for side in sides
                ]
                if not all(prices):
                    continue
                rise = float(np.mean(prices[1])) / float(np.mean(prices[0])) - 1
            fit = plain_fit(series, first, last, day)
            if rise * fit > 1e-9:
                steps.append((rise * fit, (day - first, rise, fit)))
        found.append(max(steps, key=lambda one: one[0], default=(0, None))[1])
    return found


def steps_of(series: list, first: int, last: int) -> list[float]:
    units, expected, usable, price, promo = (np.array([column]) for column in zip(*series, strict=True))
    flags = usable.astype(np.uint8)
    spread = (np.array([DISPERSION]), np.array([UNIT]), *np.zeros((2, 1)))
    sales = sales_of(units.astype(float), expected, flags, flags, *spread)
    episodes = compiling.given(Spans(*(np.array([one]) for one in (0, first, last))))
    found = np.empty((1, 6))
    fitting_steps(price, promo.astype(np.uint8), sales, RULE, episodes, found)
    return found[0].tolist()


@given(SERIES, st.integers(0, 23), st.integers(0, 12))
def test_a_step_is_the_highest_one_on_a_day_on_which_the_fall_may_have_begun(series, first, length):
    first = min(first, len(series) - 1)
    last = min(first + length, len(series) - 1)
    found = steps_of(series, first, last)
    for one, wanted in zip((found[:3], found[3:]), plain_steps(series, first, last), strict=True):
        if wanted is None:
            assert np.isnan(one).all() or one[1] * one[2] < 1e-8
        else:
            # Two days of equal standing are one as good as the other.
            assert one[1] * one[2] == pytest.approx(wanted[1] * wanted[2])
            assert one[2] == pytest.approx(plain_fit(series, first, last, first + int(one[0])))


def fallen(price_up_on: int, promo_on: int = 99, units: int = 5) -> list:
    """Thirty days of five a day, two a day from the twentieth on."""
    return [
        (units if day < 20 else 2, 5.0, True, 1.25 if day >= price_up_on else 1.0, int(day >= promo_on))
        for day in range(30)
    ]


@pytest.mark.parametrize("lag", [-2, 0, 2])
def test_a_price_raised_as_the_sales_fell_fits(lag):
    assert steps_of(fallen(20 + lag), 20, 29)[:3] == pytest.approx([lag, 0.25, 1.0])


def test_a_price_raised_weeks_before_hardly_fits():
    _, height, fit = steps_of(fallen(9), 20, 29)[:3]
    assert height * fit < 0.25 / 20


def test_a_promotion_begun_as_the_sales_fell_fits_and_one_of_weeks_before_hardly_does():
    assert steps_of(fallen(99, promo_on=21), 20, 29)[3:] == pytest.approx([1, 1.0, 1.0])
    _, height, fit = steps_of(fallen(99, promo_on=9), 20, 29)[3:]
    assert height * fit < 1 / 10


def test_where_few_units_tell_the_day_of_the_fall_a_step_further_off_fits():
    slow = [(day % 8 == 0 if day < 20 else 0, 0.125, True, 1.0 + (day >= 12) / 4, 0) for day in range(30)]
    lag, height, fit = steps_of(slow, 20, 29)[:3]
    assert (lag, height) == pytest.approx((-8, 0.25))
    assert fit > 0.8
