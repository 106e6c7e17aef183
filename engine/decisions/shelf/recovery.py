"""Recovery: what accepted actions and stores' checks brought, against pairs that nobody acted on.

In: nights, what was decided on their open cases, what stores answered. Out: `Recovery`. Sales of a case's store-SKU
in the week before the night are compared with those of a week after the decision, as later nights published them.
From the change is taken that of open cases of the same category that nobody acted on, the more alike the more weight
(difference in differences with kernel matching, Heckman, Ichimura and Todd 1998): what would have come back by itself
counts for nothing.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from scipy.special import stdtrit

from engine.arrays import Floats
from engine.decisions import words as w
from engine.decisions.shelf import answers, trials
from engine.decisions.shelf.nights import features, open_cases, shelf_nights
from engine.decisions.shelf.settings import RecoverySettings
from engine.decisions.store import Decisions
from engine.outputs.read import each_readable
from engine.outputs.shelf import shapes
from engine.runs.registry import Run
from engine.vocabulary import shelf as v
from engine.vocabulary.common import TIE_TOLERANCE

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
        "acted_by": pl.String(),
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
"""One row per case that was acted on and matched; everything a day. recovered: change less that of the matches.
acted_by: a decision, or the check of a store alone."""
DECISION: Final = "decision"
CHECK: Final = "check"


@dataclass(frozen=True)
class Effect:
    """A mean a day with its interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Recovery:
    """What actions brought, per case and day. cases: `MATCH_SCHEMA`.

    acted: cases accepted or modified, and those that a store's check found dark. found_by_check: of the matched ones,
    those that only a check found. waiting: with no night yet that shows a week after; unmatched: with none alike
    that nobody acted on, or without later sales. units, money: None of too few. promised_money: mean a day.
    """

    acted: int
    waiting: int
    unmatched: int
    cases: pl.DataFrame
    units: Effect | None
    money: Effect | None
    promised_money: float | None

    @property
    def found_by_check(self) -> int:
        """Matched cases that nobody decided on and that a store found dark."""
        return self.cases.filter(acted_by=CHECK).height


NOTHING: Final = Recovery(0, 0, 0, pl.DataFrame(schema=MATCH_SCHEMA), None, None, None)
"""Where nothing was decided yet."""


@dataclass(frozen=True)
class Comparison:
    """Cases of one night and category that were acted on, and those they are compared with.

    weight: (cases, others), how much each of the others counts for each case.
    """

    run_id: str
    later_run_id: str
    cases: pl.DataFrame
    others: pl.DataFrame
    weight: Floats

    @property
    def units(self) -> Floats:
        """One for every case: what is recovered is told in units."""
        return np.ones(self.cases.height)

    @property
    def price(self) -> Floats:
        """What a unit of every case is worth, NaN where it is not known."""
        return np.asarray(self.cases["price"].cast(pl.Float64), np.float64)

    def recovered(self) -> Floats:
        """Units a day of every case beyond the change of those it is compared with."""
        of_others = (self.weight @ _change(self.others)) / self.weight.sum(axis=1)
        return np.asarray(_change(self.cases) - of_others, np.float64)

    def left_out(self, worth: Floats) -> dict[str, Floats]:
        """By store: sum and number of what the cases recovered, times their worth, without it on either side."""
        stores, starts = np.unique(self.others["store_id"].to_numpy(), return_index=True)
        own = self.cases["store_id"].to_numpy()
        total, moved = self.weight.sum(axis=1), self.weight * _change(self.others)
        left = total[:, None] - np.add.reduceat(self.weight, starts, axis=1)
        change = moved.sum(axis=1)[:, None] - np.add.reduceat(moved, starts, axis=1)
        # What is left of a sum of weights when nothing is: rounding, not a match.
        has_match = left > TIE_TOLERANCE * total[:, None]
        of_others = np.divide(change, left, out=np.full(left.shape, np.nan), where=has_match)
        recovered = (_change(self.cases)[:, None] - of_others) * worth[:, None]
        recovered[own[:, None] == stores] = np.nan
        found = {str(store): _sum_and_count(recovered[:, place]) for place, store in enumerate(stores)}
        alone = self.recovered() * worth
        return found | {store: _sum_and_count(alone[own != store]) for store in set(own) - set(stores)}

    def rows(self) -> pl.DataFrame:
        """A row per case. Columns: `MATCH_SCHEMA`."""
        recovered = self.recovered()
        return (
            self.cases.with_columns(
                run_id=pl.lit(self.run_id),
                later_run_id=pl.lit(self.later_run_id),
                matches=(self.weight > 0).sum(axis=1),
                units_change_of_matches=_change(self.cases) - recovered,
                recovered_units=recovered,
                recovered_money=pl.Series(recovered * self.price, nan_to_null=True),
                promised_money=pl.col("recoverable_30d") / DAYS_OF_PROMISE,
            )
            .select(*MATCH_SCHEMA)
            .cast(MATCH_SCHEMA)
        )


