from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.kernels.evidence import mark_dark, mark_fallen, open_evidence
from engine.kernels.runs import stretches

NEVER = 1e9
"""So much evidence of ordinary sales that no episode is over."""
DEPTHS, WEIGHTS = [0.02, 0.25], [0.6, 0.4]
SERIES = st.lists(st.tuples(st.integers(0, 9), st.floats(0.1, 6), st.booleans()), min_size=1, max_size=12)
"""Units, expected units and whether the day is usable."""


def log_negative_binomial(sold: float, mean: float, size: float) -> float:
    """Log probability of a count: mean and size (variance mean + mean² / size)."""
    return (
        math.lgamma(sold + size)
        - math.lgamma(size)
        - math.lgamma(sold + 1)
        + size * math.log(size / (size + mean))
        + sold * math.log(mean / (size + mean))
    )


def plain_evidence(
    series: list, learnt: float, dispersion: float, max_ratio: float, min_days: int, max_days: int
) -> tuple[float, int]:
    """The best evidence over all starts by the ratio of probabilities, and its start."""
    best, found = 0.0, len(series)
    for start in range(len(series) - 1, max(len(series) - 1 - max_days, -1), -1):
        days = [(sold, hoped) for sold, hoped, usable in series[start:] if usable]
        if not series[start][2] or len(days) < min_days:
            continue
        sold, hoped = sum(one for one, _ in days), sum(one for _, one in days)
        if sold > max_ratio * hoped:
            continue
        size = 1 / (dispersion * sum(one**2 for _, one in days) / hoped**2 + 1 / learnt)
        usual = log_negative_binomial(sold, hoped, size)
        ratios = [
            weight * math.exp(log_negative_binomial(sold, depth * hoped, size) - usual)
            for depth, weight in zip(DEPTHS, WEIGHTS, strict=True)
        ]
        if math.log(sum(ratios)) > best:
            best, found = math.log(sum(ratios)), start
    return best, found


def arrays(series: list) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    sold, hoped, usable = zip(*series, strict=True)
    return np.array([sold], float), np.array([hoped]), np.array([usable], np.uint8)


def weigh(series, learnt=50.0, dispersion=0.1, unit=1.0, max_ratio=0.5, min_days=2, max_days=56):
    best, first = np.empty(1), np.empty(1, np.int64)
    units, expected, usable = arrays(series)
    level = (np.array([learnt]), np.array([dispersion]), unit, np.array(DEPTHS), np.array(WEIGHTS))
    open_evidence(units * unit, expected * unit, usable, *level, max_ratio, NEVER, min_days, max_days, best, first)
    return best[0], int(first[0])


@given(SERIES, st.sampled_from([0.5, 20.0]), st.sampled_from([0.0, 0.3]), st.integers(1, 3), st.integers(1, 12))
def test_evidence_is_the_best_likelihood_ratio_over_all_starts(series, learnt, dispersion, min_days, max_days):
    wanted, start = plain_evidence(series, learnt, dispersion, 0.5, min_days, max_days)
    found, first = weigh(series, learnt, dispersion, min_days=min_days, max_days=max_days)
    assert found == pytest.approx(wanted, abs=1e-9)
    assert first == start or found == pytest.approx(wanted)


@given(SERIES, st.sampled_from([0.1, 7.0]))
def test_the_unit_of_sale_scales_units_and_expectation_alike(series, unit):
    assert weigh(series, unit=unit)[0] == pytest.approx(weigh(series)[0], abs=1e-9)


@given(SERIES, st.integers(0, 11))
def test_a_day_that_is_not_usable_changes_nothing(series, place):
    place = min(place, len(series))
    held = [*series[:place], (9, 3.0, False), *series[place:]]
    evidence, first = weigh(held)
    assert evidence == pytest.approx(weigh(series)[0])
    assert first != place


def test_one_ordinary_day_does_not_end_an_episode():
    assert weigh([(5, 5.0, True)] * 20 + [(0, 5.0, True)] * 7 + [(5, 5.0, True)] + [(0, 5.0, True)] * 6)[1] == 20


def test_more_dark_days_are_more_evidence_and_a_doubtful_level_is_less():
    dark = [(0, 2.0, True)]
    assert weigh(dark * 3)[0] < weigh(dark * 6)[0]
    assert weigh(dark * 6, learnt=3.0)[0] < weigh(dark * 6, learnt=300.0)[0]
    assert weigh(dark * 6, dispersion=1.0)[0] < weigh(dark * 6, dispersion=0.0)[0]


def test_without_a_level_there_is_no_evidence():
    assert weigh([(0, 2.0, True)] * 6, learnt=0.0) == (0.0, 6)


def test_sales_above_the_ratio_are_no_episode():
    assert weigh([(3, 5.0, True)] * 10)[0] == 0
    assert weigh([(2, 5.0, True)] * 10)[0] > 0


def marked(units: list[int], bound: float) -> tuple[list[int], float]:
    dark, peaks = np.empty((1, len(units)), np.uint8), np.empty(1)
    rows = (np.array([units], float), np.full((1, len(units)), 4.0), np.ones((1, len(units)), np.uint8))
    mark_dark(*rows, np.array([0.05]), 1.0, 0.1, np.array([bound]), dark, peaks)
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


BEFORE_DAYS, FALLEN_DEPTH, DRIFT = 8, 0.35, 0.02


def plain_fall(days: list, dark: set, start: int, dispersion: float) -> tuple[float, int]:
    """Most evidence that sales fell on a day against the days before it, by the ratio of probabilities."""
    before = [days[day] for day in range(max(start - BEFORE_DAYS, 0), start) if days[day][2] and day not in dark]
    sold_before, hoped_before = sum(one[0] for one in before), sum(one[1] for one in before)
    if not (sold_before > 0 and hoped_before > 0):
        return 0.0, start
    share, peak, top = sold_before / hoped_before, 0.0, start
    seen: list = []
    for day in range(start, len(days)):
        if not days[day][2]:
            continue
        seen.append((days[day][0], share * days[day][1]))
        sold, due = sum(one for one, _ in seen), sum(one for _, one in seen)
        size = 1 / (dispersion * sum(one**2 for _, one in seen) / due**2 + 1 / sold_before + DRIFT)
        usual = log_negative_binomial(sold, due, size)
        evidence = log_negative_binomial(sold, FALLEN_DEPTH * due, size) - usual
        if evidence > peak:
            peak, top = evidence, day
        if evidence <= 0 or evidence < peak / 2:
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
def test_lasting_falls_are_those_of_the_most_evidence_against_the_days_before(days, bound, dispersion, rounds):
    units, expected, usable = arrays(days)
    dark = np.zeros(units.shape, np.uint8)
    level = (np.array([dispersion]), 1.0, DRIFT, BEFORE_DAYS, FALLEN_DEPTH, bound, rounds)
    mark_fallen(units, expected, usable, *level, dark)
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
    count = stretches(np.array([flags], np.uint8), np.array([end]), min_days, *room)
    assert list(zip(*(column[:count].tolist() for column in room), strict=True)) == wanted
