"""Settings: one frozen class a stage, every value bounded and described, unknown keys refused.

Order of precedence: defaults, then one TOML file, then `--set key=value`.
"""

import difflib
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo

from engine.errors import Problem, SettingsError
from engine.frozen import Amount, Frozen, Positive, RunSettings, Share
from engine.input_settings import DeliverySettings, IngestSettings, InputSettings, PanelSettings, PriceCheckSettings

WEIGHT_TOLERANCE = 1e-6
"""Weights that add up to 1 within this do."""


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


class DemandSettings(Frozen):
    """What an ordinary day would have sold, calibrated: how each factor is learnt."""

    rounds: int = Field(3, ge=1, le=10, description="How often factors are learnt and dark days left out in turn.")
    day_memory: float = Field(0.93, gt=0.5, le=1, description="Weight of a day in the level relative to the next.")
    long_day_memory: float = Field(0.99, gt=0.5, le=1, description="The same in the lasting level of slow sellers.")
    level_prior_units: float = Field(20, ge=0, description="Sales by which the recent level outweighs the lasting.")
    usual_price_quantile: float = Field(0.75, ge=0, le=1, description="Quantile of own prices that is the usual one.")
    price_settling_days: int = Field(14, ge=1, le=90, description="First prices that tell the usual one together.")
    price_bounds: tuple[Share, ...] = Field((0.98, 0.9, 0.8, 0.65), description="Price shares that part offers.")
    offer_prior_units: float = Field(200, gt=0, description="Sales by which a category's offer outweighs the chain.")
    weekday_prior_units: float = Field(500, gt=0, description="Sales by which a weekday outweighs the chain's.")
    store_prior_units: float = Field(50, gt=0, description="Sales that a store's day needs to outweigh no change.")
    sku_prior_units: float = Field(25, gt=0, description="Sales that a SKU's day needs to outweigh no change.")
    prior_rows: float = Field(5, ge=0, description="Average unchanged store-SKUs added to a store's or SKU's day.")
    dark_depth: float = Field(0.05, gt=0, lt=1, description="Share of the expectation left on days not learnt from.")
    dark_false_share: float = Field(0.8, gt=0, lt=1, description="At most this share of the days left out is chance.")
    fallen_before_days: int = Field(28, ge=7, le=90, description="Days before a lasting fall that it is told by.")
    fallen_depth: float = Field(0.5, gt=0, lt=1, description="The same on days of a lasting fall to a part.")
    before_memory: float = Field(0.98, gt=0.5, le=1, description="Weight of a day before an episode to the next.")
    left_out_doubt: float = Field(0.025, ge=0, le=4, description="Relative variance of a level with no day learnt.")
    drift_units: float = Field(30, gt=0, description="Sales a month from which a store-SKU tells how levels drift.")
    fade: float = Field(0.0002, ge=0, le=1, description="Relative variance that any level may fade a day.")
    fade_share: float = Field(0.43, ge=0, le=10, description="Of the drift of a month, what a level may fade a day.")
    open_evidence: float = Field(3, gt=0, description="Evidence from which an open episode is not learnt from.")
    fallen_evidence: float = Field(8, gt=0, description="Log likelihood ratio from which a fall is lasting.")
    new_normal_days: int = Field(56, ge=14, le=365, description="A level that has held so long is the new normal.")
    velocity_bands: tuple[Positive, ...] = Field((0.3, 1, 3, 10), description="Sales a day that part dispersions.")
    bulk_quantile: float = Field(0.9, ge=0, le=1, description="Quantile of own sales that a bulk order is held to.")
    bulk_ratio: float = Field(8, gt=1, description="Sales above this multiple of it teach nothing.")
    impossible_ratio: float = Field(300, gt=1, description="Without revenue, sales above this multiple cannot be.")
    paid_share: float = Field(0.25, gt=0, le=1, description="Bulk sales that earned less of their price cannot be.")
    stock_ratio: float = Field(1000, gt=1, description="Stock above this multiple of its middle cannot be.")
    price_ratio: float = Field(30, gt=1, description="A price above this multiple of its middle cannot be.")
    weighed_share: float = Field(0.1, gt=0, le=1, description="Fractions among its sales that make a SKU weighed.")
    slow_share: float = Field(0.25, gt=0, le=1, description="Share of slow sellers that tells a unit by weight.")
    lots_alone: float = Field(2, gt=1, description="Lots stand alone where so many pauses follow a sale as sales do.")
    lots_prior_rises: float = Field(0.3, gt=0, description="Equal rises by which own dispersion outweighs none.")
    dispersion_prior_share: float = Field(0.1, ge=0, description="Weight of the chain's dispersion in a band's.")

    @model_validator(mode="after")
    def _bounds_are_ordered(self) -> "DemandSettings":
        if list(self.price_bounds) != sorted(set(self.price_bounds), reverse=True):
            raise ValueError("price_bounds do not descend")
        if list(self.velocity_bands) != sorted(set(self.velocity_bands)):
            raise ValueError("velocity_bands do not ascend")
        return self


