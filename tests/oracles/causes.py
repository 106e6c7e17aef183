"""Section 6 of the specification: why a store-SKU is dark, measured at E over days at or before E in the panel."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.oracles.panel import BASELINE_DAYS
from tests.oracles.real import above, below, equal, mean, ratio

if TYPE_CHECKING:
    from collections import Counter

    from tests.oracles.inputs import Row
    from tests.oracles.panel import Night, Shelf

CAUSES = ("price_too_high", "conversion_drop", "overstock", "promo_ineffective", "misallocation")

RECENT_DAYS = 7
NEIGHBOUR_KM = 50
EARTH_RADIUS_KM = 6371
MIN_SHARED_DAYS = 7
HIGH_PERFORMER = Fraction(120, 100)


class PriceEvidence(NamedTuple):
    score: Fraction
    category_average: Fraction | None
    own_average: Fraction | None


class ConversionEvidence(NamedTuple):
    score: Fraction
    current: Fraction | None
    baseline: Fraction | None
    drop_pct: Fraction | None


class OverstockEvidence(NamedTuple):
    score: Fraction
    velocity_7d: Fraction | None
    velocity_28d: Fraction | None
    days_of_supply: Fraction | None
    trend_pct: Fraction | None


class PromoEvidence(NamedTuple):
    score: Fraction
    lift_pct: Fraction | None


class HighPerformer(NamedTuple):
    store_id: Any
    distance_km: float
    ratio: Fraction


class MisallocationEvidence(NamedTuple):
    score: Fraction
    best_three: list[HighPerformer]


def root_causes(night: Night, shelf: Shelf, last_day: int) -> dict[str, Any]:
    """The evidence of every analyzer, in the order in which ties are decided."""
    return {
        "price_too_high": price_too_high(night, shelf, last_day),
        "conversion_drop": conversion_drop(shelf, last_day, night.seen),
        "overstock": overstock(shelf, last_day, night.seen),
        "promo_ineffective": promo_ineffective(shelf, last_day, night.seen),
        "misallocation": misallocation(night, shelf, last_day),
    }


def last_days(last_day: int, days: int) -> range:
    """The calendar window of so many days that ends at E, cut at the first panel day."""
    return range(max(0, last_day - days + 1), last_day + 1)


def category_average(night: Night, shelf: Shelf, day: int) -> Fraction | None:
    """Mean price that day over all active store-SKUs of the category; none without a category (reading 12)."""
    category = night.sku(shelf).get("category")
    if category is None:
        return None
    return mean(other.price[day] for other in night.active_shelves if night.sku(other).get("category") == category)


def price_too_high(night: Night, shelf: Shelf, last_day: int) -> PriceEvidence:
    """Dear against the category: 50 + min(30, excess over 1.15 in points). Dear against its own past: +20."""
    seen, price = night.seen, shelf.price[last_day]
    averages = category_average(night, shelf, last_day), mean(shelf.price[: last_day + 1])
    seen["price.no_price"] += price is None
    against_category = ratio(price, averages[0])
    against_own = ratio(price, averages[1])
    score = points_against_category(against_category, seen) + points_against_own_past(against_own, seen)
    return PriceEvidence(score, *averages)


def points_against_category(against_category: Fraction | None, seen: Counter[str]) -> Fraction:
    """p / category_avg > 1.15: 50 + min(30, (p / category_avg - 1.15) · 100)."""
    threshold = Fraction(115, 100)
    if against_category is None:
        seen["price.no_category_average"] += 1
        return Fraction(0)
    if not above(against_category, threshold):
        tie = equal(against_category, threshold)
        seen["price.category_tie" if tie else "price.not_above_category"] += 1
        return Fraction(0)
    excess = (against_category - threshold) * 100
    seen["price.at_cap" if excess > 30 else "price.above_category"] += 1
    return 50 + min(Fraction(30), excess)


def points_against_own_past(against_own: Fraction | None, seen: Counter[str]) -> Fraction:
    """p / own_avg > 1.10: 20."""
    threshold = Fraction(110, 100)
    if against_own is None:
        seen["price.no_own_average"] += 1
        return Fraction(0)
    if above(against_own, threshold):
        seen["price.above_own"] += 1
        return Fraction(20)
    seen["price.own_tie" if equal(against_own, threshold) else "price.not_above_own"] += 1
    return Fraction(0)


def conversion_rate(shelf: Shelf, days: range, seen: Counter[str]) -> Fraction | None:
    """Σu / Σm over the days on which both are known; null without such a day or without impressions."""
    both = [day for day in days if shelf.units[day] is not None and shelf.impressions[day] is not None]
    impressions = sum((shelf.impressions[day] for day in both), Fraction(0))
    if not impressions:
        seen["conversion.no_impressions" if both else "conversion.no_days"] += 1
        return None
    return sum((shelf.units[day] for day in both), Fraction(0)) / impressions


def conversion_drop(shelf: Shelf, last_day: int, seen: Counter[str]) -> ConversionEvidence:
    """drop > 30 → 60 + min(40, drop - 30), else 0; 0 when either rate is unknown or the baseline is 0."""
    current = conversion_rate(shelf, last_days(last_day, RECENT_DAYS), seen)
    baseline = conversion_rate(shelf, last_days(last_day, BASELINE_DAYS), seen)
    if current is None or not baseline:
        seen["conversion.no_baseline"] += baseline == 0
        return ConversionEvidence(Fraction(0), current, baseline, None)
    drop = (baseline - current) / baseline * 100
    if not above(drop, 30):
        seen["conversion.tie" if equal(drop, 30) else "conversion.held"] += 1
        return ConversionEvidence(Fraction(0), current, baseline, drop)
    seen["conversion.at_cap" if drop - 30 > 40 else "conversion.dropped"] += 1
    return ConversionEvidence(60 + min(Fraction(40), drop - 30), current, baseline, drop)


def overstock(shelf: Shelf, last_day: int, seen: Counter[str]) -> OverstockEvidence:
    """Points for long supply and for a falling trend; 0 when on-hand or the 28 days' sales are unknown."""
    velocity_7d = mean(shelf.units[day] for day in last_days(last_day, RECENT_DAYS))
    velocity_28d = mean(shelf.units[day] for day in last_days(last_day, BASELINE_DAYS))
    supply = days_of_supply(shelf.on_hand[last_day], velocity_28d, seen)
    trend = sales_trend_pct(velocity_7d, velocity_28d)
    score = Fraction(0)
    if supply is not None:
        score = min(Fraction(100), points_for_supply(supply, seen) + points_for_trend(trend, seen))
    return OverstockEvidence(score, velocity_7d, velocity_28d, supply, trend)


