from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.kernels import compiling
from engine.kernels.darkness import learnt_before
from engine.kernels.likelihood_ratio import (
    EpisodeRule,
    darkest_stretch,
    mark_dark,
    mark_fallen,
    open_log_likelihood_ratio,
    past_log_likelihood_ratio,
)
from engine.kernels.records import FoundSpans, Spans, Weighing
from engine.kernels.runs import stretches
from tests.kernels.selling import sales_of

if TYPE_CHECKING:
    from engine.kernels.sales import Sales

NEVER = 1e9
"""So large a log likelihood ratio of ordinary sales that no episode is over."""
DEPTHS, WEIGHTS = [0.02, 0.25], [0.6, 0.4]
FADE = 0.02
LEFT_OUT_DOUBT = 0.3
OWN = (0.0, 0.0)
"""Nothing is borrowed of other stores."""
SLACKS = st.sampled_from([0.0, 1.0])
DAY = st.tuples(st.integers(0, 9), st.floats(0.1, 6), st.booleans(), st.booleans())
SERIES = st.lists(DAY.map(lambda day: (*day[:3], day[2] and day[3])), min_size=1, max_size=12)
"""Units, expected units, whether the day is usable, and whether it may be learnt from."""


def log_negative_binomial(sold: float, mean: float, size: float) -> float:
    """Log probability of a count: mean and size (variance mean + mean² / size)."""
    return (
        math.lgamma(sold + size)
        - math.lgamma(size)
        - math.lgamma(sold + 1)
        + size * math.log(size / (size + mean))
        + sold * math.log(mean / (size + mean))
    )


def walk_of_mean(days: int) -> float:
    """Variance of the mean of a walk's first days, in steps: those that two days share, over all pairs of days."""
    return sum(min(one, other) for one in range(1, days + 1) for other in range(1, days + 1)) / days**2


def learnt(
    series: list, start: int, memory: float, dispersion: float, level_drift: float = FADE
) -> tuple[float, float]:
    """Share of their expectation that the clean days before a start sold, the later the heavier, and its variance.

    A step of the level's walk is missed by the weight of the days before it.
    """
    before = [(start - 1 - day, *series[day][:2]) for day in range(start) if series[day][3]]
    sold = sum(memory**age * units for age, units, _ in before)
    expected_units = sum(memory**age * expected for age, _, expected in before)
    counted = sum(memory ** (2 * age) * expected for age, _, expected in before)
    squares = sum((memory**age * expected) ** 2 for age, _, expected in before)
    left_out = sum(memory ** (start - 1 - day) * one[1] for day, one in enumerate(series[:start]) if one[2] > one[3])
    if not sold > 0:
        return 0.0, 0.0
    weights = [memory ** (start - 1 - day) * one[1] if one[3] else 0.0 for day, one in enumerate(series[:start])]
    missed = sum((sum(weights[:step]) / sum(weights)) ** 2 for step in range(1, start))
    relative_variance = (
        LEFT_OUT_DOUBT * (left_out / (left_out + expected_units)) ** 2
        + dispersion * squares / expected_units**2
        + level_drift * missed
    )
    return sold / expected_units, counted / expected_units / sold + relative_variance


def blended(
    series: list, start: int, memory: float, dispersion: float, borrowed: tuple[float, float]
) -> tuple[float, float]:
    """The same where other stores let expect a share: the mean of both, each by one over its variance, and its own.

    The clean days count as if they were of the borrowed share; a walk is theirs alone.
    """
    share, variance = borrowed
    own = [(memory ** (start - 1 - day), *series[day][:2]) for day in range(start) if series[day][3]]
    if not own:
        return borrowed
    due = sum(weight * expected for weight, _, expected in own)
    sold = sum(weight * units for weight, units, _ in own)
    left_out = sum(memory ** (start - 1 - day) * one[1] for day, one in enumerate(series[:start]) if one[2] > one[3])
    counted = sum(weight**2 * expected for weight, _, expected in own) / share
    scattered = dispersion * sum((weight * expected) ** 2 for weight, _, expected in own)
    of_own = (counted + scattered) / due**2 + LEFT_OUT_DOUBT * (left_out / (left_out + due)) ** 2
    both = 1 / (1 / of_own + 1 / variance)
    mean = both * (sold / due / of_own + share / variance)
    step = FADE * walk_missed(series, start, memory) * (both / of_own) ** 2
    return mean, both * (share / mean) ** 2 + step


