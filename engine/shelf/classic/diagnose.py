"""Diagnose: why each shelf is dark (specification, section 6).

In: `Panel` and measured cases. Out: the cases with their evidence, one score from 0 to 100 per cause, the primary
cause and the secondary ones.
"""

import polars as pl

from engine.settings.shelf.classic import (
    CauseScores,
    ConversionScores,
    MisallocationScores,
    OverstockScores,
    PriceScores,
    PromoScores,
)
from engine.shelf.cause_measures import high_performers, measures_of_cases
from engine.shelf.naming import name_causes
from engine.shelf.panel import Panel
from engine.shelf.points import Points
from engine.stats import above, below, ratio
from engine.vocabulary import shelf as v


def diagnose(panel: Panel, cases: pl.DataFrame, settings: CauseScores) -> pl.DataFrame:
    """Scores, primary and secondary causes, with every number behind them."""
    points = Points(panel, cases["pair"].to_numpy(), cases["last"].to_numpy())
    measured = [cases, measures_of_cases(points, settings), high_performers(points, settings.misallocation)]
    return (
        pl.concat(measured, how="horizontal")
        .lazy()
        .with_columns(own_price=pl.when(pl.col("price_basis") == "own").then("price"))
        .with_columns(
            price_too_high(settings.price_too_high),
            conversion_drop(settings.conversion_drop),
            overstock(settings.overstock),
            promo_ineffective(settings.promo_ineffective),
            misallocation(settings.misallocation),
        )
        .with_columns(pl.col(_score(cause)).clip(upper_bound=settings.max_score) for cause in v.CAUSES)
        .collect()
        .pipe(name_causes, v.CAUSES, settings)
    )


def price_too_high(settings: PriceScores) -> pl.Expr:
    """Dearer than its category, dearer than it was. A missing average adds nothing."""
    price = pl.col("own_price")
    to_category = ratio(price, pl.col("category_average"))
    to_own = ratio(price, pl.col("own_average"))
    extra = (to_category - settings.category_ratio) * 100 * settings.category_extra_per_pct
    of_category = settings.category_score + extra.clip(upper_bound=settings.category_extra_max)
    return _sum_of(
        (above(to_category, settings.category_ratio), of_category),
        (above(to_own, settings.own_ratio), pl.lit(settings.own_score)),
    ).alias(_score(v.PRICE_TOO_HIGH))


def conversion_drop(settings: ConversionScores) -> pl.Expr:
    """Seen as before, bought less."""
    drop = pl.col("conversion_drop_pct")
    extra = (drop - settings.min_drop_pct).clip(upper_bound=settings.extra_max)
    return _sum_of((above(drop, settings.min_drop_pct), settings.score + extra)).alias(_score(v.CONVERSION_DROP))


def overstock(settings: OverstockScores) -> pl.Expr:
    """More on hand than sales can clear, and sales falling. Unknown on-hand scores 0."""
    cover = pl.col("days_of_supply")
    extra = ((cover - settings.cover_days) * settings.cover_extra_per_day).clip(upper_bound=settings.cover_extra_max)
    is_falling = cover.is_not_null() & below(pl.col("trend_pct"), settings.falling_trend_pct)
    return _sum_of(
        (above(cover, settings.cover_days), settings.cover_score + extra),
        (is_falling, pl.lit(settings.falling_score)),
    ).alias(_score(v.OVERSTOCK))


def promo_ineffective(settings: PromoScores) -> pl.Expr:
    """On promotion and not lifted, or sold even less."""
    lift = pl.col("promo_lift_pct")
    is_negative = below(lift, 0.0)
    is_weak = below(lift, settings.min_lift_pct) & ~is_negative
    return _sum_of(
        (is_negative, pl.lit(settings.negative_score)),
        (is_weak, settings.weak_score - lift),
    ).alias(_score(v.PROMO_INEFFECTIVE))


def misallocation(settings: MisallocationScores) -> pl.Expr:
    """Neighbours sell it over their expectation."""
    stores = pl.col("neighbours_over")
    extra = (stores * settings.score_per_store).clip(upper_bound=settings.extra_max)
    return _sum_of((stores >= 1, settings.score + extra)).alias(_score(v.MISALLOCATION))


def _sum_of(*parts: tuple[pl.Expr, pl.Expr]) -> pl.Expr:
    """The points of every condition that holds; an unknown condition does not."""
    return pl.sum_horizontal(
        pl.when(condition.fill_null(value=False)).then(points).otherwise(0.0) for condition, points in parts
    )


def _score(cause: str) -> str:
    return f"score_{cause}"
