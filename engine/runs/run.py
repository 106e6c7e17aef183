"""A run as it was published: what its manifest says, and its files, which are looked at when they are asked for."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.disk import content_hash
from engine.errors import NotFoundError, Problem
from engine.runs.manifest import MANIFEST
from engine.runs.origin import Origin

PART_OF = "part_of"
"""What the manifest of a part calls the run it is a part of."""
CLOCKS_APART = dt.timedelta(days=1)
"""A day begins this much earlier in the far east than on the clock that runs are stamped with, rounded up."""


class DamagedRunError(NotFoundError):
    """A published run cannot be read, or is not what was published. problem: the same with its facts.

    >>> published = night.to_folder("data/damaged")
    >>> (published.folder / "summary.json").write_text("{}")
    2
    >>> darkshelf.open_run("data/damaged", night.run_id)
    Traceback (most recent call last):
    engine.runs.run.DamagedRunError: the run ... is damaged: summary.json is not whole: ...
    """

    def __init__(self, run_id: str, where: str, reason: str) -> None:
        advice = f"Delete {where} and run again"
        self.problem = Problem(f"run {run_id}", f"is damaged: {reason}", advice)
        super().__init__(f"the run {run_id} is damaged: {reason}. {advice}")


@dataclass(frozen=True)
class Run:
    """A published run: its name, its place on this machine and its manifest.

    origin: where files that are asked for come from, if they are not here yet.
    """

    run_id: str
    place: Path
    manifest: Mapping[str, Any]
    origin: Origin | None = None

    @property
    def folder(self) -> Path:
        """Its folder with every file in it. Raises DamagedRunError, as `ObjectFolder` where they are elsewhere."""
        self._bring(self._files)
        return self.place

    @property
    def out(self) -> Path:
        """The output folder it is published in."""
        return self.place.parents[1]

    @property
    def where(self) -> str:
        """What has to be deleted for the run to be gone, as a person finds it."""
        return str(self.place) if self.origin is None else self.origin.where(self.run_id)

    @property
    def names(self) -> list[str]:
        """Every file by its path in the folder, sorted, brought or not."""
        if self.origin is not None:
            return sorted([*self._files, MANIFEST])
        return sorted(path.relative_to(self.place).as_posix() for path in self.place.rglob("*") if path.is_file())

    def holds(self, name: str) -> bool:
        """Whether there is a file of this name, brought or not."""
        return (self.place / name).exists() or (self.origin is not None and name in self._files)

    @property
    def as_of(self) -> str:
        """The last day the run saw, as ISO text."""
        return str(self.manifest["as_of"])

    @property
    def desk(self) -> str:
        """Which desk made it, empty where that is not said."""
        return str(self.manifest.get("desk", ""))

    @property
    def finished_at(self) -> str:
        """When it was done, as ISO text; empty where that is not said."""
        return str(self.manifest.get("finished_at", ""))

    @property
    def part_of(self) -> str | None:
        """The run it is a part of, "" where there is none yet; None for a whole run: `LATEST` names no other."""
        return self.manifest.get(PART_OF)

    @property
    def is_ahead(self) -> bool:
        """Whether its as-of day lies after the day it was made: what it saw cannot have happened."""
        if "-" not in self.as_of or not self.finished_at:
            return False
        made_on = dt.datetime.fromisoformat(self.finished_at).date()
        return dt.date.fromisoformat(self.as_of) - made_on > CLOCKS_APART

    def file(self, name: str) -> Path:
        """The path of a published file, whose content is what was published.

        Raises DamagedRunError where it is not. A file that the manifest does not know is not looked at.
        """
        path, known = self.place / name, self._files.get(name)
        if known is None:
            return path
        self._bring([name])
        if self._content(name) != known["content"] and self.origin is not None:
            path.unlink()
            self._bring([name])
        if self._content(name) != known["content"]:
            raise DamagedRunError(self.run_id, self.where, f"{name} is not what was published")
        return path

    @property
    def _files(self) -> Mapping[str, Any]:
        return dict(self.manifest.get("files", {}))

    def _content(self, name: str) -> str:
        try:
            return content_hash(self.place / name)
        except OSError as error:
            raise DamagedRunError(self.run_id, self.where, f"{name}: {error.strerror}") from error

    def _bring(self, names: Iterable[str]) -> None:
        reason = None if self.origin is None else self.origin.bring(self.run_id, self.manifest, names)
        if reason is not None:
            raise DamagedRunError(self.run_id, self.where, reason)
