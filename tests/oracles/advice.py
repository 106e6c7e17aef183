"""Section 7 of the specification: a case and its primary cause in, what to do and what it may bring back out."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from tests.oracles.panel import DARK_RATIO
from tests.oracles.real import Real, above, below, dollars, equal, mean, product, rounded_half_up_to_tenth

if TYPE_CHECKING:
    from collections import Counter

    from tests.oracles.causes import MisallocationEvidence, OverstockEvidence, PriceEvidence
    from tests.oracles.classic import Case
    from tests.oracles.panel import Shelf

PROJECTION_DAYS = 30
AGED_DAYS = 60

Advice = tuple[str, Real | None]


def recommendation(case: Case, primary: str | None, causes: dict[str, Any], seen: Counter[str]) -> Advice:
    """The action text and the projected recovery for a primary cause."""
    if primary == "price_too_high":
        return advise_on_price(case, causes["price_too_high"], seen)
    if primary == "conversion_drop":
        discount = 20 if above(causes["conversion_drop"].drop_pct, 50) else 10
        seen[f"recommend.conversion_promo_{discount}"] += 1
        return promo_for_a_week(case, discount)
    if primary == "overstock":
        return advise_on_overstock(case, causes["overstock"], seen)
    if primary == "promo_ineffective":
        seen["recommend.end_promo"] += 1
        return "End current promo and revert to regular pricing", product(Fraction(1, 2), case.revenue_at_risk)
    if primary == "misallocation":
        return advise_on_transfer(case, causes["misallocation"], seen)
    seen["recommend.manual_review"] += 1
    return "Manual review required", product(0, case.price)


def advise_on_price(case: Case, evidence: PriceEvidence, seen: Counter[str]) -> Advice:
    """Reduce towards the lower average by 5 to 20%, not below 1.05 of cost; hold when that floor is P or more."""
    price = case.price
    floor = product(Fraction(105, 100), case.unit_cost)
    if floor is not None and not below(floor, price):
        seen["recommend.hold_price_at_tie" if equal(floor, price) else "recommend.hold_price"] += 1
        return f"Hold price: {dollars(price)} is already at the cost floor", Fraction(0)
    reduction_pct = reduction_towards_target(price, evidence, seen)
    new_price = price * (1 - reduction_pct / 100)
    if floor is not None and new_price < floor:
        seen["recommend.cut_to_cost_floor"] += 1
        new_price, reduction_pct = floor, (price - floor) / price * 100
    text = f"Reduce price by {float(reduction_pct):.0f}% from {dollars(price)} to {dollars(new_price)}"
    uplift = Fraction(3, 2) * reduction_pct / 100
    return text, case.expected_daily_units * uplift * new_price * PROJECTION_DAYS


def reduction_towards_target(price: Fraction, evidence: PriceEvidence, seen: Counter[str]) -> Fraction:
    """clamp((P - target) / P · 100, 5, 20), target the lower of the known averages.

    A primary cause stands more than 15% above its category, so that the target is never less than 13% away.
    """
    known = [average for average in (evidence.category_average, evidence.own_average) if average is not None]
    target = min(known)
    seen["recommend.target_category" if target == evidence.category_average else "recommend.target_own"] += 1
    wanted_pct = (price - target) / price * 100
    seen["recommend.cut_clamped_to_20" if wanted_pct > 20 else "recommend.cut_as_needed"] += 1
    return min(max(wanted_pct, Fraction(5)), Fraction(20))


def promo_for_a_week(case: Case, discount_pct: int) -> Advice:
    """d% off for 7 days; lift = 30 + 2(d - 10); (e - a) · lift/100 · 7 · P · 0.9."""
    lift_pct = 30 + 2 * (discount_pct - 10)
    text = f"Run {discount_pct}% off promo for 7 days (estimated {lift_pct}% lift)"
    recovery = product(case.missing_daily_units, Fraction(lift_pct, 100), 7, case.price, Fraction(9, 10))
    return text, recovery


def advise_on_overstock(case: Case, evidence: OverstockEvidence, seen: Counter[str]) -> Advice:
    """A promo while supply is at most 60 days and fresh, else a markdown by supply: 0.7 · on_hand · clr."""
    supply_days = evidence.days_of_supply
    long_supply = above(supply_days, 60)
    seen["recommend.supply_of_60_is_not_long"] += equal(supply_days, 60)
    if not is_aged(case.shelf, case.last_day, seen) and not long_supply:
        seen["recommend.overstock_promo_10"] += 1
        return promo_for_a_week(case, 10)
    seen["recommend.supply_of_90_is_30"] += equal(supply_days, 90)
    markdown_pct = 40 if above(supply_days, 90) else 30 if long_supply else 20
    seen[f"recommend.markdown_{markdown_pct}"] += 1
    text = f"Markdown by {markdown_pct}% to clear aged inventory"
    clearance_price = product(case.price, Fraction(100 - markdown_pct, 100))
    if clearance_price is None:
        seen["recommend.markdown_without_price"] += 1
        return text, None
    recovery = Fraction(7, 10) * case.on_hand * clearance_price
    return f"{text} ({dollars(case.price)} → {dollars(clearance_price)})", recovery


def last_restock_day(shelf: Shelf, last_day: int) -> int | None:
    """The latest day in the panel up to E on which q rose; the first snapshot is not a rise (reading 15)."""
    rises = [
        day
        for day in range(1, last_day + 1)
        if shelf.on_hand[day - 1] is not None and shelf.on_hand[day] > shelf.on_hand[day - 1]
    ]
    return rises[-1] if rises else None


def is_aged(shelf: Shelf, last_day: int, seen: Counter[str]) -> bool:
    """Last restock more than 60 days before E, or none seen over at least 60 days of known on-hand."""
    restock_day = last_restock_day(shelf, last_day)
    known_days = sum(on_hand is not None for on_hand in shelf.on_hand[: last_day + 1])
    if restock_day is not None and last_day - restock_day > AGED_DAYS:
        seen["recommend.aged_since_last_rise"] += 1
        return True
    if restock_day is None and known_days >= AGED_DAYS:
        seen["recommend.aged_never_restocked"] += 1
        return True
    seen["recommend.not_aged"] += 1
    return False


def advise_on_transfer(case: Case, evidence: MisallocationEvidence, seen: Counter[str]) -> Advice:
    """Half of what is on hand to the best three: qty · (mean ratio of the three - 0.6) · P."""
    if case.on_hand is None:
        seen["recommend.transfer_unknown"] += 1
        return "Manual review required", None
    quantity = math.floor(case.on_hand / 2)
    seen["recommend.transfer" if quantity else "recommend.transfer_of_nothing"] += 1
    targets = ", ".join(
        f"Store #{one.store_id} ({rounded_half_up_to_tenth(one.distance_km):.1f}km)" for one in evidence.best_three
    )
    mean_ratio = mean(one.ratio for one in evidence.best_three)
    return f"Transfer {quantity} units to: {targets}", product(quantity, mean_ratio - DARK_RATIO, case.price)
