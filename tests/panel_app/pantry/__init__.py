"""A desk as another distribution would bring it: it counts jars, and has one page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from engine.outputs.compare import Change
from engine.outputs.desks import Desk, Explanation
from engine.outputs.read import facts
from engine.outputs.shown import line
from engine.runs.manifest import FORMAT, MANIFEST
from engine.runs.registry import Registry, Run
from engine.settings.frozen import DeskSettings, RunSettings

if TYPE_CHECKING:
    from pathlib import Path

JARS = "jars.json"


def publish(out: Path, as_of: str, jars: int) -> str:
    """Publish a run of the desk; its id."""
    registry, run_id = Registry(out), f"{as_of}-pantry"
    told = {"format": FORMAT, "run_id": run_id, "desk": "pantry", "as_of": as_of, "finished_at": f"{as_of}T20:00:00"}
    with registry.writer(), registry.publish(run_id) as folder:
        (folder / JARS).write_text(json.dumps({"jars": jars}))
        (folder / MANIFEST).write_text(json.dumps(told))
    return run_id


def make_known(folder: Path) -> None:
    """Write what an installed distribution has into a folder of packages."""
    place = folder / "pantry-1.0.dist-info"
    place.mkdir()
    (place / "METADATA").write_text("Metadata-Version: 2.1\nName: pantry\nVersion: 1.0\n")
    (place / "entry_points.txt").write_text("[darkshelf.desks]\npantry = tests.panel_app.pantry:DESK\n")


def _jars(run: Run) -> Any:
    return facts(run, JARS)["jars"]


DESK = Desk(
    name="pantry",
    purpose="counts jars",
    rank=9,
    load=lambda path, assignments: DeskSettings(),
    models={"": DeskSettings},
    headline=lambda manifest: "jars",
    shown=lambda run: [line(f"{_jars(run)} jars")],
    explain=lambda run, name: Explanation({}, []),
    compare=lambda old, new: Change([], "", ()),
    report=lambda registry, run, settings: "",
    report_settings=RunSettings,
    run="tests.panel_app.pantry:publish",
    pages="tests.panel_app.pantry.pages:PAGES",
    style="tests.panel_app.pantry.pages:CSS",
)