def walk_missed(series: list, start: int, memory: float) -> float:
    """Steps of a walk that the clean days before a start have missed, by the weight of the days before each."""
    weights = [memory ** (start - 1 - day) * one[1] if one[3] else 0.0 for day, one in enumerate(series[:start])]
    return sum((sum(weights[:step]) / sum(weights)) ** 2 for step in range(1, start))


def plain_ratio(days: list, share: float, relative_variance: float, dispersion: float) -> float:
    """Log likelihood ratio of the mixture of depths to ordinary days at a share of the expectation."""
    sold, expected_units = sum(one for one, _ in days), sum(one for _, one in days)
    of_days = dispersion * sum(one**2 for _, one in days) / expected_units**2
    size = 1 / (of_days + relative_variance + FADE * walk_of_mean(len(days)))
    usual = log_negative_binomial(sold, share * expected_units, size)
    return math.log(
        sum(
            weight * math.exp(log_negative_binomial(sold, depth * share * expected_units, size) - usual)
            for depth, weight in zip(DEPTHS, WEIGHTS, strict=True)
        )
    )


def plain_evidence(
    series: list, memory: float, dispersion: float, slack: float, min_days: int, max_days: int
) -> tuple[float, int]:
    """The largest log likelihood ratio over all starts, by probabilities, and the latest start almost as good."""
    found = {}
    for start in range(max(len(series) - max_days, 0), len(series)):
        days = [(sold, expected_units) for sold, expected_units, usable, _ in series[start:] if usable]
        share, relative_variance = learnt(series, start, memory, dispersion)
        if not series[start][2] or len(days) < min_days or not share > 0:
            continue
        if sum(one for one, _ in days) <= 0.5 * share * sum(one for _, one in days):
            found[start] = plain_ratio(days, share, relative_variance, dispersion)
    best = max(found, key=lambda start: (found[start], start), default=None)
    if best is None or not found[best] > 0:
        return 0.0, len(series)
    starts = [start for start in found if found[start] > 0]
    return found[best], plain_begin(
        series, starts, best, learnt(series, best, memory, dispersion)[0], dispersion, slack
    )


def plain_begin(series: list, starts: list, best: int, share: float, dispersion: float, slack: float) -> int:
    """The likeliest start at the level and depth of the best one; an earlier day has to add so much likelihood."""
    days = [(sold, share * expected_units) for sold, expected_units, usable, _ in series[best:] if usable]
    left = min(max(sum(sold for sold, _ in days) / sum(expected_units for _, expected_units in days), 0.02), 1.0)
    size = 1 / max(dispersion, 1e-6)

    def total(start: int) -> float:
        return sum(
            log_negative_binomial(sold, left * share * expected_units, size)
            - log_negative_binomial(sold, share * expected_units, size)
            for sold, expected_units, usable, _ in series[start:]
            if usable
        )

    first, most = best, 0.0
    for start in sorted(starts, reverse=True):
        if total(start) > most + (slack if most > 0 else 0.0):
            first, most = start, total(start)
    return first


ALONE = np.array([0])
"""Number of the only row."""


def cells(series: list) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    units, expected, usable, clean = zip(*series, strict=True)
    return np.array([units], float), np.array([expected]), np.array([usable], np.uint8), np.array([clean], np.uint8)


def sales(series: list, dispersion: float, unit: float = 1.0, borrowed: tuple[float, float] = OWN) -> Sales:
    """One row, as the kernels take it. borrowed: share of the expectation and its variance."""
    units, expected, usable, clean = cells(series)
    scatter = (np.array([dispersion]), np.array([unit]), *(np.array([one]) for one in borrowed))
    return sales_of(units * unit, expected * unit, usable, clean, *scatter)


def weighing(level_drift: float = FADE) -> Weighing:
    return compiling.given(Weighing(level_drift, np.array(DEPTHS), np.log(DEPTHS), np.array(WEIGHTS)))


def weigh(
    series,
    memory=0.98,
    dispersion=0.1,
    unit=1.0,
    slack=0.0,
    min_days=2,
    max_days=56,
    closing=NEVER,
    level_drift=0.0,
    borrowed=OWN,
):
    best, first = np.empty(1), np.empty(1, np.int64)
    rule = EpisodeRule(0.5, closing, slack, min_days, max_days)
    how = (memory, LEFT_OUT_DOUBT, weighing(level_drift), rule)
    open_log_likelihood_ratio(sales(series, dispersion, unit, borrowed), ALONE, *how, best, first)
    return best[0], int(first[0])


