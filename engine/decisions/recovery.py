"""Recovery: what accepted actions brought, against pairs that nobody acted on.

In: nights, what was decided on their open cases. Out: `Recovery`. Sales of a case's store-SKU in the week before the
night are compared with those of a week after the decision, as later nights published them; from the change is taken
that of the most alike open cases of the same category that nobody acted on (difference in differences). A case that
would have recovered by itself is so counted for nothing.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from scipy.special import stdtrit

from engine import vocabulary as v
from engine.decisions import words as w
from engine.decisions.nights import features, open_cases, shelf_nights
from engine.decisions.settings import RecoverySettings
from engine.decisions.store import Decisions
from engine.registry import Run

ACTED: Final = (w.DECISIONS[w.ACCEPT], w.DECISIONS[w.MODIFY])
CASE_COLUMNS: Final = ("category", "primary_cause", "price", "expected_daily_units", "recoverable_30d")
DAYS_OF_PROMISE: Final = 30
HALF_UNIT: Final = 0.5
"""Added before logarithms are taken: a dark shelf may sell nothing."""
MATCH_SCHEMA: Final = pl.Schema(
    {
        "run_id": pl.String(),
        "case_id": pl.String(),
        "store_id": pl.String(),
        "primary_cause": pl.String(),
        "later_run_id": pl.String(),
        "matches": pl.Int64(),
        "units_before": pl.Float64(),
        "units_after": pl.Float64(),
        "units_change_of_matches": pl.Float64(),
        "recovered_units": pl.Float64(),
        "recovered_money": pl.Float64(),
        "promised_money": pl.Float64(),
    }
)
"""One row per case that was acted on and matched; everything a day. recovered: change less that of the matches."""


@dataclass(frozen=True)
class Effect:
    """A mean a day with its interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Recovery:
    """What actions brought, per case and day. cases: `MATCH_SCHEMA`.

    acted: cases accepted or modified. waiting: with no night yet that shows a week after; unmatched: with none alike
    that nobody acted on, or without later sales. units, money: None of too few. promised_money: mean a day.
    """

    acted: int
    waiting: int
    unmatched: int
    cases: pl.DataFrame
    units: Effect | None
    money: Effect | None
    promised_money: float | None


def measure(
    decisions: Decisions, out: Path, settings: RecoverySettings, run_ids: Sequence[str] | None = None
) -> Recovery:
    """Estimate what the actions accepted on nights, all or those named, brought so far."""
    nights = shelf_nights(out)
    wanted = nights if run_ids is None else [run for run in nights if run.run_id in set(run_ids)]
    state = decisions.state_of_runs([run.run_id for run in nights]).filter(pl.col("decision").is_in(ACTED))
    acted, waiting, rows = 0, 0, list[dict[str, Any]]()
    for run in wanted:
        here = state.filter(pl.col("run_id") == run.run_id)
        cases = _with_sales(run, here)
        treated = cases.drop_nulls("decided_on")
        acted += treated.height
        for later, group in _by_later_night(run, treated, nights, settings):
            if later is None:
                waiting += group.height
            else:
                rows += _matched(run, later, group, _untouched(cases, state), settings)
    found = pl.DataFrame(rows, schema=MATCH_SCHEMA).sort("run_id", "case_id")
    is_enough = found.height >= settings.min_matched
    promised = found["promised_money"].drop_nulls()
    return Recovery(
        acted,
        waiting,
        acted - waiting - found.height,
        found,
        _effect(found, "recovered_units", settings) if is_enough else None,
        _effect(found.drop_nulls("recovered_money"), "recovered_money", settings) if is_enough else None,
        float(promised.sort().sum()) / promised.len() if is_enough and promised.len() else None,
    )


