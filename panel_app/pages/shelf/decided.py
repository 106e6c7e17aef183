"""What was decided on the cases of a night, as one frame that every session shares until somebody decides again."""

from functools import lru_cache
from threading import Lock
from typing import Any, Final

import polars as pl

from engine.decisions import words as w
from engine.decisions.following import Following
from engine.decisions.shelf.episodes import CARRIED_FORWARD_SCHEMA, carried_forward
from engine.decisions.shelf.words import CASE
from engine.decisions.state import fold
from engine.decisions.store import Decisions
from engine.runs.registry import Run
from panel_app.kept import KEPT, kept
from panel_app.session import Session
from panel_app.stores.shelf import NOT_BEFORE, Nights

EARLIER: Final = {
    **{name: f"earlier_{name.removeprefix('decided_')}" for name in tuple(CARRIED_FORWARD_SCHEMA)[1:]},
    "decision": "earlier",
    "run_id": "earlier_run",
    "subject_id": "earlier_case",
}
"""What the columns of an earlier night's decision are called: earlier, earlier_reason, earlier_by and so on."""
UNTOUCHED: Final[dict[str, Any]] = {
    **dict.fromkeys(
        ("reason", "action_decided", "comment", "decided_by", "decided_at", "assigned_to", "snoozed_until")
    ),
    **dict.fromkeys(EARLIER.values()),
    "decision": w.UNDECIDED,
    "version": 0,
    "earlier": NOT_BEFORE,
}
"""A case that nobody decided on, on this night or another."""


class Decided:
    """The state of decisions by night. It is read again only when the database has grown."""

    def __init__(self, decisions: Decisions) -> None:
        self.decisions = decisions
        self._lock = Lock()
        self._frames: dict[str, tuple[int, pl.DataFrame]] = {}
        self._followed: dict[str, tuple[Run, Following]] = {}
        self._earlier: dict[str, tuple[int, pl.DataFrame]] = {}

    def of(self, run: Run) -> pl.DataFrame:
        """One row per case that was touched on this night or, as an episode, on an earlier one.

        Columns: case_id, decision, reason, assigned_to, version and more; `EARLIER`, see `episodes.carried_forward`.
        """
        revision = self.decisions.revision()
        known = self._frames.get(run.run_id)
        # While another thread reads what came just now, nobody waits for it who has a frame to show.
        if not self._lock.acquire(blocking=known is None) and known is not None:
            return known[1]
        try:
            found = kept(self._frames, run.run_id, revision, lambda: self._read(run))
            self._followed = {name: kept for name, kept in self._followed.items() if name in self._frames}
            return found
        finally:
            self._lock.release()

    def refresh(self) -> None:
        """Read what was decided meanwhile on the nights that are looked at, so that no page has to."""
        for run, _ in list(self._followed.values()):
            self.of(run)

    def on(self, run: Run, case_id: str) -> dict[str, Any]:
        """The row of one case, `UNTOUCHED` where there is none."""
        rows = self.of(run).filter(pl.col("case_id") == case_id)
        return rows.row(0, named=True) if rows.height else {"case_id": case_id, **UNTOUCHED}

    def _read(self, run: Run) -> pl.DataFrame:
        # Tonight's decisions come every minute, those of other nights hardly ever: they are read apart.
        others = self.decisions.revision_of_other_runs(CASE, run.run_id)
        earlier = kept(
            self._earlier, run.run_id, others, lambda: carried_forward(self.decisions, run).rename(EARLIER)
        )
        if run.run_id not in self._followed:
            self._followed[run.run_id] = run, Following(self.decisions, run.run_id, CASE)
        _, followed = self._followed[run.run_id]
        state = fold(followed.entries()).drop("store_id", "sku_id", "detection_date", "run_id", "kind")
        here = state.rename({"subject_id": "case_id", "action": "action_decided"}).drop("price")
        return here.join(earlier, on="case_id", how="full", coalesce=True).with_columns(
            pl.col(name).fill_null(UNTOUCHED[name]) for name in ("decision", "version", "earlier")
        )


def decided_in(session: Session) -> Decided:
    """What was decided on the nights of a session's dashboard."""
    decided = _shared(session.decisions)
    session.changes.before_telling(decided.refresh)
    return decided


def prepare(nights: Nights, decisions: Decisions) -> None:
    """Read what was decided on the newest night, where there is one: 100,000 entries of other nights take seconds."""
    if nights.latest_id() is not None:
        _shared(decisions).of(nights.night().run)


@lru_cache(KEPT)
def _shared(decisions: Decisions) -> Decided:
    return Decided(decisions)
