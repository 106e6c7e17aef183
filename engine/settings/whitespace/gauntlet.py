"""The settings of the gauntlet, and what may be waived."""

from pydantic import Field

from engine.settings.frozen import Frozen


class GauntletSettings(Frozen):
    """The bounds of the checks."""

    shift_grid_days: tuple[int, ...] = Field((7, 14, 28, 56), description="Days by which features are made staler.")
    permutations: int = Field(999, ge=19, le=99_999, description="Times that labels are shuffled.")


class WaiverSettings(Frozen):
    """What is switched off, for forensics; every waiver is recorded and shown."""

    safe: bool = Field(False, description="Train safe divisions on every feature all the same.")
    purge: bool = Field(False, description="Leave no days between training and validation labels.")
    permutation: bool = Field(False, description="Leave the permutation check out.")
    shift_grid: bool = Field(False, description="Leave the shift grid out.")
