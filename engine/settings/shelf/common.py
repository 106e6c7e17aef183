"""Settings of the shelf desk that both methods read: expectation, causes, actions, intervals."""

from pydantic import Field, model_validator

from engine.settings.frozen import Frozen


class ExpectSettings(Frozen):
    """What an ordinary day would have sold."""

    window_days: int = Field(28, ge=7, le=56, description="Days before the day that make its expectation.")
    trim_sigmas: float = Field(3.0, gt=0, le=10, description="Days further from the mean than this are left out.")
    min_kept_days: int = Field(14, ge=2, le=56, description="Fewer kept days than this give no expectation.")
    interval_z: float = Field(1.96, gt=0, le=5, description="Half width of the expectation's interval in errors.")

    @model_validator(mode="after")
    def _window_holds_minimum(self) -> "ExpectSettings":
        if self.min_kept_days > self.window_days:
            raise ValueError(f"min_kept_days {self.min_kept_days} is more than window_days {self.window_days}")
        return self


class PriceSettings(Frozen):
    """price_too_high: dearer than its category, dearer than it was."""

    category_ratio: float = Field(1.15, ge=1, description="Above this multiple of the category average.")
    category_score: float = Field(50, ge=0, le=100, description="Score for exceeding the category ratio.")
    category_extra_per_pct: float = Field(1.0, ge=0, description="Score per further percent of the category average.")
    category_extra_max: float = Field(30, ge=0, le=100, description="Most that further percents can add.")
    own_ratio: float = Field(1.10, ge=1, description="Above this multiple of its own average.")
    own_score: float = Field(20, ge=0, le=100, description="Score for exceeding its own average.")


class ConversionSettings(Frozen):
    """conversion_drop: seen as before, bought less."""

    recent_days: int = Field(7, ge=1, le=28, description="Window of the current conversion rate.")
    baseline_days: int = Field(28, ge=7, le=90, description="Window of the baseline conversion rate.")
    min_drop_pct: float = Field(30, ge=0, le=100, description="Score only above this drop.")
    score: float = Field(60, ge=0, le=100, description="Score for exceeding the drop.")
    extra_max: float = Field(40, ge=0, le=100, description="Most that further percent of drop can add.")


class OverstockSettings(Frozen):
    """overstock: more on hand than the sales can clear."""

    recent_days: int = Field(7, ge=1, le=28, description="Window of the recent velocity.")
    baseline_days: int = Field(28, ge=7, le=90, description="Window of the baseline velocity.")
    cover_days: float = Field(45, gt=0, description="Score only above so many days of supply.")
    cover_score: float = Field(40, ge=0, le=100, description="Score for exceeding the days of supply.")
    cover_extra_per_day: float = Field(0.5, ge=0, description="Score per further day of supply.")
    cover_extra_max: float = Field(30, ge=0, le=100, description="Most that further days of supply can add.")
    falling_trend_pct: float = Field(-10, le=0, description="Velocity falls when its trend is below this.")
    falling_score: float = Field(30, ge=0, le=100, description="Score for a falling velocity.")
    unsold_cover_days: float = Field(999, gt=0, description="Days of supply when nothing sells.")
    aged_days: int = Field(60, ge=1, description="On-hand is aged when not restocked for longer than this.")


class PromoSettings(Frozen):
    """promo_ineffective: a promotion that does not lift."""

    promo_days: int = Field(7, ge=1, le=28, description="Promo days up to the case that are averaged.")
    base_days: int = Field(28, ge=7, le=90, description="Non-promo days before the promo that are averaged.")
    negative_score: float = Field(90, ge=0, le=100, description="Score when sales fell under the promo.")
    min_lift_pct: float = Field(20, ge=0, description="A promo that lifts this much is effective.")
    weak_score: float = Field(70, ge=0, le=100, description="Score at no lift; every percent of lift takes one off.")


