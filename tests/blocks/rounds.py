"""A program of a few rounds that workers can import, and what befalls the worker of one of its blocks."""

from __future__ import annotations

import errno
import os
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from engine.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.blocks.together import Together

ROUNDS = 4
N_ROWS = 23


@dataclass(frozen=True)
class Rounds:
    """Asks all kinds of questions in every round. befalls: what happens to block `unlucky` in round `at`.

    place: where it is remembered that it has happened, so that it happens once; None: it happens always.
    """

    befalls: Callable[[], None] | None = None
    unlucky: int = 0
    at: int = 0
    place: Path | None = None

    def __call__(self, together: Together, tell: Callable[[str], None]) -> list[Any]:
        bounds = [N_ROWS * block // together.of for block in (together.number, together.number + 1)]
        mine = np.arange(*bounds)
        answers: list[Any] = []
        for at in range(ROUNDS):
            tell(f"round {at}")
            self._happen(together, at)
            answers += self._ask(together, mine % 3, mine / 7 + at)
        return answers

    def _ask(self, together: Together, group: np.ndarray, mine: np.ndarray) -> list[Any]:
        whole = together.joined(mine)
        frame = together.rows(pl.DataFrame({"group": group}).with_columns(name=pl.format("group {}", "group")))
        return [
            together.added(np.bincount(group, minlength=3)).tolist(),
            together.sum(mine),
            together.sums_by_group(group, mine, 3).tolist(),
            together.count(mine.size),
            together.largest(float(mine.max(initial=-np.inf))),
            whole.tolist(),
            bool(np.isin(mine, whole).all()),
            frame["name"].to_list(),
            together.once(lambda: float(whole.mean())),
        ]

    def _happen(self, together: Together, at: int) -> None:
        if self.befalls is None or (together.number, at) != (self.unlucky, self.at):
            return
        if self.place is not None:
            if self.place.exists():
                return
            self.place.touch()
        self.befalls()


def is_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def is_slow() -> None:
    time.sleep(2)


def fails() -> None:
    raise ZeroDivisionError("a block cannot")


def finds_a_problem() -> None:
    raise InputError([Problem("sales", "the store is unknown", "add it", 1, 20)])


def finds_the_disk_full() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def alone() -> list[Any]:
    """What the one block of a whole chain answers."""
    from engine.blocks.together import ALONE

    return Rounds()(ALONE, lambda _: None)
