"""The disk: one writer at a time in a folder, and files that are on it before anybody is told of them."""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from filelock import FileLock, Timeout

from engine.errors import InputError, OutputError, Problem, TryLaterError

LOCK = ".lock"
HASHES_HELD = 10_000
"""Hashes of files that are remembered."""
EDGE_BYTES = 65_536
"""So much of the start and of the end of a file goes into its fingerprint; a Parquet footer is always in it."""
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What a disk says that has no room, or none for this user or this file."""
PARTIAL = ".partial"
"""What the name of anything ends with that is not whole yet; it begins with a dot."""


@contextmanager
def one_writer(folder: Path, busy: str) -> Iterator[None]:
    """Hold the lock of a folder that is there. busy: what is said while another process holds it.

    Raises TryLaterError.
    """
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise TryLaterError(f"{busy}; try again when it is done") from None
    try:
        yield
    finally:
        lock.release()


def refuse_a_file(folder: Path, advice: str) -> None:
    """Raise InputError when a place that is to be a folder is a file or lies below one."""
    existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not existing.is_dir():
        what = "is a file" if existing == folder else f"lies below {existing}, which is a file"
        raise InputError([Problem(str(folder), what, advice)])


@contextmanager
def raised_as_output_error(folder: Path, untouched: str) -> Iterator[None]:
    """Raise OutputError where the disk fails. untouched: what is as it was, all the same."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"{folder} cannot be written: {reason}. {untouched}") from error


def is_of_full_disk(error: BaseException) -> bool:
    """Whether a disk took no more, which is no fault of what is read meanwhile."""
    return isinstance(error, OSError) and error.errno in FULL


def read_regular(file: Path) -> bytes:
    """The content of a file. Raises OSError, also for what looks like a file and is none: a pipe would never end."""
    refuse_special(file)
    return file.read_bytes()


def refuse_special(file: Path) -> None:
    """Raise OSError for a pipe, a socket, a device or a folder in the place of a file."""
    if not stat.S_ISREG(file.stat().st_mode):
        raise OSError(errno.EINVAL, "it is a pipe, a socket, a device or a folder, and no regular file")


def fingerprint(file: Path) -> str:
    """A short hash of a file's size, its modification time and its first and last bytes. Raises OSError."""
    status = file.stat()
    hashed = hashlib.blake2b(f"{status.st_size} {status.st_mtime_ns}".encode(), digest_size=8)
    with file.open("rb") as stream:
        hashed.update(stream.read(EDGE_BYTES))
        stream.seek(max(status.st_size - EDGE_BYTES, 0))
        hashed.update(stream.read(EDGE_BYTES))
    return hashed.hexdigest()


def content_hash(file: Path) -> str:
    """Sixteen hexadecimal digits that tell the content of a file from any other. Raises OSError.

    A file is read once for as long as it is not touched.
    """
    refuse_special(file)
    status = file.stat()
    return _content_hash(file, status.st_mtime_ns, status.st_ctime_ns, status.st_size)


@lru_cache(HASHES_HELD)
def _content_hash(file: Path, changed_at: int, touched_at: int, n_bytes: int) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:16]


def sync_all(folder: Path) -> None:
    """Have a folder with everything in it on disk before it gets its name."""
    for path in (*folder.rglob("*"), folder):
        sync(path)


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
