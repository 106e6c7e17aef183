"""An empty place for a lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.daylake.deliveries import Chain
from tests.planted.small import small_chain

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def whole_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake that the small chain was taken into, to copy."""
    chain = Chain(tmp_path_factory.mktemp("whole"))
    chain.ingest(small_chain())
    return chain.lake


@pytest.fixture
def chain(tmp_path: Path, whole_lake: Path) -> Chain:
    return Chain(tmp_path, whole_lake)