def effect(found: Sequence[Comparison], worth: Sequence[Floats], level: float) -> Effect | None:
    """The mean over all cases of what was recovered times its worth; None of a single store.

    The interval is the jackknife's over stores: one case may be compared with many, and those of a store belong
    together. Stores are left out in turn, on both sides.
    """
    whole = [_sum_and_count(each.recovered() * its_worth) for each, its_worth in zip(found, worth, strict=True)]
    parts = [each.left_out(its_worth) for each, its_worth in zip(found, worth, strict=True)]
    stores = sorted(set().union(*parts))
    total = np.sum(whole, axis=0)
    rest = {
        store: np.sum([of.get(store, all_) for of, all_ in zip(parts, whole, strict=True)], axis=0)
        for store in stores
    }
    left = np.array([summed / count for summed, count in rest.values() if count])
    mean = float(total[0] / total[1]) if total[1] else math.nan
    return jackknifed(mean, left, level)


def jackknifed(mean: float, left: Floats, level: float) -> Effect | None:
    """A mean with the interval of the jackknife (Tukey 1958); None where fewer than two are left out in turn.

    left: the same mean without each part in turn, such as a store.
    """
    if left.size < 2:
        return None
    error = float(np.sqrt((left.size - 1) / left.size * ((left - left.mean()) ** 2).sum()))
    half = error * float(stdtrit(left.size - 1, (1 + level) / 2))
    return Effect(mean, mean - half, mean + half)


def _sum_and_count(values: Floats) -> Floats:
    known = values[~np.isnan(values)]
    return np.array([known.sum(), known.size])


def _change(rows: pl.DataFrame) -> Floats:
    return np.asarray(rows["units_after"] - rows["units_before"], np.float64)


def measure(
    decisions: Decisions, out: Path, settings: RecoverySettings, run_ids: Sequence[str] | None = None
) -> Recovery:
    """Estimate what was brought so far by what was acted on in nights, all or those named."""
    nights = shelf_nights(out)
    wanted = nights if run_ids is None else [run for run in nights if run.run_id in set(run_ids)]
    state = _acted_on(decisions, nights)
    acted, waiting, found = 0, 0, list[Comparison]()
    # A case that was withheld by lot was accepted and not acted on: it is neither what is measured nor a match.
    held = trials.every(decisions).filter("is_withheld")
    by_run = state.join(held, on=v.PAIR, how="anti").partition_by("run_id", as_dict=True)
    acted_on = [run for run in wanted if (run.run_id,) in by_run]
    for run, cases in each_readable(acted_on, lambda run: _with_sales(run, by_run[run.run_id,])):
        treated = cases.drop_nulls("decided_on")
        acted += treated.height
        for later, group in by_later_night(run, treated, nights, settings):
            if later is None:
                waiting += group.height
            else:
                found += _matched(run, later, group, _untouched(cases, state), settings)
    rows = pl.concat([pl.DataFrame(schema=MATCH_SCHEMA), *(each.rows() for each in found)]).sort("run_id", "case_id")
    is_enough = rows.height >= settings.min_matched
    promised = rows["promised_money"].drop_nulls()
    return Recovery(
        acted,
        waiting,
        acted - waiting - rows.height,
        rows,
        effect(found, [each.units for each in found], settings.level) if is_enough else None,
        effect(found, [each.price for each in found], settings.level) if is_enough else None,
        float(promised.sort().sum()) / promised.len() if is_enough and promised.len() else None,
    )


