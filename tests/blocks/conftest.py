"""Two workers of this machine, started once for every test of blocks that shares its work."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import psutil
import pytest

from engine.blocks.cluster import executor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from engine.blocks.executor import Executor


@pytest.fixture(scope="package")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the workers exchange what blocks ask."""
    return tmp_path_factory.mktemp("exchange")


@pytest.fixture(scope="package")
def started_workers(room: Path) -> Iterator[Executor]:
    with executor("local:2", room) as running:
        yield running


@pytest.fixture
def workers(started_workers: Executor) -> Executor:
    """Two workers that are up, also when an earlier test has killed one."""
    started_workers._client.wait_for_workers(2, timeout=120)
    return started_workers


@pytest.fixture
def scheduler(workers: Executor) -> str:
    """The address of the two workers."""
    return workers._client.scheduler.address


@pytest.fixture
def busiest(workers: Executor) -> Callable[[], psutil.Process]:
    """A function that finds the worker that holds most memory."""
    processes = [psutil.Process(pid) for pid in workers._client.run(os.getpid).values()]
    return lambda: max(processes, key=lambda process: process.memory_info().rss)
