"""Work that is killed at its first touch of a folder, at its second, and so on until it ends by itself."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ONE_BY_ONE = """
import os, shutil, signal, sys
from pathlib import Path

before, place, work, *arguments = sys.argv[1:]
exec(work)
os.fsync = lambda _: None  # A process is killed here, and no power fails.


def work_and_be_killed(folder, touch):
    touches = 0

    def count(event, arguments):
        nonlocal touches
        if any(str(argument).startswith(str(folder)) for argument in arguments[:2]):
            touches += 1
            if touches == touch:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    run(folder, *map(Path, arguments))
    os._exit(0)


def killed_at(touch):
    folder = Path(place, f"{touch:03}")
    if Path(before).exists():
        shutil.copytree(before, folder)
    return os.fork() or work_and_be_killed(folder, touch)


def ended_by_itself(child):
    return os.WIFEXITED(os.waitpid(child, 0)[1])


touch, done = 1, False
while not done:
    two = [killed_at(touch), killed_at(touch + 1)]
    done = any([ended_by_itself(child) for child in two])
    touch += 2
"""
"""A fork per kill: what takes the time, importing, is done once, and before Polars starts its threads."""


def killed_at_every_touch(work: str, before: Path, place: Path, *arguments: Path) -> list[Path]:
    """Folders as killed work left them, one for every touch; the last work was not killed.

    work: source that defines `run(folder, *arguments)`. before: what the folder is a copy of, if there is any.
    """
    words = [sys.executable, "-c", ONE_BY_ONE, before, place, work, *arguments]
    subprocess.run(words, check=True, timeout=300)
    return sorted(place.iterdir())