class MisallocationSettings(Frozen):
    """misallocation: neighbours sell the SKU better than expected."""

    radius_km: float = Field(50, gt=0, le=20000, description="Neighbours stand within this distance.")
    window_days: int = Field(28, ge=7, le=90, description="Window over which a neighbour is judged.")
    min_days: int = Field(7, ge=1, le=90, description="Fewer known days than this give a neighbour no ratio.")
    high_ratio: float = Field(1.20, gt=0, description="A neighbour above this share of its expectation sells over.")
    score: float = Field(50, ge=0, le=100, description="Score with any neighbour selling over.")
    score_per_store: float = Field(15, ge=0, le=100, description="Score per neighbour selling over.")
    extra_max: float = Field(50, ge=0, le=100, description="Most that neighbours can add.")
    kept_stores: int = Field(3, ge=1, le=3, description="Best neighbours kept as evidence and for transfers.")


class CauseSettings(Frozen):
    """Root causes and the scores from which they are named."""

    primary_score: float = Field(50, ge=0, le=100, description="The best cause is primary above this score.")
    secondary_score: float = Field(40, ge=0, le=100, description="Other causes are secondary above this score.")
    max_score: float = Field(100, ge=0, le=100, description="Scores are capped here.")
    price_too_high: PriceSettings = PriceSettings()
    conversion_drop: ConversionSettings = ConversionSettings()
    overstock: OverstockSettings = OverstockSettings()
    promo_ineffective: PromoSettings = PromoSettings()
    misallocation: MisallocationSettings = MisallocationSettings()


class RecommendSettings(Frozen):
    """What to do about it and what that would bring."""

    projection_days: int = Field(30, ge=1, le=365, description="Days over which losses and prices are projected.")
    min_price_cut_pct: float = Field(5, ge=0, le=100, description="Smallest price cut proposed.")
    max_price_cut_pct: float = Field(20, ge=0, le=100, description="Largest price cut proposed.")
    cost_floor_ratio: float = Field(1.05, ge=0, description="Never price below this multiple of unit cost.")
    price_response: float = Field(1.5, ge=0, description="Percent of units gained per percent of price cut.")
    promo_off_pct: float = Field(10, ge=0, le=100, description="Promo discount for an ordinary drop.")
    deep_promo_off_pct: float = Field(20, ge=0, le=100, description="Promo discount for a deep drop.")
    deep_drop_pct: float = Field(50, ge=0, le=100, description="Above this conversion drop the promo is deep.")
    promo_lift_pct: float = Field(30, ge=0, description="Estimated lift of the ordinary promo.")
    promo_lift_per_pct: float = Field(2, ge=0, description="Estimated lift per further percent of discount.")
    promo_run_days: int = Field(7, ge=1, le=90, description="Length of a proposed promo.")
    promo_margin_share: float = Field(0.9, ge=0, le=1, description="Share of the promo's revenue that is kept.")
    clearance_cover_days: float = Field(60, gt=0, description="Above so many days of supply: clear, not promote.")
    deep_clearance_cover_days: float = Field(90, gt=0, description="Above so many days of supply: clear deeply.")
    clearance_pct: float = Field(20, ge=0, le=100, description="Markdown of aged stock with ordinary cover.")
    cover_clearance_pct: float = Field(30, ge=0, le=100, description="Markdown of stock with long cover.")
    deep_clearance_pct: float = Field(40, ge=0, le=100, description="Markdown of stock with very long cover.")
    clearance_sell_share: float = Field(0.7, ge=0, le=1, description="Share of on-hand that a markdown sells.")
    end_promo_share: float = Field(0.5, ge=0, le=1, description="Share of the risk that ending a promo recovers.")
    transfer_share: float = Field(0.5, ge=0, le=1, description="Share of on-hand proposed for transfer.")
    transfer_ratio: float = Field(0.6, ge=0, description="Of a unit that is shipped, what would have sold at home.")

    @model_validator(mode="after")
    def _cuts_are_ordered(self) -> "RecommendSettings":
        if self.min_price_cut_pct > self.max_price_cut_pct:
            raise ValueError("min_price_cut_pct is more than max_price_cut_pct")
        return self


class IntervalSettings(Frozen):
    """Block-bootstrap intervals of the revenue at risk."""

    level: float = Field(0.95, gt=0, lt=1, description="Share of replicates inside the interval.")
    replicates: int = Field(1000, ge=100, le=100_000, description="Bootstrap replicates per case.")
    block_days: int = Field(7, ge=1, le=56, description="Days resampled together.")
