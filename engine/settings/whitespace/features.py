"""The settings of features."""

from pydantic import Field

from engine.settings.frozen import Frozen


class FeatureSettings(Frozen):
    """Which features are computed, and over which windows."""

    windows_months: tuple[int, ...] = Field((3, 6, 12, 24), description="Windows of sales, in months.")
