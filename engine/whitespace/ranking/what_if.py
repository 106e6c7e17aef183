"""What if: what the list would be worth under other division caps, capacities and weights of the blended score.

In: the scored candidates with what is held out, and the settings. Out: an exact selection for every alternative, what
each step of the division cap costs, and the best alternative with as many calls. Nobody who is held out is called in
any of them.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from engine.arrays import Integers
from engine.settings.whitespace.ranking import CapacitySettings, RankingSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.ranking.components import weighed
from engine.whitespace.ranking.diversify import shares
from engine.whitespace.ranking.limits import limits
from engine.whitespace.ranking.select import best
from engine.whitespace.ranking.value import VALUE

SCORE = "score"
WEIGHTS = ("w_p_icp", "w_lift", "w_als", "w_ev")
SCHEMA = {
    "ranked_by": pl.String,
    **dict.fromkeys(WEIGHTS, pl.Float64),
    "capacity": pl.Float64,
    "division_share_cap": pl.Float64,
    "calls": pl.Int64,
    "selected_rows": pl.Int64,
    "expected_value": pl.Float64,
    "expected_buyers": pl.Float64,
    "largest_division": pl.String,
    "largest_share": pl.Float64,
    "division_shares": pl.String,
    "price_of_step": pl.Float64,
    "is_current": pl.Boolean,
    "is_best_alternative": pl.Boolean,
}
"""The columns of `what_if`."""


@dataclass(frozen=True)
class _Pool:
    """The eligible, by whose number a list is sized, and the places of those that are not held out."""

    eligible: pl.DataFrame
    places: Integers

    def listed(self, ranked_on: pl.Expr, capacity: CapacitySettings) -> dict[str, Any]:
        """The best list by a column within a capacity, in figures; shown lately counts less."""
        bounds = limits(self.eligible, capacity)
        bounds = replace(bounds, parts=tuple(part.of(self.places) for part in bounds.parts))
        factor = pl.col("cooldown_factor")
        callable_rows = self.eligible[self.places].select(
            v.DIVISION, "p_icp", money=pl.col(VALUE) * factor, priority=ranked_on * factor
        )
        chosen = callable_rows[best(callable_rows["priority"].to_numpy(), bounds)[0]]
        of_divisions = shares(chosen, v.DIVISION)
        largest = next(iter(of_divisions), None)
        by_rep = capacity.mode == "per_rep"
        return {
            "capacity": float(capacity.accounts_per_rep if by_rep else capacity.capacity_percent),
            "division_share_cap": capacity.division_share_cap,
            "calls": bounds.calls,
            "selected_rows": chosen.height,
            "expected_value": round(float(np.sort(chosen["money"]).sum()), 2),
            "expected_buyers": round(float(np.sort(chosen["p_icp"]).sum()), 4),
            "largest_division": largest,
            "largest_share": None if largest is None else of_divisions[largest],
            "division_shares": json.dumps(of_divisions, ensure_ascii=False),
        }


def what_if(candidates: pl.DataFrame, ranked_by: str, settings: RankingSettings) -> pl.DataFrame:
    """The list under every alternative of the settings, in figures.

    candidates: as `rank.Ranking` has them. ranked_by: the column that priority is made of. Grain: ranked_by, weights,
    capacity, division_share_cap. w_*: weights of the blended score, null where it does not rank. capacity: percent of
    the eligible, or calls of a rep. expected_value: money, what was shown lately counting less. division_shares:
    JSON, the share of the list by division. price_of_step: money that this cap costs beside the next looser one, null
    for the loosest and where other weights are tried. The best alternative has as many calls as the list that stands
    and is worth most, with the tightest cap of equals; there is none where no such list is worth more.
    """
    table = pl.DataFrame(list(_rows(candidates, ranked_by, settings)), schema=SCHEMA)
    current = table.row(by_predicate=pl.col("is_current"), named=True)
    better = table.with_row_index("place").filter(
        pl.col("calls") == current["calls"], pl.col("expected_value") > current["expected_value"]
    )
    first = better.sort("expected_value", "division_share_cap", "place", descending=[True, False, False]).head(1)
    return table.with_columns(is_best_alternative=pl.int_range(pl.len()).is_in(first["place"].to_list()))


def summary(table: pl.DataFrame) -> dict[str, Any]:
    """What the metrics say of the alternatives.

    best_alternative: with what it gains beside the list that stands; None for none. cap_steps: of the division cap at
    the capacity that stands, the loosest first.
    """
    current = table.row(by_predicate=pl.col("is_current"), named=True)
    found = table.filter("is_best_alternative").select("ranked_by", *WEIGHTS, "division_share_cap", "expected_value")
    alternative = next(iter(found.to_dicts()), None)
    if alternative is not None:
        alternative["gain"] = round(alternative["expected_value"] - current["expected_value"], 2)
    # Other weights are tried under the cap that stands alone: they are no steps.
    steps = table.filter(
        pl.col("capacity") == current["capacity"],
        *(pl.col(name).eq_missing(current[name]) for name in ("ranked_by", *WEIGHTS)),
    )
    columns = ("division_share_cap", "expected_value", "largest_share", "price_of_step", "is_current")
    return {"best_alternative": alternative, "cap_steps": steps.select(columns).to_dicts()}


def _rows(candidates: pl.DataFrame, ranked_by: str, settings: RankingSettings) -> Iterator[dict[str, Any]]:
    """Every cap with every capacity, ranked as it stands; then other weights under the cap and capacity there are."""
    grid, present, blend = settings.what_if, settings.capacity, settings.blend
    own = blend.weights if ranked_by == SCORE else None
    pool = _pool(candidates)
    for factor in sorted({*grid.capacity_factors, 1.0}):
        looser = None
        for cap in sorted({*grid.division_share_caps, present.division_share_cap}, reverse=True):
            capacity = _sized(present, factor).model_copy(update={"division_share_cap": cap})
            figures = pool.listed(pl.col(ranked_by), capacity)
            yield (
                _named(ranked_by, own)
                | figures
                | {
                    "price_of_step": None if looser is None else round(looser - figures["expected_value"], 2),
                    "is_current": factor == 1 and cap == present.division_share_cap,
                }
            )
            looser = figures["expected_value"]
    for weights in sorted({*grid.weights} - {own}):
        other = _pool(weighed(candidates, blend.model_copy(update={"weights": weights})))
        yield _named(SCORE, weights) | other.listed(pl.col(SCORE), present) | {"is_current": False}


def _pool(candidates: pl.DataFrame) -> _Pool:
    eligible = candidates.filter(pl.col("excluded_because").is_null())
    return _Pool(eligible, np.flatnonzero(~eligible["is_held_out"].to_numpy()))


def _named(ranked_by: str, weights: tuple[float, ...] | None) -> dict[str, Any]:
    return {"ranked_by": ranked_by, **dict(zip(WEIGHTS, weights or (None,) * 4, strict=True))}


def _sized(capacity: CapacitySettings, factor: float) -> CapacitySettings:
    """The capacity so many times as large, within what can be called."""
    if capacity.mode == "per_rep":
        return capacity.model_copy(update={"accounts_per_rep": max(1, round(capacity.accounts_per_rep * factor))})
    return capacity.model_copy(update={"capacity_percent": min(100.0, capacity.capacity_percent * factor)})
