"""Kernels beside their plain definitions, on a thousand series of ninety days."""

import numpy as np
import pytest

from engine.kernels.bootstrap import mean_intervals
from engine.kernels.expectation import expectation

N_SERIES, N_DAYS = 1000, 90
UNITS = np.random.default_rng(1).poisson(1.5, (N_SERIES, N_DAYS)).astype(np.float64)


def plain_expectation():
    """Window by window with NumPy."""
    expected = np.full(UNITS.shape, np.nan)
    for day in range(14, N_DAYS):
        window = UNITS[:, max(day - 28, 0) : day]
        mean, reach = window.mean(axis=1), 3 * window.std(axis=1, ddof=1)
        kept = np.abs(window - mean[:, None]) <= reach[:, None]
        expected[:, day] = np.where(kept, window, 0).sum(axis=1) / kept.sum(axis=1)
    return expected


def plain_intervals(series):
    """A thousand resamples of each series with NumPy's own generator, sorted."""
    random = np.random.default_rng(1)
    for values in series:
        starts = random.integers(28, size=(1000, 4))
        drawn = values[(starts[:, :, None] + np.arange(7)) % 28].mean(axis=(1, 2))
        np.percentile(drawn, [2.5, 97.5])


@pytest.mark.benchmark(group="expectation")
def test_expectation_kernel(benchmark):
    benchmark(expectation, UNITS, 28, 3.0, 14, 1e-9, np.empty_like(UNITS))


@pytest.mark.benchmark(group="expectation")
def test_expectation_in_numpy(benchmark):
    benchmark(plain_expectation)


@pytest.mark.benchmark(group="intervals")
def test_interval_kernel(benchmark):
    values = np.ascontiguousarray(UNITS[:, :28])
    seeds, low, high = np.arange(N_SERIES, dtype=np.uint64), np.empty(N_SERIES), np.empty(N_SERIES)
    benchmark(mean_intervals, values, np.full(N_SERIES, 28), seeds, 7, 1000, 0.025, low, high)


@pytest.mark.benchmark(group="intervals")
def test_intervals_in_numpy(benchmark):
    benchmark.pedantic(plain_intervals, (UNITS[:, :28],), rounds=3)
