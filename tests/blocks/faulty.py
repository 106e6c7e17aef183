"""A night of a block that workers can import, to which something happens on the way."""

from __future__ import annotations

import errno
import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.shelf import desk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.blocks.together import Together
    from engine.runs.journal import Stages
    from engine.shelf.desk import Brief

OWN = desk._night_of_block
QUESTION = 20
"""In the middle of a night, which asks the other blocks more often."""


@dataclass(frozen=True)
class Faulty:
    """The desk's own night, until block `unlucky` asks the others again. place: where it leaves a file each time.

    times: so often it happens; the block runs through after that.
    """

    befalls: Callable[[], None]
    place: Path
    unlucky: int = 1
    times: int = 99

    def __call__(
        self, brief: Brief, together: Together, tell: Callable[[str], None]
    ) -> tuple[dict[str, Any], Stages]:
        if together.number == self.unlucky:
            asked, own = 0, together.gathered

            def gathered(mine: Any) -> list[Any]:
                nonlocal asked
                asked += 1
                if asked == QUESTION:
                    self._happen()
                return own(mine)

            together.gathered = gathered  # type: ignore[method-assign]
        return OWN(brief, together, tell)

    def _happen(self) -> None:
        self.place.mkdir(exist_ok=True)
        before = len(list(self.place.iterdir()))
        if before < self.times:
            (self.place / str(before)).touch()
            self.befalls()


def is_killed() -> None:
    """What an operating system does whose memory is used up."""
    os.kill(os.getpid(), signal.SIGKILL)


def cannot() -> None:
    raise ZeroDivisionError("a block cannot")


def finds_the_disk_full() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def runs_out_of_memory() -> None:
    raise MemoryError("no array of so many numbers")