class EpisodeSettings(Frozen):
    """When a shelf is dark, calibrated: what counts as an episode and how sure the night has to be of it."""

    depths: tuple[Share, ...] = Field((0.02, 0.1, 0.25, 0.5), description="Shares still sold that are tried.")
    depth_weights: tuple[Share, ...] = Field((0.4, 0.25, 0.2, 0.15), description="How much each depth is believed.")
    max_ratio: float = Field(0.6, gt=0, lt=1, description="An episode sold at most this share of the expectation.")
    closing_evidence: float = Field(5.0, gt=0, description="Evidence of usual sales that ends an episode.")
    start_slack: float = Field(2.0, ge=0, description="Log likelihood ratio that an earlier first day has to add.")
    min_days: int = Field(1, ge=1, le=28, description="Shortest episode, in days in stock and open.")
    max_days: int = Field(56, ge=7, le=365, description="Longest episode; what lasts longer is a new normal.")
    max_fdr: float = Field(0.10, gt=0, lt=1, description="Expected share of false findings among the open cases.")
    closed_evidence: float = Field(12.5, gt=0, description="Log likelihood ratio that makes a past episode a case.")
    before_evidence: float = Field(6, gt=0, description="That of a past episode against the days before it.")
    closed_days: int = Field(3, ge=1, le=28, description="Shortest past episode, in calendar days.")

    @model_validator(mode="after")
    def _weights_match_depths(self) -> "EpisodeSettings":
        if len(self.depths) != len(self.depth_weights) or not self.depths:
            raise ValueError("depths and depth_weights need the same number of values, at least one")
        if abs(sum(self.depth_weights) - 1) > WEIGHT_TOLERANCE:
            raise ValueError(f"depth_weights add up to {sum(self.depth_weights):g}, not to 1")
        return self


class Certainty(Frozen):
    """Probability of a dark shelf: a logistic curve, fitted to FreshRetailNet-50K (Dingdong 2025, CC BY 4.0)."""

    constant: float = Field(-0.1756, ge=-20, le=20, description="Log odds at evidence 1, nothing sold, one day.")
    of_log_evidence: float = Field(1.3722, ge=-20, le=20, description="Log odds per logarithm of the evidence.")
    of_root_ratio: float = Field(-1.7797, ge=-20, le=20, description="Log odds per square root of the share sold.")
    of_log_days: float = Field(-0.4639, ge=-20, le=20, description="Log odds per logarithm of the days.")
    min_answers: int = Field(30, ge=5, le=100_000, description="Fewer answers of stores than this correct nothing.")
    intercept_sd: float = Field(1.0, gt=0, le=10, description="Error of all of it believed, in log odds.")
    log_slope_sd: float = Field(0.5, gt=0, le=5, description="Error believed of its steepness, in logarithms.")


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


