"""Recommend: what to do about each case, and what that would bring (specification, section 7).

In: diagnosed cases. Out: the cases with `recommended_action` (a sentence), `projected_recovery` (money, null when it
cannot be known) and `review_flags`. Guardrails: prices stay above the cost floor, discounts inside their bounds.
"""

import polars as pl

from engine.settings.shelf.classic import RecoverySettings
from engine.shelf.advice import END_PROMO, REVIEW, destination, flags
from engine.shelf.classic.remedies import SENTENCES, formatted, priced, remedy
from engine.stats import PERCENT
from engine.vocabulary.common import DOLLARS


def recommend(cases: pl.DataFrame, settings: RecoverySettings, currency: str = DOLLARS) -> pl.DataFrame:
    """One action a case, chosen by its primary cause. currency: what stands before an amount."""
    planned = (
        cases.lazy()
        .pipe(priced, settings)
        .with_columns(*_transfer(settings), remedy(settings))
        .with_columns(_recovery(settings))
        .with_columns(flags())
        .collect()
        # Columns cut at different rows make Polars 2.1 read beyond a list column's end when rows are picked.
        .rechunk()
    )
    return planned.with_columns(recommended_action=_actions(planned, currency)).select(
        *cases.columns, "recommended_action", "projected_recovery", "review_flags"
    )


def _transfer(settings: RecoverySettings) -> tuple[pl.Expr, ...]:
    ratio = pl.col("neighbour_ratios").list.mean()
    return (
        (pl.col("on_hand") * settings.transfer_share).floor().alias("transfer_units"),
        (ratio - settings.transfer_ratio).alias("transfer_gain"),
    )


def _recovery(settings: RecoverySettings) -> pl.Expr:
    """What the action is projected to bring, in money."""
    price = pl.col("price")
    response = settings.price_response * pl.col("cut_pct") * PERCENT
    by_remedy = {
        "hold_price": pl.lit(0.0),
        "cut_price": pl.col("expected_daily_units") * response * pl.col("new_price") * settings.projection_days,
        "promote": pl.col("gap_units")
        * (pl.col("promo_lift_estimate_pct") * PERCENT)
        * settings.promo_run_days
        * price
        * settings.promo_margin_share,
        "clear": settings.clearance_sell_share * pl.col("on_hand") * pl.col("clearance_price"),
        "end_promo": settings.end_promo_share * pl.col("revenue_at_risk"),
        "transfer": pl.col("transfer_units") * pl.col("transfer_gain") * price,
    }
    nothing = pl.when(pl.col("primary_cause").is_null() & price.is_not_null()).then(0.0)
    return pl.coalesce(
        *(pl.when(pl.col("remedy") == remedy).then(amount) for remedy, amount in by_remedy.items()), nothing
    ).alias("projected_recovery")


def _actions(planned: pl.DataFrame, currency: str) -> pl.Series:
    """The sentence of every case, in the order of the cases."""
    numbered = planned.with_row_index("position")
    sentences = [_fixed(numbered), _transfers(numbered)]
    sentences += [formatted(numbered, remedy, currency) for remedy in SENTENCES]
    return pl.concat(sentences).sort("position")["text"]


def _fixed(planned: pl.DataFrame) -> pl.DataFrame:
    """The sentences without numbers."""
    remedy = pl.col("remedy")
    text = pl.when(remedy.is_null()).then(pl.lit(REVIEW)).otherwise(pl.lit(END_PROMO))
    return planned.filter(remedy.is_null() | (remedy == "end_promo")).select("position", text.alias("text"))


def _transfers(planned: pl.DataFrame) -> pl.DataFrame:
    """The transfer sentence, with as many destinations as there are."""
    chosen = planned.filter(pl.col("remedy") == "transfer")
    most = max(chosen["neighbour_stores"].list.len().to_list(), default=0)
    destinations = pl.concat_str([_destination(place) for place in range(most)], separator=", ", ignore_nulls=True)
    units = pl.col("transfer_units").cast(pl.Int64)
    text = pl.format("Transfer {} units to: {}", units, destinations) if most else pl.lit(None, pl.String)
    return chosen.select("position", text=text)


def _destination(place: int) -> pl.Expr:
    """Null where the case has no such neighbour."""
    store, km = (pl.col(name).list.get(place, null_on_oob=True) for name in ("neighbour_stores", "neighbour_km"))
    return destination(store, km)