def days_of_supply(on_hand: Fraction | None, velocity_28d: Fraction | None, seen: Counter[str]) -> Fraction | None:
    """q / v28, 999 when nothing sells, null when either is unknown."""
    if on_hand is None or velocity_28d is None:
        seen["overstock.no_on_hand" if on_hand is None else "overstock.no_history"] += 1
        return None
    seen["overstock.nothing_sells"] += velocity_28d == 0
    return Fraction(999) if velocity_28d == 0 else on_hand / velocity_28d


def sales_trend_pct(velocity_7d: Fraction | None, velocity_28d: Fraction | None) -> Fraction | None:
    """(v7 - v28) / v28 · 100, 0 when v28 is 0, null when either is unknown (reading 13)."""
    if velocity_7d is None or velocity_28d is None:
        return None
    return Fraction(0) if velocity_28d == 0 else (velocity_7d - velocity_28d) / velocity_28d * 100


def points_for_supply(supply_days: Fraction, seen: Counter[str]) -> Fraction:
    """days_of_supply > 45 → 40 + min(30, (days_of_supply - 45) / 2)."""
    if not above(supply_days, 45):
        seen["overstock.supply_tie" if equal(supply_days, 45) else "overstock.short_supply"] += 1
        return Fraction(0)
    excess = (supply_days - 45) / 2
    seen["overstock.at_cap" if excess > 30 else "overstock.long_supply"] += 1
    return 40 + min(Fraction(30), excess)


def points_for_trend(trend_pct: Fraction | None, seen: Counter[str]) -> Fraction:
    """trend < -10 → 30; an unknown trend adds nothing."""
    if trend_pct is None:
        seen["overstock.trend_unknown"] += 1
        return Fraction(0)
    if below(trend_pct, -10):
        seen["overstock.slowing"] += 1
        return Fraction(30)
    seen["overstock.trend_tie" if equal(trend_pct, -10) else "overstock.not_slowing"] += 1
    return Fraction(0)


def promo_ineffective(shelf: Shelf, last_day: int, seen: Counter[str]) -> PromoEvidence:
    """On promo at E: lift < 0 → 90; lift < 20 → 70 - lift; else 0. No base → 0."""
    lift = promo_lift_pct(shelf, last_day, seen)
    if lift is None:
        return PromoEvidence(Fraction(0), None)
    if below(lift, 0):
        seen["promo.negative_lift"] += 1
        return PromoEvidence(Fraction(90), lift)
    if below(lift, 20):
        seen["promo.low_lift"] += 1
        return PromoEvidence(70 - lift, lift)
    seen["promo.lift_tie" if equal(lift, 20) else "promo.good_lift"] += 1
    return PromoEvidence(Fraction(0), lift)


def promo_lift_pct(shelf: Shelf, last_day: int, seen: Counter[str]) -> Fraction | None:
    """(promo_sales - base) / base · 100, 0 when base is 0; null off promo or when either is unknown."""
    if not shelf.promo[last_day]:
        seen["promo.none"] += 1
        return None
    promo_days = [day for day in range(last_day + 1) if shelf.promo[day]]
    run_start = last_day
    while run_start > 0 and shelf.promo[run_start - 1]:
        run_start -= 1
    other_days = [day for day in range(run_start) if not shelf.promo[day]]
    promo_sales = mean(shelf.units[day] for day in promo_days[-RECENT_DAYS:])
    base = mean(shelf.units[day] for day in other_days[-BASELINE_DAYS:])
    if promo_sales is None or base is None:
        seen["promo.no_sales" if promo_sales is None else "promo.no_base"] += 1
        return None
    seen["promo.base_sells_nothing"] += base == 0
    return Fraction(0) if base == 0 else (promo_sales - base) / base * 100


