"""Publish: one run of any desk, from what names it to its place among the published ones.

In: what makes the run, and a function that writes its files. Out: the published run, new or there already.
"""

import datetime as dt
import json
import platform
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from engine.delivery.mapped.place import is_mapping, open_mapping
from engine.errors import InputError, Problem
from engine.runs.journal import LOG, Journal
from engine.runs.lineage import Told, tables_of, told
from engine.runs.manifest import FORMAT, MANIFEST
from engine.runs.registry import PART_OF, Registry, Run, run_name
from engine.settings.frozen import DeskSettings
from engine.settings.loading import as_toml

SETTINGS: Final = "config_resolved.toml"
IN_MEMORY: Final = "frames"
"""What a manifest says in place of the folder of the input where there was none."""
PACKAGES: Final = ("darkshelf", "polars", "numpy", "numba", "pyarrow")
"""Another version of one of these may give other results: it makes another run."""


def _versions() -> Mapping[str, str]:
    """Of every package that may give other results."""
    return {package: version(package) for package in PACKAGES}


@dataclass(frozen=True)
class Making:
    """What makes a run, and with that its name: the same twice is the same run.

    as_of: the day, half month or other label that the run is of. inputs: fingerprints of the files by table.
    place: where the input lies, a path or a place elsewhere as it
    was typed, None for frames in memory. further: marks of whatever else changes the results, such
    as what was learnt. part_of: of a run that is a part, done by itself, of another one: the name of that, "" where
    there is none yet; None for a whole run. versions: of every package that may give other results, read once a run.
    """

    desk: str
    as_of: str
    settings: DeskSettings
    inputs: Mapping[str, Mapping[str, str]]
    place: Path | str | None
    further: tuple[str, ...] = ()
    part_of: str | None = None
    versions: Mapping[str, str] = field(init=False, default_factory=_versions)

    @property
    def run_id(self) -> str:
        """The name of the run."""
        parts = (self.settings.fingerprint(), str(dict(self.inputs)), " ".join(self.versions.values()), *self.further)
        return run_name(self.as_of, self.settings.profile, *parts)


def publish(
    out: Path,
    making: Making,
    journal: Journal,
    write: Callable[[Path], Mapping[str, Any]],
    *,
    force: bool = False,
) -> tuple[Run, bool]:
    """Publish a run under `out`, unless it is there already: the run, and whether this call made it.

    write: writes the files of the run into a folder and returns what the manifest says beyond what every run says.
    force: make it again. Raises InputError where `out` holds runs of another desk, TryLaterError while another
    process writes, OutputError when the disk does not take it, and what `write` raises; the runs published before
    stay as they are then.
    """
    registry = Registry(out)
    with registry.writer():
        _refuse_other_desks(registry, making.desk)
        if registry.has(making.run_id) and not force:
            return registry.find(making.run_id), False
        run_id = registry.free_name(making.run_id)
        inputs = tables_of(making.place, making.inputs, _mapping_of(making.place))
        lineage = told(Told(making.desk, run_id, inputs, registry.out))
        with lineage as outputs, registry.publish(run_id) as partial, journal.written_to(partial / LOG):
            entries = write(partial)
            (partial / SETTINGS).write_text(as_toml(making.settings), encoding="utf-8")
            manifest = _manifest(run_id, making, entries, journal)
            (partial / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
            outputs.take(partial)
    return registry.find(run_id), True


def publish_copy(run: Run, out: Path) -> tuple[Run, bool]:
    """Publish a run that lies elsewhere under `out`, unless it is there already: the run, and whether it was copied.

    Raises as `publish` does, and DamagedRunError where a file of the run is not what was published.
    """
    registry = Registry(out)
    with registry.writer():
        _refuse_other_desks(registry, run.desk)
        if registry.has(run.run_id):
            return registry.find(run.run_id), False
        files = [(name, run.file(name)) for name in run.manifest.get("files", {})]
        with registry.publish(run.run_id) as partial:
            for name, file in (*files, (MANIFEST, run.place / MANIFEST)):
                (partial / name).parent.mkdir(exist_ok=True)
                shutil.copyfile(file, partial / name)
    return registry.find(run.run_id), True


def _manifest(run_id: str, making: Making, entries: Mapping[str, Any], journal: Journal) -> dict[str, Any]:
    """How the run came about."""
    return {
        "format": FORMAT,
        "run_id": run_id,
        "desk": making.desk,
        "profile": making.settings.profile,
        "as_of": making.as_of,
        "finished_at": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
        "input": _told(making.place),
        "input_fingerprints": making.inputs,
        "mapping": _mapping_of(making.place),
        "settings_fingerprint": making.settings.fingerprint(),
        "settings": making.settings.model_dump(mode="json"),
        "versions": {**making.versions, "python": platform.python_version()},
        **({} if making.part_of is None else {PART_OF: making.part_of}),
        **entries,
        "stages": journal.stages,
    }


def _told(place: Path | str | None) -> str:
    """Where the input lies."""
    if place is None:
        return IN_MEMORY
    return str(place.resolve()) if isinstance(place, Path) else place


def _mapping_of(place: Path | str | None) -> Mapping[str, Any] | None:
    """What the mapping says that the input was read by; None where it is in our own format."""
    return open_mapping(place).described() if isinstance(place, Path) and is_mapping(place) else None


def _refuse_other_desks(registry: Registry, desk: str) -> None:
    """Raise InputError where a folder holds runs of another desk: `LATEST` is one line, and one desk's."""
    others = [run.run_id for run in registry.runs() if run.desk not in (desk, "")]
    if others:
        what = f"holds runs of another desk, such as {others[-1]}"
        raise InputError([Problem(registry.where, what, f"name another folder for the runs of the {desk} desk")])
