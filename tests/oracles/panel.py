"""Sections 2 to 4 of the specification: input rows in, every store-SKU's days, expectations and dark runs out.

Days are counted from 0, the first panel day. Every function that decides something takes `seen`, a counter to
which it adds the branch it went through, so that a test can tell whether a planted chain visits all of them.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.oracles.inputs import LOOKBACK_DAYS, Inputs, Key, Row, last_row_wins, read_inputs, summed_sales
from tests.oracles.real import above, below, equal, mean, variance

if TYPE_CHECKING:
    from pathlib import Path

Units = list[Fraction | None]

LONGEST_FILLED_GAP_DAYS = 3
STOCK_INFERENCE_DAYS = 7
ACTIVE_DAYS = 7
BASELINE_DAYS = 28
MIN_BASELINE_DAYS = 14
OUTLIER_STDS = 3
DARK_RATIO = Fraction(60, 100)
MIN_DARK_DAYS = 3


class Expectation(NamedTuple):
    """What a day should have sold: e, sd, and the days and units kept to say so."""

    mean: Fraction
    std: float
    kept_days: list[int]
    kept: list[Fraction]


@dataclass
class Shelf:
    """One store-SKU. Every list has one entry a panel day, null where unknown."""

    store_id: Any
    sku_id: Any
    observed: Units
    units: Units
    revenue: list[Fraction | None]
    on_hand: list[Fraction | None]
    price: list[Fraction | None]
    promo: list[bool]
    impressions: list[Fraction | None]
    in_stock: list[bool]
    expected: list[Expectation | None] = field(default_factory=list)
    active: bool = False


@dataclass
class Night:
    """A night's panel with its expectations: everything that cases and features are computed from."""

    inputs: Inputs
    shelves: list[Shelf]
    stores: dict[Key, Row]
    skus: dict[Key, Row]
    seen: Counter[str]

    @property
    def active_shelves(self) -> list[Shelf]:
        """Active store-SKUs, the only ones judged, in id order."""
        return [shelf for shelf in self.shelves if shelf.active]

    def date_of(self, day: int) -> date:
        """The calendar date of a panel day."""
        return self.inputs.first_day + timedelta(days=day)

    def sku(self, shelf: Shelf) -> Row:
        """What is known of the shelf's SKU, nothing when it is in no table."""
        return self.skus.get((shelf.sku_id,), {})

    def store(self, shelf: Shelf) -> Row:
        """What is known of the shelf's store, nothing when it is in no table."""
        return self.stores.get((shelf.store_id,), {})


def classic_night(folder: Path, as_of: date | None = None, seen: Counter[str] | None = None) -> Night:
    """Read a folder, build its panel and form every expectation of every active store-SKU."""
    seen = Counter() if seen is None else seen
    inputs = read_inputs(folder, as_of, seen)
    shelves = panel(inputs, seen)
    for shelf in shelves:
        shelf.active = is_active(shelf, seen)
        if shelf.active:
            shelf.expected = [expectation(shelf.units, day, seen) for day in range(LOOKBACK_DAYS)]
    stores = last_row_wins("stores", inputs.rows["stores"], seen)
    return Night(inputs, shelves, stores, last_row_wins("skus", inputs.rows["skus"], seen), seen)


def panel(inputs: Inputs, seen: Counter[str]) -> list[Shelf]:
    """Every store-SKU of the panel over all panel days, in id order."""
    sales = by_store_sku(inputs, summed_sales(inputs.rows["sales_transactions"], seen))
    snapshots, pricing, impressions = (
        by_store_sku(inputs, last_row_wins(table, inputs.rows[table], seen))
        for table in ("inventory_snapshot", "pricing", "impressions")
    )
    open_days = days_a_store_is_open(sales)
    return [
        shelf_of(
            key,
            open_days.get(key[0], set()),
            sales.get(key, {}),
            snapshots.get(key, {}),
            pricing.get(key, {}),
            impressions.get(key, {}),
            {table: rows.get(key) for table, rows in inputs.held.items()},
            seen,
        )
        for key in inputs.store_skus
    ]


def by_store_sku(inputs: Inputs, rows: dict[Key, Row]) -> dict[Key, dict[int, Row]]:
    """For each store-SKU its rows by panel day."""
    days: dict[Key, dict[int, Row]] = {}
    for (store_id, sku_id, day), row in rows.items():
        days.setdefault((store_id, sku_id), {})[(day - inputs.first_day).days] = row
    return days


