"""Recommend, calibrated: of all that can be done about each case, what brings most (specification, sections 7 and 9).

In: diagnosed cases with their cost, response and supply. Out: the cases with an action, what it brings with its
interval, what undoing the cause would bring in margin and in revenue, and the minutes it takes. What is brought is
margin where the cost is known, else revenue; the two are never added up. Transfers are decided for the whole chain
at once, in `transfer`.
"""

import polars as pl

from engine.settings.shelf.calibrated import ActionMinutes, ActionSettings
from engine.shelf.advice import END_PROMO, REVIEW, flags
from engine.shelf.calibrated.options import options, undone, with_bounds
from engine.shelf.calibrated.own_response import SHELF
from engine.shelf.calibrated.response import ASSUMED
from engine.shelf.calibrated.supply import supplied
from engine.shelf.wording import money, rounded
from engine.stats import quotient, round_half_up
from engine.vocabulary import shelf as v
from engine.vocabulary.common import DOLLARS

OVER = "No action: the shelf sells again"
KEEP_STOCK = "Keep the stock: no neighbour within reach would sell more of it"
FIXED = {
    v.END_PROMO: END_PROMO,
    v.NO_ACTION: OVER,
    v.KEEP: KEEP_STOCK,
    v.CHECK_SHELF: "Check the shelf and count the stock: it is on record and does not sell",
    v.FIND_REASON: "Find out at the shelf why shoppers see it and do not buy: label, freshness, display",
    v.RESTORE_TRAFFIC: "Make it seen again: fewer shoppers come past, and those who do buy as before",
    v.LOOK_AT_STORE: "Look at the store, not at the shelf: most of its SKUs sell less",
    v.LOOK_AT_SKU: "Look at the SKU, not at the shelf: most stores sell less of it",
    v.REVIEW: REVIEW,
}
"""Sentences without numbers, by action. A misallocated shelf keeps its stock until the plan finds it a place."""
OF_PRICE = (v.RESTORE_PRICE, v.WEIGH_PRICE, v.PROMOTE, v.CLEAR)
"""Actions that rest on what sales answer to price."""
BROUGHT = ("brings", "brings_low", "brings_high")
COLUMNS = (
    "recommended_action",
    "projected_recovery",
    "projected_recovery_low",
    "projected_recovery_high",
    "recoverable_30d",
    "recoverable_margin_30d",
    "recoverable_revenue_30d",
    "recovery_basis",
    "action",
    "action_price",
    "action_units",
    "action_minutes",
    "recovery_per_minute",
    "review_flags",
)


def recommend(cases: pl.DataFrame, settings: ActionSettings, currency: str = DOLLARS) -> pl.DataFrame:
    """The option of every case that brings most; equal amounts go by the order of the options.

    cases: with cost (null unknown), `PRICE_RESPONSE_COLUMNS`, promo_lift, borrowed_weight, delivered_daily_units and
    surplus_units.
    Adds `COLUMNS`; money is null without a price. currency: what stands before an amount.
    """
    bounded = with_bounds(cases, settings).with_row_index("position").with_columns(*_recoverable(settings))
    chosen = _best(options(bounded, settings))
    planned = (
        bounded.join(chosen, on="position", how="left", maintain_order="left")
        .with_columns(_action())
        .with_columns(*_replenished(settings))
        .with_columns(_flags(), recommended_action=_sentence(settings, currency))
        .with_columns(*_brought(), action_price="offered_price", action_units=pl.lit(None, pl.Int64))
        .with_columns(*worth_of_time(settings.minutes))
    )
    return planned.select(*cases.columns, *COLUMNS).rechunk()


