"""What holds for every test: how many examples are tried, a disk that is trusted, workers that share the cores."""

from __future__ import annotations

import fcntl
import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from cli.start import NEW_OBJECTS_PER_COLLECTION

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

# There are more workers than cores: threads of each would only wait for the others'. Libraries ask when imported.
if "PYTEST_XDIST_WORKER" in os.environ:
    for name in ("POLARS_MAX_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")

settings.register_profile("darkshelf", deadline=None, derandomize=True, database=None, max_examples=40)
settings.load_profile("darkshelf")


LONGEST = ("whitespace", "test_threads_and_workers.py")
"""What takes half a minute a test or a fixture, beside this file."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported and collected stays to the end: nobody need look again and again whether it is garbage."""
    gc.disable()
    done = yield
    gc.freeze()
    # As the command has it: small nights leave little garbage, and look for it a hundred times.
    gc.set_threshold(NEW_OBJECTS_PER_COLLECTION)
    gc.enable()
    return done


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """One worker at a time imports a module of tests: the first compiles its assertions, the others read them."""
    if not isinstance(collector, pytest.Module):
        return (yield)
    with collector.path.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        return (yield)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first: workers that are done take the last ones of others, and at the end wait for one another."""
    first = [Path(__file__).with_name(name) for name in LONGEST]
    items.sort(key=lambda item: not any(item.path.is_relative_to(place) for place in first))


def pytest_xdist_auto_num_workers() -> int:
    """Two more than there are cores: a third of the time a worker waits for a browser, a database or a process."""
    return len(os.sched_getaffinity(0)) + 2


@pytest.fixture(autouse=True, scope="session")
def _disk_that_is_trusted() -> Iterator[None]:
    """No power fails here: waiting for the disk would take longer than many a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        yield
