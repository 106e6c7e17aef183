"""Telling: what a text needs beyond its row, from the settings of a run and the tables it had."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from engine import vocabulary as v
from engine.growth.settings import GrowthSettings
from engine.registry import Run


@dataclass(frozen=True)
class Telling:
    """The thresholds that texts name, the tables there were, and the style.

    shares are of 1. step9_supplied, step10_supplied: whether the table was there; a text never speaks of a check that
    was not made.
    """

    style: Literal["extended", "seed"]
    min_ratio: float
    current_share: float
    median_share: float
    min_units: float
    min_peers: int
    step9_factor: float
    step9_supplied: bool
    step10_supplied: bool


def telling(settings: GrowthSettings, supplied: Collection[str]) -> Telling:
    """What texts name under these settings. supplied: the tables there were, by name."""
    return Telling(
        style=settings.trace.style,
        min_ratio=settings.gap.min_ratio,
        current_share=settings.caps.current_share,
        median_share=settings.caps.median_share,
        min_units=settings.caps.min_units,
        min_peers=settings.benchmark.min_peers,
        step9_factor=settings.conflicts.step9_factor,
        step9_supplied=v.STEP9 in supplied,
        step10_supplied=v.STEP10 in supplied,
    )


def telling_of_run(run: Run) -> Telling:
    """What the texts of a published run name."""
    supplied = [name for name, was_there in run.manifest["supplied"].items() if was_there]
    return telling(GrowthSettings.model_validate(run.manifest["settings"]), supplied)
