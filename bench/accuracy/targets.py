"""What has to be reached, and whether the figures reach it."""

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

from bench.accuracy.causes import AS_PLANTED, PLACEBOS, VIEWS_FOLLOW, WAYS, right_of
from bench.speed.targets import Outcome

Figures = Mapping[str, Any]
PRECISION, RECALL = 0.86, 0.78
EMPTY_PRECISION, FAIR_PRECISION = 0.92, 0.90
SLOW_PRECISION, SLOW_RECALL = 0.80, 0.80
MEDIAN_ERROR, TOTAL_ERROR = 0.20, 0.10
COVERAGE = (0.90, 0.99)
CALIBRATION_ERROR = 0.05
BROUGHT_SHARE = 0.70
PLANTED_MEDIAN_ERROR, PLANTED_TOTAL_ERROR = 0.15, 0.08
FALSE_SHARE = 0.10
OPEN_PRECISION = 0.90
OPEN_RECALL = {
    "levels that hold": 0.87,
    "levels that wander 4% a day": 0.50,
    "480 store-SKUs, 3% a day": 0.65,
}
OPEN_WORST = 0.83
LATE_RECALL = 0.50
LUMPY_ALARMS = 3
CAUSES_RIGHT, KIND_RIGHT, PLACEBO_RIGHT = 0.90, 0.80, 0.85
"""Over all; of each cause whose views follow; where an event came weeks before."""


def outcomes(measured: Figures) -> list[Outcome]:
    """Every target beside what was measured."""
    return [
        *_recorded(measured["recorded"]),
        *_slow(measured["slow"]),
        *_open(measured["open"]),
        *_late(measured["late"]["seeds"]),
        *_lumpy(measured["lumpy"]),
        *_causes(measured["causes"]),
        *_nulls(measured["nulls"]),
        *_advice(measured["advice"]),
    ]


def at_least(what: str, target: float, values: list[float]) -> Outcome:
    """A figure that has to reach a target every time it was measured."""
    shown = " and ".join(f"{value:.3f}" for value in values)
    return Outcome(what, f"at least {target:.2f}", shown, min(values) >= target)


def at_most(what: str, target: float, values: list[float]) -> Outcome:
    """A figure that may not exceed a target any time it was measured."""
    shown = " and ".join(f"{value:.3f}" for value in values)
    return Outcome(what, f"at most {target:.2f}", shown, max(values) <= target)


def _recorded(figures: Figures) -> list[Outcome]:
    ours = figures["calibrated"]
    return [
        at_least("recorded stock-outs: precision", PRECISION, [ours["precision"]]),
        at_least("recorded stock-outs: recall", RECALL, [ours["recall"]]),
        at_least(
            "recorded stock-outs: precision of alerts that sold at most 15%",
            EMPTY_PRECISION,
            [figures["by_left"][0]["right"]],
        ),
        at_least(
            "recorded stock-outs: precision for the depth", FAIR_PRECISION, [figures["by_left"][-1]["fairly_right"]]
        ),
        at_most(
            "recorded stock-outs: expected calibration error, across stores",
            CALIBRATION_ERROR,
            [figures["reliability"]["cross-validated"]["calibration_error"]],
        ),
    ]


def _slow(figures: Figures) -> list[Outcome]:
    ours = [one["calibrated"] for name, one in sorted(figures.items()) if name.startswith("seed")]
    bands, money = [one["bands"][0] for one in ours], [one["money"] for one in ours]
    dark = [one["depths"][0]["worth_recall"][0] for one in ours]
    low, high = COVERAGE
    coverage = [one["coverage"][0] for one in money]
    return [
        at_least("slow movers: precision", SLOW_PRECISION, [one["precision"][0] for one in bands]),
        at_least(
            "slow movers: recall of an expected loss of 8 units",
            SLOW_RECALL,
            [one["worth_recall"][0] for one in bands],
        ),
        at_least("the same, episodes that leave nothing", SLOW_RECALL, dark),
        at_most(
            "slow movers: median error of revenue at risk, a target of planted causes",
            MEDIAN_ERROR,
            [m["median_error"][0] for m in money],
        ),
        at_most(
            "slow movers: error of its total, a target of planted causes",
            TOTAL_ERROR,
            [abs(one["total_ratio"][0] - 1) for one in money],
        ),
        Outcome(
            "slow movers: loss inside the 95% interval",
            f"{low:.2f} to {high:.2f}",
            " and ".join(f"{value:.3f}" for value in coverage),
            all(low <= value <= high for value in coverage),
        ),
    ]


