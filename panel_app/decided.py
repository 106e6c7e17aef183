"""What was decided on the cases of a night, as one frame that every session shares until somebody decides again."""

from threading import Lock

import polars as pl

from engine.decisions.store import Decisions

KEPT = 8
"""Nights whose decisions stay in memory."""


class Decided:
    """The state of decisions by night. It is read again only when the database has grown."""

    def __init__(self, decisions: Decisions) -> None:
        self.decisions = decisions
        self._lock = Lock()
        self._frames: dict[str, tuple[int, pl.DataFrame]] = {}

    def of(self, run_id: str) -> pl.DataFrame:
        """One row per case that was touched: case_id, decision, reason, assigned_to, version and more."""
        revision = self.decisions.revision()
        with self._lock:
            known = self._frames.get(run_id)
            if known is None or known[0] != revision:
                state = self.decisions.state(run_id).drop("store_id", "sku_id", "detection_date", "run_id", "kind")
                known = (revision, state.rename({"subject_id": "case_id", "action": "action_decided"}).drop("price"))
                self._frames[run_id] = known
                while len(self._frames) > KEPT:
                    self._frames.pop(next(iter(self._frames)))
        return known[1]
