from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.kernels import expectation as kernel
from tests.kernels import naive
from tests.kernels.strategies import days

WINDOW, SIGMAS, MIN_KEPT = 28, 3.0, 14
SMALL = (6, 1.0, 3)
"""A window of 6, one deviation, 3 days kept: short series already trim and run short."""

UNITS = st.none() | st.integers(0, 6).map(float) | st.sampled_from([40.0, 60.0])
SERIES = days(UNITS, 24)
LONG_SERIES = days(st.sampled_from([4.0, 5.0, 6.0, None, 60.0]), 45, 30)


def expected(
    series: naive.Days, window: int = WINDOW, sigmas: float = SIGMAS, min_kept: int = MIN_KEPT
) -> np.ndarray:
    units = naive.array(series)[None, :]
    result = np.empty_like(units)
    kernel.expectation(units, window, sigmas, min_kept, naive.TIE, result)
    return result[0]


def errors(series: naive.Days, window: int = WINDOW, sigmas: float = SIGMAS, min_kept: int = MIN_KEPT) -> np.ndarray:
    units = naive.array(series)[None, :]
    result = np.empty_like(units)
    kernel.standard_errors(units, window, sigmas, min_kept, naive.TIE, result)
    return result[0]


@pytest.mark.parametrize("sigmas", [1.0, 2.0, 3.0])
@given(series=SERIES)
def test_the_expectation_is_the_mean_of_the_kept_days(sigmas, series):
    wanted = [naive.expected(series, day, 6, int(sigmas), 3) for day in range(len(series))]
    np.testing.assert_allclose(expected(series, 6, sigmas, 3), naive.array(wanted), rtol=1e-12)


@given(LONG_SERIES)
def test_the_expectation_of_the_defaults_is_the_mean_of_the_kept_days(series):
    wanted = [naive.expected(series, day, WINDOW, 3, MIN_KEPT) for day in range(len(series))]
    np.testing.assert_allclose(expected(series), naive.array(wanted), rtol=1e-12)


@given(SERIES, st.sampled_from([1.0, 2.0, 3.0]))
def test_fractions_are_expected_as_whole_numbers_are(series, sigmas):
    """Halves and quarters take the general way, whole numbers the short one."""
    quarters = [None if sold is None else sold / 4 for sold in series]
    np.testing.assert_allclose(expected(quarters, 6, sigmas, 3) * 4, expected(series, 6, sigmas, 3), rtol=1e-12)
    np.testing.assert_allclose(
        errors(quarters, 6, sigmas, 3) * 4, errors(series, 6, sigmas, 3), rtol=1e-9, atol=1e-12
    )


@given(SERIES, st.integers(0, 23), SERIES)
def test_tomorrow_never_changes_yesterday(series, today, other):
    changed = [*series[:today], *other]
    as_far = min(today, len(series))
    np.testing.assert_array_equal(expected(series, *SMALL)[:as_far], expected(changed, *SMALL)[:as_far])


@given(SERIES, st.integers(0, 23), UNITS)
def test_a_day_never_judges_itself(series, day, sold):
    day %= len(series)
    changed = [*series[:day], sold, *series[day + 1 :]]
    np.testing.assert_array_equal(expected(series, *SMALL)[day], expected(changed, *SMALL)[day])


@given(SERIES, st.integers(0, 23))
def test_days_older_than_the_window_are_forgotten(series, day):
    day %= len(series)
    changed = [None if before < day - SMALL[0] else sold for before, sold in enumerate(series)]
    np.testing.assert_array_equal(expected(series, *SMALL)[day], expected(changed, *SMALL)[day])


@given(SERIES, st.integers(1, 50))
def test_a_constant_added_to_the_units_is_added_to_the_expectation(series, constant):
    shifted = [None if sold is None else sold + constant for sold in series]
    np.testing.assert_allclose(expected(shifted, *SMALL), expected(series, *SMALL) + constant, rtol=1e-12)


@given(SERIES, st.sampled_from([0.1, 0.25, 3.0, 1000.0]))
def test_scaled_units_scale_the_expectation(series, factor):
    scaled = [None if sold is None else sold * factor for sold in series]
    np.testing.assert_allclose(expected(scaled, *SMALL), expected(series, *SMALL) * factor, rtol=1e-9)


@given(st.integers(0, 1000), st.integers(MIN_KEPT, 40))
def test_a_constant_series_expects_its_constant_without_error(level, day):
    series = [float(level)] * (day + 1)
    assert expected(series)[day] == pytest.approx(level)
    assert errors(series)[day] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("days_before", "is_known"),
    [pytest.param(13, False, id="thirteen_days_are_too_few"), pytest.param(14, True, id="fourteen_days_are_enough")],
)
def test_history_has_to_be_long_enough(days_before, is_known):
    series = [7.0] * (days_before + 1)
    assert np.isnan(expected(series)[days_before]) != is_known
    assert np.isnan(errors(series)[days_before]) != is_known


