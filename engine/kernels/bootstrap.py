"""Circular block bootstrap of a mean (Politis and Romano 1992), seeded per series."""

import math

import numpy as np

from engine.kernels.compiling import inner, inner_of_numbers, kernel
from engine.kernels.types import Floats1D, Floats2D, Integers1D, Out, Seeds1D

DRAWS_PER_OUTPUT = 4
"""Starts drawn from one 64-bit output: 16 bits each, the lowest first."""
BINS = 256
"""Of the histogram that finds the tails of the replicates without sorting them all."""


@inner
def _fill_random(seed: np.uint64, first: int, step: int, out: Out[Seeds1D]) -> None:
    """Outputs number first, first + step, … of SplitMix64 (Steele, Lea and Flood 2014) seeded with `seed`."""
    for place in range(out.size):
        z = seed + np.uint64(first + step * place) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        out[place] = z ^ (z >> np.uint64(31))


@inner
def _block_sums(values: Floats1D, n: int, length: int, out: Out[Floats1D]) -> None:
    """Sum of `length` values from every start, going around the end."""
    for start in range(n):
        total = 0.0
        for step in range(length):
            place = start + step
            total += values[place - n if place >= n else place]
        out[start] = total


@inner
def _add_blocks(random: Out[Seeds1D], draws: int, table: Floats1D, n: int, sums: Out[Floats1D]) -> None:
    """Add to every replicate as many blocks (1 to 4) as are drawn from its random number, which is used up."""
    size, low_bits, width = np.uint64(n), np.uint64(0xFFFF), np.uint64(16)
    # Sixteen random bits times n, shifted by sixteen, are a start below n; no division is needed.
    for replicate in range(sums.size):
        z = random[replicate]
        total = sums[replicate] + table[((z & low_bits) * size) >> width]
        z >>= width
        if draws > 1:
            total += table[((z & low_bits) * size) >> width]
            z >>= width
        if draws > 2:
            total += table[((z & low_bits) * size) >> width]
            z >>= width
        if draws > 3:
            total += table[((z & low_bits) * size) >> width]
            z >>= width
        sums[replicate] = total
        random[replicate] = z


@inner
def _resample(
    values: Floats1D,
    n: int,
    block: int,
    seed: np.uint64,
    random: Out[Seeds1D],
    whole: Out[Floats1D],
    cut: Out[Floats1D],
    sums: Out[Floats1D],
) -> None:
    """Sums of n values drawn in circular blocks, one per replicate; the last block is cut so that n are drawn."""
    blocks = (n + block - 1) // block
    outputs = (blocks - 1) // DRAWS_PER_OUTPUT + 1
    if blocks > 1:
        _block_sums(values, n, block, whole)
    _block_sums(values, n, n - (blocks - 1) * block, cut)
    sums[:] = 0.0
    for output in range(outputs):
        _fill_random(seed, output + 1, outputs, random)
        uncut = min(blocks - 1 - output * DRAWS_PER_OUTPUT, DRAWS_PER_OUTPUT)
        if uncut > 0:
            _add_blocks(random, uncut, whole, n, sums)
    _add_blocks(random, 1, cut, n, sums)


@inner_of_numbers
def _range(values: Floats1D) -> tuple[float, float]:
    """Smallest and largest value; none is NaN, so the comparisons may be taken in any order."""
    low, high = values[0], values[0]
    for place in range(values.size):
        low = min(low, values[place])
        high = max(high, values[place])
    return low, high


@inner
def _find_bins(in_bin: Integers1D, rank: int, size: int) -> tuple[int, int, int]:
    """The bin of the value of a rank, the bin of the next value, and how many values lie below the first bin."""
    first, below = 0, 0
    while below + in_bin[first] <= rank:
        below += in_bin[first]
        first += 1
    last, reached = first, below + in_bin[first]
    while reached < min(rank + 2, size):
        last += 1
        reached += in_bin[last]
    return first, last, below


@inner
def _between(found: Out[Floats1D], rank: int, beyond: float) -> float:
    """The value of a rank among a few, moved toward the next one."""
    found.sort()
    above = min(rank + 1, found.size - 1)
    return float((1 - beyond) * found[rank] + beyond * found[above])


@inner
def _tails(values: Floats1D, tail: float, bins: Out[Integers1D], found: Out[Floats2D]) -> tuple[float, float]:
    """Linear percentiles (Hyndman and Fan 1996, type 7) of both tails; only the bins that hold them are sorted.

    found: (2, n_values), room for the values of those bins.
    """
    smallest, largest = _range(values)
    if smallest == largest:
        return smallest, largest
    # A little less than the number of bins, so that the largest value falls into the last one and not beyond it.
    scale = (BINS - 1e-3) / (largest - smallest)
    for place in range(values.size):
        bins[place] = int((values[place] - smallest) * scale)
    in_bin = np.zeros(BINS, np.int64)
    for place in range(values.size):
        in_bin[bins[place]] += 1
    low_at, high_at = tail * (values.size - 1), (1 - tail) * (values.size - 1)
    low_rank, high_rank = math.floor(low_at), math.floor(high_at)
    low_first, low_last, below_low = _find_bins(in_bin, low_rank, values.size)
    high_first, high_last, below_high = _find_bins(in_bin, high_rank, values.size)
    lows = highs = 0
    for place in range(values.size):
        number = bins[place]
        if number <= low_last and number >= low_first:
            found[0, lows] = values[place]
            lows += 1
        if number >= high_first and number <= high_last:
            found[1, highs] = values[place]
            highs += 1
    low = _between(found[0, :lows], low_rank - below_low, low_at - low_rank)
    return low, _between(found[1, :highs], high_rank - below_high, high_at - high_rank)


@kernel
def mean_intervals(
    values: Floats2D,
    counts: Integers1D,
    seeds: Seeds1D,
    block: int,
    replicates: int,
    tail: float,
    low: Out[Floats1D],
    high: Out[Floats1D],
) -> None:
    """Percentile interval of the mean of each series, resampled in blocks.

    values: (n_series, width), the first `counts` of each row in time order. seeds: (n_series,). tail: share below
    low and above high. low, high: (n_series,), written; NaN for an empty series.
    """
    whole, cut, random = np.empty(values.shape[1]), np.empty(values.shape[1]), np.empty(replicates, np.uint64)
    sums, bins, found = np.empty(replicates), np.empty(replicates, np.int64), np.empty((2, replicates))
    for series in range(counts.size):
        n = counts[series]
        low[series] = high[series] = np.nan
        if n > 0:
            _resample(values[series], n, block, seeds[series], random, whole, cut, sums)
            smallest, largest = _tails(sums, tail, bins, found)
            low[series], high[series] = smallest / n, largest / n
