"""Settings of the classic method of the shelf desk."""

from pydantic import Field

from engine.settings.frozen import Frozen


class DetectSettings(Frozen):
    """When a shelf is dark."""

    dark_ratio: float = Field(0.60, gt=0, lt=1, description="Dark below this share of the expectation.")
    min_dark_days: int = Field(3, ge=1, le=28, description="Shortest unbroken run of dark days that is a case.")


class ConfidenceSettings(Frozen):
    """How sure the classic rule claims to be: three parts of 100."""

    steadiness_weight: float = Field(0.4, ge=0, le=1, description="Weight of a steady baseline (1 - sd/mean).")
    history_weight: float = Field(0.3, ge=0, le=1, description="Weight of the days kept in the baseline.")
    gap_weight: float = Field(0.3, ge=0, le=1, description="Weight of the depth of the gap.")
    full_history_days: int = Field(28, ge=1, description="Kept days that earn the whole history weight.")
    full_gap: float = Field(0.5, gt=0, le=1, description="Gap, as a share, that earns the whole gap weight.")
