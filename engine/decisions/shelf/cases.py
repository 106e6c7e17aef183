"""Cases as subjects of decisions: a store-SKU and its dark days, as a night published them."""

import datetime as dt
from collections.abc import Sequence
from typing import Final

import polars as pl

from engine.decisions.shelf.words import CASE, REASONS
from engine.decisions.subjects import Subject, SubjectKind, in_order
from engine.outputs.read import raising_damage, table
from engine.outputs.shelf import shapes
from engine.runs.registry import Run

COLUMNS = ("case_id", "store_id", "sku_id", "detection_date", "last_dark_date")


def cases(run: Run, case_ids: Sequence[str]) -> list[Subject]:
    """The named cases of a night, in their order. Raises NotFoundError."""
    as_of = dt.date.fromisoformat(run.as_of)
    with raising_damage(run):
        wanted = pl.col("case_id").is_in(list(case_ids))
        rows = table(run, shapes.CASES).filter(wanted).select(COLUMNS).collect()
    found = {
        case: Subject(CASE, run.run_id, case, str(store), str(sku), first, last_dark_date=last, as_of=as_of)
        for case, store, sku, first, last in rows.rows()
    }
    return in_order(run, found, case_ids, "case")


CASES: Final = SubjectKind(CASE, "case", REASONS, cases)
