"""Disks that are really full."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def disk_of(place: Path, kib: int) -> Iterator[Path]:
    """A disk of so many KiB at a folder that is made for it. Skips where nobody may mount one."""
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", place]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs the superuser")
    try:
        yield place
    finally:
        # What a failed night still holds of its disk goes with the error that tells of it.
        subprocess.run(["umount", "--lazy", place], check=True)