def worth_of_time(minutes: ActionMinutes) -> tuple[pl.Expr, ...]:
    """action_minutes and recovery_per_minute, from action and projected_recovery; null where nothing is to do."""
    of_action = {
        v.RESTORE_PRICE: minutes.price,
        v.WEIGH_PRICE: minutes.price,
        v.END_PROMO: minutes.price,
        v.PROMOTE: minutes.promo,
        v.CLEAR: minutes.promo,
        v.STOP_ORDER: minutes.order,
        v.REPLENISH: minutes.order,
        v.TRANSFER: minutes.transfer,
        v.CHECK_SHELF: minutes.look,
        v.FIND_REASON: minutes.look,
        v.RESTORE_TRAFFIC: minutes.look,
        v.LOOK_AT_STORE: minutes.investigate,
        v.LOOK_AT_SKU: minutes.investigate,
        v.REVIEW: minutes.investigate,
    }
    taken = pl.col("action").replace_strict(of_action, default=None, return_dtype=pl.Float64)
    return taken.alias("action_minutes"), quotient(pl.col("projected_recovery"), taken).alias("recovery_per_minute")


def _recoverable(settings: ActionSettings) -> tuple[pl.Expr, ...]:
    """What undoing the cause brings: in revenue, in margin (null without a cost), and by the case's own basis."""
    by_basis = {
        "recoverable_revenue_30d": pl.lit(0.0),
        "recoverable_margin_30d": pl.col("cost"),
        "recoverable_30d": pl.col("cost").fill_null(0.0),
    }
    is_over = pl.col("status") == v.CLOSED
    known = pl.col("cost").is_not_null()
    return (
        *(
            pl.when(is_over & ~cost.is_null())
            .then(0.0)
            .otherwise(undone(settings, cost=cost).clip(lower_bound=0))
            .alias(name)
            for name, cost in by_basis.items()
        ),
        undone(settings, cost=pl.col("cost").fill_null(0.0), limited=False).alias("unlimited"),
        pl.when(known).then(pl.lit("margin")).otherwise(pl.lit("revenue")).alias("recovery_basis"),
    )


def _best(found: pl.DataFrame) -> pl.DataFrame:
    """The option of every case that brings most, in the order of the options; unknown amounts are the last choice."""
    return (
        found.with_row_index("place")
        .sort("position", "brings", "place", descending=[False, True, False], nulls_last=True)
        .unique("position", keep="first", maintain_order=True)
        .drop("place")
    )


def _action() -> pl.Expr:
    found = pl.col("action").fill_null(pl.lit(v.REVIEW))
    return pl.when(pl.col("status") == v.CLOSED).then(pl.lit(v.NO_ACTION)).otherwise(found).alias("action")


def _replenished(settings: ActionSettings) -> tuple[pl.Expr, ...]:
    """Where stock and deliveries cannot serve what the cause keeps from selling, ordering comes first.

    then: what is to be done once the stock is there.
    """
    days = float(settings.projection_days)
    due = (pl.col("undone_units") - pl.col("actual_daily_units")) * days
    served = supplied(pl.col("undone_units"), days) - supplied(pl.col("actual_daily_units"), days)
    undoes = ~pl.col("action").is_in([v.NO_ACTION, v.KEEP, v.REVIEW, v.LOOK_AT_STORE, v.LOOK_AT_SKU, v.STOP_ORDER])
    wants = undoes & (due > 0) & (served < settings.replenish_share * due) & (pl.col("unlimited") > 0)
    lacks = wants.fill_null(value=False)
    return (
        pl.col("action").alias("then"),
        pl.when(lacks).then(pl.lit(v.REPLENISH)).otherwise("action").alias("action"),
        *(pl.when(lacks).then("unlimited").otherwise(name).alias(name) for name in BROUGHT),
    )


def _brought() -> tuple[pl.Expr, ...]:
    """Where every unit is sold at a loss, more of them bring less: the ends of the interval change places."""
    is_known = pl.col("price").is_not_null()
    ends = {"": pl.col("brings"), "_low": pl.min_horizontal(BROUGHT), "_high": pl.max_horizontal(BROUGHT)}
    return tuple(
        pl.when(is_known).then(amount.fill_null(0.0).clip(lower_bound=0)).alias(f"projected_recovery{end}")
        for end, amount in ends.items()
    )


