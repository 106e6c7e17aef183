"""One night for the whole room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.outputs.nights import make_night

if TYPE_CHECKING:
    from engine.runs.registry import Run


@pytest.fixture(scope="session")
def night(tmp_path_factory) -> Run:
    return make_night(tmp_path_factory.mktemp("night"))
