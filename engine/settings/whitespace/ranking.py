"""The settings of ranking."""

from pydantic import Field

from engine.settings.frozen import Frozen


class RankingSettings(Frozen):
    """Whom to call, within which capacity."""

    capacity_percent: float = Field(10, gt=0, le=100, description="Share of the candidates that can be called.")