def _open(figures: Figures) -> list[Outcome]:
    found = []
    for name, recall in OPEN_RECALL.items():
        for what, target in (("precision", OPEN_PRECISION), ("recall", recall)):
            middle = mean(one[what] for one in figures[name])
            found.append(at_least(f"open episodes, {name}: {what}, mean of the seeds", target, [middle]))
    recalls = [one["recall"] for one in figures["levels that hold"]]
    found.append(at_least("open episodes, levels that hold: recall of the worst seed", OPEN_WORST, [min(recalls)]))
    return found


def _late(seeds: Sequence[Figures]) -> list[Outcome]:
    alerts, right, findable, found = (
        sum(one[name] for one in seeds) for name in ("alerts", "right", "findable", "found")
    )
    return [
        at_most("young store-SKUs: share of false alerts, all seeds", FALSE_SHARE, [1 - right / alerts]),
        at_least("young store-SKUs: recall of findable, all seeds", LATE_RECALL, [found / findable]),
    ]


def _causes(figures: Figures) -> list[Outcome]:
    """Over all: as planted and with views that follow."""
    by_way = {way: right_of(figures[way]) for way in WAYS}
    shares = {way: {cause: right / found for cause, (right, found) in one.items()} for way, one in by_way.items()}
    plain = [counts for way in (AS_PLANTED, VIEWS_FOLLOW) for counts in by_way[way].values()]
    everywhere = sum(right for right, _ in plain) / sum(found for _, found in plain)
    return [
        at_least("planted causes: named right", CAUSES_RIGHT, [everywhere]),
        at_least("planted causes, views follow: the worst cause", KIND_RIGHT, [min(shares[VIEWS_FOLLOW].values())]),
        at_least(
            "planted causes: a loss of views weeks after an event",
            PLACEBO_RIGHT,
            [share for way in PLACEBOS for share in shares[way].values()],
        ),
    ]


def _lumpy(figures: Figures) -> list[Outcome]:
    most = max(max(alarms) for alarms in figures.values() if isinstance(alarms, list))
    return [
        Outcome(
            "healthy shelves that sell in lots: alarms of 200",
            f"at most {LUMPY_ALARMS}",
            str(most),
            most <= LUMPY_ALARMS,
        )
    ]


def _nulls(figures: Figures) -> list[Outcome]:
    everything = figures["all"]
    quiet = 1 - everything["rate"]["0.01"]
    return [
        at_most("nothing happens: realised false discovery rate at 0.10", FALSE_SHARE, [everything["rate"]["0.1"]]),
        Outcome(
            "nothing happens: nights without a finding at 0.01", "most", f"{quiet:.3f} of the nights", quiet > 0.5
        ),
        Outcome(
            "nothing happens: p-values even by a test",
            "even on most nights",
            f"table: {everything['table']['even']:.2f} of the nights; published: larger than even, "
            f"{everything['published']['below_0.1']:.3f} are at most 0.1",
            everything["table"]["even"] > 0.5 and everything["published"]["below_0.1"] > 0.09,
        ),
    ]


def _advice(figures: Figures) -> list[Outcome]:
    """Means over the chains."""
    chains = [one for name, one in sorted(figures.items()) if name.startswith("seed")]
    totals = [one["by_cause"]["total"] for one in chains]
    share = sum(one["actions_bring"] for one in totals) / sum(one["undoing_brings"] for one in totals)
    error, ratio = (sum(one[name] for one in chains) / len(chains) for name in ("median_error", "total_ratio"))
    return [
        at_least("planted causes: share of undoing them that the actions bring", BROUGHT_SHARE, [share]),
        at_most("planted causes: median error of revenue at risk", PLANTED_MEDIAN_ERROR, [error]),
        at_most("planted causes: error of its total", PLANTED_TOTAL_ERROR, [abs(ratio - 1)]),
    ]
