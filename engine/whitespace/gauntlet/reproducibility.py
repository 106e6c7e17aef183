"""Reproducibility: two processes that hash and thread differently must come to the same bits (G9).

Each computes everything again from the tables: labels, features, folds, a model, predictions, figures. In a run that
is done for some of the customers; when deep, for all.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np

from engine.vocabulary import whitespace as v
from engine.whitespace.artifact import Artifact
from engine.whitespace.gauntlet import replay
from engine.whitespace.gauntlet.context import Context, leading
from engine.whitespace.gauntlet.files import named
from engine.whitespace.gauntlet.shapes import ReproCheck, Score
from engine.whitespace.gauntlet.verdict import ALL, CheckResult, reading, readings
from engine.whitespace.tables import Tables

NAME: Final = "repro_check"
ENVIRONMENTS: Final = (
    {"PYTHONHASHSEED": "1", "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"},
    {"PYTHONHASHSEED": "2", "POLARS_MAX_THREADS": "2", "OMP_NUM_THREADS": "2", "NUMBA_NUM_THREADS": "2"},
)
"""What the two processes differ in."""
NOTHING: Final = Score(prevalence=None, auc=None, lift10=None, brier=None, positives=0)


def reproducibility(context: Context) -> CheckResult:
    """The check, of everything together and of each division. Raises RuntimeError where a process fails."""
    first, second = _twice(context)
    found, files = [], []
    for division in (ALL, *context.divisions):
        content = _compared(context, division, first, second)
        differing = [name for name, digest in content.hashes_run1.items() if content.hashes_run2.get(name) != digest]
        note = f"differ: {', '.join(differing)}" if differing else f"{len(content.hashes_run1)} hashes are equal"
        found.append(
            reading(content.status, note, division, "hashes_differing", value=float(len(differing)), bound=0.0)
        )
        files.append(Artifact(named(NAME, division, context.cutoff, ".json"), content.model_dump(mode="json")))
    return CheckResult(NAME, readings(found), artifacts=tuple(files))


def some_customers(tables: Tables, most: int, seed: int) -> Tables:
    """The tables of some customers by chance, all where there are no more."""
    ids = tables.customers[v.CUSTOMER].unique().sort()
    if len(ids) <= most:
        return tables
    kept = ids.gather(np.sort(np.random.default_rng(seed).permutation(len(ids))[:most])).to_frame()
    of = {name: getattr(tables, name) for name in v.TABLES if name != v.PRODUCTS}
    return Tables(
        **{name: table.join(kept, on=v.CUSTOMER, how="semi", maintain_order="left") for name, table in of.items()},
        products=tables.products,
        data_as_of=tables.data_as_of,
    )


def _twice(context: Context) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the two processes say, which run at the same time."""
    settings, leader = context.settings, leading(context, ALL)
    tables = context.tables
    if not settings.gauntlet.deep:
        tables = some_customers(tables, settings.gauntlet.repro_customers, settings.modeling.seed)
    job = replay.Job(
        settings,
        context.blocks.labelled,
        max(context.blocks.tuning),
        tables.data_as_of,
        leader.champion,
        leader.params,
        leader.features,
    )
    with tempfile.TemporaryDirectory() as folder:
        replay.written(Path(folder), tables, job)
        # Nothing comes from the folder somebody happens to be in.
        command = [sys.executable, "-P", "-m", replay.__name__, folder]
        running = [
            subprocess.Popen(
                command, env={**os.environ, **one}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            for one in ENVIRONMENTS
        ]
        ended = [(*one.communicate(), one.returncode) for one in running]
    for _, errors, code in ended:
        if code:
            raise RuntimeError(f"a process that computes the run again ended with {code}: {errors.strip()[-500:]}")
    first, second = (json.loads(output) for output, _, _ in ended)
    return first, second


def _compared(context: Context, division: str, first: dict[str, Any], second: dict[str, Any]) -> ReproCheck:
    """Hashes that all divisions share, those of this division's predictions, and its figures."""
    hashes = [{**one["hashes"], "predictions": one["predictions"].get(division, "")} for one in (first, second)]
    scores = [Score(**one["figures"][division]) if division in one["figures"] else NOTHING for one in (first, second)]
    auc, lift = _change(scores[0].auc, scores[1].auc), _change(scores[0].lift10, scores[1].lift10)
    settings = context.settings.gauntlet
    is_same = (
        hashes[0] == hashes[1]
        and not first["overlap"] + second["overlap"]
        and (auc or 0.0) <= settings.repro_max_auc_change
        and (lift or 0.0) <= settings.repro_max_lift_change
    )
    return ReproCheck(
        division=division,
        cutoff=context.cutoff,
        status="PASS" if is_same else "FAIL",
        hashes_run1=hashes[0],
        hashes_run2=hashes[1],
        metrics_run1=scores[0],
        metrics_run2=scores[1],
        delta_auc=auc,
        delta_lift10=lift,
        overlap=first["overlap"] + second["overlap"],
    )


def _change(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else abs(one - other)