def days_a_store_is_open(sales: dict[Key, dict[int, Row]]) -> dict[Any, set[int]]:
    """A store is open on day t when the sales table has any row for it that day."""
    open_days: dict[Any, set[int]] = {}
    for (store_id, _), rows in sales.items():
        open_days.setdefault(store_id, set()).update(rows)
    return open_days


def shelf_of(
    key: Key,
    open_days: set[int],
    sales: dict[int, Row],
    snapshots: dict[int, Row],
    pricing: dict[int, Row],
    impressions: dict[int, Row],
    held: dict[str, Row | None],
    seen: Counter[str],
) -> Shelf:
    """One store-SKU over the panel days."""
    listed_from = first_listed_day(sales, snapshots, seen)
    observed = [observed_units(day, listed_from, open_days, sales, seen) for day in range(LOOKBACK_DAYS)]
    counted, priced = held["inventory_snapshot"], held["pricing"]
    seen["panel.stock_held_from_before"] += counted is not None
    seen["panel.price_held_from_before"] += priced is not None
    on_hand = carried_forward(
        {day: row["quantity_on_hand"] for day, row in snapshots.items()}, counted and counted["quantity_on_hand"]
    )
    price = carried_forward({day: row["price"] for day, row in pricing.items()}, priced and priced["price"])
    seen["panel.price_unknown"] += price.count(None)
    return Shelf(
        store_id=key[0],
        sku_id=key[1],
        observed=observed,
        units=short_gaps_filled(observed, seen),
        revenue=[
            None if observed[day] is None else sales.get(day, {"revenue": Fraction(0)})["revenue"]
            for day in range(LOOKBACK_DAYS)
        ],
        on_hand=on_hand,
        price=price,
        promo=[is_on_promo(day, pricing, sales, seen) for day in range(LOOKBACK_DAYS)],
        impressions=[impressions.get(day, {}).get("impression_count") for day in range(LOOKBACK_DAYS)],
        in_stock=[is_in_stock(day, on_hand, observed, seen) for day in range(LOOKBACK_DAYS)],
    )


def first_listed_day(sales: dict[int, Row], snapshots: dict[int, Row], seen: Counter[str]) -> int | None:
    """Listed from its first sales row or first snapshot with on-hand > 0 inside the panel."""
    first_sale = min(sales, default=LOOKBACK_DAYS)
    first_stock = min((day for day, row in snapshots.items() if row["quantity_on_hand"] > 0), default=LOOKBACK_DAYS)
    if min(first_sale, first_stock) == LOOKBACK_DAYS:
        seen["panel.never_listed"] += 1
        return None
    seen["panel.listed_by_snapshot" if first_stock < first_sale else "panel.listed_by_sale"] += 1
    return min(first_sale, first_stock)


def observed_units(
    day: int, listed_from: int | None, open_days: set[int], sales: dict[int, Row], seen: Counter[str]
) -> Fraction | None:
    """Listed and open: the sum of the day's units, 0 when there is no row. Otherwise null."""
    if listed_from is None or day < listed_from:
        seen["panel.before_listing"] += 1
        return None
    if day not in open_days:
        seen["panel.closed_day"] += 1
        return None
    if day not in sales:
        seen["panel.zero_without_a_row"] += 1
        return Fraction(0)
    seen["panel.units_sold" if sales[day]["units_sold"] else "panel.zero_with_a_row"] += 1
    return sales[day]["units_sold"]


def short_gaps_filled(observed: Units, seen: Counter[str]) -> Units:
    """At most 3 null days between two observed days, filled by linear interpolation; longer runs stay null."""
    units = list(observed)
    known_days = [day for day in range(LOOKBACK_DAYS) if observed[day] is not None]
    for before, after in pairwise(known_days):
        gap_days = after - before - 1
        if gap_days > LONGEST_FILLED_GAP_DAYS:
            seen["panel.gap_too_long"] += 1
        elif gap_days > 0:
            seen["panel.gap_filled"] += 1
            step = (observed[after] - observed[before]) / (gap_days + 1)
            for day in range(before + 1, after):
                units[day] = observed[before] + step * (day - before)
    seen["panel.gap_at_edge"] += bool(known_days) and known_days[-1] < LOOKBACK_DAYS - 1
    return units


def carried_forward(known: dict[int, Fraction], latest: Fraction | None) -> list[Fraction | None]:
    """The latest known value at or before each day, else null. latest: the one that holds from before the panel."""
    values: list[Fraction | None] = []
    for day in range(LOOKBACK_DAYS):
        latest = known.get(day, latest)
        values.append(latest)
    return values