def _acted_on(decisions: Decisions, nights: Sequence[Run]) -> pl.DataFrame:
    """What was acted on, a row per night and store-SKU: decided_on, acted_by. A decision goes before a check.

    A store that finds a shelf dark puts it right, whether or not somebody decided on it.
    """
    ids = [run.run_id for run in nights]
    decided = decisions.state_of_runs(ids).filter(pl.col("decision").is_in(ACTED))
    found = answers.latest(decisions).filter("is_dark", pl.col("run_id").is_in(ids))
    key = ("run_id", *v.PAIR)
    parts = [
        rows.select(*key, decided_on=pl.col(moment).dt.date(), acted_by=pl.lit(by))
        for rows, moment, by in ((decided, "decided_at", DECISION), (found, "answered_at", CHECK))
    ]
    return pl.concat(parts).unique(key, keep="first", maintain_order=True)


def _with_sales(run: Run, acted: pl.DataFrame) -> pl.DataFrame:
    """The open cases of a night with their sales before it and, where they were acted on, when and by what."""
    before = features(run, ["sales_velocity_7d"]).rename({"sales_velocity_7d": "units_before"})
    cases = open_cases(run, CASE_COLUMNS).join(before, on=v.PAIR, how="left")
    return cases.join(acted.drop("run_id"), on=v.PAIR, how="left").sort("case_id")


def by_later_night(
    run: Run, treated: pl.DataFrame, nights: Sequence[Run], settings: RecoverySettings
) -> Iterator[tuple[Run | None, pl.DataFrame]]:
    """The cases by the first night that shows a whole week after their decision; None where there is none yet."""
    as_of = date.fromisoformat(run.as_of)
    for (decided_on,), group in treated.group_by("decided_on", maintain_order=True):
        acted_on = max(as_of, decided_on)
        first = acted_on + timedelta(days=settings.wait_days)
        last = acted_on + timedelta(days=settings.max_wait_days)
        later = [night for night in nights if first <= date.fromisoformat(night.as_of) <= last]
        whole = (night for night, _ in each_readable(later, lambda night: night.file(shapes.FEATURES)))
        yield next(whole, None), group


def _untouched(cases: pl.DataFrame, state: pl.DataFrame) -> pl.DataFrame:
    """The open cases on whose store-SKU nobody acted in any night."""
    return cases.join(state.select(v.PAIR).unique(), on=v.PAIR, how="anti").sort("case_id")


def _matched(
    run: Run, later: Run, treated: pl.DataFrame, untouched: pl.DataFrame, settings: RecoverySettings
) -> Iterator[Comparison]:
    """The cases of each category beside those that nobody acted on, with the sales of both on a later night."""
    after = features(later, ["sales_velocity_7d"]).rename({"sales_velocity_7d": "units_after"})
    known, others = (
        rows.join(after, on=v.PAIR).drop_nulls(["units_before", "units_after"]).sort("store_id", "case_id")
        for rows in (treated, untouched)
    )
    for cases in known.sort("category", "store_id", "case_id").partition_by("category", maintain_order=True):
        alike = others.filter(pl.col("category").eq_missing(cases["category"][0]))
        weight = _weight(cases, alike, settings.max_distance)
        has_match = weight.sum(axis=1) > 0
        if has_match.any():
            yield Comparison(run.run_id, later.run_id, cases.filter(has_match), alike, weight[has_match])


def _weight(cases: pl.DataFrame, alike: pl.DataFrame, max_distance: float) -> Floats:
    """How much each other case counts for each case: 1 where they sell the same, 0 from the largest distance on."""
    apart = np.zeros((cases.height, alike.height))
    for column in ("units_before", "expected_daily_units"):
        one, other = (np.log(rows[column].to_numpy() + HALF_UNIT) for rows in (cases, alike))
        apart += np.abs(one[:, None] - other[None, :])
    return np.maximum(1 - apart / max_distance, 0.0)
