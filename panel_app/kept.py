"""Kept: what was read of the decisions, shared by every session until somebody decides again."""

from collections.abc import Callable
from functools import lru_cache
from threading import Lock
from typing import Final, TypeVar

import polars as pl

from engine.decisions.following import Following
from engine.decisions.state import fold
from engine.decisions.store import Decisions

KEPT: Final = 8
"""Runs whose decisions stay in memory, of each kind."""
Value = TypeVar("Value")


def kept(values: dict[str, tuple[int, Value]], key: str, revision: int, read: Callable[[], Value]) -> Value:
    """What is kept under a key, read anew when it is of another revision; only the last few stay."""
    known = values.get(key)
    if known is None or known[0] != revision:
        known = values[key] = (revision, read())
        while len(values) > KEPT:
            values.pop(next(iter(values)))
    return known[1]


class States:
    """The state of the subjects of one kind, run by run. Safe to share between threads."""

    def __init__(self, decisions: Decisions, kind: str) -> None:
        self.decisions, self.kind = decisions, kind
        self._lock = Lock()
        self._followed: dict[str, Following] = {}
        self._states: dict[str, tuple[int, pl.DataFrame]] = {}

    def of(self, run_id: str) -> pl.DataFrame:
        """The state of the subjects of a run that anybody touched, sorted by id. Columns: `STATE_SCHEMA`."""
        with self._lock:
            found = kept(self._states, run_id, self.decisions.revision(), lambda: self._read(run_id))
            self._followed = {name: followed for name, followed in self._followed.items() if name in self._states}
            return found

    def _read(self, run_id: str) -> pl.DataFrame:
        if run_id not in self._followed:
            self._followed[run_id] = Following(self.decisions, run_id, self.kind)
        return fold(self._followed[run_id].entries())


@lru_cache(KEPT)
def states(decisions: Decisions, kind: str) -> States:
    """What every session of a server shares of a kind."""
    return States(decisions, kind)
