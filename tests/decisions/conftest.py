from __future__ import annotations

import os
import shutil
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.decisions.database import FILE
from engine.decisions.store import open_decisions
from tests.decisions.servers import new_database, postgresql, programs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL

    from engine.decisions.store import Decisions

NUMBERS = count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[URL]:
    """A PostgreSQL of the tests' own; they are skipped without one, and fail where CI promises it."""
    found = programs()
    if found is None:
        assert os.environ.get("CI") != "true", "CI has no PostgreSQL: run tests/system_packages.sh"
        pytest.skip("PostgreSQL is not installed: run tests/system_packages.sh")
    with postgresql(found) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request) -> str:
    """Each kind of database there is."""
    return str(request.param)


@pytest.fixture
def url(request, kind: str) -> str | None:
    """A fresh, empty database of each kind: None is SQLite beside the runs."""
    if kind == "sqlite":
        return None
    return new_database(request.getfixturevalue("server"), f"empty_{next(NUMBERS)}")


@pytest.fixture(scope="session")
def model_file(tmp_path_factory) -> Path:
    """A SQLite database with its tables, to copy: making them takes longer than most tests."""
    out = tmp_path_factory.mktemp("model")
    open_decisions(out).close()
    return out / FILE


@pytest.fixture(scope="session")
def model_server(server: URL) -> URL:
    """The server, with a database called `model` that has its tables."""
    open_decisions(Path(), new_database(server, "model")).close()
    return server


@pytest.fixture
def decisions(request, kind: str, tmp_path: Path) -> Iterator[Decisions]:
    """Decisions in a fresh database of each kind."""
    url = None
    if kind == "sqlite":
        shutil.copy(request.getfixturevalue("model_file"), tmp_path / FILE)
    else:
        url = new_database(request.getfixturevalue("model_server"), f"test_{next(NUMBERS)}", "model")
    opened = open_decisions(tmp_path, url)
    yield opened
    opened.close()


@pytest.fixture
def beside(model_file: Path, tmp_path: Path) -> Iterator[Decisions]:
    """Decisions in SQLite beside the runs, for what does not depend on the database."""
    shutil.copy(model_file, tmp_path / FILE)
    opened = open_decisions(tmp_path)
    yield opened
    opened.close()
