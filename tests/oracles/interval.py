"""Section 8 of the specification: the kept days of a baseline in, the interval of the revenue at risk out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.oracles.classic import Case

BLOCK_DAYS = 7
REPLICATES = 1000


def revenue_at_risk_interval(case: Case) -> tuple[float | None, float | None]:
    """95% percentile bootstrap of the detection date's kept days; each replicate's mean replaces e."""
    if case.price is None:
        return None, None
    kept = [float(units) for units in case.shelf.expected[case.first_day].kept]
    means = sorted(replicate_means(kept, case.case_id))
    low, high = (
        (percentile(means, share) - float(case.actual_daily_units)) * float(case.price) * case.duration_days
        for share in (0.025, 0.975)
    )
    return low, high


def replicate_means(kept: list[float], case_id: str) -> list[float]:
    """The means of 1,000 resamples in circular blocks of 7 days, the last block cut so that n are drawn."""
    count = len(kept)
    whole_blocks, days_over = divmod(count, BLOCK_DAYS)
    whole = [sum(kept[(start + i) % count] for i in range(BLOCK_DAYS)) for start in range(count)]
    cut = [sum(kept[(start + i) % count] for i in range(days_over)) for start in range(count)]
    draws = block_starts(crc32(case_id.encode()), count)
    means = []
    for _ in range(REPLICATES):
        total = sum(whole[next(draws)] for _ in range(whole_blocks))
        total += cut[next(draws)] if days_over else 0.0
        means.append(total / count)
    return means


def block_starts(seed: int, count: int) -> Iterator[int]:
    """Endless draws below count: the high 32 bits of SplitMix64, times count, shifted right by 32."""
    mask = 2**64 - 1
    state = seed
    while True:
        state = (state + 0x9E3779B97F4A7C15) & mask
        mixed = state
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9 & mask
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB & mask
        mixed ^= mixed >> 31
        yield ((mixed >> 32) * count) >> 32


def percentile(ordered: list[float], share: float) -> float:
    """The linear percentile of ordered values (Hyndman and Fan, type 7)."""
    position = share * (len(ordered) - 1)
    below_position = math.floor(position)
    above_position = min(below_position + 1, len(ordered) - 1)
    weight = position - below_position
    return ordered[below_position] + weight * (ordered[above_position] - ordered[below_position])
