"""Beside the event loop: what takes long is done in a thread, and the page that asked is told in ticks of its own."""

import logging
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

import panel as pn

LOGGER = logging.getLogger("darkshelf.dashboard")
Done = TypeVar("Done")
Tell = Callable[[Callable[[], None]], None]
"""Calls something in a tick of the page; nothing when its reader has left."""


def beside(workers: Executor, work: Callable[[Tell], Done], done: Callable[[Done], None]) -> None:
    """Do something in a thread of the workers; then call `done` with what was found. At once where there is no page.

    work: it may touch nothing of the page save by what it is given to tell with.
    """
    document = pn.state.curdoc

    def tell(what: Callable[[], None]) -> None:
        if document is None:
            what()
        elif document.session_context is not None and not document.session_context.destroyed:
            document.add_next_tick_callback(what)

    def run() -> None:
        try:
            found = work(tell)
        except Exception:
            # Nobody asks a thread what became of it.
            LOGGER.exception("what was begun in the background was not finished")
            raise
        tell(lambda: done(found))

    if document is None:
        run()
    else:
        workers.submit(run)
