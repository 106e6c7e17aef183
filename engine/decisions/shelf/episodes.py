"""Episodes: what was decided on earlier nights about the cases of a night.

In: a night, the entries of other nights. Out: `CARRIED_FORWARD_SCHEMA`, a row per case of the night that was seen
before. Two cases are one episode when they are of one store-SKU and their dark days overlap. Nothing is copied from
night to night: it is one question to the entries.
"""

import datetime as dt
from typing import Final

import polars as pl

from engine.decisions import words as w
from engine.decisions.shelf.nights import TEXT_IDS, of_store
from engine.decisions.shelf.words import CASE
from engine.decisions.state import ENTRY_SCHEMA, VERDICT_COLUMNS, standing_of
from engine.decisions.store import Decisions
from engine.outputs.read import raising_damage, table
from engine.outputs.shelf import shapes
from engine.runs.registry import Run
from engine.vocabulary import shelf as v

CARRIED_FORWARD_SCHEMA: Final = pl.Schema(
    {
        "case_id": pl.String(),
        "decision": pl.String(),
        **{name: ENTRY_SCHEMA[name] for name in ("comment", *VERDICT_COLUMNS, "run_id", "subject_id", "as_of")},
        "assigned_to": pl.String(),
        "snoozed_until": pl.Date(),
    }
)
"""The last verdict in effect on the episode, with its reason and comment, and the case it was given on: run_id,
subject_id, as_of. Null where there is none. assigned_to, snoozed_until: the last assignment and the last snooze."""
OF_VERDICT: Final = tuple(CARRIED_FORWARD_SCHEMA)[1:-2]
DARK_DAYS: Final = ("detection_date", "last_dark_date")


def carried_forward(decisions: Decisions, run: Run, store_id: str | None = None) -> pl.DataFrame:
    """What is in effect on a night's cases, of one store or of all, from other nights up to its day, sorted by case.

    Columns: `CARRIED_FORWARD_SCHEMA`.
    """
    cases = dark_days(run, store_id)
    since = cases["detection_date"].min()
    if not isinstance(since, dt.date):
        return pl.DataFrame(schema=CARRIED_FORWARD_SCHEMA)
    entries = decisions.entries_of_other_runs(CASE, run.run_id, dt.date.fromisoformat(run.as_of), since, store_id)
    standing = standing_of(entries).with_columns(
        last_dark_date=pl.coalesce(DARK_DAYS[::-1]),
        decision=pl.col("act").replace_strict(w.DECISIONS, default=None, return_dtype=pl.String),
    )
    seen = same_episode(cases, standing).sort("decided_at", "as_of", "run_id", "version")
    verdicts = _last(seen.filter(pl.col("decision").is_not_null()), *OF_VERDICT)
    assigned = _last(seen.filter(pl.col("act") == w.ASSIGN), "assigned_to")
    snoozed = _last(seen.filter(pl.col("act") == w.SNOOZE), "snoozed_until")
    joined = verdicts.join(assigned, on="case_id", how="full", coalesce=True).join(
        snoozed, on="case_id", how="full", coalesce=True
    )
    return joined.select(*CARRIED_FORWARD_SCHEMA).cast(CARRIED_FORWARD_SCHEMA).sort("case_id")


def dark_days(run: Run, store_id: str | None = None) -> pl.DataFrame:
    """The cases of a night: case_id, store_id, sku_id as text, detection_date, last_dark_date, confidence_score."""
    with raising_damage(run):
        cases = table(run, shapes.CASES).filter(of_store(store_id))
        return cases.select("case_id", *TEXT_IDS, *DARK_DAYS, "confidence_score").collect()


def same_episode(cases: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Every two of the same store-SKU whose dark days overlap. Columns of the others get the suffix `_then` where
    both have them.
    """
    pairs = cases.join(others, on=v.PAIR, how="inner", suffix="_then")
    return pairs.filter(
        pl.col("detection_date") <= pl.col("last_dark_date_then"),
        pl.col("detection_date_then") <= pl.col("last_dark_date"),
    )


def _last(rows: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """The last row of every case, of ordered rows."""
    return rows.select("case_id", *columns).unique("case_id", keep="last", maintain_order=True)
