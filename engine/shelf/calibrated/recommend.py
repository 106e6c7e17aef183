"""Recommend, calibrated: what to do about each case, and what more that would earn (specification, sections 7 and 9).

In: diagnosed cases with the price response of their category. Out: the cases with an action, `projected_recovery`,
and `recoverable_30d`, the part that fixing the shelf today would still bring. Both are margin where the cost is
known, else revenue, and count only what would not be sold anyway, from stock that is there. Transfers are decided for
the whole chain at once, in `transfer`.
"""

import polars as pl

from engine.settings.shelf.common import RecommendSettings
from engine.shelf.advice import END_PROMO, REVIEW, SENTENCES, flags, formatted, priced, remedy
from engine.shelf.calibrated.response import ASSUMED
from engine.shelf.wording import money
from engine.stats import PERCENT, ratio, round_half_up
from engine.vocabulary import shelf as v
from engine.vocabulary.common import DOLLARS

OVER = "No action: the shelf sells again"
KEEP_STOCK = "Keep the stock: no neighbour within reach would sell more of it"
FIXED = {
    "end_promo": END_PROMO,
    "over": OVER,
    "transfer": KEEP_STOCK,
    "check_shelf": "Check the shelf and count the stock: it is on record and does not sell",
    "restore_traffic": "Make it seen again: fewer shoppers come past, and those who do buy as before",
    "look_at_store": "Look at the store, not at the shelf: most of its SKUs sell less",
    "look_at_sku": "Look at the SKU, not at the shelf: most stores sell less of it",
}
"""Sentences without numbers, by remedy. A transfer keeps the stock until the plan of the chain finds it a place."""
OF_FURTHER_CAUSES = {
    v.NOT_ON_SHELF: "check_shelf",
    v.TRAFFIC_DROP: "restore_traffic",
    v.STORE_WIDE: "look_at_store",
    v.CHAIN_WIDE: "look_at_sku",
}
PRICE_REMEDIES = ("cut_price", "promote", "clear")


def recommend(cases: pl.DataFrame, settings: RecommendSettings, currency: str = DOLLARS) -> pl.DataFrame:
    """One action a case, chosen by its primary cause.

    cases: with cost (null unknown), `PRICE_RESPONSE_COLUMNS` and promo_lift. Money is null without a price.
    currency: what stands before an amount.
    """
    planned = (
        cases.lazy()
        .pipe(priced, settings)
        .with_columns(_remedy(settings), _basis())
        .with_columns(_offered_price())
        .with_columns(_held())
        .with_columns(*_percents_off(), _units_gained(settings), *_stakes(settings))
        .with_columns(_gain(settings))
        .with_columns(_recovery(settings), _worth_it())
        .with_columns(_flags())
        .collect()
        .rechunk()
    )
    return planned.with_columns(recommended_action=_sentences(planned, currency)).select(
        *cases.columns,
        *("recommended_action", "projected_recovery", "recoverable_30d"),
        "recovery_basis",
        "review_flags",
    )


def at_risk(settings: RecommendSettings) -> pl.Expr:
    """What the case loses over the projection window, in margin or revenue, however much is in stock."""
    gap = pl.col("expected_daily_units") - pl.col("actual_daily_units")
    return gap.clip(lower_bound=0) * settings.projection_days * unit_value()


def unit_value() -> pl.Expr:
    """Margin of a unit at the case's price where the cost is known, else its price; never negative."""
    return (pl.col("price") - pl.col("cost").fill_null(0.0)).clip(lower_bound=0)


def units_sold(units_a_day: pl.Expr, days: pl.Expr) -> pl.Expr:
    """Units over some days, as far as the stock reaches; unknown stock is no limit."""
    wanted = units_a_day * days
    return pl.min_horizontal(wanted, pl.col("on_hand"))


def _remedy(settings: RecommendSettings) -> pl.Expr:
    further = pl.col("primary_cause").replace_strict(OF_FURTHER_CAUSES, default=None, return_dtype=pl.String)
    is_over = pl.col("status") == v.CLOSED
    wanted = pl.coalesce(remedy(settings), further)
    without_price = pl.when(pl.col("price").is_not_null() | ~wanted.is_in(PRICE_REMEDIES)).then(wanted)
    return pl.when(is_over).then(pl.lit("over")).otherwise(without_price).alias("remedy")


def _basis() -> pl.Expr:
    known = pl.col("cost").is_not_null()
    return pl.when(known).then(pl.lit("margin")).otherwise(pl.lit("revenue")).alias("recovery_basis")


def _offered_price() -> pl.Expr:
    """What would be asked instead, never below the cost floor; null for other remedies."""
    wanted = {
        "cut_price": pl.col("new_price"),
        "promote": pl.col("price") * (1 - pl.col("promo_off_pct") * PERCENT),
        "clear": pl.col("clearance_price"),
    }
    price = pl.coalesce(*(pl.when(pl.col("remedy") == remedy).then(asked) for remedy, asked in wanted.items()))
    floored = pl.max_horizontal(price, "price_floor")
    return pl.when(price.is_not_null()).then(floored).alias("offered_price")


def _held() -> pl.Expr:
    """A price at its floor cannot be lowered, whatever the remedy."""
    is_stuck = pl.col("remedy").is_in(PRICE_REMEDIES) & pl.col("is_held")
    return pl.when(is_stuck).then(pl.lit("hold_price")).otherwise("remedy").alias("remedy")


