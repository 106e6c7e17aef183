"""What machines share of runs and lakes in an object store holds on Azure, too, as far as Azurite is like it."""

from __future__ import annotations

import shutil
from itertools import count
from typing import TYPE_CHECKING

import pytest

from tests.places.machines import machine
from tests.places.servers import CONTAINER, azure_store
from tests.places.test_lakes import (
    deliver,
    test_an_ingest_that_is_killed_leaves_the_old_lake_or_the_new,
    test_days_are_replaced_and_dropped_for_every_machine,
    test_of_two_that_change_a_lake_at_once_the_slower_is_told,
)
from tests.places.test_outputs import (
    room,
    test_every_verb_reads_on_another_machine_what_was_published_on_one,
    test_latest_moves_forward_only_whoever_moves_it,
    test_of_two_that_make_one_run_the_slower_is_told,
    test_runs_are_rolled_back_and_pruned_for_every_machine,
    test_whoever_is_killed_at_any_moment_leaves_the_old_night_or_the_new_and_the_next_ends_it,
    there,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "deliver",
    "room",
    "test_an_ingest_that_is_killed_leaves_the_old_lake_or_the_new",
    "test_days_are_replaced_and_dropped_for_every_machine",
    "test_every_verb_reads_on_another_machine_what_was_published_on_one",
    "test_latest_moves_forward_only_whoever_moves_it",
    "test_of_two_that_change_a_lake_at_once_the_slower_is_told",
    "test_of_two_that_make_one_run_the_slower_is_told",
    "test_runs_are_rolled_back_and_pruned_for_every_machine",
    "test_whoever_is_killed_at_any_moment_leaves_the_old_night_or_the_new_and_the_next_ends_it",
    "there",
]
PROGRAM = shutil.which("azurite-blob")
NUMBERS = count(1)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="Azurite is not installed: npm install --global azurite"),
]


@pytest.fixture(scope="module")
def azure() -> Iterator[str]:
    assert PROGRAM is not None
    with azure_store(PROGRAM) as address:
        yield address


@pytest.fixture(autouse=True)
def here(tmp_path, azure, _toy):
    with machine(tmp_path / "here"):
        yield tmp_path / "here"


@pytest.fixture
def place():
    """A fresh place for an output."""
    return f"az://{CONTAINER}/out/{next(NUMBERS)}"


@pytest.fixture
def lake():
    """A fresh place for a lake."""
    return f"az://{CONTAINER}/lake/{next(NUMBERS)}"
