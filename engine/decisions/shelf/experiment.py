"""Experiment: what actions bring, told by accepted cases that were withheld by lot.

In: nights, lots. Out: an `Experiment`. Sales of a case's store-SKU in the week before its night are taken from those
of a week after, as a later night published them; the mean of the cases that were acted on less the mean of those
withheld is what acting brought. A case counts as it was drawn and not as it was treated (intention to treat, Fisher
1935). For the interval stores are left out in turn, in both lots: cases of a store fare alike.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from engine.arrays import Floats, Integers, Marks
from engine.decisions.shelf import trials
from engine.decisions.shelf.nights import features, open_cases, shelf_nights
from engine.decisions.shelf.recovery import Effect, by_later_night, jackknifed
from engine.decisions.shelf.settings import RecoverySettings
from engine.decisions.store import Decisions
from engine.outputs.read import each_readable
from engine.runs.registry import Run
from engine.vocabulary import shelf as v

DRAWN_SCHEMA: Final = pl.Schema(
    {
        "run_id": pl.String(),
        "case_id": pl.String(),
        "store_id": pl.String(),
        "is_withheld": pl.Boolean(),
        "change_units": pl.Float64(),
        "change_money": pl.Float64(),
    }
)
"""A drawn case whose later sales are known; changes a day. change_money: null where no price is known."""


@dataclass(frozen=True)
class Experiment:
    """What acting brought, per case and day. cases: `DRAWN_SCHEMA`. acted, withheld: of them, by their lot.

    waiting: drawn cases without a night yet that shows a week after. unknown: those without sales before or after.
    units, money: None of too few cases of either lot.
    """

    acted: int
    withheld: int
    waiting: int
    unknown: int
    cases: pl.DataFrame
    units: Effect | None
    money: Effect | None


NOTHING: Final = Experiment(0, 0, 0, 0, pl.DataFrame(schema=DRAWN_SCHEMA), None, None)
"""Where nothing was drawn yet."""


def measure(
    decisions: Decisions, out: Path, settings: RecoverySettings, run_ids: Sequence[str] | None = None
) -> Experiment:
    """Compare what was acted on with what was withheld, of the cases drawn on nights, all or those named."""
    drawn = trials.every(decisions)
    if drawn.is_empty():
        return NOTHING
    nights = shelf_nights(out)
    wanted = [run for run in nights if run_ids is None or run.run_id in set(run_ids)]
    by_run = drawn.partition_by("run_id", as_dict=True)
    tried = [run for run in wanted if (run.run_id,) in by_run]
    waiting, unknown, parts = 0, 0, [pl.DataFrame(schema=DRAWN_SCHEMA)]
    for run, cases in each_readable(tried, lambda run: _with_sales(run, by_run[run.run_id,])):
        for later, group in by_later_night(run, cases, nights, settings):
            if later is None:
                waiting += group.height
                continue
            known = _changes(run, later, group)
            unknown += group.height - known.height
            parts.append(known)
    rows = pl.concat(parts).sort("run_id", "case_id")
    held = int(rows["is_withheld"].sum())
    return Experiment(
        rows.height - held,
        held,
        waiting,
        unknown,
        rows,
        *(_difference(rows.drop_nulls(column), column, settings) for column in ("change_units", "change_money")),
    )


def _with_sales(run: Run, drawn: pl.DataFrame) -> pl.DataFrame:
    """The drawn cases of a night with their sales before it and their price."""
    before = features(run, ["sales_velocity_7d"]).rename({"sales_velocity_7d": "units_before"})
    lots = drawn.select("is_withheld", case_id="subject_id")
    cases = open_cases(run, ("price",)).join(lots, on="case_id").join(before, on=v.PAIR, how="left")
    return cases.with_columns(decided_on=pl.lit(dt.date.fromisoformat(run.as_of))).sort("case_id")


def _changes(run: Run, later: Run, cases: pl.DataFrame) -> pl.DataFrame:
    """How the sales of the cases changed, where both are known. Columns: `DRAWN_SCHEMA`."""
    after = features(later, ["sales_velocity_7d"]).rename({"sales_velocity_7d": "units_after"})
    change = pl.col("units_after") - pl.col("units_before")
    told = cases.join(after, on=v.PAIR, how="left").with_columns(
        run_id=pl.lit(run.run_id), change_units=change, change_money=change * pl.col("price")
    )
    return told.drop_nulls("change_units").select(*DRAWN_SCHEMA).cast(DRAWN_SCHEMA)


def _difference(rows: pl.DataFrame, column: str, settings: RecoverySettings) -> Effect | None:
    """The mean of the cases acted on less that of those withheld; None of too few of either."""
    held = rows["is_withheld"].to_numpy()
    if min(int(held.sum()), int((~held).sum())) < settings.min_matched:
        return None
    change = rows[column].to_numpy()
    store = np.unique(rows["store_id"].to_numpy(), return_inverse=True)[1]
    acted, withheld = (_means(change, store, lot) for lot in (~held, held))
    left = acted[1] - withheld[1]
    return jackknifed(acted[0] - withheld[0], left[~np.isnan(left)], settings.level)


def _means(change: Floats, store: Integers, lot: Marks) -> tuple[float, Floats]:
    """The mean change of a lot, and the same without each store in turn; NaN where that leaves no case."""
    summed, count = np.bincount(store, change * lot), np.bincount(store, lot)
    rest = count.sum() - count
    without = np.divide(summed.sum() - summed, rest, out=np.full(rest.size, np.nan), where=rest > 0)
    return float(summed.sum() / count.sum()), without
