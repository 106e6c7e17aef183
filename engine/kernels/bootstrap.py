"""Circular block bootstrap of a mean (Politis and Romano 1992), seeded per series."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def _next(state: np.uint64) -> np.uint64:
    """Advance SplitMix64 (Steele, Lea and Flood 2014) by one step."""
    return state + np.uint64(0x9E3779B97F4A7C15)


@njit(cache=True, nogil=True)
def _mix(state: np.uint64) -> np.uint64:
    z = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(cache=True, nogil=True)
def _block_sums(values: NDArray[np.float64], n: int, length: int, out: NDArray[np.float64]) -> None:
    """Sum of `length` values from every start, going around the end."""
    for start in range(n):
        total = 0.0
        for step in range(length):
            total += values[(start + step) % n]
        out[start] = total


@njit(cache=True, nogil=True)
def _percentile(ordered: NDArray[np.float64], share: float) -> float:
    """Linear percentile (Hyndman and Fan 1996, type 7) of sorted values."""
    position = share * (ordered.size - 1)
    below = math.floor(position)
    above = min(below + 1, ordered.size - 1)
    share_above = position - below
    return float((1 - share_above) * ordered[below] + share_above * ordered[above])


@njit(cache=True, nogil=True)
def mean_intervals(
    values: NDArray[np.float64],
    counts: NDArray[np.int64],
    seeds: NDArray[np.uint64],
    block: int,
    replicates: int,
    tail: float,
    low: NDArray[np.float64],
    high: NDArray[np.float64],
) -> None:
    """Percentile interval of the mean of each series, resampled in blocks.

    values: (n_series, width), the first `counts` of each row in time order. seeds: (n_series,). tail: share below
    low and above high. low, high: (n_series,), written; NaN for an empty series.
    """
    whole, rest = np.empty(values.shape[1]), np.empty(values.shape[1])
    means = np.empty(replicates)
    for series in range(counts.size):
        n = counts[series]
        low[series] = high[series] = np.nan
        if n == 0:
            continue
        blocks = (n + block - 1) // block
        _block_sums(values[series], n, block, whole)
        _block_sums(values[series], n, n - (blocks - 1) * block, rest)
        state = seeds[series]
        for replicate in range(replicates):
            total = 0.0
            for number in range(blocks):
                state = _next(state)
                start = ((_mix(state) >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32)
                total += whole[start] if number < blocks - 1 else rest[start]
            means[replicate] = total / n
        means.sort()
        low[series] = _percentile(means, tail)
        high[series] = _percentile(means, 1 - tail)
