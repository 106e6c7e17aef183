"""Labels in plain Python, row by row: the definition of the panel.

Shares no code and no library with the engine. Tables are lists of dictionaries; money is whole cents.
"""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
Key = tuple[str, str, dt.date]


@dataclass(frozen=True)
class Rules:
    """What counts."""

    horizon: int = 6
    threshold_cents: int = 0
    denied: frozenset[str] = frozenset()
    everyone: bool = False
    active: int = 12
    absent: int = 24
    buffer: int = 0
    own_horizons: dict[str, int] = field(default_factory=dict)


def months_on(day: dt.date, months: int) -> dt.date:
    """So many months later, month end to month end."""
    number = day.year * 12 + day.month - 1 + months
    year, month = number // 12, number % 12 + 1
    last = calendar.monthrange(year, month)[1]
    was_last = day.day == calendar.monthrange(day.year, day.month)[1]
    return dt.date(year, month, last if was_last else min(day.day, last))


def labelled(
    lines: list[Row],
    assets: list[Row],
    customers: list[str],
    divisions: list[str],
    cutoffs: list[dt.date],
    data_as_of: dt.date,
    rules: Rules = Rules(),
) -> dict[Key, Row]:
    """Every row of the panel by customer, division and cutoff."""
    panel: dict[Key, Row] = {}
    begin = min(line["order_date"] for line in lines)
    for cutoff in cutoffs:
        for customer in customers:
            own = [line for line in lines if line["customer_id"] == customer]
            seen = [line for line in own if line["order_date"] <= cutoff and line["known_at"] <= cutoff]
            has_assets = any(
                asset["customer_id"] == customer and asset["purchase_date"] <= cutoff and asset["known_at"] <= cutoff
                for asset in assets
            )
            if not (rules.everyone or seen or has_assets):
                continue
            is_recent = any(line["order_date"] > months_on(cutoff, -rules.active) for line in seen)
            for division in divisions:
                row = _row(own, seen, division, cutoff, data_as_of, rules)
                row["is_new_logo"] = not seen
                row["is_expansion"] = row.pop("is_absent") and is_recent
                row["segment"] = "warm" if is_recent else "cold" if has_assets else "prospect"
                row["in_population"] = rules.everyone or row["is_expansion"]
                row["active_days_cut"] = begin > months_on(cutoff, -rules.absent)
                panel[customer, division, cutoff] = row
    return panel


def _row(own: list[Row], seen: list[Row], division: str, cutoff: dt.date, data_as_of: dt.date, rules: Rules) -> Row:
    horizon = rules.own_horizons.get(division, rules.horizon)
    start, end = cutoff + dt.timedelta(days=1 + rules.buffer), months_on(cutoff, horizon)
    window = [
        line
        for line in own
        if line["division"] == division and start <= line["order_date"] <= end and line["sku_id"] not in rules.denied
    ]
    net = sum(line["cents"] for line in window)
    before = [line for line in seen if line["division"] == division]
    is_whole = end <= data_as_of
    return {
        "label": int(net > rules.threshold_cents) if is_whole else None,
        "net_gp_window": net / 100,
        "first_purchase_date": min((line["order_date"] for line in window if line["cents"] > 0), default=None),
        "window_start": start,
        "window_end": end,
        "horizon_months": horizon,
        "label_known_at": min(end, data_as_of),
        "censored_flag": int(not is_whole),
        "is_renewal_like": bool(before),
        "is_absent": not any(line["order_date"] > months_on(cutoff, -rules.absent) for line in before),
    }
