"""Published nights for tests of what reads them: a small one, and the same with whatever a data owner may deliver."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from engine.outputs.read import find_run
from engine.outputs.shelf import shapes
from engine.settings.shelf.calibrated import CalibratedSettings
from engine.shelf import desk
from engine.synth.chain import write_chain
from engine.synth.plan import ChainPlan
from tests.command import unsealed, without_seal

if TYPE_CHECKING:
    from pathlib import Path

    from engine.runs.registry import Run
    from engine.settings.shelf.night import Settings

HOSTILE = "<img src=x onerror=alert(1)>"


def make_night(folder: Path, settings: Settings | None = None, **plan: int) -> Run:
    """A night over a small chain, published under `folder`/out."""
    write_chain(folder / "in", ChainPlan(**({"stores": 40, "skus": 8, "days": 60} | plan)))
    desk.run(folder / "in", folder / "out", settings or CalibratedSettings())
    return find_run(folder / "out")


def changed(run: Run, folder: Path, **columns: pl.Expr) -> Run:
    """A copy of a night in which columns of cases and stores say something else."""
    copy = folder / "runs" / run.run_id
    shutil.copytree(run.folder, copy)
    for name in (shapes.CASES, shapes.STORES):
        frame = pl.read_parquet(copy / name)
        frame.with_columns(**{key: told for key, told in columns.items() if key in frame.columns}).write_parquet(
            copy / name
        )
    (folder / "LATEST").write_text(run.run_id + "\n", encoding="utf-8")
    unsealed(folder)
    return replace(run, place=copy, manifest=without_seal(run.manifest))


def without_cases(run: Run, folder: Path) -> Run:
    """A copy of a night that found nothing."""
    copy = changed(run, folder, cases_open=pl.lit(0, pl.UInt32), revenue_at_risk_open=pl.lit(0.0))
    for file in copy.folder.glob("*.parquet"):
        if file.name not in (shapes.STORES, shapes.FEATURES, shapes.DETECTABILITY, shapes.PRICE_RESPONSE):
            pl.read_parquet(file).clear().write_parquet(file)
    facts = json.loads((copy.folder / shapes.SUMMARY).read_text(encoding="utf-8"))
    counts = dict.fromkeys(("cases", "cases_open", "stores_with_open_cases"), 0)
    money = {key: 0.0 for key in facts if key.startswith(("revenue_", "projected_"))}
    facts |= counts | money | {"mean_confidence_open": None, "open_by_cause": {}}
    (copy.folder / shapes.SUMMARY).write_text(json.dumps(facts), encoding="utf-8")
    return copy
