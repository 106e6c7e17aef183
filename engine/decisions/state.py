"""State: what is in effect of a history. In: entries. Out: one row per subject.

An entry that was undone counts for nothing; of those that stand the last verdict, the last assignment, the last
snooze and the last comment are the state. An undo is not undone: who wants it back decides again.
"""

from typing import Final

import polars as pl

from engine.decisions import words as w

MOMENT: Final = pl.Datetime("us", "UTC")
ENTRY_SCHEMA: Final = pl.Schema(
    {
        "kind": pl.String(),
        "run_id": pl.String(),
        "subject_id": pl.String(),
        "version": pl.Int64(),
        "store_id": pl.String(),
        "sku_id": pl.String(),
        "detection_date": pl.Date(),
        "last_dark_date": pl.Date(),
        "as_of": pl.Date(),
        "act": pl.String(),
        "reason": pl.String(),
        "comment": pl.String(),
        "action": pl.String(),
        "price": pl.Float64(),
        "discount_pct": pl.Float64(),
        "units": pl.Float64(),
        "assigned_to": pl.String(),
        "undoes": pl.Int64(),
        "batch": pl.String(),
        "decided_by": pl.String(),
        "decided_at": MOMENT,
        "attributes": pl.String(),
        "snoozed_until": pl.Date(),
    }
)
"""Entries as a frame, a row each. attributes: a JSON object, null for none."""
STATE_SCHEMA: Final = pl.Schema(
    {
        "kind": pl.String(),
        "run_id": pl.String(),
        "subject_id": pl.String(),
        "store_id": pl.String(),
        "sku_id": pl.String(),
        "detection_date": pl.Date(),
        "version": pl.Int64(),
        "decision": pl.String(),
        "reason": pl.String(),
        "action": pl.String(),
        "price": pl.Float64(),
        "discount_pct": pl.Float64(),
        "units": pl.Float64(),
        "decided_by": pl.String(),
        "decided_at": MOMENT,
        "assigned_to": pl.String(),
        "snoozed_until": pl.Date(),
        "comment": pl.String(),
        "changed_by": pl.String(),
        "changed_at": MOMENT,
    }
)
"""The state of subjects. decided_by and decided_at are of the verdict in effect, changed_by and changed_at of the
last entry of any kind."""
SUBJECT: Final = ("kind", "run_id", "subject_id")
VERDICT_COLUMNS: Final = ("reason", "action", "price", "discount_pct", "units", "decided_by", "decided_at")


def fold(entries: pl.DataFrame) -> pl.DataFrame:
    """The state of every subject with an entry, sorted by subject. Columns: `STATE_SCHEMA`."""
    ordered = entries.sort(*SUBJECT, "version")
    standing = standing_of(ordered)
    verdicts = _last(standing.filter(pl.col("act").is_in(w.VERDICTS)), "act", *VERDICT_COLUMNS)
    assigned = _last(standing.filter(pl.col("act") == w.ASSIGN), "assigned_to")
    snoozed = _last(standing.filter(pl.col("act") == w.SNOOZE), "snoozed_until")
    comments = _last(standing.filter(pl.col("comment").is_not_null()), "comment")
    latest = _last(
        ordered.rename({"decided_by": "changed_by", "decided_at": "changed_at"}),
        "store_id",
        "sku_id",
        "detection_date",
        "version",
        "changed_by",
        "changed_at",
    )
    for part in (verdicts, assigned, snoozed, comments):
        latest = latest.join(part, on=SUBJECT, how="left", maintain_order="left")
    decision = pl.col("act").replace_strict(w.DECISIONS, default=w.UNDECIDED, return_dtype=pl.String)
    return latest.with_columns(decision=decision).select(*STATE_SCHEMA)


def standing_of(entries: pl.DataFrame) -> pl.DataFrame:
    """The entries that were not undone, without the undoing ones."""
    undone = entries.filter(pl.col("act") == w.UNDO).select(*SUBJECT, version="undoes")
    return entries.filter(pl.col("act") != w.UNDO).join(
        undone, on=[*SUBJECT, "version"], how="anti", maintain_order="left"
    )


def _last(entries: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """The last entry of every subject, of ordered entries."""
    return entries.select(*SUBJECT, *columns).unique(SUBJECT, keep="last", maintain_order=True)