def test_a_spike_left_out_may_leave_too_few_days():
    series = [*[10.0] * 13, 60.0, 10.0, 10.0]
    assert np.isnan(expected(series)[14])
    assert expected(series)[15] == 10.0


@pytest.mark.parametrize("unit", [0.1, 1.0, 0.3, 1e6])
def test_a_value_exactly_three_deviations_away_is_kept(unit):
    on_the_edge = [unit * value for value in (0, *[7] * 17, 14)]
    assert expected([*on_the_edge, None])[19] == pytest.approx(7 * unit)
    assert kept_of(on_the_edge, 19) == list(range(19))


def test_a_value_a_hair_further_away_is_left_out():
    beyond = [0.0, *[7.0] * 17, 14.001]
    assert kept_of(beyond, 19) == list(range(18))
    assert expected([*beyond, None])[19] == pytest.approx(7 * 17 / 18)


def test_an_unknown_day_counts_for_nothing():
    assert expected([*[4.0, None] * 14, None])[28] == 4.0
    assert np.isnan(expected([*[4.0, None] * 13, None])[26])


def test_twenty_eight_days_are_the_window():
    series = [1000.0, *[10.0] * 14, *[12.0] * 14]
    assert expected(series)[28] == pytest.approx((10 * 14 + 12 * 13) / 27)
    assert expected([*series, None])[29] == 11.0


def kept_of(series: naive.Days, day: int, window: int = WINDOW, sigmas: float = SIGMAS) -> list[int]:
    """The kept days, after checking that the kept values are those of the days."""
    units = naive.array(series)[None, :]
    kept, kept_days = np.empty((1, window)), np.empty((1, window), np.int64)
    counts = np.empty(1, np.int64)
    point = np.array([0]), np.array([day])
    kernel.baseline(units, *point, window, sigmas, naive.TIE, kept, kept_days, counts)
    days = kept_days[0, : counts[0]].tolist()
    assert kept[0, : counts[0]].tolist() == [series[kept_day] for kept_day in days]
    return days


@given(SERIES, st.integers(0, 23))
def test_the_kept_days_are_those_within_the_deviations(series, day):
    day %= len(series)
    assert kept_of(series, day, 6, 1.0) == naive.kept_days(series, day, 6, 1)


@given(st.lists(SERIES, min_size=2, max_size=4), st.data())
def test_every_point_is_answered_on_its_own(rows, data):
    n_days = min(len(row) for row in rows)
    units = np.array([naive.array(row[:n_days]) for row in rows])
    points = data.draw(
        st.lists(st.tuples(st.integers(0, len(rows) - 1), st.integers(0, n_days - 1)), min_size=1, max_size=8)
    )
    kept, kept_days = np.empty((len(points), 6)), np.empty((len(points), 6), np.int64)
    counts = np.empty(len(points), np.int64)
    row, day = (np.array(part, np.int64) for part in zip(*points, strict=True))
    kernel.baseline(units, row, day, 6, 1.0, naive.TIE, kept, kept_days, counts)
    for place, (of_row, of_day) in enumerate(points):
        assert kept_days[place, : counts[place]].tolist() == kept_of(rows[of_row][:n_days], of_day, 6, 1.0)


@given(SERIES, st.integers(0, 23), st.integers(1, 3))
def test_moments_are_the_mean_and_the_deviation_of_the_kept_days(series, day, min_kept):
    day %= len(series)
    kept = [series[kept_day] for kept_day in naive.kept_days(series, day, 6, 1)]
    values = np.full((1, 6), 777.0)
    values[0, : len(kept)] = kept
    mean, deviation = np.empty(1), np.empty(1)
    kernel.moments(values, np.array([len(kept)]), min_kept, mean, deviation)
    enough = len(kept) >= min_kept
    assert mean[0] == pytest.approx(np.mean(kept) if enough else np.nan, nan_ok=True)
    assert deviation[0] == pytest.approx(np.std(kept, ddof=1) if enough and len(kept) > 1 else np.nan, nan_ok=True)


@given(SERIES)
def test_the_standard_error_is_the_deviation_over_the_root_of_the_count(series):
    wanted = [naive.standard_error(series, day, 6, 1, 3) for day in range(len(series))]
    np.testing.assert_allclose(errors(series, *SMALL), naive.array(wanted), rtol=1e-9, atol=1e-12)


def test_rows_do_not_know_each_other():
    units = np.array([[3.0] * 20, [np.nan] * 20, [5.0] * 20])
    result = np.empty_like(units)
    kernel.expectation(units, WINDOW, SIGMAS, MIN_KEPT, naive.TIE, result)
    assert result[:, -1].tolist() == pytest.approx([3.0, np.nan, 5.0], nan_ok=True)


def test_memory_that_may_only_be_read_is_read():
    units = np.full((1, 20), 3.0)
    units.flags.writeable = False
    result = np.empty((1, 20))
    kernel.expectation(units, WINDOW, SIGMAS, MIN_KEPT, naive.TIE, result)
    assert result[0, -1] == 3.0
