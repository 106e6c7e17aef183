"""Remedies: what section 7 of the specification proposes for every cause, at which price, and in which words.

In: diagnosed cases with their cost. Out: prices inside their bounds, the remedy of each primary cause, and its text.
"""

from collections.abc import Callable

import polars as pl

from engine.settings.shelf.classic import RecoverySettings
from engine.stats import PERCENT, above, quotient
from engine.vocabulary import shelf as v

TEXT_DECIMALS = 9
"""A number is rounded to so many decimals before a text format rounds it: noise must not decide a tie."""


def priced(cases: pl.LazyFrame, settings: RecoverySettings) -> pl.LazyFrame:
    """The cases with every price that might be asked instead, inside its bounds.

    price_floor, new_price, clearance_price: money. cut_pct, promo_off_pct, markdown_pct: percent off. is_held: the
    price is at its floor already. promo_run_days, promo_lift_estimate_pct: of a promotion.
    """
    return (
        cases.with_columns(*_cost_floor(settings), *_promo(settings), *_clearance(settings))
        .with_columns(*_price_cut(settings))
        .with_columns(new_price=pl.col("price") * (1 - pl.col("cut_pct") * PERCENT))
        .with_columns(*_raise_to_floor())
    )


def _cost_floor(settings: RecoverySettings) -> tuple[pl.Expr, ...]:
    return ((pl.col("cost") * settings.cost_floor_ratio).alias("price_floor"),)


def _price_cut(settings: RecoverySettings) -> tuple[pl.Expr, ...]:
    """Toward the lower of the known averages, within bounds."""
    target = pl.min_horizontal("category_average", "own_average")
    wanted = quotient(pl.col("price") - target, pl.col("price")) * 100
    return (wanted.clip(settings.min_price_cut_pct, settings.max_price_cut_pct).alias("cut_pct"),)


def _raise_to_floor() -> tuple[pl.Expr, ...]:
    """A cut that would end below the cost floor ends at it; a price already there is held."""
    price, floor = pl.col("price"), pl.col("price_floor")
    is_under = (pl.col("new_price") < floor).fill_null(value=False)
    return (
        pl.when(is_under).then(quotient(price - floor, price) * 100).otherwise("cut_pct").alias("cut_pct"),
        pl.when(is_under).then(floor).otherwise("new_price").alias("new_price"),
        (~above(price, floor)).fill_null(value=False).alias("is_held"),
    )


def _promo(settings: RecoverySettings) -> tuple[pl.Expr, ...]:
    """A promotion, deeper when conversion fell deeply; overstock promotes at the ordinary depth."""
    is_deep = (pl.col("primary_cause") == v.CONVERSION_DROP) & above(
        pl.col("conversion_drop_pct"), settings.deep_drop_pct
    )
    off = pl.when(is_deep).then(settings.deep_promo_off_pct).otherwise(settings.promo_off_pct)
    lift = settings.promo_lift_pct + settings.promo_lift_per_pct * (off - settings.promo_off_pct)
    days = pl.lit(float(settings.promo_run_days))
    return off.alias("promo_off_pct"), lift.alias("promo_lift_estimate_pct"), days.alias("promo_run_days")


def _clearance(settings: RecoverySettings) -> tuple[pl.Expr, ...]:
    cover = pl.col("days_of_supply")
    markdown = (
        pl.when(above(cover, settings.deep_clearance_cover_days))
        .then(settings.deep_clearance_pct)
        .when(above(cover, settings.clearance_cover_days))
        .then(settings.cover_clearance_pct)
        .otherwise(settings.clearance_pct)
    )
    return markdown.alias("markdown_pct"), (pl.col("price") * (1 - markdown * PERCENT)).alias("clearance_price")


def remedy(settings: RecoverySettings) -> pl.Expr:
    """The kind of action, null where a person has to look."""
    cause = pl.col("primary_cause")
    is_clearance = above(pl.col("days_of_supply"), settings.clearance_cover_days) | pl.col("is_aged")
    return (
        pl.when(cause == v.PRICE_TOO_HIGH)
        .then(pl.when("is_held").then(pl.lit("hold_price")).otherwise(pl.lit("cut_price")))
        .when(cause == v.CONVERSION_DROP)
        .then(pl.lit("promote"))
        .when(cause == v.OVERSTOCK)
        .then(pl.when(is_clearance).then(pl.lit("clear")).otherwise(pl.lit("promote")))
        .when(cause == v.PROMO_INEFFECTIVE)
        .then(pl.lit("end_promo"))
        .when((cause == v.MISALLOCATION) & pl.col("on_hand").is_not_null())
        .then(pl.lit("transfer"))
        .alias("remedy")
    )


def formatted(planned: pl.DataFrame, remedy: str, currency: str) -> pl.DataFrame:
    """The sentences of a remedy, one of `SENTENCES`: position and text of the cases that have it.

    currency: what stands before an amount of money.

    Python's own formatting, once per distinct set of numbers: the texts are exact to the digit.
    """
    columns, sentence = SENTENCES[remedy]
    numbers = [pl.col(name).round(TEXT_DECIMALS) for name in columns]
    chosen = planned.filter(pl.col("remedy") == remedy).select("position", pl.struct(*numbers).alias("numbers"))
    distinct = chosen.select(pl.col("numbers").unique())
    texts = pl.Series("text", [sentence(currency, **row) for row in distinct["numbers"]], pl.String)
    return chosen.join(distinct.with_columns(texts), on="numbers", how="left").select("position", "text")


def _clear_text(currency: str, markdown_pct: float, price: float | None, clearance_price: float | None) -> str:
    prices = "" if price is None else f" ({currency}{price:.2f} → {currency}{clearance_price:.2f})"
    return f"Markdown by {markdown_pct:.0f}% to clear aged inventory{prices}"


def _promo_text(_: str, promo_off_pct: float, promo_run_days: float, promo_lift_estimate_pct: float) -> str:
    return (
        f"Run {promo_off_pct:.0f}% off promo for {promo_run_days:.0f} days "
        f"(estimated {promo_lift_estimate_pct:.0f}% lift)"
    )


def _cut_text(currency: str, cut_pct: float, price: float, new_price: float) -> str:
    return f"Reduce price by {cut_pct:.0f}% from {currency}{price:.2f} to {currency}{new_price:.2f}"


def _hold_text(currency: str, price: float) -> str:
    return f"Hold price: {currency}{price:.2f} is already at the cost floor"


SENTENCES: dict[str, tuple[tuple[str, ...], Callable[..., str]]] = {
    "hold_price": (("price",), _hold_text),
    "cut_price": (("cut_pct", "price", "new_price"), _cut_text),
    "promote": (("promo_off_pct", "promo_run_days", "promo_lift_estimate_pct"), _promo_text),
    "clear": (("markdown_pct", "price", "clearance_price"), _clear_text),
}
"""The columns that each sentence prints, and the sentence."""
