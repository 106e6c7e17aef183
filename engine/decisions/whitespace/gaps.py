"""Gaps as subjects of decisions: a customer and a division, as a ranking recommended to call about it."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import polars as pl

from engine.decisions.subjects import Subject, SubjectKind, in_order
from engine.decisions.whitespace.words import BOUGHT, GAP, REASONS
from engine.outputs.names import joined, parted
from engine.outputs.read import raising_damage, table
from engine.outputs.whitespace.shapes import ranking_file
from engine.runs.registry import Run
from engine.vocabulary import whitespace as v


def gap_id(customer: object, division: object) -> str:
    """One text for the two ids of a gap, whatever signs they have in them."""
    return joined(customer, division)


def gaps(run: Run, ids: Sequence[str]) -> list[Subject]:
    """The named gaps of a ranking, in their order; ids as `gap_id` makes them. Raises NotFoundError."""
    as_of = dt.date.fromisoformat(run.as_of)
    asked = [each for each in map(parted, ids) if len(each) == len(v.PAIR)]
    wanted = pl.LazyFrame(asked, schema=dict.fromkeys(v.PAIR, pl.String), orient="row")
    with raising_damage(run):
        pairs = table(run, ranking_file(as_of)).select(pl.col(v.PAIR).cast(pl.String))
        listed = pairs.join(wanted, on=v.PAIR, how="semi").collect()
    found = {
        name: Subject(GAP, run.run_id, name, as_of=as_of, attributes={v.CUSTOMER: customer, v.DIVISION: division})
        for customer, division in listed.iter_rows()
        for name in (gap_id(customer, division),)
    }
    return in_order(run, found, ids, "gap")


def complaints(change: Mapping[str, Any], subject: Subject) -> Iterator[str]:
    """A change that says anything but that the customer bought."""
    if change["action"] != BOUGHT or any(change[name] is not None for name in ("price", "discount_pct", "units")):
        yield f"a gap is changed by the action {BOUGHT!r} alone: the customer was called and bought"


GAPS: Final = SubjectKind(GAP, "gap", REASONS, gaps, complaints=complaints)
