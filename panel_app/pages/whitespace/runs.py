"""Runs: every whitespace run with its parts, and of the one that is looked at how it came about."""

from typing import Any

from engine.outputs.desks import desk_of
from engine.outputs.read import data_quality
from engine.runs.publish import SETTINGS
from engine.runs.registry import Run
from panel_app.pages.whitespace.sheet import Asked, Plan, Told
from panel_app.state import View, address
from panel_app.stores.whitespace import Whitespaces

MOST_RUNS = 100
MANIFEST_SHOWN = (
    "run_id", "as_of", "verb", "models_of", "models_as_of", "profile", "finished_at", "input", "settings_fingerprint",
)  # fmt: skip


def tell(asked: Asked) -> Told:
    """All runs, the newest first, parts under their run; then the chosen one's manifest, data, stages, settings."""
    run = asked.run
    runs = asked.session.store(Whitespaces).runs()[::-1]
    known = {each.run_id for each in runs if each.part_of is None}
    whole = [each for each in runs if each.part_of is None or each.part_of not in known][:MOST_RUNS]
    manifest = run.run.manifest
    stages = manifest.get("stages", [])
    text = asked.render(
        "runs.html",
        runs=[_row(each, run.run_id, [part for part in runs if part.part_of == each.run_id]) for each in whole],
        chosen=run.run_id,
        facts={name: manifest[name] for name in MANIFEST_SHOWN if name in manifest},
        versions=manifest.get("versions", {}),
        quality=data_quality(run.run),
        stages=stages,
        longest=max((stage["seconds"] for stage in stages), default=0) or 1,
        seconds=sum(stage["seconds"] for stage in stages),
        settings=run.content(SETTINGS).decode(),
    )
    return Told(text, files=run.files)


def _row(run: Run, chosen: str, parts: list[Run]) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "href": address(View("runs", run.run_id)),
        "is_chosen": run.run_id == chosen,
        "as_of": run.as_of,
        "finished_at": run.finished_at[:16].replace("T", " "),
        "verb": run.manifest.get("verb", ""),
        "headline": desk_of(run).headline(run.manifest),
        "verdict": run.manifest.get("verdict"),
        "is_part": run.part_of is not None,
        "parts": [_row(part, chosen, []) for part in parts],
    }


PLAN = Plan(
    "runs",
    "Runs",
    "Every run with the parts that were done by themselves. A run is looked at on all pages once it is chosen here.",
    tell,
    has_divisions=False,
)
