"""Outcome: what became of an act, in fields and in sentences: what was saved, and where somebody was faster."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from engine.decisions import words as w
from engine.errors import DarkshelfError

SHOWN = 3
"""Conflicts told in a sentence."""


@dataclass(frozen=True)
class Entry:
    """One act on one subject, as it was written. version: 1 for the first."""

    subject_id: str
    version: int
    act: str
    decided_by: str
    decided_at: dt.datetime
    reason: str | None
    comment: str | None
    action: str | None
    price: float | None
    discount_pct: float | None
    units: float | None
    assigned_to: str | None
    undoes: int | None
    snoozed_until: dt.date | None

    def __str__(self) -> str:
        """Who did what and when, in one line."""
        wordings = {
            w.ASSIGN: f"assigned it to {self.assigned_to}",
            w.SNOOZE: f"set it aside until {self.snoozed_until}",
            w.COMMENT: "commented",
            w.UNDO: f"undid version {self.undoes}",
        }
        what = wordings.get(self.act, w.DECISIONS.get(self.act, self.act))
        reason = f" ({self.reason})" if self.reason else ""
        words = f": {self.comment}" if self.comment else ""
        return f"{self.decided_by} {what}{reason} at {self.decided_at:%Y-%m-%d %H:%M} UTC{words}"


@dataclass(frozen=True)
class Conflict:
    """A subject that was not at the version an act was made on. meanwhile: what was written since, oldest first."""

    subject_id: str
    version: int
    meanwhile: tuple[Entry, ...]

    def __str__(self) -> str:
        """What happened meanwhile, in one line."""
        return f"{self.subject_id}: {'; '.join(map(str, self.meanwhile))}"


class ConflictError(DarkshelfError):
    """Somebody else was faster: the act was made on a version that is no longer the last, and was not written."""

    def __init__(self, conflict: Conflict) -> None:
        self.conflict = conflict
        super().__init__(f"not saved, since somebody decided meanwhile. {conflict}. Look at it and decide again")


@dataclass(frozen=True)
class Outcome:
    """What became of an act on many subjects. batch: names it, for `undo_batch`. versions: the new ones, by id."""

    batch: str
    versions: Mapping[str, int]
    conflicts: tuple[Conflict, ...]

    def __str__(self) -> str:
        """In a sentence or two."""
        done = f"{len(self.versions):,} saved"
        if not self.conflicts:
            return f"{done}."
        shown = "; ".join(str(conflict) for conflict in self.conflicts[:SHOWN])
        return f"{done}, {len(self.conflicts):,} not, since somebody decided meanwhile: {shown}."
