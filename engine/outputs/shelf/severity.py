"""Severity: how much revenue is at risk beside the rest of the chain, in four words, the same wherever it is shown.

In: the amounts of a night. Out: the limits that part them, and a word for each amount. A limit in money would be
right for one chain only: in a small one every case would be yellow, in a large one every case red.
"""

from dataclasses import dataclass
from typing import Final

import polars as pl
from pydantic import Field, model_validator

from engine.settings.frozen import RunSettings

SEVERE: Final = "severe"
HIGH: Final = "high"
MODERATE: Final = "moderate"
NONE: Final = "none"
SEVERITIES: Final = (SEVERE, HIGH, MODERATE, NONE)
COLOURS: Final = {SEVERE: "#c62828", HIGH: "#ef6c00", MODERATE: "#f2c037", NONE: "#2e7d32"}
"""Red, orange, yellow, green, of falling darkness up to yellow, so that they are told apart without hue too."""
SHAPES: Final = {SEVERE: "◆", HIGH: "▲", MODERATE: "●", NONE: "○"}
"""The same once more for those who see no colours."""


class SeveritySettings(RunSettings):
    """Which part of a night is severe."""

    red_share: float = Field(
        0.05, gt=0, lt=1, description="Share of a night's cases, and of its stores, with most at risk that are red."
    )
    orange_share: float = Field(
        0.2, gt=0, lt=1, description="Share of them that are red or orange; what is below is yellow."
    )

    @model_validator(mode="after")
    def _severities_ascend(self) -> "SeveritySettings":
        if self.red_share >= self.orange_share:
            raise ValueError(f"red_share {self.red_share:g} is not below orange_share {self.orange_share:g}")
        return self


@dataclass(frozen=True)
class Limits:
    """The least amounts that are severe and high; None where there is no amount to compare with."""

    severe_from: float | None
    high_from: float | None


def limits(amounts: pl.Series, settings: SeveritySettings) -> Limits:
    """The limits of a night by its amounts at risk, nulls left out; equal amounts are equally severe."""
    return Limits(
        amounts.quantile(1 - settings.red_share, "higher"), amounts.quantile(1 - settings.orange_share, "higher")
    )


def severity(amount: pl.Expr, parted: Limits) -> pl.Expr:
    """The severity of an amount at risk; none without an amount."""
    return (
        pl.when(amount >= pl.lit(parted.severe_from, pl.Float64))
        .then(pl.lit(SEVERE))
        .when(amount >= pl.lit(parted.high_from, pl.Float64))
        .then(pl.lit(HIGH))
        .when(amount.is_not_null())
        .then(pl.lit(MODERATE))
        .otherwise(pl.lit(NONE))
    )
