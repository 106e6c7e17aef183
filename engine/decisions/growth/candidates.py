"""Candidates as subjects of decisions: a product in a store, and the units a scaling gave it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import polars as pl

from engine.decisions.growth.words import CANDIDATE, REASONS
from engine.decisions.subjects import Subject, SubjectKind, in_order
from engine.outputs.growth import shapes
from engine.outputs.growth.desk import candidate_codes, candidate_id
from engine.outputs.growth.figures import QUANTITY
from engine.outputs.read import raising_damage, table
from engine.runs.registry import Run

PROPOSED_SLACK = 1e-9


def candidates(run: Run, ids: Sequence[str]) -> list[Subject]:
    """The named candidates of a scaling, in their order; ids as `candidate_id` makes them. Raises NotFoundError."""
    columns = ("str_code", "spu_code", QUANTITY)
    with raising_damage(run):
        wanted = pl.col("spu_code").cast(pl.String).is_in([candidate_codes(each)[1] for each in ids])
        rows = table(run, shapes.AUDIT).select(columns).filter(wanted).collect()
    found = {
        name: Subject(CANDIDATE, run.run_id, name, str(store), str(spu), proposed_units=units or 0.0)
        for store, spu, units in rows.rows()
        for name in (candidate_id(store, spu),)
    }
    return in_order(run, found, ids, "candidate")


def complaints(change: Mapping[str, Any], subject: Subject) -> Iterator[str]:
    """A change that would grow by more than the run allows, or by anything but units."""
    units = change["units"]
    if units is None or any(change[name] is not None for name in ("action", "price", "discount_pct")):
        yield "a growth candidate is adjusted in units alone"
    elif subject.proposed_units is None or units > subject.proposed_units * (1 + PROPOSED_SLACK):
        yield f"{units:g} units are more than the {subject.proposed_units or 0:g} that were recommended"


CANDIDATES: Final = SubjectKind(
    CANDIDATE, "candidate", REASONS, candidates, comment_on_reject=True, complaints=complaints
)
