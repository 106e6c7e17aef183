"""The origin of a mirror: an output in an object store, what is brought from it and what is given to it.

`manifests/RUN.json` is the run: it is put there once, after every file that it names, and those lie in
`runs/RUN/SEAL/`, so that two who make one run at once never write on one another's files. `LATEST` is replaced only
where it is what was read before. `attempts/RUN/SEAL` lies there while a run comes or goes: whoever writes next ends
what somebody began who was killed.
"""

import datetime as dt
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from shutil import rmtree
from typing import Any, Final

from engine.disk import content_hash, raised_as_output_error, read_regular
from engine.errors import TryLaterError
from engine.mirrors import AT_ONCE, BROUGHT, ELSEWHERE, brought_into, place_mirrored, unread_since
from engine.places.objects import ObjectFolder, Stored
from engine.places.place import Place
from engine.runs.manifest import LATEST, MANIFEST, RUN_ID, RUNS

MANIFESTS: Final = "manifests"
ATTEMPTS: Final = "attempts"
MARKS: Final = "marks"
"""Where a mirror keeps by which mark it brought each manifest."""
SUFFIX: Final = ".json"
GIVEN_UP_AFTER: Final = dt.timedelta(days=1)
"""What is half there for so long is nobody's work any more."""
TURNS: Final = 10
"""So often `LATEST` is read anew when others move it."""


