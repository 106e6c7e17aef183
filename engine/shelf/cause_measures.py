"""Cause measures: what is measured behind the causes, at chosen store-SKUs and days (specification, section 6).

In: points (store-SKU, day E). Out: one row per point; everything is measured over days up to E inside the panel,
and what cannot be known is null. The same measures serve cases (E is the last dark day) and features (E is the
as-of day).
"""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.arrays import Floats, Integers
from engine.kernels import neighbours, rows
from engine.kernels.compiling import given
from engine.settings.shelf.common import (
    CauseSettings,
    ConversionSettings,
    MisallocationSettings,
    OverstockSettings,
    PromoSettings,
)
from engine.shelf.panel import Panel
from engine.shelf.points import Points
from engine.stats import quotient, ratio
from engine.vocabulary.common import TIE_TOLERANCE

NEIGHBOURS_AT_A_TIME = 16_384
"""Of about so many store-SKUs the days are held while points are held against their neighbours."""


def measures(points: Points, settings: CauseSettings) -> pl.DataFrame:
    """Prices, conversion, cover and promo of every point.

    price, category_price, own_price: money. conversion_current, conversion_baseline: units an impression.
    velocity_recent, velocity_baseline: units a day. on_hand: units. days_of_supply, inventory_age_days: days.
    is_aged, promo: flags. promo_units, promo_base_units: units a day. *_pct: percent.
    """
    measured = (
        pl.DataFrame(
            {
                "price": points.value("price"),
                "category_price": points.category_price(),
                "own_price": points.mean("price", points.panel.n_days),
                **_conversion(points, settings.conversion_drop),
                **_cover(points, settings.overstock),
                **_promo(points, settings.promo_ineffective),
            }
        )
        .fill_nan(None)
        .lazy()
    )
    return (
        measured.with_columns(
            conversion_current=ratio(pl.col("recent_units"), pl.col("recent_impressions")),
            conversion_baseline=ratio(pl.col("baseline_units"), pl.col("baseline_impressions")),
        )
        .with_columns(
            _conversion_drop(),
            _days_of_supply(settings.overstock),
            _trend(),
            _promo_lift(),
        )
        .collect()
    )


def measures_of_cases(points: Points, settings: CauseSettings) -> pl.DataFrame:
    """The measures beyond what a case carries already; its averages are named for what they are averages of."""
    return (
        measures(points, settings)
        .drop("on_hand", "price")
        .rename({"category_price": "category_average", "own_price": "own_average"})
    )


def high_performers(points: Points, settings: MisallocationSettings) -> pl.DataFrame:
    """Neighbouring stores that sell the point's SKU over their expectation, seen from its day.

    neighbours_over: how many. neighbour_stores (ids as text), neighbour_km, neighbour_ratios: lists of the best, by
    ratio, then distance, then store.
    """
    panel = points.panel
    around = neighbourhood(panel, settings.radius_km)
    rule = neighbours.SellingOver(settings.window_days, settings.min_days, settings.high_ratio, TIE_TOLERANCE)
    shape = (points.pair.size, settings.kept_stores)
    counts = np.empty(points.pair.size, np.int64)
    ratios, kms, stores = np.empty(shape), np.empty(shape), np.empty(shape, np.int64)

    def judge_block(block: slice) -> None:
        pair, best = points.pair[block], neighbours.Best(counts[block], ratios[block], kms[block], stores[block])
        known = pairs_around(around, pair)
        sold = (panel.array("units", known), panel.array("expected", known), known)
        neighbours.high_performers(*sold, around, pair, points.day[block], rule, best)

    rows.in_blocks(judge_block, points.pair.size, points_at_a_time(around))
    found = stores >= 0
    ids = panel.stores["store_id"].cast(pl.String).gather(stores[found])
    return pl.DataFrame(
        {
            "neighbours_over": counts,
            "neighbour_stores": as_lists(ids, found),
            "neighbour_km": as_lists(pl.Series(kms[found]), found),
            "neighbour_ratios": as_lists(pl.Series(ratios[found]), found),
        }
    )


def as_lists(values: pl.Series, found: NDArray[np.bool_]) -> pl.Series:
    """One list a row of `found`, as long as the row has marks."""
    marked = pl.DataFrame({"row": np.nonzero(found)[0], "values": values})
    lists = marked.group_by("row", maintain_order=True).agg("values")
    rows = pl.DataFrame({"row": np.arange(found.shape[0])})
    return rows.join(lists, on="row", how="left", maintain_order="left")["values"].fill_null([])


