"""Changes: whether anybody decided anything, asked of the database once for every open page.

In: the decisions. Out: a number that grows. It is asked beside the event loop, and whatever pages need of what is new
is read there too: nobody who looks at a page waits for what others write.
"""

import asyncio
import logging
from collections.abc import Callable, Hashable

from engine.decisions.store import Decisions
from engine.errors import DarkshelfError

LOGGER = logging.getLogger("darkshelf.dashboard")


class Changes:
    """What one process knows of the decisions. number: 0 until it has looked.

    newest: the runs that readers are shown; others are read of before anybody opens them.
    """

    def __init__(self, decisions: Decisions, newest: Callable[[], Hashable] = lambda: None) -> None:
        self.decisions = decisions
        self.number = 0
        self._find_newest = newest
        self._seen: Hashable = None
        self._readers: dict[Callable[[], None], None] = {}
        self._looking = False

    def before_telling(self, read: Callable[[], None]) -> None:
        """Have something read anew before the pages learn of a change or of a new run; the same only once."""
        self._readers.setdefault(read)

    async def look(self) -> None:
        """Ask once, unless an earlier question is not answered yet."""
        if self._looking:
            return
        self._looking = True
        try:
            self.number = await asyncio.get_running_loop().run_in_executor(None, self._read)
        except DarkshelfError as error:
            # Whoever decides or opens a page is told; `/health` tells the watch.
            LOGGER.warning("what others decided cannot be read: %s", error)
        finally:
            self._looking = False

    def _read(self) -> int:
        number, newest = self.decisions.revision(), self._find_newest()
        if (number, newest) != self._seen:
            self._seen = number, newest
            for read in list(self._readers):
                read()
        return number
