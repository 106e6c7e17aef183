"""The settings of a run that trains nothing: whose models it takes, and how old they may be."""

from typing import Literal

from pydantic import Field

from engine.settings.frozen import Frozen


class RescoringSettings(Frozen):
    """Between two trainings a list is made anew with the models of the last one."""

    models: Literal["train", "last"] = Field(
        "train",
        description="`last`: a run takes the models of the last one that trained; `train`: it trains its own.",
    )
    max_age_days: int = Field(
        120,
        ge=1,
        le=1830,
        description="Models trained for a day longer before the one that is scored are not taken: they were to be "
        "trained anew.",
    )
