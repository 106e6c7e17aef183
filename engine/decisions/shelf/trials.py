"""Trials: a share of the accepted cases is drawn by lot and withheld from the stores' checks for some weeks.

In: the open cases of a night, which of them are accepted. Out: those that are withheld. The lot of a case follows
from its night and its id alone; it is written down when the case is first planned, with those that are acted on, and
an episode keeps its lot on later nights. What actions bring is then an experiment: see `experiment`.
"""

import datetime as dt
from hashlib import blake2b
from typing import Final

import polars as pl

from engine.decisions.database import SAMPLING, insert_new, lock, read_rows, reading, writing
from engine.decisions.schema import trial
from engine.decisions.shelf.episodes import same_episode
from engine.decisions.shelf.settings import TaskSettings
from engine.decisions.store import Decisions
from engine.runs.registry import Run

TRIAL_SCHEMA: Final = pl.Schema(
    {
        "run_id": pl.String(),
        "subject_id": pl.String(),
        "store_id": pl.String(),
        "sku_id": pl.String(),
        "detection_date": pl.Date(),
        "last_dark_date": pl.Date(),
        "as_of": pl.Date(),
        "is_withheld": pl.Boolean(),
        "share": pl.Float64(),
    }
)
"""A case that was drawn. subject_id: the case. share: its chance of being withheld."""
OF_CASE: Final = ("store_id", "sku_id", "detection_date", "last_dark_date")


def withheld(
    decisions: Decisions, run: Run, settings: TaskSettings, cases: pl.DataFrame, accepted: pl.Series
) -> pl.Series:
    """The ids of the cases of a night that are withheld today.

    cases: with case_id, store_id, sku_id, detection_date, last_dark_date. accepted: ids of those to draw from now,
    unless their episode was drawn before. After `withheld_days` a lot is over.
    """
    as_of = dt.date.fromisoformat(run.as_of)
    known = every(decisions)
    # An episode is drawn once: when its lot is over it is checked like every other.
    fresh = cases.filter(pl.col("case_id").is_in(accepted.implode()))
    fresh = fresh.join(same_episode(cases, known).select("case_id"), on="case_id", how="anti")
    if settings.withheld_share > 0 and fresh.height:
        rows = [
            {**row, "run_id": run.run_id, "as_of": as_of, "share": settings.withheld_share}
            | {"is_withheld": _lot(run.run_id, row["subject_id"]) < settings.withheld_share}
            for row in fresh.select(*OF_CASE, subject_id="case_id").iter_rows(named=True)
        ]
        with writing(decisions.engine) as connection:
            lock(connection, SAMPLING)
            insert_new(connection, trial, rows, trial.c.subject_id)
        known = every(decisions)
    first = as_of - dt.timedelta(days=settings.withheld_days)
    held = known.filter("is_withheld", pl.col("as_of").is_between(first, as_of, closed="right"))
    return same_episode(cases, held)["case_id"].unique().sort()


def every(decisions: Decisions) -> pl.DataFrame:
    """Every case that was drawn, sorted. Columns: `TRIAL_SCHEMA`."""
    with reading(decisions.engine) as connection:
        rows = read_rows(connection, trial, TRIAL_SCHEMA, (), trial.primary_key)
        return pl.DataFrame(rows, schema=TRIAL_SCHEMA, orient="row")


def _lot(run_id: str, case_id: str) -> float:
    """From 0 to below 1, evenly, and the same whenever and wherever it is asked."""
    return int.from_bytes(blake2b(f"{run_id}\n{case_id}".encode(), digest_size=6).digest()) / 2**48
