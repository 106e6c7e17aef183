"""Severity: how much revenue is at risk, in four words, the same on the map, in the tables and in the reports."""

from typing import Final

import polars as pl
from pydantic import Field, model_validator

from engine.frozen import RunSettings

SEVERE: Final = "severe"
HIGH: Final = "high"
MODERATE: Final = "moderate"
CLEAR: Final = "clear"
SEVERITIES: Final = (SEVERE, HIGH, MODERATE, CLEAR)
COLOURS: Final = {SEVERE: "#c0271a", HIGH: "#e88a0c", MODERATE: "#e3c71f", CLEAR: "#2e8b6f"}
"""Red, orange, yellow, green, of falling darkness up to yellow, so that they are told apart without hue too."""
SHAPES: Final = {SEVERE: "▲", HIGH: "◆", MODERATE: "●", CLEAR: "○"}
"""The same once more for those who see no colours."""


class SeveritySettings(RunSettings):
    """From how much on revenue at risk is severe."""

    red_from: float = Field(50_000, gt=0, description="A store or case with more revenue at risk is red.")
    orange_from: float = Field(20_000, gt=0, description="With more than this it is orange, with less yellow.")

    @model_validator(mode="after")
    def _severities_ascend(self) -> "SeveritySettings":
        if self.orange_from >= self.red_from:
            raise ValueError(f"orange_from {self.orange_from:g} is not below red_from {self.red_from:g}")
        return self


def severity(amount: pl.Expr, settings: SeveritySettings) -> pl.Expr:
    """The severity of an amount at risk; clear where there is none."""
    return (
        pl.when(amount > settings.red_from)
        .then(pl.lit(SEVERE))
        .when(amount > settings.orange_from)
        .then(pl.lit(HIGH))
        .when(amount.is_not_null())
        .then(pl.lit(MODERATE))
        .otherwise(pl.lit(CLEAR))
    )