def _percents_off() -> tuple[pl.Expr, ...]:
    """What the sentences print, after the floor."""
    off = (1 - ratio(pl.col("offered_price"), pl.col("price"))) * 100
    known = off.is_not_null()
    return (
        *(pl.when(known).then(off).otherwise(name).alias(name) for name in ("promo_off_pct", "markdown_pct")),
        pl.when(pl.col("remedy") == "clear")
        .then("offered_price")
        .otherwise("clearance_price")
        .alias("clearance_price"),
    )


def _units_gained(settings: RecommendSettings) -> pl.Expr:
    """Share of the expected units that the offered price adds; a promotion adds what promotions add by themselves.

    Where no response was learnt a promotion is estimated as section 7 does.
    """
    answer = ratio(pl.col("price"), pl.col("offered_price")).pow(pl.col("price_response"))
    is_promo = pl.col("remedy") == "promote"
    lifted = pl.when(is_promo).then(answer * (1 + pl.col("promo_lift"))).otherwise(answer) - 1
    estimated = pl.col("promo_lift_estimate_pct") * PERCENT
    is_assumed = is_promo & (pl.col("price_response_basis") == ASSUMED)
    gained = pl.when(is_assumed).then(estimated).otherwise(lifted)
    return gained.clip(lower_bound=0).alias("share_gained")


def _stakes(settings: RecommendSettings) -> tuple[pl.Expr, ...]:
    """What a shelf that sells as expected would earn more over the window, from the stock that is there."""
    days = pl.lit(float(settings.projection_days))
    expected_units, sold = (units_sold(pl.col(f"{name}_daily_units"), days) for name in ("expected", "actual"))
    recoverable = pl.when(pl.col("status") == v.CLOSED).then(0.0).otherwise((expected_units - sold) * unit_value())
    return (recoverable.clip(lower_bound=0).alias("recoverable_30d"),)


def _gain(settings: RecommendSettings) -> pl.Expr:
    """Money that the offered price would earn beyond doing nothing; what sells anyway sells cheaper, too."""
    is_promo = pl.col("remedy") == "promote"
    days = pl.when(is_promo).then(float(settings.promo_run_days)).otherwise(float(settings.projection_days))
    actual, cost = pl.col("actual_daily_units"), pl.col("cost").fill_null(0.0)
    gained = pl.min_horizontal(pl.col("expected_daily_units") * pl.col("share_gained"), "gap_units")
    after = units_sold(actual + gained.clip(lower_bound=0), days) * (pl.col("offered_price") - cost)
    return (after - units_sold(actual, days) * (pl.col("price") - cost)).alias("gain")


def _recovery(settings: RecommendSettings) -> pl.Expr:
    recoverable, kind = pl.col("recoverable_30d"), pl.col("remedy")
    money = (
        pl.when(kind.is_in(PRICE_REMEDIES))
        .then(pl.min_horizontal(pl.col("gain").clip(lower_bound=0), recoverable))
        .when(kind == "end_promo")
        .then(settings.end_promo_share * recoverable)
        .when(kind == "check_shelf")
        .then(recoverable)
        .otherwise(0.0)
    )
    return pl.when(pl.col("price").is_not_null()).then(money).alias("projected_recovery")


def _worth_it() -> pl.Expr:
    """A lower price that would earn less than doing nothing is not proposed."""
    loses = pl.col("remedy").is_in(PRICE_REMEDIES) & (pl.col("gain") <= 0)
    return pl.when(loses).then(pl.lit("no_gain")).otherwise("remedy").alias("remedy")


def _flags() -> pl.Expr:
    missing_cost = pl.when(pl.col("cost").is_null()).then(pl.lit(v.MISSING_COST))
    parts = pl.when(flags() != "").then(flags()), missing_cost
    return pl.concat_str(*parts, separator=",", ignore_nulls=True).alias("review_flags")


def _sentences(planned: pl.DataFrame, currency: str) -> pl.Series:
    """The sentence of every case, in the order of the cases; a price says where its effect was learnt."""
    lift = pl.when(pl.col("remedy") == "promote").then(pl.col("share_gained") * 100)
    numbered = planned.with_columns(promo_lift_estimate_pct=lift).with_row_index("position")
    with_numbers = pl.concat([formatted(numbered, remedy, currency) for remedy in SENTENCES])
    fixed = pl.col("remedy").replace_strict(FIXED, default=None, return_dtype=pl.String)
    prices = (money(round_half_up(pl.col(name), decimals=2), currency) for name in ("price", "offered_price"))
    no_gain = pl.format("Hold price: {} earns more than {} would", *prices)
    kind = pl.col("remedy")
    sentence = pl.coalesce(pl.when(kind == "no_gain").then(no_gain), fixed, "text", pl.lit(REVIEW))
    says = pl.when(kind.is_in([*PRICE_REMEDIES, "no_gain"])).then(pl.format("; {}", _on_response()))
    return (
        numbered.join(with_numbers, on="position", how="left", maintain_order="left")
        .select(pl.concat_str(sentence, says.fill_null("")).alias("action"))
        .to_series()
    )


def _on_response() -> pl.Expr:
    value, low, high = (
        round_half_up(pl.col(name), decimals=1).cast(pl.String)
        for name in ("price_response", "price_response_low", "price_response_high")
    )
    learnt = pl.format(
        "{}% more units per percent off ({} to {}), learnt from price changes of the {}",
        *(value, low, high, pl.col("price_response_basis")),
    )
    assumed = pl.format("{}% more units per percent off is assumed: price changes here say nothing", value)
    return pl.when(pl.col("price_response_basis") == ASSUMED).then(assumed).otherwise(learnt)