@given(
    SERIES, st.sampled_from([0.9, 1.0]), st.sampled_from([0.0, 0.3]), SLACKS, st.integers(1, 3), st.integers(1, 12)
)
def test_evidence_is_the_best_likelihood_ratio_over_all_starts(series, memory, dispersion, slack, min_days, max_days):
    wanted, start = plain_evidence(series, memory, dispersion, slack, min_days, max_days)
    found, first = weigh(
        series, memory, dispersion, slack=slack, min_days=min_days, max_days=max_days, level_drift=FADE
    )
    assert found == pytest.approx(wanted, abs=1e-9)
    assert first == start


@given(SERIES, st.sampled_from([0.1, 7.0]))
def test_the_unit_of_sale_scales_units_and_expectation_alike(series, unit):
    assert weigh(series, unit=unit)[0] == pytest.approx(weigh(series)[0], abs=1e-9)


@given(SERIES, st.floats(0.01, 100))
def test_the_level_of_the_expectation_cancels(series, factor):
    scaled = [(units, factor * expected, usable, clean) for units, expected, usable, clean in series]
    # The relative variance about the level is that of the units sold; the dispersion is relative.
    assert weigh(scaled, dispersion=0.3)[0] == pytest.approx(weigh(series, dispersion=0.3)[0], rel=1e-6, abs=1e-9)


@given(SERIES, st.integers(0, 11))
def test_a_day_that_is_not_usable_changes_nothing_but_the_age_of_those_before(series, place):
    place = min(place, len(series))
    held = [*series[:place], (9, 3.0, False, False), *series[place:]]
    log_likelihood_ratio, first = weigh(held, memory=1.0)
    assert log_likelihood_ratio == pytest.approx(weigh(series, memory=1.0)[0])
    assert first != place


def days(*runs: tuple[int, float, float]) -> list:
    """Runs of (days, units, expected units), usable and clean."""
    return [(units, expected, True, True) for n, units, expected in runs for _ in range(n)]


def test_one_ordinary_day_does_not_end_an_episode():
    assert weigh(days((20, 5, 5.0), (7, 0, 5.0), (1, 5, 5.0), (6, 0, 5.0)))[1] == 20


def test_enough_ordinary_days_do():
    over = days((20, 5, 5.0), (7, 0, 5.0), (6, 5, 5.0))
    assert weigh(over)[1] == 20
    assert weigh(over, closing=5.0) == (0.0, 33)


def test_no_day_of_an_episode_tells_the_level_it_is_judged_by():
    dark = days((20, 5, 5.0), (6, 0, 5.0))
    assert weigh(days((20, 5, 2.0), (6, 0, 2.0))) == pytest.approx(weigh(dark))


def test_more_dark_days_are_more_evidence_and_a_doubtful_level_is_less():
    known, hardly = days((40, 2, 2.0)), days((2, 2, 2.0))
    dark = days((6, 0, 2.0))
    assert weigh([*known, *dark[:3]])[0] < weigh([*known, *dark])[0]
    assert weigh([*hardly, *dark])[0] < weigh([*known, *dark])[0]
    assert weigh([*known, *dark], dispersion=1.0)[0] < weigh([*known, *dark], dispersion=0.0)[0]


def test_without_a_clean_sale_before_it_nothing_is_an_episode():
    unclean = [(5, 5.0, True, False)] * 20
    assert weigh([*unclean, *days((6, 0, 2.0))]) == (0.0, 26)
    assert weigh(days((20, 0, 2.0), (6, 0, 2.0))) == (0.0, 26)


def test_sales_above_the_ratio_are_no_episode():
    assert weigh(days((30, 5, 5.0), (10, 3, 5.0)))[0] == 0
    assert weigh(days((30, 5, 5.0), (10, 2, 5.0)))[0] > 0


@given(SERIES, st.integers(0, 11), st.integers(0, 11))
def test_a_past_stretch_is_weighed_against_the_days_before_it(series, first, length):
    first = min(first, len(series) - 1)
    last = min(first + length, len(series) - 1)
    found = np.empty(1)
    place = compiling.given(Spans(np.array([0]), np.array([first]), np.array([last])))
    past_log_likelihood_ratio(sales(series, 0.3), 0.9, LEFT_OUT_DOUBT, weighing(), place, found)
    share, relative_variance = learnt(series, first, 0.9, 0.3)
    inside = [(units, expected) for units, expected, usable, _ in series[first : last + 1] if usable]
    wanted = plain_ratio(inside, share, relative_variance, 0.3) if inside and share > 0 else 0.0
    assert found[0] == pytest.approx(wanted, abs=1e-9)


