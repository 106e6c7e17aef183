"""Sheet: what a night is worth, on one page: a waterfall, its three sentences, and the regions at both ends.

In: the value of a night, and what accepted actions brought. Out: a `Sheet`, which the dashboard paints and the report
of a night holds: both say the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from engine.decisions.shelf.experiment import Experiment
from engine.decisions.shelf.recovery import DAYS_OF_PROMISE, Recovery
from engine.decisions.shelf.settings import RecoverySettings
from engine.decisions.shelf.value import Value
from engine.outputs.money import money

REGIONS: Final = 3
"""Regions that are told as the worst, and as many as the best."""
NIGHTS: Final = 7
"""Nights whose course is told."""


@dataclass(frozen=True)
class Step:
    """One bar of the waterfall. amount: None where it is not known. before: the level that it comes down from.
    low, high: its interval, where it is an estimate.
    """

    key: str
    name: str
    amount: float | None
    before: float | None
    note: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Sheet:
    """A night in money. most: the largest amount of a step, 1 where there is none. worst, best: rows of
    `REGION_SCHEMA`, each from its end; no region is in both.
    """

    value: Value
    recovered: Recovery
    experiment: Experiment
    steps: Sequence[Step]
    most: float
    sentences: Sequence[str]
    worst: Sequence[Mapping[str, Any]]
    best: Sequence[Mapping[str, Any]]


def sheet(
    found: Value, recovered: Recovery, experiment: Experiment, settings: RecoverySettings, currency: str
) -> Sheet:
    """The page of a night in facts and words. currency: what stands before an amount."""
    bars = _steps(found, recovered)
    regions = found.regions.to_dicts()
    worst = regions[: min(REGIONS, -(-len(regions) // 2))]
    return Sheet(
        found,
        recovered,
        experiment,
        bars,
        max([step.amount for step in bars if step.amount], default=1.0),
        (
            _of_risk(found, currency),
            _of_actions(found, currency),
            f"{_of_deciding(found, recovered, settings, currency)}{_of_experiment(experiment, currency)}",
        ),
        worst,
        regions[len(worst) :][-REGIONS:][::-1],
    )


def _steps(found: Value, recovered: Recovery) -> list[Step]:
    """The bars, each with the level that it comes down from."""
    effect, measured = recovered.money, recovered.cases.height
    scale = DAYS_OF_PROMISE * measured
    of_basis = f"{found.basis} in {DAYS_OF_PROMISE} days" if found.basis else f"in {DAYS_OF_PROMISE} days"
    return [
        Step("at_risk", "At risk", found.at_risk, None, "revenue lost since the cases began"),
        Step("recoverable", "Recoverable", found.recoverable, found.at_risk, of_basis),
        Step("brings", "Actions bring", found.brings, found.recoverable, of_basis),
        Step("accepted", "Accepted", found.accepted, found.brings, of_basis),
        Step(
            "realised",
            "Realised",
            scale * effect.mean if effect else None,
            None,
            f"revenue in {DAYS_OF_PROMISE} days of {measured:,} cases of earlier nights",
            scale * effect.low if effect else None,
            scale * effect.high if effect else None,
        ),
    ]


def _of_risk(found: Value, currency: str) -> str:
    lost = f"{money(found.at_risk, currency)} of sales are lost so far on {_counted(found.cases, 'shelf', 'shelves')}"
    if found.recoverable is None:
        return f"{lost}."
    brought = money(found.recoverable, currency)
    return f"{lost}; undoing every cause would bring {brought} in the next {DAYS_OF_PROMISE} days."


def _of_actions(found: Value, currency: str) -> str:
    if found.brings is None:
        return (
            "What the actions bring is counted as margin in some cases and as revenue in others, and is not added up."
        )
    brought, without = money(found.brings, currency), _counted(found.without_gain, "case", "cases")
    return f"The recommended actions bring {brought} of that; in {without} there is nothing to gain."


def _of_deciding(found: Value, recovered: Recovery, settings: RecoverySettings, currency: str) -> str:
    accepted, waiting = _counted(found.accepted_cases, "case", "cases"), f"{found.undecided:,}"
    verb = "waits" if found.undecided == 1 else "wait"
    of_money = (
        f"{money(found.accepted, currency)} of it is accepted, on" if found.accepted is not None else "Accepted:"
    )
    decided = f"{of_money} {accepted}; {waiting} {verb} for a decision."
    effect, measured = recovered.money, recovered.cases.height
    if effect is None:
        return (
            f"{decided} What came of it is measured from {settings.min_matched:,} matched cases on; there are "
            f"{measured:,}, and {recovered.waiting:,} wait for later nights."
        )
    mean, low, high = (money(one, currency) for one in (effect.mean, effect.low, effect.high))
    return (
        f"{decided} The {measured:,} cases of earlier nights that were acted on and can be compared brought {mean} a "
        f"day each ({low} to {high}) more than matched cases that nobody acted on; {recovered.found_by_check:,} of "
        "them were found by a store's check alone."
    )


def _of_experiment(found: Experiment, currency: str) -> str:
    """What was learnt by lot; nothing of too few."""
    if found.money is None:
        return ""
    mean, low, high = (money(one, currency) for one in (found.money.mean, found.money.low, found.money.high))
    return (
        f" By lot: {found.acted:,} accepted cases that were acted on brought {mean} a day each ({low} to {high}) "
        f"more than {found.withheld:,} that were withheld."
    )


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