def is_on_promo(day: int, pricing: dict[int, Row], sales: dict[int, Row], seen: Counter[str]) -> bool:
    """The pricing row's flag on day t if that row exists, else the sales rows' flag (any) on day t, else false."""
    pricing_flag = pricing.get(day, {}).get("promo_flag")
    if pricing_flag is not None:
        seen["panel.promo_from_pricing"] += pricing_flag
        return pricing_flag
    sales_flag = sales.get(day, {"promo_flag": False})["promo_flag"]
    seen["panel.promo_from_sales"] += sales_flag
    seen["panel.promo_from_sales_as_pricing_flag_is_null"] += sales_flag and day in pricing
    return sales_flag


def is_in_stock(day: int, on_hand: list[Fraction | None], observed: Units, seen: Counter[str]) -> bool:
    """On-hand above 0; when on-hand is unknown, whether some day in t-7 … t-1 was seen to sell (reading 6)."""
    if on_hand[day] is not None:
        seen["panel.on_hand" if on_hand[day] > 0 else "panel.out_of_stock"] += 1
        return on_hand[day] > 0
    sold = any((units or 0) > 0 for units in observed[max(0, day - STOCK_INFERENCE_DAYS) : day])
    seen["panel.stock_inferred_from_sales" if sold else "panel.no_stock_inferred"] += 1
    return sold


def is_active(shelf: Shelf, seen: Counter[str]) -> bool:
    """In stock on at least one of the last 7 panel days."""
    active = any(shelf.in_stock[-ACTIVE_DAYS:])
    seen["panel.active" if active else "panel.not_active"] += 1
    return active


def expectation(units: Units, day: int, seen: Counter[str]) -> Expectation | None:
    """Mean and std of the known units in t-28 … t-1 within [m - 3s, m + 3s]; null when fewer than 14 are."""
    known_days = [past for past in range(max(0, day - BASELINE_DAYS), day) if units[past] is not None]
    if len(known_days) < MIN_BASELINE_DAYS:
        seen["expectation.no_history"] += 1
        return None
    kept_days = without_outliers(units, known_days, seen)
    if len(kept_days) < MIN_BASELINE_DAYS:
        seen["expectation.too_few_kept"] += 1
        return None
    kept = [units[past] for past in kept_days]
    formed = Expectation(mean(kept), math.sqrt(variance(kept)), kept_days, kept)
    seen["expectation.zero" if formed.mean == 0 else "expectation.formed"] += 1
    seen["expectation.constant"] += formed.std == 0
    return formed


def without_outliers(units: Units, known_days: list[int], seen: Counter[str]) -> list[int]:
    """The days whose units lie within three standard deviations of their mean, the edge included.

    Squares are compared, so that the edge is decided in real arithmetic wherever it lies.
    """
    known = [units[day] for day in known_days]
    centre, reach_squared = mean(known), OUTLIER_STDS**2 * variance(known)
    distances_squared = {value: (value - centre) ** 2 for value in set(known)}
    outliers = {value for value, squared in distances_squared.items() if above(squared, reach_squared)}
    seen["expectation.outlier_dropped"] += len(outliers)
    seen["expectation.on_the_edge_kept"] += any(0 < one == reach_squared for one in distances_squared.values())
    return [day for day in known_days if units[day] not in outliers]


def is_dark(shelf: Shelf, day: int, seen: Counter[str]) -> bool:
    """e and u known, e > 0, u < 0.60·e, in stock."""
    expected, units = shelf.expected[day], shelf.units[day]
    if expected is None:
        seen["detection.no_expectation"] += 1
    elif units is None:
        seen["detection.unknown_units"] += 1
    elif expected.mean == 0:
        seen["detection.nothing_expected"] += 1
    elif not below(units, DARK_RATIO * expected.mean):
        tie = equal(units, DARK_RATIO * expected.mean)
        seen["detection.tie_is_not_dark" if tie else "detection.sells_enough"] += 1
    elif not shelf.in_stock[day]:
        seen["detection.not_in_stock"] += 1
    else:
        seen["detection.dark"] += 1
        return True
    return False


def dark_runs(shelf: Shelf, seen: Counter[str]) -> list[range]:
    """Maximal runs of at least 3 consecutive dark calendar days."""
    runs: list[range] = []
    first_dark_day = None
    for day in range(LOOKBACK_DAYS + 1):
        dark = day < LOOKBACK_DAYS and is_dark(shelf, day, seen)
        if dark and first_dark_day is None:
            first_dark_day = day
        elif not dark and first_dark_day is not None:
            long_enough = day - first_dark_day >= MIN_DARK_DAYS
            seen["detection.case" if long_enough else "detection.run_too_short"] += 1
            if long_enough:
                runs.append(range(first_dark_day, day))
            first_dark_day = None
    return runs
