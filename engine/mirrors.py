"""Mirrors: folders of this machine that stand for an output or a lake in an object store.

What works in a folder works in the mirror of a place: what is asked for is brought first, and what is published is in
the place before it counts. A mirror says in a file of its own what it stands for; what this machine alone keeps, such
as decisions, lies in it, too.
"""

import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Final

from engine.disk import raised_as_output_error, read_regular
from engine.errors import InputError, Problem
from engine.places.place import OBJECTS, Place, place_of
from engine.settings.loading import load_as
from engine.settings.mirror import MachineSettings, MirrorSettings

PLACE: Final = ".place"
"""The file that says what a mirror stands for."""
BROUGHT: Final = ".brought"
"""What the name of a folder ends with in which files are until they are whole; it begins with a dot."""
AT_ONCE: Final = 8
"""So many files are brought or given at once: a store answers several requests as fast as one."""
WHICH_STORE: Final = {
    "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
    "gs": (),
    "az": ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ENDPOINT"),
}
"""By scheme, the variables that tell which of several stores a bucket or container is in."""
ELSEWHERE: Final = "Name another folder with DARKSHELF_MIRROR__FOLDER."
SECONDS_PER_DAY: Final = 86_400
_TYPED: Final[set[Path]] = set()


def folder_of(text: str) -> Path:
    """What was typed for an output or a lake: a folder of this machine, or the mirror of a place in an object store.

    Raises InputError for a place of another kind, OutputError where no mirror can be made.
    """
    place = place_of(text)
    if not isinstance(place, Place):
        return place
    if place.kind not in OBJECTS:
        advice = "name a folder of this machine or one in an object store: s3://, gs:// or az://"
        raise InputError([Problem(str(place), "is no local path and in no object store", advice)])
    folder = _mirror_of(place)
    _TYPED.add(folder)
    return folder


def is_typed_anew(folder: Path) -> bool:
    """Whether the place of a mirror was typed since this was asked last: then what is new there is to be brought."""
    try:
        _TYPED.remove(folder)
    except KeyError:
        return False
    return True


def place_mirrored(folder: Path) -> Place | None:
    """The place that a folder is the mirror of; None for a folder that stands for itself."""
    try:
        place = place_of(read_regular(folder / PLACE).decode("utf-8").strip())
    except OSError:
        return None
    return place if isinstance(place, Place) else None


def told(folder: Path) -> str:
    """What a person typed for a folder: the place that it is the mirror of, or the folder itself."""
    return str(place_mirrored(folder) or folder)


@contextmanager
def brought_into(folder: Path) -> Iterator[Path]:
    """A folder beside others that nobody looks into, for files until they are whole; it goes when the block ends."""
    hidden = Path(mkdtemp(prefix=".", suffix=BROUGHT, dir=folder))
    try:
        yield hidden
    finally:
        rmtree(hidden, ignore_errors=True)


def unread_since() -> float:
    """The moment, in seconds of the clock of files, before which what was not read goes from mirrors."""
    return time.time() - _settings().keep_days * SECONDS_PER_DAY


def _mirror_of(place: Place) -> Path:
    """The mirror of a place, made where it is not there. Two stores with buckets of one name have two mirrors."""
    whole = "/".join(filter(None, (f"{place.kind}://{place.address}", place.path)))
    store = [os.environ.get(name, "") for name in WHICH_STORE[place.kind]]
    mark = hashlib.blake2b("\n".join([whole, *store]).encode(), digest_size=4).hexdigest()
    readable = re.sub(r"[^A-Za-z0-9._-]+", "-", whole)[:80]
    mirrors = Path(_settings().folder or _data_folder() / "darkshelf" / "mirrors").absolute()
    folder = mirrors / f"{readable}-{mark}"
    with raised_as_output_error(folder, ELSEWHERE):
        mirrors.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.mkdir(exist_ok=True, mode=0o700)
        if place_mirrored(folder) is None:
            with brought_into(folder) as hidden:
                (hidden / PLACE).write_text(whole + "\n", encoding="utf-8")
                (hidden / PLACE).replace(folder / PLACE)
    return folder


def _data_folder() -> Path:
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")


def _settings() -> MirrorSettings:
    return load_as(MachineSettings).mirror
