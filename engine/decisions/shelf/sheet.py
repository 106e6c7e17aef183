"""Sheet: what a night is worth, on one page: a waterfall, its three sentences, and the regions at both ends.

In: the value of a night, and what accepted actions brought. Out: a `Sheet`, which the dashboard paints and the report
of a night holds: both say the same, the dashboard in the language of who reads it.
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
MARGIN: Final = "margin"
"""What amounts are counted as where costs are known; else they are revenue."""


Amount = float | int | None
"""Of a sentence: a float is money, None where it is not known, and an integer counts something."""


@dataclass(frozen=True)
class Sentence:
    """A sentence and what is put in. text: in English, with `{1}` for the first of the amounts."""

    text: str
    amounts: Sequence[Amount] = ()

    def told(self, currency: str) -> str:
        """The sentence in English. currency: what stands before money."""
        words = (f"{each:,}" if isinstance(each, int) else money(each, currency) for each in self.amounts)
        return self.text.format("", *words)


@dataclass(frozen=True)
class Step:
    """One bar of the waterfall. amount: None where it is not known. before: the level that it comes down from.
    low, high: its interval, where it is an estimate.
    """

    key: str
    name: str
    amount: float | None
    before: float | None
    note: Sentence
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Sheet:
    """A night in money. most: the largest amount of a step, 1 where there is none. lines: what is said below the
    steps, each of one or more sentences. worst, best: rows of `REGION_SCHEMA`, each from its end; no region is in
    both.
    """

    value: Value
    recovered: Recovery
    experiment: Experiment
    steps: Sequence[Step]
    most: float
    lines: Sequence[Sequence[Sentence]]
    worst: Sequence[Mapping[str, Any]]
    best: Sequence[Mapping[str, Any]]


def sheet(found: Value, recovered: Recovery, experiment: Experiment, settings: RecoverySettings) -> Sheet:
    """The page of a night in facts and words."""
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
            _of_risk(found),
            _of_actions(found),
            (*_of_deciding(found, recovered, settings), *_of_experiment(experiment)),
        ),
        worst,
        regions[len(worst) :][-REGIONS:][::-1],
    )


def _steps(found: Value, recovered: Recovery) -> list[Step]:
    """The bars, each with the level that it comes down from."""
    effect, measured = recovered.money, recovered.cases.height
    scale, basis = DAYS_OF_PROMISE * measured, _of_basis(found.basis)
    since = Sentence("revenue lost since the cases began")
    earlier = Sentence("revenue in {1} days of {2} cases of earlier nights", (DAYS_OF_PROMISE, measured))
    return [
        Step("at_risk", "At risk", found.at_risk, None, since),
        Step("recoverable", "Recoverable", found.recoverable, found.at_risk, basis),
        Step("brings", "Actions bring", found.brings, found.recoverable, basis),
        Step("accepted", "Accepted", found.accepted, found.brings, basis),
        Step(
            "realised",
            "Realised",
            scale * effect.mean if effect else None,
            None,
            earlier,
            scale * effect.low if effect else None,
            scale * effect.high if effect else None,
        ),
    ]


def _of_basis(basis: str | None) -> Sentence:
    """What amounts of the next days are counted as; None where it is mixed."""
    if basis is None:
        return Sentence("in {1} days", (DAYS_OF_PROMISE,))
    return Sentence("margin in {1} days" if basis == MARGIN else "revenue in {1} days", (DAYS_OF_PROMISE,))


def _of_risk(found: Value) -> Sequence[Sentence]:
    lost = Sentence(
        "{1} of sales are lost so far on {2} shelf."
        if found.cases == 1
        else "{1} of sales are lost so far on {2} shelves.",
        (found.at_risk, found.cases),
    )
    if found.recoverable is None:
        return (lost,)
    brought = (found.recoverable, DAYS_OF_PROMISE)
    return (lost, Sentence("Undoing every cause would bring {1} in the next {2} days.", brought))


def _of_actions(found: Value) -> Sequence[Sentence]:
    if found.brings is None:
        return (
            Sentence(
                "What the actions bring is counted as margin in some cases and as revenue in others, and is not "
                "added up."
            ),
        )
    return (
        Sentence(
            "The recommended actions bring {1} of that; in {2} case there is nothing to gain."
            if found.without_gain == 1
            else "The recommended actions bring {1} of that; in {2} cases there is nothing to gain.",
            (found.brings, found.without_gain),
        ),
    )


def _of_deciding(found: Value, recovered: Recovery, settings: RecoverySettings) -> Sequence[Sentence]:
    decided = (_of_accepted(found), _of_waiting(found.undecided))
    effect, measured = recovered.money, recovered.cases.height
    if effect is None:
        return (
            *decided,
            Sentence(
                "What came of it is measured from {1} matched cases on; there are {2}, and {3} wait for later "
                "nights.",
                (settings.min_matched, measured, recovered.waiting),
            ),
        )
    return (
        *decided,
        Sentence(
            "The {1} cases of earlier nights that were acted on and can be compared brought {2} a day each ({3} to "
            "{4}) more than matched cases that nobody acted on; {5} of them were found by a store's check alone.",
            (measured, effect.mean, effect.low, effect.high, recovered.found_by_check),
        ),
    )


def _of_accepted(found: Value) -> Sentence:
    if found.accepted is None:
        return Sentence(
            "{1} case is accepted." if found.accepted_cases == 1 else "{1} cases are accepted.",
            (found.accepted_cases,),
        )
    return Sentence(
        "{1} of it is accepted, on {2} case."
        if found.accepted_cases == 1
        else "{1} of it is accepted, on {2} cases.",
        (found.accepted, found.accepted_cases),
    )


def _of_waiting(undecided: int) -> Sentence:
    return Sentence(
        "{1} waits for a decision." if undecided == 1 else "{1} wait for a decision.",
        (undecided,),
    )


def _of_experiment(found: Experiment) -> Sequence[Sentence]:
    """What was learnt by lot; nothing of too few."""
    if found.money is None:
        return ()
    return (
        Sentence(
            "By lot: {1} accepted cases that were acted on brought {2} a day each ({3} to {4}) more than {5} that "
            "were withheld.",
            (found.acted, found.money.mean, found.money.low, found.money.high, found.withheld),
        ),
    )
