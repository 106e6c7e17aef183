"""An empty place for a lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.daylake.deliveries import Chain

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    return Chain(tmp_path)
