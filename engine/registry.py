"""The registry of runs under an output folder: who may write, what a run is called, and when it is there.

A run is written into `runs/.<run_id>.partial/` and renamed to `runs/<run_id>/` as its last act; then `LATEST`, one
line with a run id, is replaced. A reader sees the whole old night or the whole new one.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from engine.errors import InputError, NotFoundError, OutputError, Problem, TryLaterError

MANIFEST = "manifest.json"
LATEST = "LATEST"
RUN_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]*")
PARTIAL = ".partial"
EDGE_BYTES = 65_536
"""So much of the start and of the end of a file goes into its fingerprint; a Parquet footer is always in it."""


@dataclass(frozen=True)
class Run:
    """A published run: its name, its folder and its manifest."""

    run_id: str
    folder: Path
    manifest: Mapping[str, Any]

    @property
    def as_of(self) -> str:
        """The last day the run saw, as ISO text."""
        return str(self.manifest["as_of"])


def fingerprint_files(files: Iterable[Path], root: Path) -> dict[str, str]:
    """A short hash per file of its size, its modification time and its first and last bytes, by relative name."""
    prints: dict[str, str] = {}
    for file in files:
        status = file.stat()
        hashed = hashlib.blake2b(f"{status.st_size} {status.st_mtime_ns}".encode(), digest_size=8)
        with file.open("rb") as stream:
            hashed.update(stream.read(EDGE_BYTES))
            stream.seek(max(status.st_size - EDGE_BYTES, 0))
            hashed.update(stream.read(EDGE_BYTES))
        prints[str(file.relative_to(root))] = hashed.hexdigest()
    return prints


def run_name(as_of: str, profile: str, *fingerprints: str) -> str:
    """A run id: readable, and different when anything that makes the run differs."""
    mark = hashlib.blake2b("\n".join(fingerprints).encode(), digest_size=4).hexdigest()
    return f"{as_of}-{profile}-{mark}"


class Registry:
    """The runs under one output folder."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.folder = out / "runs"

    @contextmanager
    def writer(self) -> Iterator[None]:
        """Be the one writer, and clear what a killed one left behind.

        Raises TryLaterError while another process writes, OutputError when the folder cannot be written.
        """
        with _as_output_error(self.out):
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.out / ".lock", timeout=0)
            try:
                lock.acquire()
            except Timeout:
                raise TryLaterError(f"another run is writing to {self.out}; try again when it is done") from None
        try:
            for leftover in self.folder.glob(f".*{PARTIAL}"):
                shutil.rmtree(leftover, ignore_errors=True)
            yield
        finally:
            lock.release()

    @contextmanager
    def publish(self, run_id: str) -> Iterator[Path]:
        """A folder to write the run into; it is published when the block ends well and vanishes when it does not.

        Must run under `writer`. Raises OutputError when the disk does not take it.
        """
        partial = self.folder / f".{run_id}{PARTIAL}"
        try:
            with _as_output_error(self.out):
                partial.mkdir(parents=True)
                yield partial
                _sync(partial)
                partial.rename(self.folder / run_id)
                self._advance(run_id)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise

    def free_name(self, run_id: str) -> str:
        """The run id, or the same with a number when it is taken."""
        taken = {run.name for run in self.folder.glob("*")} if self.folder.exists() else set()
        if run_id not in taken:
            return run_id
        return next(name for n in range(2, len(taken) + 3) if (name := f"{run_id}-{n}") not in taken)

    def runs(self) -> list[Run]:
        """Every published run, oldest as-of day first, then by the order of publishing."""
        found = [self._read(folder) for folder in sorted(self.folder.glob("[!.]*")) if (folder / MANIFEST).exists()]
        return sorted(found, key=lambda run: (run.as_of, str(run.manifest.get("finished_at", "")), run.run_id))

    def find(self, run_id: str | None = None) -> Run:
        """A run by its id, the latest without one. Raises NotFoundError naming the runs there are."""
        wanted = run_id if run_id is not None else self.latest_id()
        if wanted is None:
            raise NotFoundError(
                f"there is no run under {self.out} yet: make one with  darkshelf run INPUT --out {self.out}"
            )
        if not RUN_ID.fullmatch(wanted) or not (self.folder / wanted / MANIFEST).exists():
            known = ", ".join(run.run_id for run in self.runs()[-5:]) or "none"
            raise NotFoundError(f"there is no run {wanted!r} under {self.out}; the last runs there: {known}")
        return self._read(self.folder / wanted)

    def has(self, run_id: str) -> bool:
        """Whether this run is published."""
        return (self.folder / run_id / MANIFEST).exists()

    def latest_id(self) -> str | None:
        """The run that `LATEST` names, None before the first."""
        try:
            return (self.out / LATEST).read_text(encoding="utf-8").strip() or None
        except FileNotFoundError:
            return None

    def point_to(self, run_id: str) -> None:
        """Make `LATEST` name a published run, in one step."""
        self.find(run_id)
        self._point(run_id)

    def rollback(self) -> Run:
        """Point `LATEST` to the run before it. Raises NotFoundError when there is none."""
        latest = self.find()
        ids = [run.run_id for run in self.runs()]
        place = ids.index(latest.run_id)
        if place == 0:
            raise NotFoundError(f"there is no run before {latest.run_id} to go back to")
        self._point(ids[place - 1])
        return self.find()

    def prune(self, keep: int) -> list[str]:
        """Delete all but the newest runs; the one `LATEST` names always stays. Returns what was deleted."""
        if keep < 1:
            problem = Problem("--keep", f"is {keep}", "keep at least one run")
            raise InputError([problem])
        latest = self.latest_id()
        doomed = [run for run in self.runs()[:-keep] if run.run_id != latest]
        for run in doomed:
            # Out of sight first: a reader must not meet half a run.
            hidden = run.folder.with_name(f".{run.run_id}{PARTIAL}")
            run.folder.rename(hidden)
            shutil.rmtree(hidden)
        return [run.run_id for run in doomed]

    def _advance(self, run_id: str) -> None:
        """A new night becomes the latest unless it back-fills a day before it."""
        current = self.latest_id()
        if current is None or not self.has(current) or self.find(current).as_of <= self.find(run_id).as_of:
            self._point(run_id)

    def _point(self, run_id: str) -> None:
        fresh = self.out / f".{LATEST}{PARTIAL}"
        with fresh.open("w", encoding="utf-8") as stream:
            stream.write(run_id + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(self.out / LATEST)

    def _read(self, folder: Path) -> Run:
        return Run(folder.name, folder, json.loads((folder / MANIFEST).read_text(encoding="utf-8")))


@contextmanager
def _as_output_error(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"{out} cannot be written: {reason}. The runs published before are untouched.") from error


def _sync(folder: Path) -> None:
    """Have the files on disk before the folder gets its name."""
    for file in folder.rglob("*"):
        if file.is_file():
            descriptor = os.open(file, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
