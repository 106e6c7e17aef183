"""Confidence in four words, the same in tables, on a case and in what is exported for people."""

from typing import Final

from pydantic import Field, model_validator

from engine.settings.frozen import RunSettings

HIGH: Final = "high"
MEDIUM: Final = "medium"
LOW: Final = "low"
VERY_LOW: Final = "very low"
WORDS: Final = (HIGH, MEDIUM, LOW, VERY_LOW)


class ConfidenceSettings(RunSettings):
    """From which score on confidence is called what."""

    high_from: float = Field(80, gt=0, le=100, description="Confidence score from which it is called high.")
    medium_from: float = Field(60, gt=0, le=100, description="Confidence score from which it is called medium.")
    low_from: float = Field(40, gt=0, le=100, description="Score from which it is called low; below it is very low.")

    @model_validator(mode="after")
    def _words_descend(self) -> "ConfidenceSettings":
        if not self.high_from > self.medium_from > self.low_from:
            levels = f"high_from {self.high_from:g}, medium_from {self.medium_from:g}, low_from {self.low_from:g}"
            raise ValueError(f"{levels} do not descend")
        return self


def in_words(score: float, settings: ConfidenceSettings) -> str:
    """What a score, 0 to 100, is called."""
    bounds = (settings.high_from, settings.medium_from, settings.low_from)
    return next((word for word, least in zip(WORDS, bounds, strict=False) if score >= least), VERY_LOW)
