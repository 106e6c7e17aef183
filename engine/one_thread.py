"""One thread: linear algebra and the libraries over it without threads of their own.

How a sum is cut up among threads decides its last bits. To look for the libraries that have threads takes 5 to 10
milliseconds: as long as many a fit.
"""

import sys
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any


def one_thread() -> AbstractContextManager[Any]:
    """A context in which every library that was imported before works with one thread."""
    limited: AbstractContextManager[Any] = _libraries(len(sys.modules)).limit(limits=1)
    return limited


@lru_cache(maxsize=1)
def _libraries(modules: int) -> Any:
    """The libraries that have threads. modules: how many were imported; another may have brought another library."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