def misallocation(night: Night, shelf: Shelf, last_day: int) -> MisallocationEvidence:
    """k high performers among the stores within 50 km: 50 + min(50, 15·k) when k ≥ 1, else 0."""
    seen = night.seen
    performers = [
        HighPerformer(other.store_id, distance_km, sales_ratio)
        for other, distance_km in neighbours(night, shelf)
        if (sales_ratio := sales_against_expectation(other, last_day, seen)) is not None
        and is_high_performer(sales_ratio, seen)
    ]
    if not performers:
        return MisallocationEvidence(Fraction(0), [])
    performers.sort(key=lambda one: (-one.ratio, one.distance_km, one.store_id))
    for better, worse in pairwise(performers):
        seen["misallocation.equal_ratios"] += better.ratio == worse.ratio
        seen["misallocation.equal_distances"] += better[1:] == worse[1:]
    seen["misallocation.more_than_three"] += len(performers) > 3
    seen["misallocation.at_cap"] += 15 * len(performers) > 50
    return MisallocationEvidence(Fraction(50 + min(50, 15 * len(performers))), performers[:3])


def neighbours(night: Night, shelf: Shelf) -> list[tuple[Shelf, float]]:
    """Other stores within 50 km with the same SKU active, and how far away they are."""
    seen, here = night.seen, place_of(night, shelf)
    if here is None:
        seen["misallocation.no_coordinates"] += 1
        return []
    near = []
    for other in night.shelves:
        if other.sku_id != shelf.sku_id or other.store_id == shelf.store_id:
            continue
        there = place_of(night, other)
        if not other.active or there is None:
            seen["misallocation.neighbour_without_coordinates" if other.active else "misallocation.not_active"] += 1
            continue
        distance_km = haversine_km(here, there)
        if above(distance_km, NEIGHBOUR_KM):
            seen["misallocation.too_far"] += 1
            continue
        seen["misallocation.at_the_radius"] += equal(distance_km, NEIGHBOUR_KM)
        near.append((other, distance_km))
    return near


def place_of(night: Night, shelf: Shelf) -> Row | None:
    """The usable row of the store's coordinates, if it has any."""
    row = night.stores.get((shelf.store_id,))
    return None if row is None or row["latitude"] is None else row


def haversine_km(here: Row, there: Row) -> float:
    """Great-circle distance on a sphere of 6371 km."""
    latitude, other_latitude = math.radians(here["latitude"]), math.radians(there["latitude"])
    half_dlat = (other_latitude - latitude) / 2
    half_dlon = math.radians(there["longitude"] - here["longitude"]) / 2
    chord = math.sin(half_dlat) ** 2 + math.cos(latitude) * math.cos(other_latitude) * math.sin(half_dlon) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(chord))


def sales_against_expectation(shelf: Shelf, last_day: int, seen: Counter[str]) -> Fraction | None:
    """mean(u) / mean(e) over the days of E-27 … E where both are known, at least 7 of them."""
    shared = [
        day
        for day in last_days(last_day, BASELINE_DAYS)
        if shelf.units[day] is not None and shelf.expected[day] is not None
    ]
    if len(shared) < MIN_SHARED_DAYS:
        seen["misallocation.too_few_days"] += 1
        return None
    expected = mean(shelf.expected[day].mean for day in shared)
    seen["misallocation.nothing_expected"] += expected == 0
    return ratio(mean(shelf.units[day] for day in shared), expected)


def is_high_performer(sales_ratio: Fraction, seen: Counter[str]) -> bool:
    """Ratio > 1.20."""
    if above(sales_ratio, HIGH_PERFORMER):
        seen["misallocation.high_performer"] += 1
        return True
    tie = equal(sales_ratio, HIGH_PERFORMER)
    seen["misallocation.ratio_tie" if tie else "misallocation.ordinary"] += 1
    return False


def ranked_causes(causes: dict[str, Any], seen: Counter[str]) -> tuple[str | None, list[str]]:
    """Primary: the best score if > 50. Secondary: every other cause > 40. Ties stand in the order of the page."""
    scores = {cause: causes[cause].score for cause in CAUSES}
    ranked = sorted(CAUSES, key=lambda cause: -scores[cause])
    counted = [cause for cause in ranked if above(scores[cause], 40)]
    seen["causes.tie"] += len(counted) > len({scores[cause] for cause in counted})
    if above(scores[ranked[0]], 50):
        primary, secondary = ranked[0], counted[1:]
        seen["causes.primary"] += 1
    else:
        primary, secondary = None, counted
        seen["causes.none"] += 1
        seen["causes.score_of_50_is_not_primary"] += equal(scores[ranked[0]], 50)
        seen["causes.secondary_without_primary"] += bool(counted)
    seen["causes.secondary"] += bool(secondary)
    return primary, secondary