class PatternSettings(Frozen):
    """Root causes, calibrated: the pattern that each leaves, and how much of a fall it can explain.

    A range (from, to) lets the strength of a sign grow from 0 to 1. A fall is a logarithm: -ln of the share left.
    """

    before_days: int = Field(42, ge=14, le=90, description="Days before an episode that it is compared with.")
    gap_days: int = Field(3, ge=0, le=14, description="Days just before an episode that belong to neither side.")
    stock_near_days: int = Field(3, ge=0, le=14, description="On-hand as an episode begins is of so many days.")
    stock_far_days: int = Field(15, ge=1, le=60, description="On-hand before it is of days at least so far back.")
    prior_units: float = Field(0.5, ge=0, description="Units sold as expected, added before a fall is explained.")
    prior_views: float = Field(3, ge=0, description="Views as before, added before a fall of views is told.")
    group_spread: float = Field(0.2, ge=0, description="A best seller speaks for its store or SKU by 1/this units.")
    group_prior_units: float = Field(2, ge=0, description="Unchanged units added to every day of a store or SKU.")
    price_rise: tuple[Amount, Amount] = Field((0.03, 0.08), description="Price rise, as a share, that is a sign.")
    price_response: float = Field(5, gt=0, description="Fall that a rise of the logarithm of the price explains.")
    promo_share: tuple[Amount, Amount] = Field((0.25, 0.75), description="Rise in the share of promotion days.")
    promo_lift: tuple[Amount, Amount] = Field((0.9, 1.1), description="Promoted sales over usual: none … some lift.")
    promo_fall: float = Field(1.2, gt=0, description="Fall that a promotion without lift explains.")
    cover_days: tuple[Amount, Amount] = Field((35, 50), description="Days of sales on hand at the start.")
    long_cover_strength: float = Field(0.6, ge=0, le=1, description="Strength of long cover that had not grown.")
    stock_growth: tuple[Amount, Amount] = Field((1.4, 2.2), description="On-hand at the beginning over that before.")
    overstock_fall: float = Field(1.5, gt=0, description="Fall that overstock explains.")
    neighbour_errors: float = Field(1.3, ge=0, description="A neighbour's rise counts above so many standard errors.")
    neighbour_strength: tuple[Amount, Amount] = Field((2.4, 3.8), description="Rise of the best ones in errors.")
    neighbour_fall: float = Field(1.2, gt=0, description="Fall that neighbours selling over explain.")
    dark_share: tuple[Amount, Amount] = Field((0.08, 0.28), description="Share still sold: off the shelf … on it.")
    stock_moves: tuple[Amount, Amount] = Field((0.3, 0.7), description="Share of days on which on-hand moved.")
    conversion_fall: float = Field(2.0, gt=0, description="Fall that a drop of conversion explains.")
    conversion_yields: float = Field(0.7, ge=0, le=1, description="Part of conversion's score given to its reason.")

    @model_validator(mode="after")
    def _ranges_ascend(self) -> "PatternSettings":
        for name, value in self:
            if isinstance(value, tuple) and not value[0] < value[1]:
                raise ValueError(f"{name} does not ascend")
        return self


