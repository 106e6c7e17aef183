"""Files that nobody else on the machine may read: secrets, hashed passwords, logins that ended.

In: a place and its text. Out: the same, whole or not at all, for the owner alone.
"""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from engine.disk import PARTIAL, raised_as_output_error, sync
from engine.errors import InputError, Problem

FOLDER = ".dashboard"
"""What the private folder is called beside the runs."""
OTHERS = stat.S_IRWXG | stat.S_IRWXO
KEPT = "What was kept there before is as it was"


def private_folder(out: Path) -> Path:
    """The private folder of an output folder, made when it is not there.

    Raises InputError when others may look into it, OutputError when it cannot be made.
    """
    folder = out / FOLDER
    with raised_as_output_error(folder, KEPT):
        folder.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
    refuse_open_to_others(folder)
    return folder


def refuse_open_to_others(path: Path) -> None:
    """Raise InputError when anybody but the owner may read or change a file or folder."""
    if path.stat().st_mode & OTHERS:
        rights = "700" if path.is_dir() else "600"
        raise InputError([Problem(str(path), "others on this machine may read it", f"chmod {rights} {path}")])


def write_private(file: Path, text: str, *, replace: bool = True) -> None:
    """Write a file for its owner alone, in one step. replace: else a file that is there stays as it is.

    Raises OutputError when the disk does not take it.
    """
    with raised_as_output_error(file, KEPT):
        # Made by `mkstemp`, it is private from its first byte on, whatever the umask.
        handle, name = tempfile.mkstemp(prefix=f".{file.name}", suffix=PARTIAL, dir=file.parent)
        partial = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
            sync(partial)
            if replace:
                partial.replace(file)
            else:
                with suppress(FileExistsError):
                    file.hardlink_to(partial)
            sync(file.parent)
        finally:
            partial.unlink(missing_ok=True)
