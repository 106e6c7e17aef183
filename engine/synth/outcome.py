"""Outcome: what would happen to planted shelves in the days after a night, with its actions and without.

In: the truth of a chain, the night's cases and its transfers. Out: margin a planted episode. Means are added up, not
draws: a planted shelf is supplied overnight and is never short. An action undoes the cause that it is an answer to,
and no other; prices are answered as the chain was drawn to answer them.
"""

from typing import Final

import polars as pl

from engine.vocabulary import shelf as v

DAYS: Final = 30
"""Days simulated after the night."""
PROMO_DAYS: Final = 7
COST_PER_UNIT, COST_PER_UNIT_KM = 0.10, 0.01
"""Of moving stock, money."""
NO_TRANSFERS: Final = pl.DataFrame(schema={"case_id": pl.String, "units": pl.Int64, "km": pl.Float64})
"""Of a method that ships nothing."""
UNDOES: Final = {
    v.CHECK_SHELF: (v.NOT_ON_SHELF,),
    v.FIND_REASON: (v.CONVERSION_DROP,),
    v.RESTORE_TRAFFIC: (v.TRAFFIC_DROP,),
    v.END_PROMO: (v.PROMO_INEFFECTIVE,),
}
"""Which planted causes an action undoes; whoever looks for another one finds nothing."""


def outcome(truth: pl.DataFrame, cases: pl.DataFrame, transfers: pl.DataFrame) -> pl.DataFrame:
    """A row per episode of the truth, in its order: undoing_brings and actions_bring, margin over `DAYS`.

    Beyond doing nothing, of the whole chain. undoing_brings: were the shelf its ordinary self at its regular price
    from tomorrow on; 0 where the episode ended before the night. shelf_misses: the same of the shelf alone, which
    differs where neighbours draw its shoppers: they sell over by more than it lacks, and its gain is their loss.
    actions_bring: by the dearest open case of the store-SKU, 0 without one. cases: open and closed. transfers:
    case_id, units, km.
    """
    moved = transfers.group_by("case_id").agg(
        moved_units=pl.col("units").sum(),
        moving_cost=(pl.col("units") * (COST_PER_UNIT + COST_PER_UNIT_KM * pl.col("km"))).sum(),
    )
    advised = (
        cases.filter(pl.col("status") == v.OPEN)
        .sort("revenue_at_risk", "case_id", descending=[True, False], nulls_last=True)
        .unique(v.PAIR, keep="first", maintain_order=True)
        .select(*v.PAIR, "case_id", "action", "action_price", "price")
        .join(moved, on="case_id", how="left")
    )
    known = truth.with_columns(pl.col(key).cast(cases.schema[key]) for key in v.PAIR).join(
        advised, on=v.PAIR, how="left", maintain_order="left"
    )
    is_running = pl.col("runs_on")
    nothing = _margin(_left(), _asked_now(), DAYS)
    undone = _margin(pl.lit(1.0), pl.col("regular_price"), DAYS) - nothing
    is_lost = is_running & (pl.col("cause") != v.MISALLOCATION)
    return known.select(
        undoing_brings=pl.when(is_lost).then(undone).otherwise(0.0),
        shelf_misses=pl.when(is_running).then(undone).otherwise(0.0),
        actions_bring=pl.when(is_running & pl.col("action").is_not_null()).then(_acted() - nothing).otherwise(0.0),
    )


def _left() -> pl.Expr:
    return pl.col("units_share")


def _asked_now() -> pl.Expr:
    return pl.col("regular_price") * pl.col("price_share")


def _margin(share: pl.Expr, price: pl.Expr, days: int) -> pl.Expr:
    """Of so many days on which a share of the ordinary units sells at a price."""
    return share * pl.col("ordinary_daily_units") * days * (price - pl.col("unit_cost"))


def _acted() -> pl.Expr:
    """Margin of the days after the night with its action."""
    action, cause = pl.col("action"), pl.col("cause")
    undone = _margin(pl.lit(1.0), pl.col("regular_price"), DAYS)
    is_undone = pl.any_horizontal((action == kind) & cause.is_in(causes) for kind, causes in UNDOES.items())
    repriced = _asked_now() * pl.col("action_price") / pl.col("price")
    promoted = _margin(_share_at(repriced), repriced, PROMO_DAYS) + _margin(_left(), _asked_now(), DAYS - PROMO_DAYS)
    removed = (pl.col("moved_units") / pl.col("surplus_units")).clip(0.0, 1.0)
    relieved = pl.when(cause == v.OVERSTOCK).then(_left() + (1 - _left()) * removed).otherwise(_left())
    return (
        pl.when(is_undone)
        .then(undone)
        .when(action.is_in([v.RESTORE_PRICE, v.CLEAR]))
        .then(_margin(_share_at(repriced), repriced, DAYS))
        .when(action == v.PROMOTE)
        .then(promoted)
        .when(action == v.TRANSFER)
        .then(_margin(relieved, _asked_now(), DAYS) - pl.col("moving_cost"))
        .otherwise(_margin(_left(), _asked_now(), DAYS))
    )


def _share_at(price: pl.Expr) -> pl.Expr:
    """Of the ordinary units at a price: a raised one falls back as it rose; below, as shoppers answer to an offer."""
    regular = pl.col("regular_price")
    rise = (pl.max_horizontal(price, regular) / regular).log()
    was = pl.col("price_share").log()
    of_rise = pl.when(pl.col("cause") == v.PRICE_TOO_HIGH).then((_left().log() * rise / was).exp())
    discount = pl.when(pl.col("cause") == v.PRICE_TOO_HIGH).then(pl.min_horizontal(price, regular) / regular)
    offered = discount.fill_null(price / _asked_now()).pow(-pl.col("offer_response"))
    return of_rise.fill_null(_left()) * offered
