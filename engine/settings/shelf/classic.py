"""Settings of the classic method of the shelf desk."""

from typing import Literal

from pydantic import Field, model_validator

from engine.settings.frozen import Frozen
from engine.settings.shelf.common import (
    CauseSettings,
    ConversionSettings,
    IntervalSettings,
    MisallocationSettings,
    NightSettings,
    OverstockSettings,
    PromoSettings,
    RecommendSettings,
)
from engine.settings.shelf.delivered import PanelSettings


class InterpolatedPanelSettings(PanelSettings):
    """Which days a night sees, and which it fills."""

    gap_fill_days: int = Field(3, ge=0, le=14, description="Longest gap of days not delivered that is interpolated.")


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


class PriceScores(Frozen):
    """price_too_high: dearer than its category, dearer than it was."""

    category_ratio: float = Field(1.15, ge=1, description="Above this multiple of the category average.")
    category_score: float = Field(50, ge=0, le=100, description="Score for exceeding the category ratio.")
    category_extra_per_pct: float = Field(1.0, ge=0, description="Score per further percent of the category average.")
    category_extra_max: float = Field(30, ge=0, le=100, description="Most that further percents can add.")
    own_ratio: float = Field(1.10, ge=1, description="Above this multiple of its own average.")
    own_score: float = Field(20, ge=0, le=100, description="Score for exceeding its own average.")


class ConversionScores(ConversionSettings):
    """conversion_drop: seen as before, bought less."""

    min_drop_pct: float = Field(30, ge=0, le=100, description="Score only above this drop.")
    score: float = Field(60, ge=0, le=100, description="Score for exceeding the drop.")
    extra_max: float = Field(40, ge=0, le=100, description="Most that further percent of drop can add.")


class OverstockScores(OverstockSettings):
    """overstock: more on hand than the sales can clear."""

    cover_days: float = Field(45, gt=0, description="Score only above so many days of supply.")
    cover_score: float = Field(40, ge=0, le=100, description="Score for exceeding the days of supply.")
    cover_extra_per_day: float = Field(0.5, ge=0, description="Score per further day of supply.")
    cover_extra_max: float = Field(30, ge=0, le=100, description="Most that further days of supply can add.")
    falling_trend_pct: float = Field(-10, le=0, description="Velocity falls when its trend is below this.")
    falling_score: float = Field(30, ge=0, le=100, description="Score for a falling velocity.")


class PromoScores(PromoSettings):
    """promo_ineffective: a promotion that does not lift."""

    negative_score: float = Field(90, ge=0, le=100, description="Score when sales fell under the promo.")
    min_lift_pct: float = Field(20, ge=0, description="A promo that lifts this much is effective.")
    weak_score: float = Field(70, ge=0, le=100, description="Score at no lift; every percent of lift takes one off.")


class MisallocationScores(MisallocationSettings):
    """misallocation: neighbours sell the SKU better than expected."""

    score: float = Field(50, ge=0, le=100, description="Score with any neighbour selling over.")
    score_per_store: float = Field(15, ge=0, le=100, description="Score per neighbour selling over.")
    extra_max: float = Field(50, ge=0, le=100, description="Most that neighbours can add.")


class CauseScores(CauseSettings):
    """Root causes and the points that speak for each."""

    price_too_high: PriceScores = PriceScores()
    conversion_drop: ConversionScores = ConversionScores()
    overstock: OverstockScores = OverstockScores()
    promo_ineffective: PromoScores = PromoScores()
    misallocation: MisallocationScores = MisallocationScores()


class RecoverySettings(RecommendSettings):
    """What to do about it and what that would bring."""

    min_price_cut_pct: float = Field(5, ge=0, le=100, description="Smallest price cut proposed.")
    max_price_cut_pct: float = Field(20, ge=0, le=100, description="Largest price cut proposed.")
    deep_drop_pct: float = Field(50, ge=0, le=100, description="Above this conversion drop the promo is deep.")
    clearance_cover_days: float = Field(60, gt=0, description="Above so many days of supply: clear, not promote.")
    deep_clearance_cover_days: float = Field(90, gt=0, description="Above so many days of supply: clear deeply.")
    clearance_pct: float = Field(20, ge=0, le=100, description="Markdown of aged stock with ordinary cover.")
    cover_clearance_pct: float = Field(30, ge=0, le=100, description="Markdown of stock with long cover.")
    deep_clearance_pct: float = Field(40, ge=0, le=100, description="Markdown of stock with very long cover.")
    end_promo_share: float = Field(0.5, ge=0, le=1, description="Share of the risk that ending a promo recovers.")
    promo_margin_share: float = Field(0.9, ge=0, le=1, description="Share of the promo's revenue that is kept.")
    clearance_sell_share: float = Field(0.7, ge=0, le=1, description="Share of on-hand that a markdown sells.")
    transfer_share: float = Field(0.5, ge=0, le=1, description="Share of on-hand proposed for transfer.")
    transfer_ratio: float = Field(0.6, ge=0, description="Of a unit that is shipped, what would have sold at home.")

    @model_validator(mode="after")
    def _cuts_are_ordered(self) -> "RecoverySettings":
        if self.min_price_cut_pct > self.max_price_cut_pct:
            raise ValueError("min_price_cut_pct is more than max_price_cut_pct")
        return self


class BootstrapSettings(IntervalSettings):
    """Block-bootstrap intervals of the revenue at risk."""

    replicates: int = Field(1000, ge=100, le=100_000, description="Bootstrap replicates per case.")
    block_days: int = Field(7, ge=1, le=56, description="Days resampled together.")


class ClassicSettings(NightSettings):
    """Everything a night is told that the classic method judges. Grain: one run.

    >>> darkshelf.ClassicSettings().detect.dark_ratio
    0.6
    """

    profile: Literal["classic"] = Field("classic", description="How shelves are judged.")
    panel: InterpolatedPanelSettings = InterpolatedPanelSettings()
    detect: DetectSettings = DetectSettings()
    confidence: ConfidenceSettings = ConfidenceSettings()
    causes: CauseScores = CauseScores()
    recommend: RecoverySettings = RecoverySettings()
    interval: BootstrapSettings = BootstrapSettings()
