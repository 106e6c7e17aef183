"""Everything a run of the whitespace desk is told."""

from typing import Literal

from pydantic import Field

from engine.settings.frozen import Currency, DeskSettings, Frozen
from engine.settings.whitespace.features import FeatureSettings
from engine.settings.whitespace.gauntlet import GauntletSettings, WaiverSettings
from engine.settings.whitespace.horizons import HorizonSettings
from engine.settings.whitespace.inputs import InputSettings
from engine.settings.whitespace.labels import LabelSettings
from engine.settings.whitespace.modeling import ModelSettings
from engine.settings.whitespace.ranking import RankingSettings
from engine.settings.whitespace.rescoring import RescoringSettings
from engine.vocabulary.common import DOLLARS


class Sections(Frozen):
    """The settings of every stage."""

    inputs: InputSettings = InputSettings()
    labels: LabelSettings = LabelSettings()
    features: FeatureSettings = FeatureSettings()
    modeling: ModelSettings = ModelSettings()
    gauntlet: GauntletSettings = GauntletSettings()
    waivers: WaiverSettings = WaiverSettings()
    horizons: HorizonSettings = HorizonSettings()
    ranking: RankingSettings = RankingSettings()
    rescoring: RescoringSettings = RescoringSettings()


class WhitespaceSettings(DeskSettings):
    """Everything a whitespace run is told; keys of its stages begin with `whitespace.`. Grain: one run.

    >>> darkshelf.WhitespaceSettings().whitespace.labels.horizon_months
    6
    """

    profile: Literal["default"] = Field("default", description="The defaults a run starts from.")
    currency: Currency = DOLLARS
    whitespace: Sections = Sections()
