"""The toy desk as if it were installed: a distribution with an entry point, on the path of this process."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib import invalidate_caches
from typing import TYPE_CHECKING

from engine.outputs.desks import GROUP, desks, installed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def toy_installed(place: Path) -> Iterator[None]:
    """Let the toy desk be found within the block. place: a folder to write the distribution into."""
    info = place / "toy_desk-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-desk\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\ntoy = tests.toy.desk:DESK\n", encoding="utf-8")
    sys.path.insert(0, str(place))
    _look_again()
    try:
        yield
    finally:
        sys.path.remove(str(place))
        _look_again()


def _look_again() -> None:
    """Forget which desks this process has found."""
    invalidate_caches()
    for found in (installed, desks):
        found.cache_clear()