@given(SERIES)
def test_tomorrow_is_judged_by_all_clean_days(series):
    found = np.empty(1)
    learnt_before(sales(series, 0.2), ALONE, 0.9, LEFT_OUT_DOUBT, FADE, found)
    relative_variance = learnt(series, len(series), 0.9, 0.2)[1]
    assert found[0] == pytest.approx(1 / relative_variance if relative_variance > 0 else 0.0)


@given(SERIES, st.floats(0.05, 20), st.floats(0.001, 2))
def test_a_row_listed_late_is_told_by_other_stores_until_its_own_days_outweigh_them(series, share, variance):
    of_row = sales(series, 0.2, borrowed=(share, variance))
    tomorrow = np.empty(1)
    learnt_before(of_row, ALONE, 0.9, LEFT_OUT_DOUBT, FADE, tomorrow)
    wanted = blended(series, len(series), 0.9, 0.2, (share, variance))
    assert tomorrow[0] == pytest.approx(1 / wanted[1])
    found = np.empty(1)
    last = compiling.given(Spans(*(np.array([one]) for one in (0, len(series) - 1, len(series) - 1))))
    past_log_likelihood_ratio(of_row, 0.9, LEFT_OUT_DOUBT, weighing(), last, found)
    inside = [one[:2] for one in series[-1:] if one[2]]
    before = blended(series, len(series) - 1, 0.9, 0.2, (share, variance))
    assert found[0] == pytest.approx(plain_ratio(inside, *before, 0.2) if inside else 0.0, abs=1e-9)


def test_a_row_that_never_sold_is_dark_by_what_other_stores_sell():
    never = [*[(0, 0.0, False, False)] * 10, *days((12, 0, 4.0))]
    assert weigh(never) == (0.0, 22)
    told = [weigh(never, borrowed=(1.0, variance)) for variance in (0.05, 0.5, 5.0)]
    assert {first for _, first in told} == {10}
    assert told[0][0] > told[1][0] > told[2][0] > 0


def marked(units: list[int], bound: float) -> tuple[list[int], float]:
    dark, peaks = np.empty((1, len(units)), np.uint8), np.empty(1)
    of_row = sales([(sold, 4.0, True, True) for sold in units], 0.05)
    mark_dark(of_row, ALONE, 0.1, np.array([bound]), dark)
    darkest_stretch(of_row, ALONE, 0.1, np.zeros(1), peaks)
    return np.flatnonzero(dark[0]).tolist(), float(peaks[0])


def test_dark_stretches_are_marked_from_their_first_day_to_their_last():
    units = [4, 4, 0, 0, 0, 4, 4, 4, 4, 0, 0, 0, 0]
    assert marked(units, 3.0)[0] == [2, 3, 4, 9, 10, 11, 12]
    assert marked(units, 12.0)[0] == [9, 10, 11, 12]
    assert marked(units, 99.0)[0] == []


def test_the_peak_is_the_evidence_of_the_darkest_stretch():
    one_day = (20 + 0) * math.log((20 + 4) / (20 + 0.4))
    assert marked([4, 0, 0, 4, 4, 4, 0, 4, 4], 99.0)[1] == pytest.approx(2 * one_day)
    assert marked([4, 4, 9], 1.0)[1] == 0


@given(SERIES, st.floats(0.05, 0.5), st.floats(0.01, 5.0))
def test_the_darkest_stretch_is_the_largest_sum_of_the_ratios_of_successive_days(series, depth, dispersion):
    size, peaks = 1 / dispersion, np.empty(1)
    ratios = [
        log_negative_binomial(sold, depth * due, size) - log_negative_binomial(sold, due, size)
        for sold, due, is_usable, _ in series
        if is_usable
    ]
    stretches_of_days = [ratios[first:end] for first in range(len(ratios)) for end in range(first, len(ratios) + 1)]
    darkest_stretch(sales(series, dispersion), ALONE, depth, np.zeros(1), peaks)
    assert peaks[0] == pytest.approx(max((sum(days) for days in stretches_of_days), default=0.0), abs=1e-9)


BEFORE_DAYS, FALLEN_DEPTH = 8, 0.35


