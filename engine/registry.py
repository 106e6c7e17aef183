"""The registry of runs under an output folder: who may write, what a run is called, and when it is there.

A run is written into `runs/.<run_id>.partial/` and renamed to `runs/<run_id>/` as its last act; then `LATEST`, one
line with a run id, is replaced. A reader sees the whole old night or the whole new one. The line that will replace
`LATEST` lies ready beforehand, so that the next writer can finish what one that was killed in between had begun.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.disk import PARTIAL, one_writer, refuse_a_file, sync, sync_all, told_as_output_error
from engine.errors import InputError, NotFoundError, Problem

MANIFEST = "manifest.json"
LATEST = "LATEST"
RUN_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]*")
UNTOUCHED = "The runs published before are untouched."
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
        """Be the one writer, and settle what a killed one left behind.

        Raises TryLaterError while another process writes, InputError when `out` is a file or below one, OutputError
        when the folder cannot be written.
        """
        with told_as_output_error(self.out, UNTOUCHED):
            refuse_a_file(self.out, "name a folder to publish runs in")
            self.folder.mkdir(parents=True, exist_ok=True)
            with one_writer(self.out, f"another run is writing to {self.out}"):
                self._settle()
                yield

    @contextmanager
    def publish(self, run_id: str) -> Iterator[Path]:
        """A folder to write the run into; it is published when the block ends well and vanishes when it does not.

        Must run under `writer`. Raises OutputError when the disk does not take it.
        """
        partial = self.folder / f".{run_id}{PARTIAL}"
        try:
            with told_as_output_error(self.out, UNTOUCHED):
                partial.mkdir(parents=True)
                yield partial
                sync_all(partial)
                is_latest = self._is_latest(self._read(partial))
                if is_latest:
                    self._prepare_to_point(run_id)
                partial.rename(self.folder / run_id)
                sync(self.folder)
                if is_latest:
                    self._point()
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
        """Every published run, oldest as-of day first, then by the order of publishing.

        Raises NotFoundError when a run is damaged.
        """
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
        return _line(self.out / LATEST) or None

    def point_to(self, run_id: str) -> None:
        """Make `LATEST` name a published run, in one step."""
        self.find(run_id)
        self._prepare_to_point(run_id)
        self._point()

    def rollback(self) -> Run:
        """Point `LATEST` to the run before it. Raises NotFoundError when there is none."""
        latest = self.find()
        ids = [run.run_id for run in self.runs()]
        place = ids.index(latest.run_id)
        if place == 0:
            raise NotFoundError(f"there is no run before {latest.run_id} to go back to")
        self.point_to(ids[place - 1])
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

    def _is_latest(self, new: Run) -> bool:
        """Whether a new night becomes the latest: it does unless it back-fills a day before it."""
        current = self.latest_id()
        if current is None or not self.has(current):
            return True
        try:
            return self.find(current).as_of <= new.as_of
        except NotFoundError:
            return True

    @property
    def _pointer(self) -> Path:
        """What `LATEST` will be: complete, and on disk, before the run gets its name."""
        return self.out / f".{LATEST}{PARTIAL}"

    def _prepare_to_point(self, run_id: str) -> None:
        self._pointer.write_text(run_id + "\n", encoding="utf-8")
        sync(self._pointer)

    def _point(self) -> None:
        self._pointer.replace(self.out / LATEST)
        sync(self.out)

    def _settle(self) -> None:
        """Clear unfinished runs, and let `LATEST` name the run whose writer was killed before it could say so."""
        for leftover in self.folder.glob(f".*{PARTIAL}"):
            shutil.rmtree(leftover, ignore_errors=True)
        named = _line(self._pointer)
        if RUN_ID.fullmatch(named) and self.has(named):
            self._point()
        else:
            self._pointer.unlink(missing_ok=True)

    def _read(self, folder: Path) -> Run:
        try:
            return Run(folder.name, folder, json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            reason = f"its {MANIFEST} cannot be read ({error})"
            raise NotFoundError(
                f"the run {folder.name} is damaged: {reason}. Delete {folder} and run again"
            ) from error


def _line(file: Path) -> str:
    """The one line of a small file, empty when there is none."""
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except (FileNotFoundError, NotADirectoryError):
        return ""
