"""Explanation facts: what a text needs beyond its row, from the settings of a run and the tables it had."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from engine.runs.registry import Run
from engine.vocabulary import growth as v


@dataclass(frozen=True)
class ExplanationFacts:
    """The thresholds that texts name, the tables there were, and the style.

    shares are of 1. step9_supplied, step10_supplied: whether the table was there; a text never speaks of a check that
    was not made. style: `extended` or `seed`.
    """

    style: str
    min_ratio: float
    current_share: float
    median_share: float
    min_units: float
    min_peers: int
    step9_factor: float
    step9_supplied: bool
    step10_supplied: bool


def explanation_facts(settings: Mapping[str, Any], supplied: Collection[str]) -> ExplanationFacts:
    """What texts name under these settings, as a manifest has them. supplied: the tables there were, by name."""
    caps = settings["caps"]
    return ExplanationFacts(
        style=settings["trace"]["style"],
        min_ratio=settings["gap"]["min_ratio"],
        current_share=caps["current_share"],
        median_share=caps["median_share"],
        min_units=caps["min_units"],
        min_peers=settings["benchmark"]["min_peers"],
        step9_factor=settings["conflicts"]["step9_factor"],
        step9_supplied=v.STEP9 in supplied,
        step10_supplied=v.STEP10 in supplied,
    )


def facts_of_run(run: Run) -> ExplanationFacts:
    """What the texts of a published run name."""
    supplied = [name for name, was_there in run.manifest["supplied"].items() if was_there]
    return explanation_facts(run.manifest["settings"], supplied)