def _conversion(points: Points, settings: ConversionSettings) -> dict[str, NDArray[Any]]:
    recent_units, recent_seen = points.joint_sums("units", "impressions", settings.recent_days)
    baseline_units, baseline_seen = points.joint_sums("units", "impressions", settings.baseline_days)
    return {
        "recent_units": recent_units,
        "recent_impressions": recent_seen,
        "baseline_units": baseline_units,
        "baseline_impressions": baseline_seen,
    }


def _conversion_drop() -> pl.Expr:
    current, baseline = pl.col("conversion_current"), pl.col("conversion_baseline")
    return (ratio(baseline - current, baseline) * 100).alias("conversion_drop_pct")


def _cover(points: Points, settings: OverstockSettings) -> dict[str, NDArray[Any]]:
    risen, known_days = points.last_rises("on_hand")
    age = np.where(risen >= 0, points.day - risen, np.nan)
    return {
        "on_hand": points.value("on_hand"),
        "velocity_recent": points.mean("units", settings.recent_days),
        "velocity_baseline": points.mean("units", settings.baseline_days),
        "inventory_age_days": age,
        "is_aged": np.where(risen >= 0, age > settings.aged_days, known_days >= settings.aged_days),
    }


def _days_of_supply(settings: OverstockSettings) -> pl.Expr:
    velocity = pl.col("velocity_baseline")
    unsold = pl.lit(settings.unsold_cover_days)
    known = pl.col("on_hand").is_not_null() & velocity.is_not_null()
    days = pl.when(velocity == 0).then(unsold).otherwise(quotient(pl.col("on_hand"), velocity))
    return pl.when(known).then(days).alias("days_of_supply")


def _trend() -> pl.Expr:
    recent, baseline = pl.col("velocity_recent"), pl.col("velocity_baseline")
    trend = pl.when(baseline == 0).then(0.0).otherwise(quotient(recent - baseline, baseline) * 100)
    return pl.when(recent.is_not_null() & baseline.is_not_null()).then(trend).alias("trend_pct")


def _promo(points: Points, settings: PromoSettings) -> dict[str, NDArray[Any]]:
    promo_units, base_units = points.promo_means(settings.promo_days, settings.base_days)
    return {
        "promo": points.value("promo") == 1,
        "promo_units": promo_units,
        "promo_base_units": base_units,
    }


def _promo_lift() -> pl.Expr:
    during, base = pl.col("promo_units"), pl.col("promo_base_units")
    lift = pl.when(base == 0).then(0.0).otherwise(quotient(during - base, base) * 100)
    return pl.when(pl.col("promo") & during.is_not_null() & base.is_not_null()).then(lift).alias("promo_lift_pct")


def neighbour_lists(panel: Panel, radius_km: float) -> tuple[Integers, Integers, Floats]:
    """Per store the stores within the radius: where each store's begin, which they are, and how far (km)."""
    latitude = panel.stores["latitude"].fill_null(np.nan).to_numpy()
    longitude = panel.stores["longitude"].fill_null(np.nan).to_numpy()
    placed = np.flatnonzero(~(np.isnan(latitude) | np.isnan(longitude)))
    by_latitude = placed[np.argsort(latitude[placed], kind="stable")]

    def find(room: int) -> tuple[int, Integers, Integers, Floats]:
        store, other, km = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room)
        reach_km = radius_km * (1 + TIE_TOLERANCE)
        return neighbours.pairs_within(latitude, longitude, by_latitude, reach_km, store, other, km), store, other, km

    _, store, other, km = find(find(0)[0])
    order = np.lexsort((other, km, store))
    starts = np.searchsorted(store[order], np.arange(panel.stores.height + 1)).astype(np.int64)
    return starts, other[order], km[order]


def pairs_around(around: neighbours.Neighbourhood, pair: Integers) -> Integers:
    """The judged neighbours of some pairs, each once, ascending."""
    found = np.empty(neighbours.neighbour_pairs(around, pair, np.empty(0, np.int64)), np.int64)
    neighbours.neighbour_pairs(around, pair, found)
    return np.unique(found)


def points_at_a_time(around: neighbours.Neighbourhood) -> int:
    """Of so many points the neighbours are looked at together: no more of these than fit into little memory."""
    most = int(np.diff(around.starts).max(initial=1))
    return max(NEIGHBOURS_AT_A_TIME // max(most, 1), 1)


def neighbourhood(panel: Panel, radius_km: float) -> neighbours.Neighbourhood:
    """Who sells what, and who neighbours whom within the radius, as kernels take it."""
    pairs = (panel.judged, panel.codes("store"), panel.codes("sku"), panel.pair_starts())
    return given(neighbours.Neighbourhood(*pairs, *neighbour_lists(panel, radius_km)))
