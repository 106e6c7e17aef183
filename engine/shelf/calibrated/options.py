"""Options: what can be done about each open case, and what each of that brings (specification, sections 7 and 9).

In: diagnosed cases with their cost, response and supply. Out: one row per case and option. What an option brings is
what is earned with it over the projection window less what is earned without it: margin where the cost is known, else
revenue. Undoing an event is worth the return to the expectation, at the price that goes with it.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import polars as pl

from engine.settings.shelf.calibrated import ActionSettings
from engine.shelf.calibrated.response import ASSUMED
from engine.shelf.calibrated.supply import supplied
from engine.stats import PERCENT, power, ratio
from engine.vocabulary import shelf as v

DAYS_PER_YEAR: Final = 365
ENDS: Final = {"": "expected_daily_units", "_low": "expected_low", "_high": "expected_high"}
"""The expectation by which an option is valued, by the ending of the column."""
UNDONE_BY: Final = {
    v.NOT_ON_SHELF: v.CHECK_SHELF,
    v.CONVERSION_DROP: v.FIND_REASON,
    v.TRAFFIC_DROP: v.RESTORE_TRAFFIC,
    v.PROMO_INEFFECTIVE: v.END_PROMO,
}
"""Causes that one action undoes as such; the others are weighed against prices and other shelves."""
SEARCHED: Final = (v.FIND_REASON, v.RESTORE_TRAFFIC)
"""Actions that have to find a reason before they can undo it."""
WITHOUT_MONEY: Final = {
    v.MISALLOCATION: v.KEEP,
    v.STORE_WIDE: v.LOOK_AT_STORE,
    v.CHAIN_WIDE: v.LOOK_AT_SKU,
}
"""What is said where no option of the shelf itself earns anything."""


def with_bounds(cases: pl.DataFrame, settings: ActionSettings) -> pl.DataFrame:
    """The cases with what bounds their options.

    expected_low, expected_high: units a day, from the interval of the units lost. price_floor: money, null without a
    cost. undone_price: asked once the cause is undone, no lower than the floor. undone_units: sold a day then; with
    _low and _high.
    """
    gap = pl.col("gap_units")
    share = {end: ratio(pl.col(f"lost_units{end}"), pl.col("lost_units")) for end in ("_low", "_high")}
    returns = pl.col("primary_cause").is_in([v.PRICE_TOO_HIGH, v.PROMO_INEFFECTIVE])
    wanted = pl.when(returns).then(pl.coalesce("usual_price", "price")).otherwise("price")
    floor = pl.when(pl.col("price_floor").is_not_null()).then(pl.min_horizontal("price_floor", "price"))
    floored = pl.max_horizontal(wanted, floor)
    return (
        cases.with_columns(
            *((pl.col("actual_daily_units") + gap * part).alias(f"expected{end}") for end, part in share.items()),
            price_floor=pl.col("cost") * settings.cost_floor_ratio,
        )
        .with_columns(
            undone_price=pl.when(pl.col("price").is_not_null()).then(floored),
            # Above the usual price fewer than expected buy, as far as this shelf's sales answer to it.
            left=pl.when(pl.col("primary_cause") == v.PRICE_TOO_HIGH)
            .then(power(ratio(wanted, floored), pl.col("price_response")).clip(upper_bound=1))
            .otherwise(1.0),
        )
        .with_columns(
            *(
                pl.max_horizontal(pl.col(column) * pl.col("left").fill_null(1.0), "actual_daily_units").alias(
                    f"undone_units{end}"
                )
                for end, column in ENDS.items()
            )
        )
        .drop("left")
    )


def undone(settings: ActionSettings, end: str = "", *, cost: pl.Expr, limited: bool = True) -> pl.Expr:
    """Money that undoing the cause brings over the window; may be a loss where the price that goes with it is lower.

    cost: of a unit, 0 for revenue. limited: by stock and deliveries. end: of the interval, `_low` or `_high`.
    """
    days = float(settings.projection_days)

    def sold(rate: str) -> pl.Expr:
        return supplied(pl.col(rate), days) if limited else pl.col(rate) * days

    after = sold(f"undone_units{end}") * (pl.col("undone_price") - cost)
    return after - sold("actual_daily_units") * (pl.col("price") - cost)


def options(cases: pl.DataFrame, settings: ActionSettings) -> pl.DataFrame:
    """One row per open case and option: position (of the case), action, offered_price, off_pct, share_gained, brings,
    brings_low and brings_high, in the order that decides equal amounts.

    cases: with position and `with_bounds`. offered_price and off_pct: null where no other price is asked;
    share_gained: of the units now sold; brings is null without a price.
    """
    open_cases = cases.lazy().filter(pl.col("status") == v.OPEN)
    found = [
        *_undoings(open_cases, settings),
        _of_price(open_cases, settings),
        *_promotions(open_cases, settings),
        *_markdowns(open_cases, settings),
        _stopped_orders(open_cases, settings),
        *_nothing_earned(open_cases),
    ]
    return pl.concat(pl.collect_all(found))


def _undoings(cases: pl.LazyFrame, settings: ActionSettings) -> Iterator[pl.LazyFrame]:
    for cause, action in UNDONE_BY.items():
        share = settings.search_share if action in SEARCHED else 1.0
        brings = {end: share * undone(settings, end, cost=_cost()).clip(lower_bound=0) for end in ENDS}
        asked = pl.col("undone_price") if action == v.END_PROMO else pl.lit(None, pl.Float64)
        yield _rows(cases.filter(pl.col("primary_cause") == cause), action, asked, brings)


def _of_price(cases: pl.LazyFrame, settings: ActionSettings) -> pl.LazyFrame:
    """Back to the usual price, where that earns more than the raised one."""
    raised = cases.filter(pl.col("primary_cause") == v.PRICE_TOO_HIGH, pl.col("undone_price") < pl.col("price"))
    brings = {end: undone(settings, end, cost=_cost()) for end in ENDS}
    return _rows(raised, v.RESTORE_PRICE, pl.col("undone_price"), brings)


def _promotions(cases: pl.LazyFrame, settings: ActionSettings) -> Iterator[pl.LazyFrame]:
    """A promotion of either depth for a shelf that is seen and does not sell: what it is adds to what it costs."""
    fallen = cases.filter(pl.col("primary_cause") == v.CONVERSION_DROP)
    for off_pct in (settings.promo_off_pct, settings.deep_promo_off_pct):
        lifted = _answer(off_pct) * (1 + pl.col("promo_lift")) - 1
        estimate = settings.promo_lift_pct + settings.promo_lift_per_pct * (off_pct - settings.promo_off_pct)
        is_assumed = pl.col("price_response_basis") == ASSUMED
        gained = pl.when(is_assumed).then(estimate * PERCENT).otherwise(lifted)
        yield _discounted(fallen, v.PROMOTE, off_pct, gained, float(settings.promo_run_days), settings)


def _markdowns(cases: pl.LazyFrame, settings: ActionSettings) -> Iterator[pl.LazyFrame]:
    stocked = cases.filter(pl.col("primary_cause") == v.OVERSTOCK)
    for share in settings.markdown_shares:
        off_pct, days = 100 * share, float(settings.projection_days)
        yield _discounted(stocked, v.CLEAR, off_pct, _answer(off_pct) - 1, days, settings)


def _stopped_orders(cases: pl.LazyFrame, settings: ActionSettings) -> pl.LazyFrame:
    """What is not delivered while the surplus sells need not be held."""
    stocked = cases.filter(pl.col("primary_cause") == v.OVERSTOCK, pl.col("surplus_units") > 0)
    days = settings.projection_days
    kept_away = pl.min_horizontal("surplus_units", pl.col("delivered_daily_units").fill_null(0.0) * days)
    # Deliveries come evenly: on average they would have lain there for half of the window.
    held = 0.5 * kept_away * _holding(days, settings)
    return _rows(stocked, v.STOP_ORDER, pl.lit(None, pl.Float64), dict.fromkeys(ENDS, held))


def _nothing_earned(cases: pl.LazyFrame) -> Iterator[pl.LazyFrame]:
    """What is said of a cause when nothing else earns more; it never denies the cause."""
    nothing = dict.fromkeys(ENDS, pl.when(pl.col("price").is_not_null()).then(0.0))
    priced = cases.filter(pl.col("price").is_not_null(), pl.col("primary_cause") == v.PRICE_TOO_HIGH)
    yield _rows(priced, v.WEIGH_PRICE, pl.col("undone_price"), nothing)
    for cause, action in {**WITHOUT_MONEY, v.OVERSTOCK: v.KEEP}.items():
        yield _rows(cases.filter(pl.col("primary_cause") == cause), action, pl.lit(None, pl.Float64), nothing)


def _discounted(
    cases: pl.LazyFrame, action: str, off_pct: float, gained: pl.Expr, days: float, settings: ActionSettings
) -> pl.LazyFrame:
    """A lower price, no lower than the floor; what sells anyway sells cheaper, too."""
    asked = pl.col("price") * (1 - off_pct * PERCENT)
    known = cases.filter(pl.col("price").is_not_null())
    allowed = known.filter((asked >= pl.col("price_floor")).fill_null(value=True))
    actual = pl.col("actual_daily_units")
    before = supplied(actual, days)
    brings = {}
    for end, expected in ENDS.items():
        # More than is due is never promised.
        more = pl.min_horizontal(actual * gained, pl.col(expected) - actual).clip(lower_bound=0)
        after = supplied(actual + more, days)
        freed = 0.5 * (after - before) * _holding(days, settings) if action == v.CLEAR else 0.0
        brings[end] = after * (asked - _cost()) - before * (pl.col("price") - _cost()) + freed
    return _rows(allowed, action, asked, brings, gained)


def _answer(off_pct: float) -> pl.Expr:
    """Sales at so many percent off over those at the price of today."""
    return power(pl.lit(1 / (1 - off_pct * PERCENT)), pl.col("price_response"))


def _holding(days: float, settings: ActionSettings) -> pl.Expr:
    """What a unit costs to hold over some days; 0 without a cost."""
    return _cost() * (settings.holding_cost_pct * PERCENT * days / DAYS_PER_YEAR)


def _cost() -> pl.Expr:
    return pl.col("cost").fill_null(0.0)


def _rows(
    cases: pl.LazyFrame,
    action: str,
    asked: pl.Expr,
    brings: Mapping[str, pl.Expr],
    gained: pl.Expr | None = None,
) -> pl.LazyFrame:
    off_pct = (1 - ratio(asked, pl.col("price"))) * 100
    return cases.select(
        "position",
        pl.lit(action).alias("action"),
        asked.cast(pl.Float64).alias("offered_price"),
        off_pct.cast(pl.Float64).alias("off_pct"),
        (pl.lit(None) if gained is None else gained).cast(pl.Float64).alias("share_gained"),
        *(amount.cast(pl.Float64).alias(f"brings{end}") for end, amount in brings.items()),
    )
