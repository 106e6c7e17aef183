"""One run of the whitespace desk on a generated company, made once a session for every test that asks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from filelock import FileLock

from cli.main import app

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def smoke_run(factory: pytest.TempPathFactory) -> Path:
    """What `darkshelf whitespace smoke` leaves behind: `company` and `runs`. Nobody writes there."""
    base = factory.getbasetemp()
    # Workers of one session have base folders beside each other.
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "whitespace-smoke"
    with FileLock(f"{folder}.lock"):
        if not (folder / "LATEST").exists():
            app(["whitespace", "smoke", "--out", str(folder), "--json"], standalone_mode=False)
    return folder
