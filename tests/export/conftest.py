"""Runs of every desk to export, and places to export them to."""

from __future__ import annotations

import datetime as dt
from itertools import count
from typing import TYPE_CHECKING

import pytest

from engine.decisions.acts import Accept
from engine.decisions.shelf.answers import Given, record
from engine.decisions.store import open_decisions
from engine.outputs.desks import desk_named, entry
from tests.decisions.conftest import server
from tests.every_desk import EVERY, Made, two_runs
from tests.places.servers import BUCKET, database, object_store
from tests.planted.small import DARK_CASE
from tests.toy.installed import toy_installed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.runs.registry import Run

__all__ = ["server"]
NUMBERS = count(1)


@pytest.fixture(scope="session")
def _toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with toy_installed(tmp_path_factory.mktemp("installed")):
        yield


@pytest.fixture(scope="session", params=EVERY)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, _toy: None) -> Made:
    """Two runs of each desk; on the shelf something was decided and answered."""
    found = two_runs(tmp_path_factory, request.param)
    if found.desk == "shelf":
        decide(found.out, found.runs[1])
    return found


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory, _toy: None) -> Made:
    """Two runs of the desk that is done first."""
    return two_runs(tmp_path_factory, "toy")


def decide(out: Path, run: Run) -> None:
    """One case accepted, and answered by its store."""
    decisions = open_decisions(out)
    (case,) = entry(desk_named("shelf").subjects).find(run, [DARK_CASE])
    decisions.decide(case, Accept(comment="go"), by="Ann", version=0)
    answered = Given(str(case.store_id), str(case.sku_id), "empty_backroom")
    record(decisions, run, [answered], by="Ann", at=dt.datetime(2025, 7, 1, tzinfo=dt.UTC))
    decisions.close()


@pytest.fixture(scope="session")
def store() -> Iterator[str]:
    """An object store of the tests' own; its bucket."""
    with object_store():
        yield BUCKET


@pytest.fixture(params=["folder", "s3", "delta", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh, empty target of each kind, as it is typed."""
    number = next(NUMBERS)
    if request.param == "s3":
        return f"s3://{request.getfixturevalue('store')}/export/{number}"
    if request.param == "postgresql":
        return database(request.getfixturevalue("server"), f"export_{number}")
    return str(tmp_path / "target") if request.param == "folder" else f"delta+file://{tmp_path / 'target'}"
