"""Settings of the calibrated method, the default of the shelf desk."""

from typing import Final, Literal

from pydantic import Field, model_validator

from engine.settings.frozen import Amount, Frozen, Positive, Share
from engine.settings.shelf.common import NightSettings, RecommendSettings
from engine.settings.shelf.delivered import PanelSettings, PriceCheckSettings

WEIGHT_TOLERANCE: Final = 1e-6
"""Weights that add up to 1 within this do."""


class NettedPanelSettings(PanelSettings):
    """Which days a night sees, and which sales a return undoes."""

    return_days: int = Field(28, ge=0, le=365, description="A return undoes sales at most so many days back.")


class OccasionSettings(Frozen):
    """What a calendar and the weather teach: how their factors are learnt."""

    learn_events: bool = Field(
        True, description="Whether kinds of days of the table events are learnt, holidays apart."
    )
    learn_holidays: bool = Field(
        False, description="Whether the kinds are learnt that darkshelf holidays writes; they are told all the same."
    )
    learn_weather: bool = Field(False, description="Whether the table weather is learnt; it is read all the same.")
    prior_units: float = Field(200, gt=0, description="Sales by which a kind's factor outweighs the chain's, and 1.")
    prior_days: float = Field(
        2, ge=0, le=365, description="Ordinary days added to those of a kind: few days do not tell their kind."
    )
    weather_prior_units: float = Field(2000, gt=0, description="The same of rain and temperature.")
    max_days_share: float = Field(
        0.5, gt=0, le=1, description="A kind on a larger share of the days teaches nothing."
    )
    rain_bounds_millimetres: tuple[Positive, ...] = Field(
        (1, 5, 15), description="Rain a day that parts kinds of days."
    )
    departure_bounds_celsius: tuple[Positive, ...] = Field(
        (3, 6), description="Degrees beyond those of late, either way, that part kinds of days."
    )
    usual_weather_days: int = Field(14, ge=1, le=90, description="Days before a day whose mean temperature is usual.")

    @model_validator(mode="after")
    def _bounds_ascend(self) -> "OccasionSettings":
        for name in ("rain_bounds_millimetres", "departure_bounds_celsius"):
            bounds = list(getattr(self, name))
            if bounds != sorted(set(bounds)):
                raise ValueError(f"{name} do not ascend")
        return self


class DemandSettings(Frozen):
    """What an ordinary day would have sold: how each factor is learnt."""

    rounds: int = Field(3, ge=1, le=10, description="How often factors are learnt and dark days left out in turn.")
    day_decay_factor: float = Field(
        0.93, gt=0.5, le=1, description="Weight of a day in the level relative to the next."
    )
    long_day_decay_factor: float = Field(
        0.99, gt=0.5, le=1, description="The same in the lasting level of slow sellers."
    )
    level_prior_units: float = Field(20, ge=0, description="Sales by which the recent level outweighs the lasting.")
    usual_price_quantile: float = Field(0.75, ge=0, le=1, description="Quantile of own prices that is the usual one.")
    price_warm_up_days: int = Field(14, ge=1, le=90, description="First prices that tell the usual one together.")
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
    before_decay_factor: float = Field(
        0.98, gt=0.5, le=1, description="Weight of a day before an episode to the next."
    )
    left_out_variance: float = Field(
        0.025, ge=0, le=4, description="Relative variance of a level with no day learnt."
    )
    level_drift: float = Field(
        0.00007, ge=0, le=1, description="Relative variance by which any level may drift a day."
    )
    drift_days: int = Field(14, ge=7, le=28, description="Days of a window whose rise tells how levels drift.")
    drift_spared_days: int = Field(28, ge=0, le=90, description="Last days, of open episodes, that tell no drift.")
    drift_units: float = Field(20, gt=0, description="Sales due in a window from which it tells how levels drift.")
    drift_tail: float = Field(0.005, gt=0, lt=0.5, description="Share of the windows that rise most, which tell it.")
    drift_ratio: float = Field(2.5, ge=0, le=10, description="Drift over what rises tell: dispersion hides a part.")
    usual_drift: float = Field(
        0.0015, ge=0, le=1, description="Drift a day where no window tells any; it weighs as one rare rise."
    )
    young_days: int = Field(
        14,
        ge=1,
        le=56,
        description="Days after the first known one from which a listing is late: it borrows its level.",
    )
    lender_prior_stores: float = Field(
        10, gt=0, description="Stores by which a SKU's own difference between stores outweighs the chain's."
    )
    open_log_likelihood_ratio: float = Field(
        3, gt=0, description="Log likelihood ratio from which an open episode is not learnt from."
    )
    fallen_log_likelihood_ratio: float = Field(
        8, gt=0, description="Log likelihood ratio from which a fall is lasting."
    )
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
    occasions: OccasionSettings = OccasionSettings()

    @model_validator(mode="after")
    def _bounds_are_ordered(self) -> "DemandSettings":
        if list(self.price_bounds) != sorted(set(self.price_bounds), reverse=True):
            raise ValueError("price_bounds do not descend")
        if list(self.velocity_bands) != sorted(set(self.velocity_bands)):
            raise ValueError("velocity_bands do not ascend")
        return self