def _flags() -> pl.Expr:
    missing_cost = pl.when(pl.col("cost").is_null()).then(pl.lit(v.MISSING_COST))
    # More than half of what is known of its level is known of other stores.
    borrowed_level = pl.when(2 * pl.col("borrowed_weight") > 1).then(pl.lit(v.BORROWED_LEVEL))
    parts = pl.when(flags() != "").then(flags()), missing_cost, borrowed_level
    return pl.concat_str(*parts, separator=",", ignore_nulls=True).alias("review_flags")


def _sentence(settings: ActionSettings, currency: str) -> pl.Expr:
    """What to do, in one sentence; a price says where its effect was learnt."""
    kind = pl.col("then")
    fixed = kind.replace_strict(FIXED, default=None, return_dtype=pl.String)
    with_numbers = pl.coalesce(
        *(pl.when(kind == action).then(text) for action, text in _numbered(settings, currency).items())
    )
    said = pl.coalesce(with_numbers, fixed)
    learnt_from = pl.when(kind == v.PROMOTE).then(_on_lift(settings)).when(kind.is_in(OF_PRICE)).then(_on_response())
    learnt = pl.format("; {}", learnt_from).fill_null("")
    whole = pl.concat_str(said, learnt)
    first = pl.format(
        "Order stock first: {} on hand and {} a day delivered do not serve the {} a day that would sell; then ",
        rounded(pl.col("on_hand"), 0),
        rounded(pl.col("delivered_daily_units").fill_null(0.0), 1),
        rounded(pl.col("undone_units"), 1),
    )
    then = pl.concat_str(whole.str.slice(0, 1).str.to_lowercase(), whole.str.slice(1))
    return pl.when(pl.col("action") == v.REPLENISH).then(pl.concat_str(first, then)).otherwise(whole)


def _numbered(settings: ActionSettings, currency: str) -> dict[str, pl.Expr]:
    price, asked = (money(round_half_up(pl.col(name), decimals=2), currency) for name in ("price", "offered_price"))
    off, lift = rounded(pl.col("off_pct"), 0), rounded(pl.col("share_gained") * 100, 0)
    return {
        v.RESTORE_PRICE: pl.format("Reduce price by {}% from {} to {}, where it sold as expected", off, price, asked),
        v.WEIGH_PRICE: pl.format(
            "Decide on the price: {} keeps shoppers away, and {} would not earn more", price, asked
        ),
        v.PROMOTE: pl.format(
            f"Run {{}}% off promo for {settings.promo_run_days} days (estimated {{}}% lift)", off, lift
        ),
        v.CLEAR: pl.format("Mark down by {}% ({} → {}): estimated {}% more units", off, price, asked, lift),
        v.STOP_ORDER: pl.format(
            "Stop its orders until {} units of surplus are sold", rounded(pl.col("surplus_units"), 0)
        ),
    }


def _on_lift(settings: ActionSettings) -> pl.Expr:
    """What a promotion's lift rests on: promotions as such, and what every percent off adds."""
    of_promos = rounded(pl.col("promo_lift") * 100, 0)
    learnt = pl.format("promotions as such sell {}% more here, and {}", of_promos, _on_response())
    assumed = (
        f"assumed: {settings.promo_lift_pct:g}% at {settings.promo_off_pct:g}% off and "
        f"{settings.promo_lift_per_pct:g}% more per further percent; promotions here say nothing"
    )
    return pl.when(pl.col("price_response_basis") == ASSUMED).then(pl.lit(assumed)).otherwise(learnt)


def _on_response() -> pl.Expr:
    value, low, high = (
        round_half_up(pl.col(name), decimals=1).cast(pl.String)
        for name in ("price_response", "price_response_low", "price_response_high")
    )
    basis = pl.col("price_response_basis")
    bounded = pl.format("{}% more units per percent off ({} to {}), learnt from ", value, low, high)
    learnt = (
        pl.when(basis == SHELF)
        .then(pl.format("{}what the rise did to this shelf", bounded))
        .otherwise(pl.format("{}price changes of the {}", bounded, basis))
    )
    assumed = pl.format("{}% more units per percent off is assumed: price changes here say nothing", value)
    return pl.when(basis == ASSUMED).then(assumed).otherwise(learnt)
