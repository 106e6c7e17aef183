"""Findings in words: per case and cause the score, every number behind it, and a sentence.

In: diagnosed cases. Out: one row per case and cause, cause by cause, the cases of a cause in their order.
"""

import polars as pl

from engine.settings.shelf.common import CauseSettings
from engine.shelf.wording import NUMBERS, money, percent, rounded, table_of, unless_known
from engine.stats import ratio
from engine.vocabulary import shelf as v
from engine.vocabulary.common import DOLLARS


def findings(cases: pl.DataFrame, settings: CauseSettings, currency: str = DOLLARS) -> pl.DataFrame:
    """The rows of `evidence.parquet`.

    rank: 1 is the best cause of the case. is_primary: it names the case. currency: what stands before an amount.
    """
    return table_of(cases, NUMBERS, _sentences(settings, currency))


def _sentences(settings: CauseSettings, currency: str) -> dict[str, pl.Expr]:
    return {
        v.PRICE_TOO_HIGH: _on_price(currency),
        v.CONVERSION_DROP: _on_conversion(settings.conversion_drop.recent_days),
        v.OVERSTOCK: _on_cover(),
        v.PROMO_INEFFECTIVE: _on_promo(),
        v.MISALLOCATION: _on_neighbours(settings),
    }


def _on_price(currency: str) -> pl.Expr:
    price, category, own = (pl.col(name) for name in ("price", "category_average", "own_average"))
    to_category = unless_known(
        pl.format("{}% of its category's average {}", percent(ratio(price, category)), money(category, currency)),
        "no category average",
    )
    to_own = unless_known(
        pl.format("{}% of its own average {}", percent(ratio(price, own)), money(own, currency)),
        "no average of its own",
    )
    return unless_known(
        pl.format("Price {}: {}, {}.", money(price, currency), to_category, to_own), "No price is known."
    )


def _on_conversion(recent_days: int) -> pl.Expr:
    drop = pl.col("conversion_drop_pct")
    changed = (
        pl.when(drop >= 0)
        .then(pl.format("{}% less", rounded(drop, 0)))
        .otherwise(pl.format("{}% more", rounded(-drop, 0)))
    )
    known = pl.format(
        "{} units from {} views in the last {} days: {} than usual per view.",
        rounded(pl.col("recent_units"), 1),
        rounded(pl.col("recent_impressions"), 0),
        pl.lit(recent_days),
        changed,
    )
    return unless_known(known, "No views are known, so nothing can be said of conversion.")


def _on_cover() -> pl.Expr:
    cover, trend, age = pl.col("days_of_supply"), pl.col("trend_pct"), pl.col("inventory_age_days")
    restock = unless_known(pl.format("last restocked {} days before", rounded(age, 0)), "no restock seen")
    moving = unless_known(pl.format("sales {}% against the month", _signed(trend)), "no recent sales known")
    known = pl.format(
        "{} on hand last {} days at the month's pace; {}; {}.",
        rounded(pl.col("on_hand"), 1),
        rounded(cover, 0),
        moving,
        restock,
    )
    return unless_known(known, "On-hand or sales are unknown, so cover is too.")


def _on_promo() -> pl.Expr:
    known = pl.format(
        "On promotion and selling {} a day against {} before: {}%.",
        rounded(pl.col("promo_units"), 2),
        rounded(pl.col("promo_base_units"), 2),
        _signed(pl.col("promo_lift_pct")),
    )
    return (
        pl.when(~pl.col("promo"))
        .then(pl.lit("Not on promotion."))
        .otherwise(unless_known(known, "On promotion, but no days before it to compare with."))
    )


def _on_neighbours(settings: CauseSettings) -> pl.Expr:
    over = pl.col("neighbours_over")
    radius = f"{settings.misallocation.radius_km:g} km"
    share = f"{settings.misallocation.high_ratio * 100:g}%"
    best = pl.col("neighbour_stores").list.join(", ")
    above = f"it above {share} of expectation; best:"
    one = pl.format(f"1 store within {radius} sells {above} {{}}.", best)
    several = pl.format(f"{{}} stores within {radius} sell {above} {{}}.", over, best)
    none = pl.lit(f"No store within {radius} sells it above {share} of expectation.")
    return pl.when(over > 1).then(several).when(over == 1).then(one).otherwise(none)


def _signed(percent: pl.Expr) -> pl.Expr:
    whole = percent.round(0).cast(pl.Int64)
    return pl.when(whole > 0).then(pl.lit("+")).otherwise(pl.lit("")) + whole.cast(pl.String)
