"""The twenty-one golden rows of the specification's section 6."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from tests.growth.tables import PERIOD, Case, Tables, among_peers, merged


class Golden(NamedTuple):
    """A case and what it has to come to. raw: None where the gap is not closed. tier: the first word of its name."""

    case: Case
    raw: float | None
    status: str
    quantity: float
    cap: str | None
    tier: str | None


SEED = {"p75": 35.8, "median": 25.0, "sales": 20.6, "current": 20.6, "women": 70.0, "men": 30.0, "sex": "F"}


def _of(p75: float, median: float, own: float, **further: Any) -> Case:
    return Case(p75, median, own, own, **further)


GOLDEN = {
    "seed": Golden(Case(**SEED), 7.98, "SCALED", 7.5, "max_pct_median", "Moderate"),
    "boosted_by_step_9": Golden(Case(**SEED, step9=True), 3.99, "SCALED", 3.99, "none", "Minimal"),
    "reduced_by_step_10": Golden(Case(**SEED, step10=True), None, "BLOCKED_STEP10", 0, None, None),
    "both_flags": Golden(Case(**SEED, step9=True, step10=True), None, "BLOCKED_STEP10", 0, None, None),
    "current_cap": Golden(_of(35.8, 25, 6), 14.9, "SCALED", 3, "max_pct_current", "Minimal"),
    "store_not_carried": Golden(_of(35.8, 25, 0), 17.9, "SCALED", 7.5, "max_pct_median", "Moderate"),
    "one_unit_held": Golden(_of(35.8, 25, 1), 17.4, "SUPPRESSED_BY_CAP", 0, "max_pct_current", None),
    "two_units_held": Golden(_of(35.8, 25, 2), 16.9, "SCALED", 1, "max_pct_current", "Minimal"),
    "gap_exactly_10_percent": Golden(_of(40, 38, 36), 2, "SCALED", 2, "none", "Minimal"),
    "gap_9.8_percent": Golden(_of(35.8, 25, 32.3), None, "BELOW_GAP", 0, None, None),
    "above_p75": Golden(_of(35.8, 25, 40), None, "ABOVE_BENCHMARK", 0, None, None),
    "small_gap": Golden(_of(8, 7, 6.5), 0.75, "BELOW_MIN_QTY", 0, None, None),
    "slow_seller": Golden(_of(6, 3, 3), 1.5, "SUPPRESSED_BY_CAP", 0, "max_pct_median", None),
    "median_exactly_10_thirds": Golden(_of(10, 10 / 3, 4), 3, "SCALED", 1, "max_pct_median", "Minimal"),
    "low_alignment": Golden(
        Case(60, 50, 20, 20, women=80.0, men=20.0, sex="M"), 17, "SCALED", 10, "max_pct_current", "Moderate"
    ),
    "tier_edge_5": Golden(_of(40, 30, 30), 5, "SCALED", 5, "none", "Minimal"),
    "aggressive": Golden(_of(120, 100, 60), 30, "SCALED", 30, "none", "Aggressive"),
    "absolute_cap": Golden(_of(500, 400, 200), 150, "SCALED", 50, "max_absolute", "Aggressive"),
    "p75_is_0": Golden(_of(0, 0, 0), None, "NO_BENCHMARK", 0, None, None),
    "four_peers": Golden(_of(35.8, 25, 20.6, peers=4), None, "NO_BENCHMARK", 0, None, None),
    "median_0": Golden(_of(4, 0, 0), 2, "SUPPRESSED_BY_CAP", 0, "max_pct_median", None),
}

PARAMETERS = [pytest.param(golden, id=name) for name, golden in GOLDEN.items()]


def golden_tables() -> Tables:
    """All golden rows in one input, each in a cluster of its own, dated."""
    made = merged(*(among_peers(g.case, f"S{n:02}", f"P'é{n:02}", n) for n, g in enumerate(GOLDEN.values())))
    for name in ("sales", "step9", "step10", "step11"):
        for row in made.rows[name] or []:
            row["period"] = PERIOD
    for row in made.rows["sales"] or []:
        row |= {"spu_name": f"Crème d'été {row['spu_code']}", "cate_name": "直筒裤", "store_name": "O'Brien’s"}
    return made
