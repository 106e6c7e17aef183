"""Findings, calibrated: the score of every cause, the signals behind it, a sentence; and why so much was expected.

In: diagnosed cases. Out: the rows of `evidence.parquet`, of `expectation.parquet` and of `occasions.parquet`.
"""

from collections.abc import Mapping

import numpy as np
import polars as pl

from engine.settings.shelf.common import CauseSettings
from engine.shelf.calibrated.expect import Demand
from engine.shelf.calibrated.occasions import matched
from engine.shelf.panel import Panel
from engine.shelf.wording import NUMBERS, changed, money, percent, rounded, table_of, unless_known
from engine.stats import quotient
from engine.vocabulary import shelf as v
from engine.vocabulary.common import DOLLARS

_FURTHER: Mapping[str, tuple[str, ...]] = {
    v.PRICE_TOO_HIGH: ("usual_price", "price_share", "price_share_elsewhere", "price_lag_days"),
    v.CONVERSION_DROP: ("units_share", "views_share"),
    v.OVERSTOCK: ("cover_at_start_days", "stock_share"),
    v.PROMO_INEFFECTIVE: ("promoted_share", "promo_days_share", "promo_days_share_before", "promo_lag_days"),
    v.MISALLOCATION: ("neighbour_units",),
    v.NOT_ON_SHELF: ("units_share", "stock_moves_share"),
    v.TRAFFIC_DROP: ("units_share", "views_share"),
    v.STORE_WIDE: ("units_share", "store_share_left"),
    v.CHAIN_WIDE: ("units_share", "chain_share_left"),
}
"""Which signals stand behind each cause, beyond the classic measures; empty for the others."""
LEAST_CHANGE = 0.005
"""A change that is told as whole percent is at least this share."""
_NUMBERS = {cause: (*NUMBERS.get(cause, ()), *further) for cause, further in _FURTHER.items()}


def findings(cases: pl.DataFrame, settings: CauseSettings, currency: str = DOLLARS) -> pl.DataFrame:
    """The rows of `evidence.parquet`: one per case and cause, 1 the best rank.

    currency: what stands before an amount of money.
    """
    sentences = {cause: _with_symptom(cause, one) for cause, one in _sentences(settings, currency).items()}
    rows = table_of(cases, _NUMBERS, sentences)
    further = dict.fromkeys(name for names in _FURTHER.values() for name in names)
    return rows.select(pl.exclude(further), *further)


def occasions_of(panel: Panel, found: Demand, cases: pl.DataFrame) -> pl.DataFrame:
    """What a calendar or the weather says of the days of every case. Grain: case, date, kind and name.

    factor: of the case's category and the kind, null where the kind is not learnt.
    """
    pair, category = cases["pair"].to_numpy(), found.category[cases["pair"].to_numpy()]
    places = cases.select("case_id", "detection_date", "last_dark_date").with_columns(
        store=panel.codes("store")[pair], sku=panel.codes("sku")[pair], category=category
    )
    n_kinds, kinds = len(found.occasions.kinds), pl.Series("kind", found.occasions.kinds, dtype=pl.String)
    factors = pl.DataFrame({"category": np.repeat(np.arange(len(found.occasion)), n_kinds)}).with_columns(
        kind=pl.concat([kinds] * len(found.occasion)), factor=found.occasion.ravel()
    )
    return (
        matched(found.occasions.rows, places)
        .with_columns(date=pl.lit(panel.first_day) + pl.duration(days=pl.col("day")))
        .filter(pl.col("date").is_between("detection_date", "last_dark_date"))
        .join(factors, on=["category", "kind"], how="left")
        .select("case_id", "date", "kind", "name", "factor")
        .unique()
        .sort("case_id", "date", "kind", "name")
    )


def expectations(panel: Panel, found: Demand, cases: pl.DataFrame, happened: pl.DataFrame) -> pl.DataFrame:
    """Why so much was expected on the last day of every case: the factors, whose product is the expectation.

    happened: on the days of the cases, as `occasions_of` tells it; the factor of the last day is theirs, too.

    expected_units and level: units a day. The factors are ratios; 1 changes nothing.
    """
    pair = cases["pair"].to_numpy()
    day = (cases["last_dark_date"] - panel.first_day).dt.total_days().to_numpy()
    store, sku, category = panel.codes("store")[pair], panel.codes("sku")[pair], found.category[pair]
    of = found.occasions
    factors = pl.DataFrame(
        {
            "expected_units": panel.at("expected", pair, day),
            "level": found.level[pair],
            "weekday_factor": found.weekday[category, day],
            "offer_factor": found.offer[category, found.offers[pair, day]],
            "store_factor": found.store_day[store, day],
            "sku_factor": found.sku_day[sku, day],
            "is_promo": panel.at("promo", pair, day) == 1,
            "occasion_factor": of.product(found.occasion)[of.group[pair], day],
        }
    )
    keys = cases.select("case_id", date="last_dark_date")
    names = happened.group_by("case_id", "date").agg(pl.col("name").unique().sort().str.join(", ").alias("occasions"))
    known = pl.concat([keys, factors], how="horizontal").join(names, on=["case_id", "date"], how="left")
    return known.with_columns(_why()).drop("occasions", "occasion_factor").sort("case_id")


def _why() -> pl.Expr:
    offer = pl.when("is_promo").then(pl.lit("promo")).otherwise(pl.lit("offer"))
    occasion = pl.format(" × {} {}", "occasions", rounded(pl.col("occasion_factor"), 2))
    return pl.format(
        "{} expected on {} = level {} × {} {}{} × {} {} × store traffic {} × SKU in the chain {}",
        rounded(pl.col("expected_units"), 1),
        pl.col("date").cast(pl.String),
        rounded(pl.col("level"), 1),
        pl.col("date").dt.to_string("%A"),
        rounded(pl.col("weekday_factor"), 2),
        unless_known(occasion, ""),
        offer,
        rounded(pl.col("offer_factor"), 2),
        rounded(pl.col("store_factor"), 2),
        rounded(pl.col("sku_factor"), 2),
    ).alias("explanation")


