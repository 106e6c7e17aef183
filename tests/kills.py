"""Work that is killed at its first touch of a folder, at its second, and so on until it ends by itself."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

AT_EVERY_TOUCH = """
import os, shutil, signal, sys
from pathlib import Path

before, place, work, *arguments = sys.argv[1:]
exec(work)
os.fsync = lambda _: None  # A process is killed here, and no power fails.


def folder_of(touch):
    return Path(place, f"{touch:03}")


def work_in(folder, at_touch):
    # Work on a copy of the folder, in a process of its own; told the number of every touch before it happens.
    if Path(before).exists():
        shutil.copytree(before, folder)
    child = os.fork()
    if child:
        return os.waitpid(child, 0)
    touches, is_looking = 0, False

    def count(event, arguments):
        nonlocal touches, is_looking
        if not is_looking and any(str(argument).startswith(str(folder)) for argument in arguments[:2]):
            touches, is_looking = touches + 1, True
            at_touch(touches)
            is_looking = False

    sys.addaudithook(count)
    run(folder, *map(Path, arguments))
    os._exit(0)


def keep(touch):
    if folder_of(0).exists():
        shutil.copytree(folder_of(0), folder_of(touch))


def killed_at(last):
    return lambda touch: touch == last and os.kill(os.getpid(), signal.SIGKILL)


work_in(folder_of(0), keep)
n_touches = int(max(Path(place).iterdir()).name)
folder_of(0).rename(folder_of(n_touches + 1))
for touch in range(KILLED, n_touches, KILLED):
    shutil.rmtree(folder_of(touch), ignore_errors=True)
    work_in(folder_of(touch), killed_at(touch))
"""
"""Importing takes the time: it is done once, and every process forks off before Polars starts its threads."""

KILLED = 8
"""Each eighth touch is the end of a process. What a kill would leave at the others is what lies there: it is kept."""


def killed_at_every_touch(work: str, before: Path, place: Path, *arguments: Path) -> list[Path]:
    """Folders as killed work left them, one for every touch; the last work was not killed.

    work: source that defines `run(folder, *arguments)`. before: what the folder is a copy of, if there is any.
    """
    program = f"KILLED = {KILLED}\n{AT_EVERY_TOUCH}"
    subprocess.run([sys.executable, "-c", program, before, place, work, *arguments], check=True, timeout=300)
    return sorted(place.iterdir())
