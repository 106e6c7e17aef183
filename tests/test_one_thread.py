"""Linear algebra has one thread where it is asked to, and what it had before afterwards."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from engine import one_thread as module
from engine.one_thread import one_thread


def threads() -> set[int]:
    assert np.linalg.inv(np.eye(2)).any()
    return {library["num_threads"] for library in threadpool_info()}


def test_every_library_has_one_thread_and_then_as_many_as_before():
    with threadpool_limits(2):
        with one_thread():
            assert threads() == {1}
        assert threads() == {2}


def test_what_was_imported_since_is_looked_for(monkeypatch):
    def looks() -> int:
        """How often it was looked for libraries, once they have one thread again."""
        with one_thread():
            assert threads() == {1}
        return module._libraries.cache_info().misses

    before = looks()
    assert looks() == before
    monkeypatch.setitem(sys.modules, "brings_a_library", ModuleType("brings_a_library"))
    assert looks() == before + 1
