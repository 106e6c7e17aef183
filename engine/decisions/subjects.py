"""Subjects: what can be decided on, taken from what was published.

In: a run and ids. Out: one `Subject` an id; an id that the run does not have is an error.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import polars as pl

from engine.decisions import words as w
from engine.errors import NotFoundError
from engine.outputs.growth import shapes as growth_shapes
from engine.outputs.read import table, telling_of_damage
from engine.outputs.shelf import shapes
from engine.runs.registry import Run

SHOWN = 3
QUANTITY = "recommended_adjustment_quantity"


@dataclass(frozen=True)
class Subject:
    """A case of a night or a candidate of a growth run.

    subject_id: the case id, or `growth_id` of a candidate. detection_date, last_dark_date: the dark days of a case,
    as_of: the day of its night. proposed_units: of a candidate.
    """

    kind: str
    run_id: str
    subject_id: str
    store_id: str
    sku_id: str
    detection_date: dt.date | None = None
    proposed_units: float | None = None
    last_dark_date: dt.date | None = None
    as_of: dt.date | None = None


def cases(run: Run, case_ids: Sequence[str]) -> list[Subject]:
    """The named cases of a night, in their order. Raises NotFoundError."""
    columns = ("case_id", "store_id", "sku_id", "detection_date", "last_dark_date")
    as_of = dt.date.fromisoformat(run.as_of)
    with telling_of_damage(run):
        wanted = pl.col("case_id").is_in(list(case_ids))
        rows = table(run, shapes.CASES).filter(wanted).select(columns).collect()
    found = {
        case: Subject(w.CASE, run.run_id, case, str(store), str(sku), first, last_dark_date=last, as_of=as_of)
        for case, store, sku, first, last in rows.rows()
    }
    return _in_order(run, found, case_ids, "case")


def candidates(run: Run, pairs: Sequence[tuple[str, str]]) -> list[Subject]:
    """The named candidates (str_code, spu_code) of a growth run, in their order. Raises NotFoundError."""
    columns = ("str_code", "spu_code", QUANTITY)
    with telling_of_damage(run):
        wanted = pl.col("spu_code").cast(pl.String).is_in([spu for _, spu in pairs])
        rows = table(run, growth_shapes.AUDIT).select(columns).filter(wanted).collect()
    found = {
        growth_id(store, spu): Subject(
            w.GROWTH, run.run_id, growth_id(store, spu), str(store), str(spu), None, units or 0.0
        )
        for store, spu, units in rows.rows()
    }
    return _in_order(run, found, [growth_id(*pair) for pair in pairs], "candidate")


def growth_id(str_code: object, spu_code: object) -> str:
    """One text for the two codes of a candidate, whatever signs they have in them."""
    return f"{quote(str(str_code), safe='')}/{quote(str(spu_code), safe='')}"


def _in_order(run: Run, found: dict[str, Subject], ids: Iterable[str], name: str) -> list[Subject]:
    wanted = list(dict.fromkeys(ids))
    missing = [each for each in wanted if each not in found]
    if missing:
        shown = ", ".join(repr(each) for each in missing[:SHOWN])
        raise NotFoundError(f"run {run.run_id} has no {name} {shown}: {len(missing):,} of {len(wanted):,} named")
    return [found[each] for each in wanted]
