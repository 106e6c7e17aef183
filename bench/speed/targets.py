"""What has to be reached, and whether a baseline reaches it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.speed.contenders import CAPS
from bench.speed.ratios import RATIOS, Ratio, Rounds, figure, spread

SIZE = "100k"
"""The size at which start-up is held to its targets."""
SMALL, LARGE = "10k", "1m"


@dataclass(frozen=True)
class Outcome:
    """One target and what was measured, in words; is_met: None when it was not measured."""

    what: str
    target: str
    measured: str
    is_met: bool | None


@dataclass(frozen=True)
class Limit:
    """A figure of one contender at one size that may not be above a limit."""

    what: str
    size: str
    contender: str
    figure: str
    limit: float
    unit: str
    per_unit: float = 1.0
    stretch: float | None = None


LIMITS = (
    Limit("`--version`", SIZE, "version", "wall_seconds", 0.1, "s"),
    Limit("a small night, processor time", SMALL, "small_night", "cpu_seconds", 1.2, "s", stretch=0.8),
    Limit("`--help`", SIZE, "help", "wall_seconds", 0.5, "s"),
    Limit("`darkshelf runs list`", SIZE, "runs_list", "wall_seconds", 0.7, "s"),
    Limit("`darkshelf explain` on a night of 100,000", SIZE, "explain", "wall_seconds", 1.5, "s"),
    Limit("a whole night of 1,000,000", LARGE, "process", "wall_seconds", 90, "s", stretch=45),
    Limit("its peak memory", LARGE, "process", "peak_mib", 4, "GiB", per_unit=1024),
    Limit("peak memory of the classic night", LARGE, "classic", "peak_mib", 4, "GiB", per_unit=1024),
    *(
        Limit(f"peak memory within {cap} GiB at {size}", size, "capped", "peak_mib", cap, "GiB", per_unit=1024)
        for size, cap in CAPS.items()
    ),
)
LARGEST = "10m"
MOST_TIME_OF_LARGEST = 12
"""Times the wall seconds of a million that ten million may take, held to their limit."""
LARGEST_EXPONENT = 1.05


def outcomes(sizes: Mapping[str, Mapping[str, Any]]) -> list[Outcome]:
    """Every target beside what was measured. sizes: those of a baseline."""
    ratios = [_of_ratio(ratio, _rounds(sizes, ratio.size)) for ratio in RATIOS if ratio.target is not None]
    return [
        *ratios,
        *(_of_limit(limit, _rounds(sizes, limit.size)) for limit in LIMITS),
        _of_largest(sizes),
        _of_growth(sizes),
    ]


def in_rows(found: Iterable[Outcome]) -> list[tuple[str, str, str, str]]:
    """Targets as rows of a page: what, target, measured, and whether it is met."""
    words = {True: "met", False: "**missed**", None: "–"}
    return [(one.what, one.target, one.measured, words[one.is_met]) for one in found]


def exponent(sizes: Mapping[str, Mapping[str, Any]], contender: str, name: str) -> float | None:
    """The power of the store-SKUs with which a figure grows, fitted to its medians; None for a single size."""
    points = [
        (math.log(size["store_skus"]), math.log(median(figure(sample, name) for sample in samples)))
        for size in sizes.values()
        if (samples := size["rounds"].get(contender)) and name in samples[0]
    ]
    if len(points) < 2:
        return None
    centre_x, centre_y = (sum(axis) / len(points) for axis in zip(*points, strict=True))
    steepness = sum((x - centre_x) * (y - centre_y) for x, y in points)
    return float(steepness / sum((x - centre_x) ** 2 for x, _ in points))


def _rounds(sizes: Mapping[str, Mapping[str, Any]], size: str) -> Rounds:
    found: Rounds = sizes.get(size, {}).get("rounds", {})
    return found


def _of_ratio(ratio: Ratio, rounds: Rounds) -> Outcome:
    assert ratio.target is not None
    if not ratio.is_in(rounds):
        return Outcome(ratio.name, _at_most(ratio.target, ratio.stretch, ""), "not measured", None)
    values = ratio.of_rounds(rounds)
    if ratio.target < 1:
        # Judged the way it is told: of two rounds the median is a mean, and that of the inverses is another.
        is_met = median(1 / value for value in values) >= 1 / ratio.target
        return Outcome(ratio.name, f"at least {1 / ratio.target:,.0f} × faster", in_times_faster(values), is_met)
    is_met = median(values) <= ratio.target
    return Outcome(ratio.name, _at_most(ratio.target, ratio.stretch, ""), in_range(values), is_met)


def _of_limit(limit: Limit, rounds: Rounds) -> Outcome:
    target = _at_most(limit.limit, limit.stretch, f" {limit.unit}")
    if limit.contender not in rounds:
        return Outcome(limit.what, target, "not measured", None)
    values = [figure(sample, limit.figure) / limit.per_unit for sample in rounds[limit.contender]]
    return Outcome(limit.what, target, f"{in_range(values)} {limit.unit}", median(values) <= limit.limit)


def _of_largest(sizes: Mapping[str, Mapping[str, Any]]) -> Outcome:
    what, target = "ten million within their limit / one million", f"at most {MOST_TIME_OF_LARGEST}"
    both = [_rounds(sizes, size).get(name) for size, name in ((LARGEST, "capped"), (LARGE, "process"))]
    if not all(both):
        return Outcome(what, target, "not measured", None)
    ten, one = (median(figure(sample, "wall_seconds") for sample in samples or ()) for samples in both)
    return Outcome(what, target, _digits(ten / one), ten / one <= MOST_TIME_OF_LARGEST)


def _of_growth(sizes: Mapping[str, Mapping[str, Any]]) -> Outcome:
    what, target = "growth of the night with the store-SKUs", f"exponent at most {LARGEST_EXPONENT}"
    found = exponent(sizes, "night", "seconds")
    if found is None:
        return Outcome(what, target, "not measured", None)
    measured = [name for name, size in sizes.items() if "night" in size["rounds"]]
    return Outcome(what, target, f"{found:.2f} from {measured[0]} to {measured[-1]}", found <= LARGEST_EXPONENT)


def _at_most(limit: float, stretch: float | None, unit: str) -> str:
    return f"at most {limit:g}{unit}" + ("" if stretch is None else f", better {stretch:g}{unit}")


def in_range(values: Sequence[float]) -> str:
    """The median, and the smallest and largest in brackets."""
    low, middle, high = (_digits(value) for value in spread(values))
    return f"{middle} ({low} to {high})"


def in_times_faster(values: Sequence[float]) -> str:
    """Ratios below 1 the other way round."""
    low, middle, high = (_digits(value) for value in spread([1 / value for value in values]))
    return f"{middle} × ({low} to {high})"


def _digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