def plain_fall(days: list, dark: set, start: int, dispersion: float) -> tuple[float, int]:
    """Largest log likelihood ratio of a fall on a day against the days before it, by the ratio of probabilities."""
    before = [days[day] for day in range(max(start - BEFORE_DAYS, 0), start) if days[day][2] and day not in dark]
    sold_before, expected_before = sum(one[0] for one in before), sum(one[1] for one in before)
    if not (sold_before > 0 and expected_before > 0):
        return 0.0, start
    share, peak, top = sold_before / expected_before, 0.0, start
    seen: list = []
    for day in range(start, len(days)):
        if not days[day][2]:
            continue
        seen.append((days[day][0], share * days[day][1]))
        sold, due = sum(one for one, _ in seen), sum(one for _, one in seen)
        relative_variance = 1 / sold_before + dispersion * sum(one[1] ** 2 for one in before) / expected_before**2
        walked = walk_of_mean(len(seen)) + walk_of_mean(start - max(start - BEFORE_DAYS, 0))
        size = 1 / (dispersion * sum(one**2 for _, one in seen) / due**2 + relative_variance + FADE * walked)
        usual = log_negative_binomial(sold, due, size)
        log_likelihood_ratio = log_negative_binomial(sold, FALLEN_DEPTH * due, size) - usual
        if log_likelihood_ratio > peak:
            peak, top = log_likelihood_ratio, day
        if log_likelihood_ratio <= 0 or log_likelihood_ratio < peak / 2:
            break
    return peak, top


def plain_fallen(days: list, bound: float, dispersion: float, rounds: int) -> set:
    dark: set = set()
    for _ in range(rounds):
        starts = [day for day in range(BEFORE_DAYS // 2, len(days)) if days[day][2] and day not in dark]
        falls = [(*plain_fall(days, dark, start, dispersion), start) for start in starts]
        peak, last, first = max(falls, key=lambda fall: fall[0], default=(0.0, 0, 0))
        if peak <= bound:
            break
        dark |= set(range(first, last + 1))
    return dark


FALLING = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1, 3, 4, 6]), st.sampled_from([2.0, 3.0, 4.5]), st.sampled_from([True] * 9 + [False])
    ),
    min_size=5,
    max_size=24,
)


@given(FALLING, st.sampled_from([0.5, 2.0, 5.0]), st.sampled_from([0.0, 0.2]), st.integers(1, 3))
def test_lasting_falls_are_those_of_the_largest_log_likelihood_ratio_against_the_days_before(
    days, bound, dispersion, rounds
):
    of_row = sales([(*day, day[2]) for day in days], dispersion)
    dark = np.zeros(of_row.usable.shape, np.uint8)
    mark_fallen(of_row, ALONE, FADE, BEFORE_DAYS, FALLEN_DEPTH, bound, rounds, dark)
    assert set(np.flatnonzero(dark[0]).tolist()) == plain_fallen(days, bound, dispersion, rounds)


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.integers(0, 12), st.integers(1, 3))
def test_stretches_are_the_runs_that_are_over_before_the_end(flags, end, min_days):
    end = min(end, len(flags))
    wanted, start = [], None
    for day in range(end):
        if flags[day] and start is None:
            start = day
        if start is not None and not flags[day]:
            if day - start >= min_days:
                wanted.append((0, start, day - 1))
            start = None
    room = [np.empty(len(flags), np.int64) for _ in range(3)]
    count = stretches(np.array([flags], np.uint8), np.array([end]), min_days, FoundSpans(*room))
    assert list(zip(*(column[:count].tolist() for column in room), strict=True)) == wanted


@given(SERIES, st.floats(0.05, 0.5), st.floats(0.0, 0.5))
def test_a_stretch_is_marked_where_the_darkest_of_its_row_reaches_the_bound(series, depth, dispersion):
    of_row, peaks = sales(series, dispersion), np.empty(1)
    darkest_stretch(of_row, ALONE, depth, np.zeros(1), peaks)
    for bound, is_marked in ((peaks[0], peaks[0] > 0.0), (peaks[0] * (1 + 1e-9) + 1e-9, False)):
        dark = np.empty(of_row.usable.shape, np.uint8)
        mark_dark(of_row, ALONE, depth, np.array([bound]), dark)
        assert dark.any() == is_marked


@given(SERIES, st.floats(0.05, 0.5), st.floats(0.0, 5.0), st.floats(0.5, 2.0))
def test_a_darkest_stretch_that_matters_is_the_same_whatever_is_too_small_to_matter(series, depth, dispersion, times):
    of_row, every, some = sales(series, dispersion), np.empty(1), np.empty(1)
    darkest_stretch(of_row, ALONE, depth, np.zeros(1), every)
    darkest_stretch(of_row, ALONE, depth, times * every, some)
    assert some[0] == every[0] or (times > 1.0 and some[0] == 0.0)