class Origin:
    """The output that a folder is the mirror of. Every method raises as `ObjectFolder` does, and OutputError."""

    def __init__(self, place: Place, mirror: Path) -> None:
        self.place = place
        self.mirror = mirror
        self.runs = mirror / RUNS

    @cached_property
    def _objects(self) -> ObjectFolder:
        return ObjectFolder(self.place)

    def where(self, run_id: str) -> str:
        """What makes a run be there; without it the run is gone."""
        return f"{self.place}/{MANIFESTS}/{run_id}{SUFFIX}"

    def look(self) -> tuple[str, str | None]:
        """Bring the manifests that are new and `LATEST`, and let go what is there no more, and what nobody reads.

        Returns what `LATEST` names there, "" for nothing, and the mark of that object, None for none.
        """
        with raised_as_output_error(self.mirror, ELSEWHERE):
            self.runs.mkdir(exist_ok=True)
            (self.mirror / MARKS).mkdir(exist_ok=True)
            # In this order: what is published meanwhile is in the second list, and what `LATEST` names, too.
            here = {folder.name for folder in self.runs.glob("[!.]*")}
            latest = self._objects.read(LATEST)
            there = self._published()
            for run_id in here - there.keys():
                self._forget(run_id)
            new = [run_id for run_id, stored in there.items() if self._known_mark(run_id) != stored.mark]
            with ThreadPoolExecutor(AT_ONCE) as pool:
                list(pool.map(lambda run_id: self._bring_manifest(run_id, there[run_id]), new))
            content, mark = latest or (b"", None)
            named = content.decode("utf-8", errors="replace").strip()
            self._keep_latest(named)
            self._let_unread_go()
            return named, mark

    def bring(self, run_id: str, manifest: Mapping[str, Any], names: Iterable[str]) -> str | None:
        """Have some files of a run here. Returns what is wrong where the place has them no more, or others."""
        folder, known = self.runs / run_id, manifest.get("files", {})
        if not folder.is_dir():
            return f"it was deleted from {self.place} meanwhile"
        with raised_as_output_error(self.mirror, ELSEWHERE):
            os.utime(folder)
            missing = [name for name in names if not _is_whole(folder / name, known[name]["n_bytes"])]
            if not missing:
                return None
            prefix = f"{RUNS}/{run_id}/{manifest['seal']}"

            def brought(name: str) -> str | None:
                file = hidden / name
                if not self._objects.fetch(f"{prefix}/{name}", known[name]["n_bytes"], file):
                    return f"{name} is not in {self.place}/{prefix}"
                if content_hash(file) != known[name]["content"]:
                    return f"{name} in {self.place}/{prefix} is not what was published"
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                file.replace(folder / name)
                return None

            with brought_into(self.runs) as hidden, ThreadPoolExecutor(AT_ONCE) as pool:
                return next(filter(None, list(pool.map(brought, missing))), None)

    def give(self, run_id: str, manifest: Mapping[str, Any], folder: Path) -> None:
        """Publish a run that lies in a folder, whole or not at all.

        Raises TryLaterError where somebody else published one of its name meanwhile: that one stays as it is.
        """
        seal = manifest["seal"]
        self._begin(run_id, seal)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            names = manifest["files"]
            list(pool.map(lambda name: self._objects.put(f"{RUNS}/{run_id}/{seal}/{name}", folder / name), names))
        content, name = (folder / MANIFEST).read_bytes(), f"{MANIFESTS}/{run_id}{SUFFIX}"
        mark = self._objects.put_in_place_of(name, content, None)
        if mark is None:
            # A store that was asked twice, since its first answer was lost, finds what it took the first time.
            there = self._objects.read(name)
            if there is None or there[0] != content:
                self._withdraw(run_id, seal)
                raise TryLaterError(f"{self.place}: {run_id} was published by somebody else meanwhile. Try again")
            mark = there[1]
        (self.mirror / MARKS / run_id).write_text(mark, encoding="utf-8")

    def point(self, run_id: str, stays: Callable[[], str | None]) -> str | None:
        """Make `LATEST` name a run, unless it stays: why it does, None where it names the run.

        stays: asked once what `LATEST` names there is here. Raises TryLaterError where others move it all the time.
        """
        for _ in range(TURNS):
            named, mark = self.look()
            if named == run_id:
                return None
            reason = stays()
            if reason is not None:
                return reason
            if self._objects.put_in_place_of(LATEST, f"{run_id}\n".encode(), mark) is not None:
                self._keep_latest(run_id)
                return None
        raise TryLaterError(
            f"{self.place}: {LATEST} is moved by others all the time; {run_id} is published. Try again"
        )

    def unsettled(self) -> Iterator[tuple[str, str]]:
        """Runs whose publishing nobody ended, with their seals. What was given up is cleared away on the way."""
        for stored in self._objects.listed(ATTEMPTS):
            run_id, _, seal = stored.name.removeprefix(f"{ATTEMPTS}/").partition("/")
            there = self._objects.read(f"{MANIFESTS}/{run_id}{SUFFIX}")
            if there is not None and seal.encode() in there[0]:
                yield run_id, seal
            elif dt.datetime.now(dt.UTC) - stored.changed_at > GIVEN_UP_AFTER:
                self._withdraw(run_id, seal)

    def settle(self, run_id: str, seal: str) -> None:
        """Nothing is left to do for a run that was published."""
        self._objects.delete([f"{ATTEMPTS}/{run_id}/{seal}"])

    def delete(self, run_id: str, manifest: Mapping[str, Any]) -> None:
        """Delete a run: for readers in one step."""
        seal = str(manifest.get("seal"))
        self._begin(run_id, seal)
        self._objects.delete([f"{MANIFESTS}/{run_id}{SUFFIX}"])
        self._withdraw(run_id, seal)

    def _begin(self, run_id: str, seal: str) -> None:
        self._objects.put(f"{ATTEMPTS}/{run_id}/{seal}", b"")

    def _withdraw(self, run_id: str, seal: str) -> None:
        """Delete the files of a run that is none, and then what tells of them."""
        files = [stored.name for stored in self._objects.listed(f"{RUNS}/{run_id}/{seal}")]
        self._objects.delete([*files, f"{ATTEMPTS}/{run_id}/{seal}"])

    def _published(self) -> dict[str, Stored]:
        found = {}
        for stored in self._objects.listed(MANIFESTS):
            run_id = stored.name.removeprefix(f"{MANIFESTS}/").removesuffix(SUFFIX)
            if stored.name.endswith(SUFFIX) and RUN_ID.fullmatch(run_id):
                found[run_id] = stored
        return found

    def _bring_manifest(self, run_id: str, stored: Stored) -> None:
        found = self._objects.read(stored.name)
        if found is None:
            return
        if not _is_written(self.runs / run_id / MANIFEST, found[0]):
            with brought_into(self.runs) as hidden:
                (hidden / MANIFEST).write_bytes(found[0])
                self._forget(run_id)
                try:
                    hidden.rename(self.runs / run_id)
                except OSError:
                    # Another process of this machine may have brought it just now.
                    if not (self.runs / run_id).is_dir():
                        raise
        (self.mirror / MARKS / run_id).write_text(stored.mark, encoding="utf-8")

    def _known_mark(self, run_id: str) -> str | None:
        file = self.mirror / MARKS / run_id
        return file.read_text(encoding="utf-8") if file.exists() and (self.runs / run_id).is_dir() else None

    def _forget(self, run_id: str) -> None:
        """Let a run go from here: out of sight first, since a reader must not meet half of it."""
        (self.mirror / MARKS / run_id).unlink(missing_ok=True)
        with brought_into(self.runs) as hidden, suppress(FileNotFoundError):
            (self.runs / run_id).rename(hidden / run_id)

    def _keep_latest(self, named: str) -> None:
        """Have `LATEST` here say what it says there."""
        file = self.mirror / LATEST
        if not named:
            file.unlink(missing_ok=True)
        elif not _is_written(file, f"{named}\n".encode()):
            with brought_into(self.runs) as hidden:
                (hidden / LATEST).write_text(named + "\n", encoding="utf-8")
                (hidden / LATEST).replace(file)

    def _let_unread_go(self) -> None:
        """Delete files of runs that nobody read for long, all but the manifests, and what killed readers left."""
        until = unread_since()
        for folder in self.runs.glob("*"):
            # Another process of this machine may do the same.
            with suppress(FileNotFoundError):
                if folder.stat().st_mtime >= until:
                    continue
                if folder.name.endswith(BROUGHT):
                    rmtree(folder)
                elif not folder.name.startswith("."):
                    _empty(folder)


def origin_of(folder: Path) -> Origin | None:
    """The origin of a mirror; None for a folder that stands for itself."""
    place = place_mirrored(folder)
    return None if place is None else Origin(place, folder)


def _is_whole(file: Path, n_bytes: int) -> bool:
    try:
        return file.stat().st_size == n_bytes
    except FileNotFoundError:
        return False


def _is_written(file: Path, content: bytes) -> bool:
    try:
        return read_regular(file) == content
    except OSError:
        return False


def _empty(folder: Path) -> None:
    """Delete everything in the folder of a run but its manifest."""
    for path in folder.iterdir():
        if path.is_dir():
            rmtree(path)
        elif path.name != MANIFEST:
            path.unlink()