def _sentences(settings: CauseSettings, currency: str) -> dict[str, pl.Expr]:
    share = percent(pl.col("units_share"))
    return {
        v.PRICE_TOO_HIGH: _on_price(currency),
        v.CONVERSION_DROP: _on_conversion(),
        v.OVERSTOCK: _on_stock(),
        v.PROMO_INEFFECTIVE: _on_promo(),
        v.MISALLOCATION: _on_neighbours(settings),
        v.NOT_ON_SHELF: unless_known(
            pl.format(
                "Sold {}% of expectation with stock on record, which moved unsold on {}% of the days.",
                share,
                percent(pl.col("stock_moves_share")),
            ),
            "No stock record tells whether anything moved.",
        ),
        v.TRAFFIC_DROP: unless_known(
            pl.format("Views stood at {}% of usual, sales at {}%.", percent(pl.col("views_share")), share),
            "No views are known.",
        ),
        v.STORE_WIDE: pl.format(
            "The rest of the store sold {}% of its expectation.", percent(pl.col("store_share_left"))
        ),
        v.CHAIN_WIDE: pl.format(
            "Other stores sold {}% of their expectation of it.", percent(pl.col("chain_share_left"))
        ),
    }


def _with_symptom(cause: str, sentence: pl.Expr) -> pl.Expr:
    """A cause's sentence, and what it makes of views that fell with the sales."""
    is_symptom = pl.col("views_are_symptom")
    views = percent(pl.col("views_share"))
    if cause == v.TRAFFIC_DROP:
        primary = pl.col("primary_cause").str.replace_all("_", " ")
        of_event = pl.format("Views fell with the sales, to {}% of usual: a symptom of {}.", views, primary)
        return pl.when(is_symptom).then(of_event).otherwise(sentence)
    symptom = pl.format("{} Views fell with the sales, to {}% of usual: a symptom.", sentence, views)
    return pl.when(is_symptom & (pl.col("primary_cause") == cause)).then(symptom).otherwise(sentence)


def _on_day(lag_days: pl.Expr) -> pl.Expr:
    """When something happened, as the day on which the sales fell sees it; null where that is unknown."""
    days = lag_days.abs().cast(pl.Int64)
    counted = pl.format("{} {}", days, pl.when(days == 1).then(pl.lit("day")).otherwise(pl.lit("days")))
    order = pl.when(lag_days < 0).then(pl.lit("before")).otherwise(pl.lit("after"))
    return (
        pl.when(days == 0)
        .then(pl.lit("on the day sales fell"))
        .otherwise(pl.format("{} {} sales fell", counted, order))
    )


def _on_price(currency: str) -> pl.Expr:
    own = unless_known(
        pl.format(
            "{} against its own {} before", changed(pl.col("price_share")), money(pl.col("usual_price"), currency)
        ),
        "no price of its own before",
    )
    elsewhere = unless_known(
        pl.format("{} in other stores", changed(pl.col("price_share_elsewhere"))), "no other store to compare with"
    )
    is_raised = pl.col("price_share") >= 1 + LEAST_CHANGE
    day = unless_known(
        pl.format("; it rose {}", _on_day(pl.col("price_lag_days"))), "; it did not rise as sales fell"
    )
    since = pl.when(is_raised).then(day).otherwise(pl.lit(""))
    return unless_known(
        pl.format("Price {}: {}, {}{}.", money(pl.col("price"), currency), own, elsewhere, since),
        "No price is known.",
    )


def _on_conversion() -> pl.Expr:
    bought = quotient(pl.col("units_share"), pl.col("views_share"))
    return unless_known(
        pl.format(
            "Views stood at {}% of usual; {} bought per view.", percent(pl.col("views_share")), changed(bought)
        ),
        "No views are known, so nothing can be said of conversion.",
    )


def _on_stock() -> pl.Expr:
    grown = unless_known(
        pl.format("{} against the weeks before", changed(pl.col("stock_share"))), "nothing known before"
    )
    return unless_known(
        pl.format(
            "As it began, stock was enough for {} days of expected sales: {}.",
            rounded(pl.col("cover_at_start_days"), 0),
            grown,
        ),
        "On-hand or sales are unknown, so cover is too.",
    )


def _on_promo() -> pl.Expr:
    began = unless_known(
        pl.format("; it began {}", _on_day(pl.col("promo_lag_days"))), "; it did not begin as sales fell"
    )
    known = pl.format(
        "On promotion on {}% of the days ({}% before), selling {}% of what it does without one{}.",
        percent(pl.col("promo_days_share")),
        unless_known(percent(pl.col("promo_days_share_before")), "?"),
        percent(pl.col("promoted_share")),
        began,
    )
    return pl.when(pl.col("promo_days_share") > 0).then(known).otherwise(pl.lit("Not on promotion."))


def _on_neighbours(settings: CauseSettings) -> pl.Expr:
    radius = f"{settings.misallocation.radius_km:g} km"
    best = pl.col("neighbour_stores").list.join(", ")
    some = pl.format(
        f"Sales rose in {{}} stores within {radius} as it fell, by {{}} units in all; best: {{}}.",
        pl.col("neighbours_over"),
        rounded(pl.col("neighbour_units"), 0),
        best,
    )
    none = pl.lit(f"In no store within {radius} did sales of it rise.")
    return pl.when(pl.col("neighbours_over") > 0).then(some).otherwise(none)