class EpisodeSettings(Frozen):
    """When a shelf is dark: what counts as an episode and how sure the night has to be of it."""

    depths: tuple[Share, ...] = Field((0.02, 0.1, 0.25, 0.5), description="Shares still sold that are tried.")
    depth_weights: tuple[Share, ...] = Field((0.4, 0.25, 0.2, 0.15), description="How much each depth is believed.")
    max_ratio: float = Field(0.6, gt=0, lt=1, description="An episode sold at most this share of the expectation.")
    closing_log_likelihood_ratio: float = Field(
        5.0, gt=0, description="Log likelihood ratio of usual sales that ends one."
    )
    start_slack: float = Field(2.0, ge=0, description="Log likelihood ratio that an earlier first day has to add.")
    min_days: int = Field(1, ge=1, le=28, description="Shortest episode, in days in stock and open.")
    max_days: int = Field(56, ge=7, le=365, description="Longest episode; what lasts longer is a new normal.")
    max_fdr: float = Field(0.10, gt=0, lt=1, description="Expected share of false findings among the open cases.")
    neighbour_chance: float = Field(
        0.05, gt=0, le=0.5, description="P-value at which a store speaks for the same SKU in others of its region."
    )
    neighbour_wide_share: float = Field(
        0.75, gt=0, le=1, description="Share of the other stores from which a region's SKU fell, and no shelf."
    )
    neighbour_cap: float = Field(5.0, ge=1, le=100, description="Largest weight, or its inverse, of what others say.")
    closed_log_likelihood_ratio: float = Field(
        12.5, gt=0, description="Log likelihood ratio that makes a past episode a case."
    )
    before_log_likelihood_ratio: float = Field(
        6, gt=0, description="That of a past episode against the days before it."
    )
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

    constant: float = Field(-0.7363, ge=-20, le=20, description="Log odds at ratio e, nothing sold, one day.")
    of_log_log_likelihood_ratio: float = Field(
        1.851, ge=-20, le=20, description="Log odds per logarithm of that log likelihood ratio."
    )
    of_root_ratio: float = Field(-1.4658, ge=-20, le=20, description="Log odds per square root of the share sold.")
    of_log_days: float = Field(-0.5281, ge=-20, le=20, description="Log odds per logarithm of the days.")
    min_answers: int = Field(30, ge=5, le=100_000, description="Fewer answers of stores than this correct nothing.")
    intercept_sd: float = Field(1.0, gt=0, le=10, description="Error of all of it believed, in log odds.")
    log_slope_sd: float = Field(0.5, gt=0, le=5, description="Error believed of its steepness, in logarithms.")


class PatternSettings(Frozen):
    """Root causes: the pattern that each leaves, and how much of a fall it can explain.

    A range (from, to) lets the strength of a sign grow from 0 to 1. A fall is a logarithm: -ln of the share left.
    """

    before_days: int = Field(42, ge=14, le=90, description="Days before an episode that it is compared with.")
    gap_days: int = Field(3, ge=0, le=14, description="Days just before an episode that belong to neither side.")
    stock_near_days: int = Field(3, ge=0, le=14, description="On-hand as an episode begins is of so many days.")
    stock_far_days: int = Field(15, ge=1, le=60, description="On-hand before it is of days at least so far back.")
    price_step_days: int = Field(
        14, ge=1, le=90, description="Days on either side of a day that tell its price rise."
    )
    promo_step_days: int = Field(28, ge=1, le=90, description="The same of a promotion's begin; flyers come and go.")
    day_fit: tuple[Amount, Amount] = Field(
        (2, 6), description="Log likelihood ratio against a fall that began on an event's day: fits … does not."
    )
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
    symptom_share: float = Field(
        0.5, gt=0, le=1, description="Views that show this share of a fall fell with it, where an event explains it."
    )

    @model_validator(mode="after")
    def _ranges_ascend(self) -> "PatternSettings":
        for name, value in self:
            if isinstance(value, tuple) and not value[0] < value[1]:
                raise ValueError(f"{name} does not ascend")
        return self


