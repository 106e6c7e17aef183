"""The `classic` profile, recomputed by hand: a folder of input tables in, the night's cases and features out.

The specification in plain loops over exact fractions, a file a section: `inputs` (1), `panel` (2 to 4), this one (5),
`causes` (6), `advice` (7), `interval` (8). `real` holds the arithmetic of the readings page.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from tests.oracles.advice import PROJECTION_DAYS, last_restock_day, recommendation
from tests.oracles.causes import (
    CAUSES,
    category_average,
    conversion_drop,
    overstock,
    price_too_high,
    promo_ineffective,
    ranked_causes,
    root_causes,
)
from tests.oracles.inputs import LOOKBACK_DAYS, read_inputs
from tests.oracles.interval import revenue_at_risk_interval
from tests.oracles.panel import BASELINE_DAYS, Night, Shelf, classic_night, dark_runs
from tests.oracles.real import Real, as_float, mean, product, ratio, rounded_half_up_to_tenth

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path


@dataclass
class Case:
    """A dark run and what it costs. `last_day` is the E of the specification."""

    case_id: str
    shelf: Shelf
    first_day: int
    last_day: int
    duration_days: int
    expected_daily_units: Fraction
    actual_daily_units: Fraction
    price: Fraction | None
    price_basis: str | None
    on_hand: Fraction | None
    unit_cost: Fraction | None

    @property
    def missing_daily_units(self) -> Fraction:
        """Expected minus actual."""
        return self.expected_daily_units - self.actual_daily_units

    @property
    def revenue_at_risk(self) -> Real | None:
        """(expected - actual) · price · duration."""
        return product(self.missing_daily_units, self.price, self.duration_days)


def classic_cases(folder: Path, as_of: date | None = None, seen: Counter[str] | None = None) -> list[dict]:
    """The night's cases with all their columns, in the order they are published."""
    return cases_of(classic_night(folder, as_of, seen))


def cases_of(night: Night) -> list[dict]:
    """Every case of a night, by revenue at risk descending (unknown last), then case_id as text."""
    cases = [case_of(night, shelf, run) for shelf in night.active_shelves for run in dark_runs(shelf, night.seen)]
    cases.sort(key=lambda case: case.case_id)
    cases.sort(key=lambda case: (case.revenue_at_risk is None, -(case.revenue_at_risk or 0)))
    return [case_row(night, case) for case in cases]


def case_id(store_id: str, sku_id: str, first_dark_date: str) -> str:
    """The length of the store's id follows where that id has the sign that parts ids."""
    told = f"{store_id}_{sku_id}_{first_dark_date}"
    return f"{told}~{len(store_id)}" if "_" in store_id else told


def case_of(night: Night, shelf: Shelf, run: range) -> Case:
    """The facts of one dark run."""
    price, price_basis = case_price(night, shelf, run[-1])
    return Case(
        case_id=case_id(str(shelf.store_id), str(shelf.sku_id), night.date_of(run[0]).isoformat()),
        shelf=shelf,
        first_day=run[0],
        last_day=run[-1],
        duration_days=len(run),
        expected_daily_units=mean(shelf.expected[day].mean for day in run),
        actual_daily_units=mean(shelf.units[day] for day in run),
        price=price,
        price_basis=price_basis,
        on_hand=shelf.on_hand[run[-1]],
        unit_cost=night.sku(shelf).get("cost"),
    )


def case_price(night: Night, shelf: Shelf, last_day: int) -> tuple[Fraction | None, str | None]:
    """p[E]; if null the category average at E; if that is null too, null."""
    if shelf.price[last_day] is not None:
        night.seen["case.own_price"] += 1
        return shelf.price[last_day], "own"
    average = category_average(night, shelf, last_day)
    if average is not None:
        night.seen["case.category_average"] += 1
        return average, "category_average"
    night.seen["case.missing_price"] += 1
    return None, None


def case_row(night: Night, case: Case) -> dict:
    """All columns of a case."""
    causes = root_causes(night, case.shelf, case.last_day)
    primary, secondary = ranked_causes(causes, night.seen)
    action, recovery = recommendation(case, primary, causes, night.seen)
    low, high = revenue_at_risk_interval(case)
    is_open = case.last_day == LOOKBACK_DAYS - 1
    night.seen["case.open" if is_open else "case.closed"] += 1
    return {
        "case_id": case.case_id,
        "store_id": case.shelf.store_id,
        "sku_id": case.shelf.sku_id,
        "detection_date": night.date_of(case.first_day),
        "duration_days": case.duration_days,
        "expected_daily_units": float(case.expected_daily_units),
        "actual_daily_units": float(case.actual_daily_units),
        "underperformance_pct": float(case.missing_daily_units / case.expected_daily_units * 100),
        "revenue_at_risk": as_float(case.revenue_at_risk),
        "confidence_score": confidence_score(case, night.seen),
        "primary_cause": primary,
        "secondary_causes": ",".join(secondary),
        "recommended_action": action,
        "projected_recovery": as_float(recovery),
        "last_dark_date": night.date_of(case.last_day),
        "status": "open" if is_open else "closed",
        "price": as_float(case.price),
        "price_basis": case.price_basis,
        "on_hand": as_float(case.on_hand),
        "revenue_at_risk_low": low,
        "revenue_at_risk_high": high,
        "projected_30d_loss": as_float(product(case.missing_daily_units, case.price, PROJECTION_DAYS)),
        **{f"score_{cause}": float(causes[cause].score) for cause in CAUSES},
        "review_flags": ",".join(review_flags(case, night.seen)),
        **names(night, case.shelf),
    }


