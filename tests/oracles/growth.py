"""Step 12 in plain Python: sections 2, 3 and 5 of the specification of growth, row by row.

Shares no code and no library with the engine. Tables are lists of dictionaries, as they would be delivered.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
Key = tuple[str, str]
TINY = 1e-9
WOMEN = {"女", "female", "f", "women", "woman"}
MEN = {"男", "male", "m", "men", "man"}


@dataclass(frozen=True)
class Rules:
    """The constants of the specification, and what a profile or an option changes."""

    one_sales_column: bool = False
    elasticity: float = 0.3
    boost: float = 0.10
    strict_zero: bool = False
    leave_out: bool = False
    zero_fill: bool = False
    shrinkage: float = 0.0
    min_peers: int = 5


@dataclass
class Groups:
    """Peers by cluster and SPU: store and sales."""

    members: dict[tuple[int, str], dict[str, float]] = field(default_factory=lambda: defaultdict(dict))


def linear(values: list[float], share: float) -> float:
    """The linear percentile, Hyndman and Fan's seventh."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def number(value: Any) -> float | None:
    """A finite number, None for anything else."""
    return float(value) if value is not None and math.isfinite(value) else None


def scaled(tables: dict[str, list[Row] | None], rules: Rules = Rules()) -> dict[Key, Row]:
    """What Step 12 makes of every candidate."""
    cluster_of = {row["str_code"]: int(row["cluster_id"]) for row in tables["clusters"] or []}
    sales = {(row["str_code"], row["spu_code"]): row for row in tables["sales"] or []}
    own = {key: _quantities(row, rules) for key, row in sales.items()}
    groups = _groups(own, cluster_of, rules)
    candidates = {
        (row["str_code"], row["spu_code"]) for row in tables["step11"] or [] if row["is_growth_candidate"] is True
    }
    return {key: _one(key, tables, sales, own, cluster_of, groups, rules) for key in candidates}


def _quantities(row: Row, rules: Rules) -> tuple[float | None, float | None]:
    """What a store sells and what it holds; negative counts as none, unknown stays unknown."""
    held = number(row.get("current_spu_count"))
    sold = held if rules.one_sales_column else number(row.get("store_sales"))
    sold = held if sold is None else sold
    return (None if sold is None else max(sold, 0.0), None if held is None else max(held, 0.0))


def _groups(own: dict[Key, tuple[float | None, float | None]], cluster_of: dict[str, int], rules: Rules) -> Groups:
    groups = Groups()
    seen = {(cluster_of[store], spu) for store, spu in own if store in cluster_of}
    for (store, spu), (sold, _) in own.items():
        if store in cluster_of and sold is not None:
            groups.members[cluster_of[store], spu][store] = sold
    if rules.zero_fill:
        for cluster, spu in seen:
            for store, its in cluster_of.items():
                if its == cluster and (store, spu) not in own:
                    groups.members[cluster, spu][store] = 0.0
    return groups


def _one(key, tables, sales, own, cluster_of, groups, rules) -> Row:
    store, spu = key
    cluster = cluster_of.get(store)
    sold, held = own.get(key, (0.0, 0.0))
    members = groups.members.get((cluster, spu), {}) if cluster is not None else {}
    p75, median, n = _benchmark(store, spu, members, groups, rules)
    gap = None if p75 is None or sold is None else p75 - sold
    ratio = gap / p75 if gap is not None and p75 > 0 else None
    factors = {
        "affinity_modifier": _affinity(key, tables, sales),
        "elasticity_dampener": _elasticity(list(members.values()), rules),
        "sell_through_boost": _boost(sales.get(key, {}), rules),
        "step9_dampener": 0.5 if _flagged(tables["step9"], key, "rule9_applied") else 1.0,
    }
    row = {
        "cluster_id": cluster,
        "cluster_p75": p75,
        "cluster_median": median,
        "peer_n": n,
        "store_sales": sold,
        "current_spu_count": held,
        "performance_gap": gap,
        "gap_ratio": ratio,
        **factors,
        "cap_current": None if held is None or (held == 0 and not rules.strict_zero) else 0.5 * held,
        "cap_median": None if median is None else 0.3 * median,
        "cap_absolute": 50.0,
        "peer_percentile": _percentile(store, sold, members, key in own),
    }
    return row | _decision(row, _flagged(tables["step10"], key, "rule10_applied", "volatility_flag"))


def _benchmark(store, spu, members, groups, rules) -> tuple[float | None, float | None, int | None]:
    if not members:
        return None, None, None
    values = [units for name, units in members.items() if not (rules.leave_out and name == store)]
    chain = [units for (_, other), stores in groups.members.items() if other == spu for units in stores.values()]
    if rules.shrinkage and len(chain) >= rules.min_peers:
        weight = len(values) / (len(values) + rules.shrinkage)
        blended = [weight * linear(values, at) + (1 - weight) * linear(chain, at) for at in (0.75, 0.5)]
        return blended[0], blended[1], len(values)
    if len(values) < rules.min_peers:
        return None, None, len(values)
    return linear(values, 0.75), linear(values, 0.5), len(values)


