"""Figures of one run set against one another, and whether a later run got worse.

What is told is formed within one round, so that both sides saw the same machine. What is gated is the quickest run of
the one over the quickest run of the other: a busy machine only ever makes a run slower, so the quickest of several is
the nearest to the work itself, and its distance to the second quickest tells how near. Where enough runs had the
machine to themselves, only those count; where they did not, nothing is called worse.
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
DOUBTS = 3
RESOLUTION_SECONDS = 0.01
"""Less than this is not seen: journals round to milliseconds, and nobody waits for it."""
MOST_OTHERS = 0.1
"""A run had the machine to itself when other processes kept no more of the cores busy."""
ENOUGH = 2
"""Runs that had the machine to themselves, to judge by them."""
STAGES = ("check", "panel", "expect", "detect", "measure", "diagnose", "recommend", "publish")


@dataclass(frozen=True)
class Ratio:
    """One figure over another, smaller is better.

    target: what it has to reach at a size, stretch: what it would like to.
    """

    name: str
    upper: tuple[str, str]
    lower: tuple[str, str]
    target: float | None = None
    stretch: float | None = None
    size: str = "100k"

    def of_rounds(self, rounds: Rounds) -> list[float]:
        """The ratio of every round that has both sides."""
        return [u / low for u, low in zip(*self.sides(rounds), strict=False)]

    def of_quickest(self, rounds: Rounds) -> float:
        """The quickest run of the one over the quickest run of the other."""
        upper, lower = self.sides(rounds)
        return min(upper) / min(lower)

    def is_in(self, rounds: Rounds) -> bool:
        """Whether both sides were measured."""
        return all(
            rounds.get(contender) and figure(rounds[contender][0], name) > 0
            for contender, name in (self.upper, self.lower)
        )

    def sides(self, rounds: Rounds) -> tuple[list[float], list[float]]:
        """The upper and the lower figures, a round each."""
        upper, lower = (
            [figure(sample, name) for sample in rounds[contender]] for contender, name in (self.upper, self.lower)
        )
        return upper, lower

    def is_quiet(self, rounds: Rounds) -> bool:
        """Whether enough runs of both sides had the machine to themselves."""
        return all(len(quiet(rounds[contender])) >= ENOUGH for contender, _ in (self.upper, self.lower))


def quiet(samples: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The runs that had the machine to themselves."""
    return [sample for sample in samples if sample.get("others_share", 0.0) <= MOST_OTHERS]


def undisturbed(rounds: Rounds) -> Rounds:
    """Of every contender the runs that had the machine to themselves, or all when those are too few."""
    kept = {contender: quiet(samples) for contender, samples in rounds.items()}
    return {name: kept[name] if len(kept[name]) >= ENOUGH else samples for name, samples in rounds.items()}


def figure(sample: Mapping[str, Any], name: str) -> float:
    """A figure of a sample; `stages.panel` is a stage of a night, 0 when the night has no such stage."""
    outer, _, inner = name.partition(".")
    found = sample[outer]
    return float(found.get(inner, 0.0) if inner else found)


RATIOS = (
    Ratio("night / floor", ("night", "seconds"), ("floor", "seconds"), 18, 10),
    Ratio("process / floor", ("process", "wall_seconds"), ("floor", "seconds")),
    Ratio("classic process / floor", ("classic", "wall_seconds"), ("floor", "seconds")),
    Ratio("capped process / process", ("capped", "wall_seconds"), ("process", "wall_seconds"), 1.25, size="400k"),
    Ratio("two local workers / process", ("workers", "wall_seconds"), ("process", "wall_seconds"), 1.2, size="400k"),
    Ratio("small night / `--help`", ("small_night", "cpu_seconds"), ("help", "cpu_seconds")),
    Ratio("`--version` / `--help`", ("version", "wall_seconds"), ("help", "wall_seconds")),
    Ratio("CSV process / CSV floor", ("csv_process", "wall_seconds"), ("csv_floor", "seconds"), 3),
    Ratio("detection / DuckDB SQL", ("ours", "seconds"), ("duckdb_sql", "seconds"), 1 / 10),
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


def relative_variance(values: Sequence[float]) -> float:
    """How far the quickest may be from the work itself, as a share: its distance to the second quickest."""
    first, second = sorted(values)[:2]
    return (second - first) / first if first else 0.0


@dataclass(frozen=True)
class Verdict:
    """One ratio against its baseline, both of the quickest runs.

    allowed: what it may be at most. is_open: it looks worse, but others kept the machine too busy to say.
    """

    size: str
    name: str
    baseline: float
    now: float
    allowed: float
    is_worse: bool
    is_open: bool


def judge(size: str, ratio: Ratio, baseline: Rounds, now: Rounds) -> Verdict:
    """Whether a ratio is worse than its baseline by more than the noise of both, which take at least two rounds."""
    has_quiet = ratio.is_quiet(now)
    baseline, now = undisturbed(baseline), undisturbed(now)
    noise = DOUBTS * math.hypot(
        *(relative_variance(side) for rounds in (baseline, now) for side in ratio.sides(rounds))
    )
    allowed = ratio.of_quickest(baseline) * (1 + min(max(noise, LEAST_NOISE), MOST_NOISE))
    upper, lower = (min(side) for side in ratio.sides(now))
    looks_worse = upper - allowed * lower > RESOLUTION_SECONDS
    is_worse, is_open = looks_worse and has_quiet, looks_worse and not has_quiet
    return Verdict(size, ratio.name, ratio.of_quickest(baseline), upper / lower, allowed, is_worse, is_open)
