"""The registry of runs under an output folder: who may write, what a run is called, and when it is there.

A run is written into `runs/.<run_id>.partial/` and renamed to `runs/<run_id>/` as its last act; then `LATEST`, one
line with a run id, is replaced. A reader sees the whole old night or the whole new one. The line that will replace
`LATEST` lies ready beforehand, so that the next writer can finish what one that was killed in between had begun.
"""

import functools
import hashlib
import logging
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.disk import (
    PARTIAL,
    one_writer,
    raised_as_output_error,
    read_regular,
    refuse_a_file,
    sync,
    sync_all,
)
from engine.errors import InputError, NotFoundError, Problem
from engine.mirrors import is_typed_anew, told
from engine.runs.journal import keep_log
from engine.runs.manifest import LATEST, MANIFEST, RUN_ID, RUNS, fault_of, read_manifest, seal
from engine.runs.origin import Origin, origin_of
from engine.runs.run import PART_OF, DamagedRunError, Run

__all__ = ["LATEST", "LOGGER", "PART_OF", "RUNS", "DamagedRunError", "Registry", "Run", "Survey", "run_name"]

LOGGER = logging.getLogger("darkshelf")
LOGS = "logs"
"""Where the logs of runs that failed lie, beside the runs."""
DAMAGED = ".damaged"
"""What the name of a damaged run ends with that was made anew; it begins with a dot."""
UNTOUCHED = "The runs published before are untouched."


@dataclass(frozen=True)
class Survey:
    """What lies in a folder of runs. runs: oldest as-of day first, then by the order of publishing.

    skipped: a problem for everything there that is no run or a damaged one.
    """

    runs: list[Run]
    skipped: list[Problem]


def run_name(as_of: str, profile: str, *fingerprints: str) -> str:
    """A run id: readable, and different when anything that makes the run differs."""
    mark = hashlib.blake2b("\n".join(fingerprints).encode(), digest_size=4).hexdigest()
    return f"{as_of}-{profile}-{mark}"