def _with_sales(run: Run, acted: pl.DataFrame) -> pl.DataFrame:
    """The open cases of a night with their sales before it and, where they were acted on, the day of the decision."""
    decided = acted.select(case_id="subject_id", decided_on=pl.col("decided_at").dt.date())
    before = features(run, ["sales_velocity_7d"]).rename({"sales_velocity_7d": "units_before"})
    cases = open_cases(run, CASE_COLUMNS).join(before, on=v.PAIR, how="left")
    return cases.join(decided, on="case_id", how="left").sort("case_id")


def _by_later_night(
    run: Run, treated: pl.DataFrame, nights: Sequence[Run], settings: RecoverySettings
) -> Iterator[tuple[Run | None, pl.DataFrame]]:
    """The cases by the first night that shows a whole week after their decision; None where there is none yet."""
    as_of = date.fromisoformat(run.as_of)
    for (decided_on,), group in treated.group_by("decided_on", maintain_order=True):
        acted_on = max(as_of, decided_on)
        first = acted_on + timedelta(days=settings.wait_days)
        last = acted_on + timedelta(days=settings.max_wait_days)
        later = [night for night in nights if first <= date.fromisoformat(night.as_of) <= last]
        yield (later[0] if later else None), group


def _untouched(cases: pl.DataFrame, state: pl.DataFrame) -> pl.DataFrame:
    """The open cases on whose store-SKU nobody acted in any night."""
    return cases.join(state.select(v.PAIR).unique(), on=v.PAIR, how="anti").sort("case_id")


def _matched(
    run: Run, later: Run, treated: pl.DataFrame, untouched: pl.DataFrame, settings: RecoverySettings
) -> Iterator[dict[str, Any]]:
    """The cases that have others like them, with the change of both up to a later night."""
    after = features(later, ["sales_velocity_7d"]).rename({"sales_velocity_7d": "units_after"})
    treated, others = (
        rows.join(after, on=v.PAIR).drop_nulls(["units_before", "units_after"]).sort("case_id")
        for rows in (treated, untouched)
    )
    for case in treated.iter_rows(named=True):
        alike = others.filter(pl.col("category").eq_missing(case["category"])).with_columns(
            distance=_distance("units_before", case) + _distance("expected_daily_units", case)
        )
        near = alike.filter(pl.col("distance") <= settings.max_distance).sort("distance", "case_id")
        chosen = near.head(settings.matches)
        if chosen.is_empty():
            continue
        change = float((chosen["units_after"] - chosen["units_before"]).sort().sum()) / chosen.height
        recovered = case["units_after"] - case["units_before"] - change
        promised = case["recoverable_30d"]
        yield {
            **{name: case[name] for name in ("case_id", "store_id", "primary_cause", "units_before", "units_after")},
            "run_id": run.run_id,
            "later_run_id": later.run_id,
            "matches": chosen.height,
            "units_change_of_matches": change,
            "recovered_units": recovered,
            "recovered_money": None if case["price"] is None else recovered * case["price"],
            "promised_money": None if promised is None else promised / DAYS_OF_PROMISE,
        }


def _distance(column: str, case: dict[str, Any]) -> pl.Expr:
    here = pl.lit(math.log(case[column] + HALF_UNIT))
    return ((pl.col(column) + HALF_UNIT).log() - here).abs()


def _effect(cases: pl.DataFrame, column: str, settings: RecoverySettings) -> Effect | None:
    """The mean, with an interval that knows that cases of one store belong together; None of a single store."""
    by_store = cases.group_by("store_id").agg(pl.col(column).sort().sum(), n=pl.len()).sort("store_id")
    if by_store.height < 2:
        return None
    mean = float(by_store[column].sum()) / cases.height
    sums = (by_store[column] - mean * by_store["n"]).to_numpy() / cases.height
    error = float(np.sqrt(by_store.height / (by_store.height - 1) * (sums**2).sum()))
    half = error * float(stdtrit(by_store.height - 1, (1 + settings.level) / 2))
    return Effect(mean, mean - half, mean + half)
