"""Last night, tonight, and what the small chain comes to."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf import desk
from tests.planted.small import AS_OF, small_chain, write_csv, write_parquet

if TYPE_CHECKING:
    from pathlib import Path


from tests.bad_input.night import Night, data_of


@pytest.fixture(scope="session")
def last_night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("last-night")
    chain = write_parquet(folder / "in", small_chain())
    desk.run(chain, folder / "out", CalibratedSettings(), AS_OF - timedelta(days=1))
    return folder / "out"


@pytest.fixture
def night(last_night: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Night:
    return Night(tmp_path / "in", shutil.copytree(last_night, tmp_path / "out"), capsys)


@pytest.fixture(scope="session")
def plain_csv(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the small chain comes to as plain CSV, where ids are text."""
    return data_of(tmp_path_factory.mktemp("csv"), write_csv)


@pytest.fixture(scope="session")
def plain_parquet(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the small chain comes to as plain Parquet, where ids are whole numbers."""
    return data_of(tmp_path_factory.mktemp("parquet"), write_parquet)
