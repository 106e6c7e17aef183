"""The settings of labels and cutoffs."""

from typing import Literal

from pydantic import Field

from engine.settings.frozen import Frozen


class LabelSettings(Frozen):
    """What counts as a purchase to come, for whom, and as of which days."""

    horizon_months: int = Field(6, ge=1, le=24, description="Months after a cutoff in which a purchase counts.")
    gp_min_threshold: float = Field(
        0.0, ge=0, description="Net gross profit within the horizon above which a customer bought."
    )
    population: Literal["expansion", "all"] = Field(
        "expansion",
        description="Who is trained on and ranked: customers who buy but not of the division, or everyone.",
    )
    active_months: int = Field(12, ge=1, le=120, description="An expansion customer bought anything so recently.")
    absent_months: int = Field(24, ge=1, le=120, description="It bought nothing of the division for so long.")
    cutoffs: int = Field(6, ge=3, le=40, description="Quarterly cutoffs that models are tuned on.")
    spacing_months: int = Field(3, ge=1, le=12, description="Months from one cutoff to the next.")
