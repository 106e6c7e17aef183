"""The settings of what is looked at over time: prequential evaluation, ablation and forward validation."""

from pydantic import Field

from engine.settings.frozen import Frozen


class HorizonSettings(Frozen):
    """How far a frozen model is followed, and how it is validated forward."""

    bootstrap_replicates: int = Field(1000, ge=100, le=100_000, description="Draws of customers behind an interval.")
