"""Files: what a source of a mapping names. In: patterns below a folder. Out: data files in reading order."""

import glob
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from engine.delivery.source import DataFile, folder_values

SECRET = re.compile(r"(?<=://)[^/@\s]+(?=@)|(?i:(?<=password=)|(?<=token=)|(?<=secret=)|(?<=pwd=))[^\s&;'\"]+")
"""What may be a password within an address or a question."""


def without_secrets(text: str) -> str:
    """A text that may be shown and kept: whoever is named before a host, and what follows `password=`, is gone."""
    return SECRET.sub("***", text)


def files_of(patterns: Iterable[str], folder: Path) -> tuple[tuple[DataFile, ...], tuple[str, ...]]:
    """The files that patterns name below a folder, each once, in their order; and the patterns that name none.

    A pattern is a file, a folder, which stands for every file in it, or has wildcards. Names that begin with a dot or
    an underscore are other programs' business.
    """
    found: dict[Path, DataFile] = {}
    empty = []
    for pattern in patterns:
        paths = sorted(_paths(pattern, folder))
        if not paths:
            empty.append(pattern)
        for path in paths:
            name = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()
            found.setdefault(path, DataFile(path, name, dict(folder_values(name))))
    return tuple(found.values()), tuple(empty)


def _paths(pattern: str, folder: Path) -> Iterator[Path]:
    place = folder / pattern
    if place.is_dir():
        yield from (path for path in place.rglob("*") if path.is_file() and not _is_hidden(path, place))
    elif place.exists():
        yield place
    else:
        # `Path.glob` knows no absolute pattern.
        matches = (folder / match for match in glob.iglob(pattern, root_dir=folder, recursive=True))  # noqa: PTH207
        yield from (path for path in matches if not path.is_dir() and not path.name.startswith((".", "_")))


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)
