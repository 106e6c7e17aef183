"""The settings of what calls are found to add."""

from pydantic import Field

from engine.settings.frozen import RunSettings, Share


class CallEffectSettings(RunSettings):
    """How the called are compared with those held out."""

    min_held_out: int = Field(30, ge=2, description="Fewer held-out gaps than this tell nothing.")
    replicates: int = Field(1000, ge=100, le=100_000, description="Draws of customers behind an interval.")
    level: Share = Field(0.95, description="Level of intervals.")
