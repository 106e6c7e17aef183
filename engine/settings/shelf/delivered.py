"""Settings of the input: which days are seen, what is told, what is set aside and what is refused."""

from typing import Literal

from pydantic import Field, model_validator

from engine.settings.frozen import Frozen


class PanelSettings(Frozen):
    """Which days a night sees and what counts as in stock."""

    lookback_days: int = Field(90, ge=35, le=730, description="Panel days, the as-of day included.")
    min_on_hand: float = Field(0.0, ge=0, description="In stock means more units on hand than this.")
    stock_from_sales_days: int = Field(7, ge=1, le=28, description="Without a snapshot, sold so lately: in stock.")
    active_days: int = Field(7, ge=1, le=28, description="Judged when in stock on one of the last so many days.")
    min_history_days: int = Field(28, ge=1, description="Warn when the sales reach back fewer days than this.")
    held_days: int = Field(400, ge=0, le=3650, description="A stock or price row before the panel holds so long.")


class InputSettings(Frozen):
    """What tables may look like: keys that meet, files sent twice, places, rows set aside."""

    min_keys_meeting: float = Field(0.5, ge=0, le=1, description="Refuse tables of whose keys fewer meet the sales.")
    usual_keys_meeting: float = Field(0.98, ge=0, le=1, description="Tell of tables of whose keys fewer meet.")
    keys_days: int = Field(90, ge=1, le=730, description="Days up to the as-of day whose keys are compared.")
    sent_twice: Literal["refuse", "once", "sum"] = Field(
        "refuse", description="What becomes of sales rows that were sent twice."
    )
    sent_twice_share: float = Field(0.9, gt=0, le=1, description="Sent twice: so many rows equal those sent before.")
    sent_twice_rows: int = Field(20, ge=1, description="And at least so many different rows.")
    max_set_aside_share: float = Field(0.2, ge=0, le=1, description="Refuse a table of which more rows are faulty.")
    zero_place_degrees: float = Field(1.0, ge=0, le=10, description="Coordinates so near to 0,0 are no place.")
    shared_place_stores: int = Field(3, ge=2, description="No place: one point of so many stores of other names.")
    shared_place_share: float = Field(0.02, ge=0, le=1, description="And of more than this share of all stores.")
    swapped_place_spread: float = Field(
        5, gt=1, description="Swapped: so many times as far off as half the stores, but not the other way round."
    )

    @model_validator(mode="after")
    def _shares_are_ordered(self) -> "InputSettings":
        if self.min_keys_meeting > self.usual_keys_meeting:
            raise ValueError("min_keys_meeting is more than usual_keys_meeting")
        return self


class DeliverySettings(Frozen):
    """When a day was delivered as usual, by the chain's own past; what falls short is unknown and told."""

    habit_decay_factor: float = Field(
        0.9, gt=0.5, lt=1, description="Weight of a day in a store-SKU's habit to the next."
    )
    warm_up_days: int = Field(14, ge=7, le=56, description="Days of its past before a day is judged.")
    steady_share: float = Field(0.9, gt=0.5, lt=1, description="Who sells on this share of days sells steadily.")
    chain_slack: float = Field(0.1, gt=0, lt=1, description="A chain's day may always fall short by this share.")
    amount_slack: float = Field(0.2, gt=0, lt=1, description="The same of its amounts, in logarithms of units.")
    group_slack: float = Field(0.4, gt=0, lt=1, description="The same of a store or a category.")
    spreads: float = Field(5, gt=0, le=20, description="A shortfall counts beyond so many usual deviations.")
    errors: float = Field(5, gt=0, le=20, description="And beyond so many standard errors of counts.")
    min_expected: float = Field(5, ge=1, description="Fewer sellers expected than this tell nothing of a day.")
    short_days: int = Field(3, ge=1, le=14, description="A longer shortfall with rows is a fall, no lost delivery.")
    silent_log_likelihood_ratio: float = Field(
        12, gt=0, description="Log likelihood ratio from which a silent store is shut."
    )
    min_silent_skus: int = Field(3, ge=1, description="A store with fewer SKUs is never taken for shut.")
    closed_days: int = Field(7, ge=2, le=56, description="Without rows for so long a store is closed.")
    closed_share: float = Field(0.5, ge=0, le=1, description="Without sales on more of its days a weekday is closed.")
    min_kept_share: float = Field(0.5, gt=0, le=1, description="Less of the chain delivered than this: try later.")
    notice_share: float = Field(0.05, ge=0, lt=1, description="More store-days lost than this are noticed first.")
    stray_share: float = Field(0.1, ge=0, lt=1, description="A newest date with fewer of the usual rows is no day.")
    stray_gap_days: int = Field(7, ge=1, le=90, description="Behind a longer gap a date has to hold more rows.")
    stray_late_share: float = Field(0.5, ge=0, lt=1, description="The share that is wanted there.")
    far_gap_days: int = Field(92, ge=28, le=3650, description="A few days behind a longer gap are typed wrong.")
    usual_days: int = Field(28, ge=7, le=365, description="Dates before a date that tell its usual rows.")
    stale_gaps: float = Field(2, ge=1, le=10, description="A feed that is late by so many usual gaps is stale.")
    stale_days: int = Field(3, ge=1, le=56, description="No feed is stale before so many days.")


class PriceCheckSettings(Frozen):
    """Whether prices are what was paid: the price against revenue ÷ units, by SKU and by store."""

    tolerance: float = Field(0.15, gt=0, lt=1, description="Prices that differ from what was paid by less agree.")
    wrong_factor: float = Field(3, gt=1, le=100, description="Beyond this factor what was paid values a case.")
    min_units: float = Field(5, gt=0, description="Fewer units sold than this tell no price.")