class EventSettings(Frozen):
    """What is excluded for an event, and which cases are grouped into one."""

    smoothed_days: int = Field(3, ge=1, le=7, description="Days over which a store's or SKU's sales are smoothed.")
    wide_days: int = Field(4, ge=1, le=28, description="Shortest fall of a whole store or SKU.")
    holiday_days: int = Field(1, ge=1, le=7, description="Shortest fall of the whole chain.")
    wide_share: float = Field(0.75, gt=0, lt=1, description="A store or SKU falls below this share of expectation.")
    usual_quantile: float = Field(0.6, ge=0.5, le=1, description="Quantile of its days that is a group's usual one.")
    wide_errors: float = Field(4, ge=0, description="Units lost, in standard errors of counts.")
    min_units: float = Field(20, ge=0, description="Units that a whole store or SKU is due to sell, and has lost.")
    min_stores: int = Field(5, ge=2, description="Fewer stores than this make no chain-wide event.")
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
    rise_log_likelihood_ratio: float = Field(6, gt=0, description="Log likelihood ratio from which a rise is proven.")
    rise_units: float = Field(20, ge=0, description="Sales due before a rise, from which they tell a return.")
    return_share: float = Field(0.65, ge=0, le=1, description="Back at this share of the level before a rise.")
    region_share: float = Field(
        0.75, gt=0, le=1, description="Share of a region's stores whose cases of one SKU are one event."
    )
    group_stores: int = Field(5, ge=2, description="So many cases of a SKU and region or cause are one event.")
    group_cases: int = Field(20, ge=2, description="So many cases of a category, region and cause are one event.")
    group_gap_days: int = Field(7, ge=0, le=28, description="Cases that begin further apart are two events.")


class ResponseSettings(Frozen):
    """How the answer of sales to price is learnt from the chain's own price changes."""

    min_change_pct: float = Field(1.0, gt=0, le=50, description="Closer to the usual price than this is no change.")
    max_change_ratio: float = Field(3.0, gt=1, le=20, description="A price this many times off is not believed.")
    min_skus: int = Field(5, ge=2, le=10_000, description="Fewer SKUs whose price changed say nothing.")
    max_error: float = Field(0.75, gt=0, description="A response known less well than this standard error is not.")
    max_response: float = Field(6.0, gt=0, le=20, description="Largest response, in percent per percent, believed.")
    rounds: int = Field(6, ge=1, le=50, description="Newton steps toward the response of every category.")
    own_spread: float = Field(2.0, ge=0, le=20, description="Error of a category's response as that of one shelf.")


class ActionMinutes(Frozen):
    """What an action costs in a person's time, minutes a case."""

    price: float = Field(5, gt=0, le=480, description="Minutes to change a price and its label.")
    promo: float = Field(15, gt=0, le=480, description="Minutes to put up a promotion or a markdown.")
    look: float = Field(10, gt=0, le=480, description="Minutes to look at a shelf and to count it.")
    order: float = Field(3, gt=0, le=480, description="Minutes to place an order or to stop it.")
    transfer: float = Field(45, gt=0, le=480, description="Minutes to pick and send stock to other stores.")
    investigate: float = Field(
        30, gt=0, le=480, description="Minutes to look into a store, a SKU or an unnamed case."
    )


class ActionSettings(RecommendSettings):
    """What to do about it, and what that brings beyond doing nothing."""

    markdown_shares: tuple[Share, ...] = Field(
        (0.1, 0.2, 0.3, 0.4), description="Shares of the price that markdowns of overstock take off."
    )
    search_share: float = Field(
        0.5, ge=0, le=1, description="Share of a fall without a known reason that looking for it restores."
    )
    delivery_days: int = Field(56, ge=7, le=365, description="Days whose stock tells how much is delivered a day.")
    replenish_share: float = Field(
        0.2, ge=0, le=1, description="Order first where stock covers less than this share of what is missing."
    )
    ordinary_cover_days: float = Field(
        37, ge=0, le=365, description="Days of sales that are no surplus, where stock before it is unknown."
    )
    holding_cost_pct: float = Field(25, ge=0, le=100, description="What stock costs to hold, percent of it a year.")
    minutes: ActionMinutes = ActionMinutes()


class TransferSettings(Frozen):
    """What may be shipped between stores."""

    safety_days: float = Field(7, ge=0, le=90, description="Days of sales that both ends keep as safety stock.")
    cost_per_unit: float = Field(0.10, ge=0, description="Cost of moving one unit at all, money.")
    cost_per_unit_km: float = Field(0.01, ge=0, description="Cost of moving one unit one kilometre, money.")
    pace_prior_units: float = Field(20, ge=0, description="Sales that a store's recent pace needs to be its own.")


class WatchSettings(Frozen):
    """Which store-SKUs sales alone can watch."""

    max_alert_days: int = Field(28, ge=1, le=365, description="Count instead where darkness takes longer to show.")


class CalibratedSettings(NightSettings):
    """Everything a night is told that the calibrated method judges. Grain: one run.

    >>> darkshelf.CalibratedSettings().episode.max_fdr
    0.1
    """

    profile: Literal["calibrated"] = Field("calibrated", description="How shelves are judged.")
    panel: NettedPanelSettings = NettedPanelSettings()
    price_check: PriceCheckSettings = PriceCheckSettings()
    demand: DemandSettings = DemandSettings()
    episode: EpisodeSettings = EpisodeSettings()
    certainty: Certainty = Certainty()
    pattern: PatternSettings = PatternSettings()
    events: EventSettings = EventSettings()
    response: ResponseSettings = ResponseSettings()
    recommend: ActionSettings = ActionSettings()
    transfers: TransferSettings = TransferSettings()
    watch: WatchSettings = WatchSettings()