class StorySettings(Frozen):
    """What is no dark shelf and is told once, and which cases are folded into one row, calibrated."""

    smoothed_days: int = Field(3, ge=1, le=7, description="Days over which a store's or SKU's sales are smoothed.")
    wide_days: int = Field(4, ge=1, le=28, description="Shortest fall of a whole store or SKU.")
    holiday_days: int = Field(1, ge=1, le=7, description="Shortest fall of the whole chain.")
    wide_share: float = Field(0.75, gt=0, lt=1, description="A store or SKU falls below this share of expectation.")
    usual_quantile: float = Field(0.6, ge=0.5, le=1, description="Quantile of its days that is a group's usual one.")
    wide_errors: float = Field(4, ge=0, description="Units lost, in standard errors of counts.")
    min_units: float = Field(20, ge=0, description="Units that a whole store or SKU is due to sell, and has lost.")
    min_stores: int = Field(5, ge=2, description="Fewer stores than this make no chain-wide story.")
    end_share: float = Field(0.25, gt=0, lt=1, description="A SKU whose last week sold so little is at its end.")
    ended_share: float = Field(0.05, ge=0, lt=1, description="One whose last week sold so little is not judged.")
    season_ratio: float = Field(3, gt=1, description="Best week over worst of a SKU whose season is at its end.")
    launch_days: int = Field(21, ge=1, le=90, description="A store-SKU listed later than this is being launched.")
    unit_jump: float = Field(2.5, gt=1, description="Price jump that speaks for another unit of sale.")
    unit_slack: float = Field(0.4, gt=0, lt=1, description="Money stays the same within this share.")
    run_out_share: float = Field(0.4, ge=0, le=1, description="On-hand fell to so little of what it was before.")
    run_out_cover_days: float = Field(3, ge=0, description="And lasts so few days: it ran out.")
    risen_share: float = Field(0.75, gt=0, lt=1, description="Past stretches need so much of the level before them.")
    store_points: float = Field(50, ge=0, le=100, description="Score of store_wide that makes it the store's.")
    rise_evidence: float = Field(6, gt=0, description="Log likelihood ratio from which a rise is proven.")
    rise_units: float = Field(20, ge=0, description="Sales due before a rise, from which they tell a return.")
    return_share: float = Field(0.65, ge=0, le=1, description="Back at this share of the level before a rise.")
    fold_stores: int = Field(5, ge=2, description="So many cases of a SKU and cause are one story.")
    fold_cases: int = Field(20, ge=2, description="So many cases of a category, region and cause are one story.")
    fold_gap_days: int = Field(7, ge=0, le=28, description="Cases that begin further apart are two stories.")


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


class ResponseSettings(Frozen):
    """How the answer of sales to price is learnt from the chain's own price changes (calibrated)."""

    min_change_pct: float = Field(1.0, gt=0, le=50, description="Closer to the usual price than this is no change.")
    max_change_ratio: float = Field(3.0, gt=1, le=20, description="A price this many times off is not believed.")
    min_skus: int = Field(5, ge=2, le=10_000, description="Fewer SKUs whose price changed say nothing.")
    max_error: float = Field(0.75, gt=0, description="A response known less well than this standard error is not.")
    max_response: float = Field(6.0, gt=0, le=20, description="Largest response, in percent per percent, believed.")
    rounds: int = Field(6, ge=1, le=50, description="Newton steps toward the response of every category.")


class TransferSettings(Frozen):
    """What may be shipped between stores (calibrated)."""

    safety_days: float = Field(7, ge=0, le=90, description="Days of sales that both ends keep as safety stock.")
    cost_per_unit: float = Field(0.10, ge=0, description="Cost of moving one unit at all, money.")
    cost_per_unit_km: float = Field(0.01, ge=0, description="Cost of moving one unit one kilometre, money.")
    pace_prior_units: float = Field(20, ge=0, description="Sales that a store's recent pace needs to be its own.")


class WatchSettings(Frozen):
    """Which store-SKUs sales alone can watch (calibrated)."""

    max_alert_days: int = Field(28, ge=1, le=365, description="Count instead where darkness takes longer to show.")


class IntervalSettings(Frozen):
    """Block-bootstrap intervals of the revenue at risk."""

    level: float = Field(0.95, gt=0, lt=1, description="Share of replicates inside the interval.")
    replicates: int = Field(1000, ge=100, le=100_000, description="Bootstrap replicates per case.")
    block_days: int = Field(7, ge=1, le=56, description="Days resampled together.")


class Settings(RunSettings):
    """Everything a night is told. Grain: one run."""

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


AnySettings = TypeVar("AnySettings", bound=RunSettings)