def _percentile(store, sold, members, has_row) -> float | None:
    """Midrank among all peers, in percent; a store without a row stands where those that sell none stand."""
    if sold is None or not members or (has_row and store not in members):
        return None
    below = sum(units < sold for units in members.values())
    equal = sum(units == sold for units in members.values())
    return 100 * (below + equal / 2) / len(members)


def _affinity(key: Key, tables, sales) -> float:
    sex = sales.get(key, {}).get("sex_name") or _usual_sex(key[1], sales)
    visits = [row for row in tables.get("store_traffic") or [] if row["str_code"] == key[0]]
    pairs = [
        (women, men)
        for row in visits
        if (women := number(row["woman_into_str_cnt_avg"])) is not None
        and (men := number(row["male_into_str_cnt_avg"])) is not None
        and women >= 0
        and men >= 0
    ]
    women, men = (math.fsum(pair[side] for pair in pairs) / max(len(pairs), 1) for side in (0, 1))
    label = (sex or "").strip().lower()
    if women + men <= 0 or label not in WOMEN | MEN:
        return 1.0
    fit = (women if label in WOMEN else men) / (women + men)
    if fit >= 0.6:
        return 1 + (fit - 0.6) * 0.2 / 0.4
    return 1 - (0.4 - fit) * 0.3 / 0.4 if fit <= 0.4 else 1.0


def _usual_sex(spu: str, sales) -> str | None:
    votes = Counter(
        row["sex_name"].strip().lower() for (_, other), row in sales.items() if other == spu and row.get("sex_name")
    )
    return min(votes, key=lambda name: (-votes[name], name)) if votes else None


def _elasticity(values: list[float], rules: Rules) -> float:
    mean = math.fsum(values) / len(values) if values else 0.0
    if len(values) < rules.min_peers or mean <= 0:
        return 1.0
    variance = math.fsum((units - mean) ** 2 for units in values) / (len(values) - 1)
    beyond = math.sqrt(max(0.0, variance - mean)) / mean
    return 1 - rules.elasticity * min(max(beyond - 0.5, 0.0), 1.0)


def _boost(row: Row, rules: Rules) -> float:
    rate = number(row.get("sell_through_rate"))
    if rate is None:
        return 1.0
    return 1 + rules.boost * min(max((min(max(rate, 0.0), 1.0) - 0.5) / 0.5, 0.0), 1.0)


def _flagged(rows: list[Row] | None, key: Key, *flags: str) -> bool:
    return any(
        row.get(flag) is True for row in rows or [] if (row["str_code"], row["spu_code"]) == key for flag in flags
    )


def _decision(row: Row, blocked: bool) -> Row:
    nothing = {"recommended_adjustment_quantity": 0.0, "recommended_units": 0, "raw_adjustment": None}
    nothing |= {"base_scaling": None, "cap_applied": None, "scaling_tier": None}
    if blocked:
        return nothing | {"status": "BLOCKED_STEP10"}
    if row["gap_ratio"] is None or row["current_spu_count"] is None:
        return nothing | {"status": "NO_BENCHMARK"}
    if row["performance_gap"] < 0:
        return nothing | {"status": "ABOVE_BENCHMARK"}
    if row["gap_ratio"] < 0.10 - TINY:
        return nothing | {"status": "BELOW_GAP"}
    base = 0.5 * row["performance_gap"]
    raw = base * row["affinity_modifier"] * row["elasticity_dampener"]
    raw *= row["sell_through_boost"] * row["step9_dampener"]
    nothing |= {"base_scaling": base, "raw_adjustment": raw}
    if raw < 1 - TINY:
        return nothing | {"status": "BELOW_MIN_QTY"}
    quantity, cap = raw, "none"
    for name, limit in (
        ("max_pct_current", "cap_current"),
        ("max_pct_median", "cap_median"),
        ("max_absolute", "cap_absolute"),
    ):
        if row[limit] is not None and row[limit] < quantity - TINY:
            quantity, cap = row[limit], name
    if quantity < 1 - TINY:
        return nothing | {"status": "SUPPRESSED_BY_CAP", "cap_applied": cap}
    tier = "Minimal" if quantity <= 5 + TINY else "Moderate" if quantity <= 15 + TINY else "Aggressive"
    return nothing | {
        "status": "SCALED",
        "recommended_adjustment_quantity": quantity,
        "recommended_units": math.floor(quantity + TINY),
        "cap_applied": cap,
        "scaling_tier": f"{tier} Adjustment",
    }