class Registry:
    """The runs under one output folder."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.folder = out / RUNS
        self.origin = origin_of(out)
        self.where = told(out)

    def look(self) -> None:
        """Bring what is new, where the folder is the mirror of a place. Raises as `Origin.look`.

        Who typed the place need not: it is done when a registry is asked for runs first.
        """
        if self.origin is not None:
            self.origin.look()

    @contextmanager
    def writer(self) -> Iterator[None]:
        """Be the one writer, and clear up what a killed one left behind.

        Raises TryLaterError while another process writes, InputError when `out` is a file or below one, OutputError
        when the folder cannot be written.
        """
        with raised_as_output_error(self.out, UNTOUCHED):
            refuse_a_file(self.out, "name a folder to publish runs in")
            self.folder.mkdir(parents=True, exist_ok=True)
            with one_writer(self.out, f"another run is writing to {self.where}"):
                self._clear_up()
                yield

    @contextmanager
    def publish(self, run_id: str) -> Iterator[Path]:
        """A folder to write the run into; it is published when the block ends well and vanishes when it does not.

        A run that fails leaves its log in `logs/`. Must run under `writer`. Raises OutputError when the disk does
        not take it.
        """
        partial = self.folder / f".{run_id}{PARTIAL}"
        try:
            with raised_as_output_error(self.out, UNTOUCHED):
                partial.mkdir(parents=True)
                yield partial
                seal(partial)
                sync_all(partial)
                new = self._read(partial, run_id)
                if self.origin is not None:
                    self.origin.give(run_id, new.manifest, partial)
                stays = self._stays(new)
                if stays is None:
                    self._prepare_to_point(run_id)
                self._set_aside(run_id)
                partial.rename(self.folder / run_id)
                sync(self.folder)
                if stays is None:
                    stays = self._point(run_id, lambda: self._stays(new))
                if self.origin is not None:
                    self.origin.settle(run_id, new.manifest["seal"])
                if stays is not None:
                    level = logging.WARNING if new.part_of is None else logging.INFO
                    LOGGER.log(level, "%s is not the latest run: %s", run_id, stays)
        except BaseException:
            keep_log(partial, self.out / LOGS, run_id)
            shutil.rmtree(partial, ignore_errors=True)
            raise

    def free_name(self, run_id: str) -> str:
        """The run id, or the same with a number when it is taken by a run that can be read."""
        if not self.has(run_id):
            return run_id
        taken = {run.name for run in self.folder.glob("*")}
        return next(name for n in range(2, len(taken) + 3) if (name := f"{run_id}-{n}") not in taken)

    def survey(self) -> Survey:
        """Every published run, and what there is beside them."""
        self._look_once()
        found: list[Run] = []
        skipped: list[Problem] = []
        for folder in sorted(self.folder.glob("[!.]*")):
            try:
                found.append(self._read(folder))
            except DamagedRunError as error:
                skipped.append(error.problem)
        return Survey(sorted(found, key=lambda run: (run.as_of, run.finished_at, run.run_id)), skipped)

    def runs(self, desk: str | None = None) -> list[Run]:
        """Every published run that can be read, of one desk or of all, in the order of `Survey`.

        What is skipped is told as a warning of the log.
        """
        survey = self.survey()
        for problem in survey.skipped:
            LOGGER.warning("%s %s; it is skipped. %s", problem.where, problem.what, problem.advice)
        return [run for run in survey.runs if desk in (None, run.desk)]

    def find(self, run_id: str | None = None, desk: str | None = None) -> Run:
        """A run by its id, the latest without one. desk: of this desk alone.

        Where `LATEST` names no run that can be read, the latest is the newest that can, and a warning of the log says
        so. Raises NotFoundError naming the runs there are, DamagedRunError.
        """
        self._look_once()
        if run_id is None:
            return self._latest(desk)
        if not RUN_ID.fullmatch(run_id) or not (self.folder / run_id).is_dir():
            known = ", ".join(run.run_id for run in self.runs(desk)[-5:]) or "none"
            raise NotFoundError(f"there is no run {run_id!r} under {self.where}; the last runs there: {known}")
        found = self._read(self.folder / run_id)
        if desk not in (None, found.desk):
            known = ", ".join(run.run_id for run in self.runs(desk)[-5:]) or "none"
            raise NotFoundError(
                f"{run_id} is a run of the {found.desk or 'unknown'} desk, not of the {desk} desk; "
                f"the last runs of that: {known}"
            )
        return found

    def has(self, run_id: str) -> bool:
        """Whether this run is published and can be read."""
        self._look_once()
        return self._readable(run_id) is not None

    def latest_id(self, desk: str | None = None) -> str | None:
        """The run that readers see, see `find`; None before the first."""
        try:
            return self._latest(desk).run_id
        except NotFoundError:
            return None

    def point_to(self, run_id: str) -> None:
        """Make `LATEST` name a published whole run, in one step. Raises InputError for a part of one."""
        if self.find(run_id).part_of is not None:
            advice = "name a whole run: readers are led to no other"
            raise InputError([Problem(run_id, "is only a part of a run", advice)])
        self._prepare_to_point(run_id)
        self._point(run_id)

    def rollback(self) -> Run:
        """Point `LATEST` to the run before it. Raises NotFoundError when there is none."""
        latest = self.find()
        ids = [run.run_id for run in self.runs() if run.part_of is None]
        place = ids.index(latest.run_id)
        if place == 0:
            raise NotFoundError(f"there is no run before {latest.run_id} to go back to")
        self.point_to(ids[place - 1])
        return self.find()

    def prune(self, keep: int) -> list[str]:
        """Delete all but the newest whole runs, and the parts of what goes; the one `LATEST` names always stays.

        A part of no run that is there goes with those that were finished before the oldest that stays. Returns what
        was deleted.
        """
        if keep < 1:
            problem = Problem("--keep", f"is {keep}", "keep at least one run")
            raise InputError([problem])
        latest = self.latest_id()
        # A run from the future goes before any that saw what has happened.
        ordered = sorted(self.runs(), key=lambda run: not run.is_ahead)
        whole = [run for run in ordered if run.part_of is None]
        doomed = [run for run in whole[:-keep] if run.run_id != latest]
        staying = {run.run_id: run.finished_at for run in whole if run not in doomed}
        oldest = min(staying.values(), default="")
        doomed += [run for run in ordered if run.part_of is not None and not self._is_wanted(run, staying, oldest)]
        for run in doomed:
            if self.origin is not None:
                self.origin.delete(run.run_id, run.manifest)
            # Out of sight first: a reader must not meet half a run.
            hidden = run.place.with_name(f".{run.run_id}{PARTIAL}")
            run.place.rename(hidden)
            shutil.rmtree(hidden)
        return [run.run_id for run in doomed]

    @staticmethod
    def _is_wanted(part: Run, staying: Mapping[str, str], oldest: str) -> bool:
        """Whether a part belongs to a run that stays, or to none and is no older than those."""
        return part.part_of in staying or (part.part_of == "" and part.finished_at >= oldest)

    def _look_once(self) -> None:
        if is_typed_anew(self.out):
            self.look()

    def _latest(self, desk: str | None) -> Run:
        self._look_once()
        named = _line(self.out / LATEST)
        found = self._readable(named)
        if found is not None and desk in (None, found.desk):
            return found
        runs = self.runs(desk)
        if not runs:
            raise NotFoundError(self._why_none(desk))
        newest = _newest([run for run in runs if run.part_of is None] or runs)
        if found is None:
            what = f"{LATEST} names {named!r}, which is no run that can be read" if named else f"there is no {LATEST}"
            LOGGER.warning("%s; the newest run that can be read is taken: %s", what, newest.run_id)
        else:
            what = f"{LATEST} names {named}, a run of the {found.desk or 'unknown'} desk"
            LOGGER.warning("%s; the newest of the %s desk is taken: %s", what, desk, newest.run_id)
        return newest

    def _why_none(self, desk: str | None) -> str:
        survey = self.survey()
        if survey.runs:
            return f"there is no run of the {desk} desk under {self.where}; there is {survey.runs[-1].run_id}"
        if survey.skipped:
            problem = survey.skipped[-1]
            return f"no run under {self.where} can be read: {problem.where} {problem.what}. {problem.advice}"
        of_desk = f" --desk {desk}" if desk else ""
        return (
            f"there is no run under {self.where} yet: make one with  darkshelf run INPUT --out {self.where}{of_desk}"
        )

    def _readable(self, run_id: str) -> Run | None:
        """A run, None where there is none or a damaged one."""
        if not RUN_ID.fullmatch(run_id):
            return None
        try:
            return self._read(self.folder / run_id)
        except DamagedRunError:
            return None

    def _stays(self, new: Run) -> str | None:
        """Why a new run does not become the latest; None where it does.

        It does unless it back-fills a day before the latest, and even then where the latest saw days that had not
        come when it was made.
        """
        current = self._readable(_line(self.out / LATEST))
        if new.part_of is not None:
            return f"it is a part of {new.part_of or 'no run yet'}"
        if current is None or current.desk != new.desk or current.as_of <= new.as_of:
            return None
        if current.is_ahead and not new.is_ahead:
            LOGGER.warning(
                "%s is no longer the latest run: its as-of day %s lies after the day it was made",
                current.run_id,
                current.as_of,
            )
            return None
        return (
            f"as of {new.as_of} it is before {current.run_id}, which readers keep seeing. To show it:  "
            f"darkshelf runs rollback --out {self.where} --to {new.run_id}"
        )

    @property
    def _pointer(self) -> Path:
        """What `LATEST` will be: complete, and on disk, before the run gets its name."""
        return self.out / f".{LATEST}{PARTIAL}"

    def _prepare_to_point(self, run_id: str) -> None:
        self._pointer.write_text(run_id + "\n", encoding="utf-8")
        sync(self._pointer)
        sync(self.out)

    def _point(self, run_id: str, stays: Callable[[], str | None] = lambda: None) -> str | None:
        """Make `LATEST` name a run. stays: why it does not, asked where others may have moved it meanwhile."""
        if self.origin is not None:
            self._pointer.unlink(missing_ok=True)
            return self.origin.point(run_id, stays)
        self._pointer.replace(self.out / LATEST)
        sync(self.out)
        return None

    def _clear_up(self) -> None:
        """Clear unfinished runs, let `LATEST` name the run whose writer was killed before it could, and mend it."""
        for leftover in self.folder.glob(f".*{PARTIAL}"):
            keep_log(leftover, self.out / LOGS, leftover.name[1:].removesuffix(PARTIAL))
            shutil.rmtree(leftover, ignore_errors=True)
        if self.origin is not None:
            self._settle(self.origin)
        elif self.has(_line(self._pointer)):
            self._point(_line(self._pointer))
        self._pointer.unlink(missing_ok=True)
        mended = self._mended()
        if mended is not None:
            self.point_to(mended.run_id)
            LOGGER.warning("%s is mended: it names %s", LATEST, mended.run_id)

    def _settle(self, origin: Origin) -> None:
        """Bring what is new, and let `LATEST` name what was published by somebody who was killed before that."""
        self.look()
        for run_id, mark in origin.unsettled():
            new = self._readable(run_id)
            if new is not None and self._stays(new) is None:
                self._point(run_id, functools.partial(self._stays, new))
            origin.settle(run_id, mark)

    def _mended(self) -> Run | None:
        """The run that `LATEST` should name and does not; None where all is well, and before the first run.

        It does not where it names none that can be read, and where it names one from the future although a true one
        was published after it.
        """
        current = self._readable(_line(self.out / LATEST))
        if current is None:
            return self._latest(None) if any(run.part_of is None for run in self.survey().runs) else None
        if not current.is_ahead:
            return None
        others = [run for run in self.runs(current.desk) if run.part_of is None and not run.is_ahead]
        true = [run for run in others if run.finished_at > current.finished_at]
        return true[-1] if true else None

    def _set_aside(self, run_id: str) -> None:
        """Hide the damaged run that has the name of a new one: the same night, made again."""
        damaged = self.folder / run_id
        if damaged.exists():
            hidden = self.folder / f".{run_id}{DAMAGED}"
            shutil.rmtree(hidden, ignore_errors=True)
            damaged.rename(hidden)
            LOGGER.warning("%s was damaged and is made anew; what there was of it is %s", run_id, hidden)

    def _read(self, folder: Path, run_id: str | None = None) -> Run:
        """The run in a folder. run_id: what it will be called, by default its name. Raises DamagedRunError."""
        run_id = run_id or folder.name
        file = folder / MANIFEST
        where = str(folder) if self.origin is None else self.origin.where(run_id)
        try:
            manifest = read_manifest(file)
        except OSError as error:
            reason = f"its {MANIFEST} cannot be read ({error.strerror})" if folder.is_dir() else "it is no folder"
            raise DamagedRunError(run_id, where, reason) from error
        except (ValueError, RecursionError) as error:
            raise DamagedRunError(run_id, where, f"its {MANIFEST} cannot be read ({fault_of(error)})") from error
        if manifest.get("run_id", run_id) != run_id:
            raise DamagedRunError(run_id, where, f"its {MANIFEST} is of the run {manifest['run_id']}")
        # Of a mirror a file is looked at when it is asked for: it may not have been brought yet.
        for name, known in manifest.get("files", {}).items() if self.origin is None else ():
            try:
                n_bytes = (folder / name).stat().st_size
            except OSError as error:
                raise DamagedRunError(run_id, where, f"{name}: {error.strerror}") from error
            if n_bytes != known["n_bytes"]:
                what = f"{name} is not whole: {n_bytes:,} bytes instead of {known['n_bytes']:,}"
                raise DamagedRunError(run_id, where, what)
        return Run(run_id, folder, manifest, self.origin)


def _newest(runs: Sequence[Run]) -> Run:
    """The last of some runs, of the desk that made most of them; one from the future only where all are."""
    ((desk, _),) = Counter(run.desk for run in runs).most_common(1)
    own = (run for run in runs if run.desk == desk)
    return max(own, key=lambda run: (not run.is_ahead, run.as_of, run.finished_at, run.run_id))


def _line(file: Path) -> str:
    """The one line of a small file, empty when there is none."""
    try:
        return read_regular(file).decode("utf-8", errors="replace").strip()
    except OSError:
        return ""