def load(path: Path | None = None, assignments: Sequence[str] = ()) -> Settings:
    """The settings of the shelf desk, see `load_as`."""
    return load_as(Settings, path, assignments)


def load_as(model: type[AnySettings], path: Path | None = None, assignments: Sequence[str] = ()) -> AnySettings:
    """The settings of a desk: defaults, then the TOML file, then `key=value` assignments in their order.

    Raises SettingsError listing every unknown key and every value out of bounds at once.
    """
    tree = _read_toml(path) if path is not None else {}
    problems: list[Problem] = []
    for assignment in assignments:
        problem = _assign(tree, assignment, model)
        if problem is not None:
            problems.append(problem)
    try:
        settings = model.model_validate(tree)
    except ValidationError as error:
        problems += [_complaint(dict(detail), model) for detail in error.errors()]
    if problems:
        raise SettingsError(problems)
    return settings


def described(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every settings key, a dotted path such as `detect.dark_ratio`, with its field, in reading order."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from described(field.annotation, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field


def bounds(field: FieldInfo) -> str:
    """The bounds of a setting in words, such as `> 0, <= 1` or `one of calibrated, classic`; empty without any."""
    signs = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
    is_list = get_origin(field.annotation) is tuple
    rules = _rules_of_a_list(field) if is_list else field.metadata
    limits = [f"{signs[kind]} {getattr(rule, kind)}" for rule in rules for kind in signs if hasattr(rule, kind)]
    if get_origin(field.annotation) is Literal:
        return f"one of {', '.join(map(str, get_args(field.annotation)))}"
    return f"list of numbers {', '.join(limits)}" if is_list and limits else ", ".join(limits)


def _rules_of_a_list(field: FieldInfo) -> list[Any]:
    return [rule for info in getattr(get_args(field.annotation)[0], "__metadata__", ()) for rule in info.metadata]


def value_of(settings: RunSettings, key: str) -> object:
    """The value at a dotted key, such as `detect.dark_ratio`."""
    value: object = settings
    for name in key.split("."):
        value = getattr(value, name)
    return value


def as_toml(settings: RunSettings) -> str:
    """The settings as a TOML file that `load_as` reads back to the same settings."""
    lines: list[str] = []
    section = ""
    for key, _ in described(type(settings)):
        here, _, name = key.rpartition(".")
        if here != section:
            lines += ["", f"[{here}]"]
            section = here
        value = value_of(settings, key)
        lines.append(f"{name} = {_toml_value(value)}")
    return "\n".join(lines).lstrip("\n") + "\n"


def _toml_value(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_toml_value(one) for one in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        problem = Problem(str(path), f"cannot be read: {error.strerror}", "give the path of a readable TOML file")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        problem = Problem(str(path), f"is not TOML: {error}", "correct the file at the place named")
    raise SettingsError([problem])


def _assign(tree: dict[str, Any], assignment: str, model: type[BaseModel]) -> Problem | None:
    key, equals, text = assignment.partition("=")
    if not equals or not key.strip():
        return Problem(f"--set {assignment}", "is not key=value", "write it as  --set detect.dark_ratio=0.55")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    *sections, name = key.strip().split(".")
    for section in sections:
        inner = tree.setdefault(section, {})
        if not isinstance(inner, dict):
            return Problem(f"--set {assignment}", f"{section} is a value, not a section", _nearest(key, model))
        tree = inner
    tree[name] = value
    return None


def _complaint(detail: dict[str, Any], model: type[BaseModel]) -> Problem:
    key = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return Problem(key, "is no setting", _nearest(key, model))
    given = "" if isinstance(detail["input"], dict | BaseModel) else f" (given: {detail['input']!r})"
    return Problem(
        key or "settings",
        f"{detail['msg']}{given}",
        "see its meaning and bounds with  darkshelf config explain",
    )


def _nearest(key: str, model: type[BaseModel]) -> str:
    known = [name for name, _ in described(model)]
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else "list every setting with  darkshelf config explain"
