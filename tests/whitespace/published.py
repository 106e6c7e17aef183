"""One run of the whitespace desk on a generated company, made once a session for every test that asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.main import app
from tests.once import once

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def smoke_run(factory: pytest.TempPathFactory) -> Path:
    """What `darkshelf whitespace smoke` leaves behind: `company` and `runs`. Nobody writes there."""
    return once(factory, "whitespace-smoke", smoke)


def smoke(folder: Path) -> None:
    app(["whitespace", "smoke", "--out", str(folder), "--json"], standalone_mode=False)
