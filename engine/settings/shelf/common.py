"""Settings of the shelf desk that both methods read: expectation, causes, actions, intervals."""

from typing import Literal

from pydantic import Field, model_validator

from engine.settings.frozen import Currency, DeskSettings, Frozen
from engine.settings.ingest import IngestSettings
from engine.settings.shelf.delivered import DeliverySettings, InputSettings, PanelSettings
from engine.vocabulary.common import DOLLARS


class ExpectSettings(Frozen):
    """What an ordinary day would have sold, by the days before it: the classic rule, and features of both methods."""

    window_days: int = Field(28, ge=7, le=56, description="Days before the day that make its expectation.")
    trim_sigmas: float = Field(3.0, gt=0, le=10, description="Days further from the mean than this are left out.")
    min_kept_days: int = Field(14, ge=2, le=56, description="Fewer kept days than this give no expectation.")
    interval_z: float = Field(1.96, gt=0, le=5, description="Half width of the expectation's interval in errors.")

    @model_validator(mode="after")
    def _window_holds_minimum(self) -> "ExpectSettings":
        if self.min_kept_days > self.window_days:
            raise ValueError(f"min_kept_days {self.min_kept_days} is more than window_days {self.window_days}")
        return self


class ConversionSettings(Frozen):
    """Windows of the conversion rates, units an impression."""

    recent_days: int = Field(7, ge=1, le=28, description="Window of the current conversion rate.")
    baseline_days: int = Field(28, ge=7, le=90, description="Window of the baseline conversion rate.")


class OverstockSettings(Frozen):
    """Windows of the velocities, and what stock on hand is measured by."""

    recent_days: int = Field(7, ge=1, le=28, description="Window of the recent velocity.")
    baseline_days: int = Field(28, ge=7, le=90, description="Window of the baseline velocity.")
    unsold_cover_days: float = Field(999, gt=0, description="Days of supply when nothing sells.")
    aged_days: int = Field(60, ge=1, description="On-hand is aged when not restocked for longer than this.")


class PromoSettings(Frozen):
    """Windows of the sales on promotion and before it."""

    promo_days: int = Field(7, ge=1, le=28, description="Promo days up to the case that are averaged.")
    base_days: int = Field(28, ge=7, le=90, description="Non-promo days before the promo that are averaged.")


class MisallocationSettings(Frozen):
    """Which neighbours sell the SKU better than expected."""

    radius_km: float = Field(50, gt=0, le=20000, description="Neighbours stand within this distance.")
    window_days: int = Field(28, ge=7, le=90, description="Window over which a neighbour is judged.")
    min_days: int = Field(7, ge=1, le=90, description="Fewer known days than this give a neighbour no ratio.")
    high_ratio: float = Field(1.20, gt=0, description="A neighbour above this share of its expectation sells over.")
    kept_stores: int = Field(3, ge=1, le=3, description="Best neighbours kept as evidence and for transfers.")


class CauseSettings(Frozen):
    """What root causes are measured by, and the scores from which they are named."""

    primary_score: float = Field(50, ge=0, le=100, description="The best cause is primary above this score.")
    secondary_score: float = Field(40, ge=0, le=100, description="Other causes are secondary above this score.")
    max_score: float = Field(100, ge=0, le=100, description="Scores are capped here.")
    conversion_drop: ConversionSettings = ConversionSettings()
    overstock: OverstockSettings = OverstockSettings()
    promo_ineffective: PromoSettings = PromoSettings()
    misallocation: MisallocationSettings = MisallocationSettings()


class RecommendSettings(Frozen):
    """What to do about it."""

    projection_days: int = Field(30, ge=1, le=365, description="Days over which losses and prices are projected.")
    cost_floor_ratio: float = Field(1.05, ge=0, description="Never price below this multiple of unit cost.")
    price_response: float = Field(1.5, ge=0, description="Percent of units gained per percent of price cut.")
    promo_off_pct: float = Field(10, ge=0, le=100, description="Promo discount for an ordinary drop.")
    deep_promo_off_pct: float = Field(20, ge=0, le=100, description="Promo discount for a deep drop.")
    promo_lift_pct: float = Field(30, ge=0, description="Estimated lift of the ordinary promo.")
    promo_lift_per_pct: float = Field(2, ge=0, description="Estimated lift per further percent of discount.")
    promo_run_days: int = Field(7, ge=1, le=90, description="Length of a proposed promo.")


class IntervalSettings(Frozen):
    """Intervals of what is estimated."""

    level: float = Field(0.95, gt=0, lt=1, description="Chance that an interval holds what it is an interval of.")


class NightSettings(DeskSettings):
    """What a night is told, whatever method judges it. Grain: one run."""

    profile: Literal["calibrated", "classic"] = Field(description="How shelves are judged.")
    currency: Currency = DOLLARS
    inputs: InputSettings = InputSettings()
    panel: PanelSettings = PanelSettings()
    delivery: DeliverySettings = DeliverySettings()
    expect: ExpectSettings = ExpectSettings()
    causes: CauseSettings = CauseSettings()
    recommend: RecommendSettings = RecommendSettings()
    interval: IntervalSettings = IntervalSettings()
    ingest: IngestSettings = IngestSettings()
