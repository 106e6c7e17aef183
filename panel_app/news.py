"""News: runs that others published in an object store, brought here beside the event loop.

In: the folders that are served; those that are no mirrors have nothing to bring. Out: the newest runs lie here before
a reader asks for them. A store that does not answer leaves the readers with what is here.
"""

import asyncio
import logging
from collections.abc import Collection

from engine.errors import DarkshelfError
from engine.runs.registry import Registry

LOGGER = logging.getLogger("darkshelf.dashboard")


class News:
    """What one process brings of the places it serves."""

    def __init__(self, registries: Collection[Registry]) -> None:
        self.registries = [registry for registry in registries if registry.origin is not None]
        self._looking = False

    async def look(self) -> None:
        """Bring once, unless an earlier look is not done yet."""
        if self._looking:
            return
        self._looking = True
        try:
            await asyncio.get_running_loop().run_in_executor(None, self.bring)
        finally:
            self._looking = False

    def bring(self) -> None:
        """Bring what is new of every place, and the files of the run that readers see."""
        for registry in self.registries:
            try:
                registry.look()
                if (latest := registry.latest_id()) is not None:
                    registry.find(latest).folder.stat()
            except DarkshelfError as error:
                LOGGER.warning("what is new cannot be brought, and pages show what is here: %s", error)
