"""Severity: how much revenue is at risk, in four words, the same on the map, in the tables and in the reports."""

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
    """From how much on revenue at risk is severe."""

    red_from: float = Field(50_000, gt=0, description="Revenue at risk from which a store or case is red.")
    orange_from: float = Field(
        20_000, gt=0, description="Revenue at risk from which it is orange; below it is yellow."
    )

    @model_validator(mode="after")
    def _severities_ascend(self) -> "SeveritySettings":
        if self.orange_from >= self.red_from:
            raise ValueError(f"orange_from {self.orange_from:g} is not below red_from {self.red_from:g}")
        return self


def severity(amount: pl.Expr, settings: SeveritySettings) -> pl.Expr:
    """The severity of an amount at risk; none without an amount."""
    return (
        pl.when(amount >= settings.red_from)
        .then(pl.lit(SEVERE))
        .when(amount >= settings.orange_from)
        .then(pl.lit(HIGH))
        .when(amount.is_not_null())
        .then(pl.lit(MODERATE))
        .otherwise(pl.lit(NONE))
    )
