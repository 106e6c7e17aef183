"""Everything a night of the shelf desk is told."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from engine.settings.frozen import DeskSettings
from engine.settings.ingest import IngestSettings
from engine.settings.loading import load_as
from engine.settings.shelf.calibrated import (
    Certainty,
    DemandSettings,
    EpisodeSettings,
    PatternSettings,
    ResponseSettings,
    StorySettings,
    TransferSettings,
    WatchSettings,
)
from engine.settings.shelf.classic import ConfidenceSettings, DetectSettings
from engine.settings.shelf.common import CauseSettings, ExpectSettings, IntervalSettings, RecommendSettings
from engine.settings.shelf.delivered import DeliverySettings, InputSettings, PanelSettings, PriceCheckSettings


class Settings(DeskSettings):
    """Everything a night is told. Grain: one run.

    >>> darkshelf.Settings().detect.dark_ratio
    0.6
    """

    profile: Literal["calibrated", "classic"] = Field("calibrated", description="How shelves are judged.")
    inputs: InputSettings = InputSettings()
    panel: PanelSettings = PanelSettings()
    delivery: DeliverySettings = DeliverySettings()
    price_check: PriceCheckSettings = PriceCheckSettings()
    demand: DemandSettings = DemandSettings()
    episode: EpisodeSettings = EpisodeSettings()
    certainty: Certainty = Certainty()
    expect: ExpectSettings = ExpectSettings()
    detect: DetectSettings = DetectSettings()
    confidence: ConfidenceSettings = ConfidenceSettings()
    causes: CauseSettings = CauseSettings()
    pattern: PatternSettings = PatternSettings()
    stories: StorySettings = StorySettings()
    recommend: RecommendSettings = RecommendSettings()
    response: ResponseSettings = ResponseSettings()
    transfers: TransferSettings = TransferSettings()
    watch: WatchSettings = WatchSettings()
    interval: IntervalSettings = IntervalSettings()
    ingest: IngestSettings = IngestSettings()


def load(path: Path | None = None, assignments: Sequence[str] = ()) -> Settings:
    """The settings of the shelf desk, see `load_as`."""
    return load_as(Settings, path, assignments)
