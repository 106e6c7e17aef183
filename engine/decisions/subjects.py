"""Subjects: what can be decided on, taken from what was published, and the kinds that desks have of them.

A desk names its kind in its record. In: a run and ids. Out: one `Subject` an id; an id that the run does not have is
an error.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.errors import NotFoundError
from engine.outputs.desks import desks, entry
from engine.runs.registry import Run

SHOWN = 3
"""Ids named when some are not there."""


@dataclass(frozen=True)
class Subject:
    """One thing of a run that is decided on.

    kind: as `SubjectKind.name`. subject_id: its id in the run. store_id, sku_id: of what is of a store or a product,
    None for others. attributes: what else it is of, by name, such as a customer and a division.
    detection_date, last_dark_date: the days of what lasts, as_of: the day of its run. proposed_units: where a number
    of units is proposed.
    """

    kind: str
    run_id: str
    subject_id: str
    store_id: str | None = None
    sku_id: str | None = None
    detection_date: dt.date | None = None
    proposed_units: float | None = None
    last_dark_date: dt.date | None = None
    as_of: dt.date | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


def _no_complaints(change: Mapping[str, Any], subject: Subject) -> Iterator[str]:
    """Any change will do."""
    yield from ()


@dataclass(frozen=True)
class SubjectKind:
    """What can be decided on in the runs of one desk.

    name: as entries have it. noun: how one is called. reasons: why one is rejected, with what each says to a person.
    find: the subjects of a run by their ids, in their order; raises NotFoundError. comment_on_reject: whether a
    rejection has to say more than its reason. complaints: why a change, given by its fields, cannot be made of one.
    """

    name: str
    noun: str
    reasons: Mapping[str, str]
    find: Callable[[Run, Sequence[str]], list[Subject]]
    comment_on_reject: bool = False
    complaints: Callable[[Mapping[str, Any], Subject], Iterator[str]] = _no_complaints


def kinds() -> Mapping[str, SubjectKind]:
    """The kinds of every installed desk that has one, by name."""
    found: list[Any] = [entry(desk.subjects) for desk in desks() if desk.subjects]
    return {kind.name: kind for kind in found}


def kind_named(name: str) -> SubjectKind:
    """A kind by its name. Raises NotFoundError where its desk is not installed."""
    known = kinds()
    if name not in known:
        raise NotFoundError(f"nothing is known of the kind {name!r}; there are {', '.join(known)}")
    return known[name]


def in_order(run: Run, found: Mapping[str, Subject], ids: Iterable[str], noun: str) -> list[Subject]:
    """The subjects of these ids, each once, in their order. Raises NotFoundError naming those that are missing."""
    wanted = list(dict.fromkeys(ids))
    missing = [each for each in wanted if each not in found]
    if missing:
        shown = ", ".join(repr(each) for each in missing[:SHOWN])
        raise NotFoundError(f"run {run.run_id} has no {noun} {shown}: {len(missing):,} of {len(wanted):,} named")
    return [found[each] for each in wanted]