def names(night: Night, shelf: Shelf) -> dict:
    """Names, category, brand and region where known."""
    store, sku = night.store(shelf), night.sku(shelf)
    return {name: store.get(name) for name in ("store_name", "region")} | {
        name: sku.get(name) for name in ("sku_name", "category", "brand")
    }


def review_flags(case: Case, seen: Counter[str]) -> list[str]:
    """A flag for every undefined number of a case."""
    seen["case.missing_on_hand"] += case.on_hand is None
    missing = {"missing_price": case.price, "missing_on_hand": case.on_hand}
    return [flag for flag, value in missing.items() if value is None]


def confidence_score(case: Case, seen: Counter[str]) -> float:
    """100 · (0.4·max(0, 1 - sd/e) + 0.3·min(1, n/28) + 0.3·min(1, gap/0.5)), with the first day's sd, e, n."""
    expected = case.shelf.expected[case.first_day]
    steadiness = max(0.0, 1 - expected.std / float(expected.mean))
    history = min(Fraction(1), Fraction(len(expected.kept), BASELINE_DAYS))
    gap = min(Fraction(1), case.missing_daily_units / case.expected_daily_units * 2)
    seen["case.noisy_baseline"] += steadiness == 0
    seen["case.short_history"] += history < 1
    seen["case.full_gap" if gap == 1 else "case.partial_gap"] += 1
    return rounded_half_up_to_tenth(40 * steadiness + float(30 * history + 30 * gap))


def classic_features(folder: Path, as_of: date | None = None, seen: Counter[str] | None = None) -> list[dict]:
    """One row per active store-SKU as of as_of, in id order."""
    return features_of(classic_night(folder, as_of, seen))


def features_of(night: Night) -> list[dict]:
    """The features of every active store-SKU of a night."""
    return [feature_row(night, shelf) for shelf in night.active_shelves]


def feature_row(night: Night, shelf: Shelf) -> dict:
    """The definitions of section 6 with E := as_of."""
    today = LOOKBACK_DAYS - 1
    price = price_too_high(night, shelf, today)
    conversion = conversion_drop(shelf, today, night.seen)
    stock = overstock(shelf, today, night.seen)
    promo = promo_ineffective(shelf, today, night.seen)
    restock_day = last_restock_day(shelf, today)
    features = {
        **baseline_features(shelf, today),
        "sales_velocity_7d": stock.velocity_7d,
        "sales_velocity_28d": stock.velocity_28d,
        "velocity_trend": None if stock.trend_pct is None else stock.trend_pct / 100,
        "current_inventory": shelf.on_hand[today],
        "days_of_supply": stock.days_of_supply,
        "inventory_age_days": None if restock_day is None else today - restock_day,
        "current_price": shelf.price[today],
        "price_90d_avg": price.own_average,
        "category_price_avg": price.category_average,
        "price_vs_own_history": ratio(shelf.price[today], price.own_average),
        "price_vs_category": ratio(shelf.price[today], price.category_average),
        "conversion_rate_current": conversion.current,
        "conversion_rate_baseline": conversion.baseline,
        "conversion_drop_pct": conversion.drop_pct,
        "promo_lift_pct": promo.lift_pct,
    }
    ids = {"store_id": shelf.store_id, "sku_id": shelf.sku_id, "promo_active": shelf.promo[today]}
    return ids | {name: as_float(value) for name, value in features.items()}


def baseline_features(shelf: Shelf, today: int) -> dict:
    """Mean, std and coefficient of variation of the kept days, and the mean of their known daily revenue."""
    expected = shelf.expected[today]
    if expected is None:
        return dict.fromkeys(("baseline_mean_units", "baseline_std_units", "baseline_cv", "baseline_mean_revenue"))
    return {
        "baseline_mean_units": expected.mean,
        "baseline_std_units": expected.std,
        "baseline_cv": None if expected.mean == 0 else expected.std / expected.mean,
        "baseline_mean_revenue": mean(shelf.revenue[day] for day in expected.kept_days),
    }


def row_accounts(folder: Path, as_of: date | None = None) -> dict[str, dict[str, int]]:
    """For each table: rows read, used, quarantined and outside the panel. Duplicates are used."""
    return read_inputs(folder, as_of, Counter()).accounts
