"""Figures of one run set against one another, and whether a later run got worse.

A ratio is formed within one round, so that both sides saw the same machine. The gate calls a ratio worse only when
its median over the rounds and the ratio of the quickest runs both are: the first shrugs off a busy round, the second
a busy minute.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

Rounds = Mapping[str, Sequence[Mapping[str, Any]]]
"""Per contender its sample of every round."""

LEAST_NOISE, MOST_NOISE = 0.05, 0.15
"""A ratio may always grow by the first; however noisy the machine, a growth beyond the second is seen."""
STANDARD_ERRORS = 3
RESOLUTION_SECONDS = 0.01
"""Less than this is not seen: journals round to milliseconds, and nobody waits for it."""
STAGES = ("check", "panel", "expect", "detect", "measure", "diagnose", "recommend", "publish")


@dataclass(frozen=True)
class Ratio:
    """One figure over another, smaller is better. target: what it has to reach, stretch: what it would like to."""

    name: str
    upper: tuple[str, str]
    lower: tuple[str, str]
    target: float | None = None
    stretch: float | None = None

    def of_rounds(self, rounds: Rounds) -> list[float]:
        """The ratio of every round that has both sides."""
        return [u / low for u, low in zip(*self._sides(rounds), strict=False)]

    def of_quickest(self, rounds: Rounds) -> float:
        """The quickest run of the one over the quickest run of the other."""
        return self.quickest_upper(rounds) / self.quickest_lower(rounds)

    def quickest_upper(self, rounds: Rounds) -> float:
        """Seconds of the quickest run of the upper side."""
        return min(self._sides(rounds)[0])

    def quickest_lower(self, rounds: Rounds) -> float:
        """Seconds of the quickest run of the lower side."""
        return min(self._sides(rounds)[1])

    def is_in(self, rounds: Rounds) -> bool:
        """Whether both sides were measured."""
        return all(rounds.get(contender) for contender, _ in (self.upper, self.lower))

    def _sides(self, rounds: Rounds) -> tuple[list[float], list[float]]:
        upper, lower = (
            [figure(sample, name) for sample in rounds[contender]] for contender, name in (self.upper, self.lower)
        )
        return upper, lower


def figure(sample: Mapping[str, Any], name: str) -> float:
    """A figure of a sample; `stages.panel` is the stage of a night."""
    outer, _, inner = name.partition(".")
    found = sample[outer]
    return float(found.get(inner, 0.0) if inner else found)


RATIOS = (
    Ratio("night / floor", ("night", "seconds"), ("floor", "seconds"), 6, 4),
    Ratio("process / floor", ("process", "wall_seconds"), ("floor", "seconds"), 9),
    Ratio("CSV process / CSV floor", ("csv_process", "wall_seconds"), ("csv_floor", "seconds"), 1.5),
    Ratio("detection / DuckDB SQL", ("ours", "seconds"), ("duckdb_sql", "seconds"), 1 / 8),
    Ratio("detection / Polars joins", ("ours", "seconds"), ("polars_joins", "seconds"), 1 / 5),
    Ratio("detection / vectorised pandas", ("ours", "seconds"), ("pandas_vector", "seconds")),
    Ratio("detection / pandas loop", ("ours", "seconds"), ("pandas_loop", "seconds"), 1 / 1000),
    Ratio("expectation / StatsForecast", ("expectation", "ours_seconds"), ("expectation", "seconds")),
    *(Ratio(f"{stage} / floor", ("night", f"stages.{stage}"), ("floor", "seconds")) for stage in STAGES),
)

GATED = tuple(ratio for ratio in RATIOS if not {"pandas_loop", "expectation", "pandas_vector"} & {ratio.lower[0]})
"""Those cheap enough to be measured again whenever somebody asks."""


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """Smallest, median, largest."""
    return min(values), median(values), max(values)


def standard_error(values: Sequence[float]) -> float:
    """Standard error of the median over the median, from the median absolute deviation of the values."""
    centre = median(values)
    deviation = 1.4826 * median(abs(value - centre) for value in values)
    return math.sqrt(math.pi / 2) * deviation / math.sqrt(len(values)) / centre


@dataclass(frozen=True)
class Verdict:
    """One ratio against its baseline. baseline, now: medians. allowed: what the median may be at most."""

    size: str
    name: str
    baseline: float
    now: float
    allowed: float
    is_worse: bool


def judge(size: str, ratio: Ratio, baseline: Rounds, now: Rounds) -> Verdict:
    """Whether a ratio is worse than its baseline by more than the noise of both."""
    before, after = ratio.of_rounds(baseline), ratio.of_rounds(now)
    noise = STANDARD_ERRORS * math.hypot(standard_error(before), standard_error(after))
    allowance = 1 + min(max(noise, LEAST_NOISE), MOST_NOISE)
    allowed = allowance * median(before)
    excess_seconds = ratio.quickest_upper(now) - allowance * ratio.of_quickest(baseline) * ratio.quickest_lower(now)
    is_worse = median(after) > allowed and excess_seconds > RESOLUTION_SECONDS
    return Verdict(size, ratio.name, median(before), median(after), allowed, is_worse)
