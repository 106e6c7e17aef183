"""A dashboard with a door: ann decides, eve looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.panel_app.people import write_people
from tests.panel_app.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.panel_app.conftest import Published


@pytest.fixture(scope="package")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A users file with ann and eve."""
    return write_people(tmp_path_factory.mktemp("people"))


@pytest.fixture(scope="package")
def guarded(published: Published, people: Path) -> Iterator[str]:
    """The address of a dashboard that lets in ann, who decides, and eve, who looks."""
    with serving(published.out, "--users", people, "--decider", "ann") as address:
        yield address
