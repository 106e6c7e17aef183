"""Review: what a published run and its parts say together, read again from their files.

In: an output folder and a run. Out: cards and the gate. A damaged run is judged as it lies there: what is gone fails.
"""

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from engine.delivery.tables import Delivered
from engine.errors import InputError, NotFoundError, Problem
from engine.runs.manifest import LATEST, MANIFEST, RUNS
from engine.runs.registry import Registry, Run
from engine.settings.whitespace.run import WhitespaceSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.card import card
from engine.whitespace.check import check
from engine.whitespace.gate import Gate, gate
from engine.whitespace.panel import labels
from engine.whitespace.rescore import MODELS_OF


def cards(out: Path, run_id: str | None, divisions: Sequence[str]) -> list[dict[str, Any]]:
    """The model cards of a run, of some divisions or of all. Raises NotFoundError, DamagedRunError."""
    run = Registry(out).find(run_id, v.DESK)
    folders = {run.run_id: run.folder, **_parts(out, run.run_id)}
    known = _divisions(folders)
    unknown = [name for name in divisions if name not in known]
    if unknown:
        raise NotFoundError(f"run {run.run_id} has no division {unknown[0]!r}; it has {', '.join(known)}")
    return [card(folders, name, run.as_of) for name in divisions or known]


def gated(out: Path, run_id: str | None) -> Gate:
    """What the gate says of a run. Raises NotFoundError where there is none of that name."""
    registry = Registry(out)
    if registry.origin is not None:
        # Of a mirror, what is looked at below lies here only once it was asked for.
        _ = registry.find(run_id, v.DESK).folder
    name = run_id or (out / LATEST).read_text(encoding="utf-8").strip() if (out / LATEST).is_file() else run_id
    folder = out / RUNS / str(name)
    if not name or not folder.is_dir():
        # The registry names the runs there are.
        return gated(out, registry.find(run_id, v.DESK).run_id)
    if models := _told(folder, MODELS_OF):
        # Chances of a list that trained nothing are as good as the models of the run that did.
        return gated(out, models)
    folders = {name: folder, **_parts(out, name)}
    return gate(folders, _divisions(folders), _told(folder, "as_of"), is_published=True)


def outcomes(run: Run, place: Delivered) -> pl.DataFrame:
    """What was bought within the months after a list. Grain: customer, division; label and net_gp_window.

    place: a delivery that goes on until then. Raises InputError, where the months are not whole too.
    """
    settings = WhitespaceSettings.model_validate(run.manifest["settings"]).whitespace
    tables = check(place, settings.inputs).tables
    rows = labels(tables, [dt.date.fromisoformat(run.as_of)], settings.labels)
    if rows["label"].null_count():
        what = f"the months after {run.as_of} are not whole: the orders end on {tables.data_as_of}"
        raise InputError([Problem(v.TRANSACTIONS, what, "deliver the orders of all of them")])
    return rows.select(pl.col(v.PAIR).cast(pl.String), "label", "net_gp_window")


def _told(folder: Path, key: str) -> str:
    """What a manifest says; "" where it does not, or cannot be read, so that nothing of that is found."""
    try:
        return str(json.loads((folder / MANIFEST).read_text(encoding="utf-8"))[key])
    except (OSError, ValueError, KeyError):
        return ""


def _parts(out: Path, run_id: str) -> dict[str, Path]:
    """The parts of a run, the newest first."""
    runs = sorted(Registry(out).runs(v.DESK), key=lambda run: run.finished_at, reverse=True)
    return {run.run_id: run.folder for run in runs if run.part_of == run_id}


def _divisions(folders: dict[str, Path]) -> list[str]:
    """The divisions that a model was trained for, by the metadata of their models."""
    found = set()
    for folder in folders.values():
        for file in folder.glob("models/*_model/metadata.json"):
            found.add(str(json.loads(file.read_text(encoding="utf-8"))["division"]))
    return sorted(found)
