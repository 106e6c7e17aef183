"""Section 8 of the specification: the kept days of a baseline in, the interval of the revenue at risk out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.oracles.classic import Case

BLOCK_DAYS = 7
REPLICATES = 1000
DRAWS_PER_OUTPUT = 4


def revenue_at_risk_interval(case: Case) -> tuple[float | None, float | None]:
    """95% percentile bootstrap of the detection date's kept days; each replicate's mean, over theirs, scales e."""
    if case.price is None:
        return None, None
    kept = [float(units) for units in case.shelf.expected[case.first_day].kept]
    means, mean = sorted(replicate_means(kept, case.case_id)), sum(kept) / len(kept)
    scales = min(percentile(means, 0.025) / mean, 1.0), max(percentile(means, 0.975) / mean, 1.0)
    expected, actual = float(case.expected_daily_units), float(case.actual_daily_units)
    low, high = ((scale * expected - actual) * float(case.price) * case.duration_days for scale in scales)
    return low, high


def replicate_means(kept: list[float], case_id: str) -> list[float]:
    """The means of 1,000 resamples in circular blocks of 7 days, the last block cut so that n are drawn."""
    count = len(kept)
    blocks = math.ceil(count / BLOCK_DAYS)
    lengths = [BLOCK_DAYS] * (blocks - 1) + [count - BLOCK_DAYS * (blocks - 1)]
    outputs = split_mix_64(fowler_noll_vo(case_id.encode()))
    means = []
    for _ in range(REPLICATES):
        starts = block_starts([next(outputs) for _ in range(math.ceil(blocks / DRAWS_PER_OUTPUT))], count)
        drawn = [
            kept[(start + i) % count] for start, length in zip(starts, lengths, strict=False) for i in range(length)
        ]
        means.append(sum(drawn) / count)
    return means


def block_starts(outputs: list[int], count: int) -> list[int]:
    """Four draws below count from each 64-bit output: 16 bits each, lowest first, times count, shifted by 16."""
    return [(output >> 16 * draw & 0xFFFF) * count >> 16 for output in outputs for draw in range(DRAWS_PER_OUTPUT)]


def fowler_noll_vo(content: bytes) -> int:
    """FNV-1a of 64 bits."""
    value = 0xCBF29CE484222325
    for byte in content:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def split_mix_64(state: int) -> Iterator[int]:
    """Endless outputs of SplitMix64 from a starting state."""
    mask = 2**64 - 1
    while True:
        state = (state + 0x9E3779B97F4A7C15) & mask
        mixed = state
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9 & mask
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB & mask
        yield mixed ^ (mixed >> 31)


def percentile(ordered: list[float], share: float) -> float:
    """The linear percentile of ordered values (Hyndman and Fan, type 7)."""
    position = share * (len(ordered) - 1)
    below_position = math.floor(position)
    above_position = min(below_position + 1, len(ordered) - 1)
    weight = position - below_position
    return ordered[below_position] + weight * (ordered[above_position] - ordered[below_position])
