"""Replay: compute a run again in a process of its own, from tables to predictions, and say the hashes of everything.

python -m engine.whitespace.gauntlet.replay FOLDER    prints one JSON object

The folder holds what `reproducibility` writes: tables as Parquet, and `job.json`.
"""

import datetime as dt
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl
from pydantic import TypeAdapter

from engine.settings.whitespace.run import Sections
from engine.vocabulary import whitespace as v
from engine.whitespace import fingerprint, metrics
from engine.whitespace.dataset import Dataset, outcomes
from engine.whitespace.experiment import chosen, out_of_time
from engine.whitespace.features.build import features, fit
from engine.whitespace.gauntlet.context import usable
from engine.whitespace.gauntlet.scores import TOP_PERCENT, known
from engine.whitespace.models import Params
from engine.whitespace.models import fit as fit_model
from engine.whitespace.panel import labels
from engine.whitespace.splits import Fold, rolling_origins
from engine.whitespace.tables import Tables

JOB: Final = "job.json"


@dataclass(frozen=True)
class Job:
    """What is computed: with which settings, of which cutoffs, and which champion."""

    settings: Sections
    cutoffs: tuple[dt.date, ...]
    last_tuning: dt.date
    data_as_of: dt.date
    candidate: str
    params: Params
    names: tuple[str, ...]


def written(folder: Path, tables: Tables, job: Job) -> None:
    """Write tables and job into a folder, as `replay` reads them."""
    for name in v.TABLES:
        getattr(tables, name).write_parquet(folder / f"{name}.parquet")
    (folder / JOB).write_bytes(TypeAdapter(Job).dump_json(job))


def replay(folder: Path) -> dict[str, Any]:
    """The hashes of matrix, state, folds, model, predictions and figures; figures by division; customers shared."""
    job = TypeAdapter(Job).validate_json((folder / JOB).read_bytes())
    tables = Tables(
        **{name: pl.read_parquet(folder / f"{name}.parquet") for name in v.TABLES}, data_as_of=job.data_as_of
    )
    state = fit(tables, job.last_tuning, job.settings.features)
    computed = features(tables, job.cutoffs, state, job.settings.features)
    rows = usable(labels(tables, job.cutoffs, job.settings.labels))
    dataset = Dataset(rows, computed)
    folds = rolling_origins(rows, job.settings.modeling, job.settings.waivers)
    newest = [fold for fold in folds if fold.cutoff == folds[-1].cutoff]
    names = [name for name in job.names if name in computed.names()]
    settings = job.settings.modeling
    predictions = out_of_time(dataset, newest, job.candidate, job.params, names, settings, pooled=True)
    train = rows.filter(pl.Series(newest[0].train))
    kept = chosen(computed.registry, names)
    model = fit_model(job.candidate, dataset.values(train, names), outcomes(train), kept, job.params, settings.seed)
    figures = {division: _figures(part) for division, part in _by_division(predictions).items()}
    hashes = {
        "matrix": fingerprint.of_json([_matrix_hash(dataset, cutoff) for cutoff in job.cutoffs]),
        "state": state.hash(),
        "folds": fingerprint.of_json([_fold_hash(fold) for fold in folds]),
        "model": fingerprint.of_json(model.dump()),
        "json": fingerprint.of_json(figures),
    }
    divisions = {name: fingerprint.of_frame(part) for name, part in _by_division(predictions).items()}
    return {"hashes": hashes, "predictions": divisions, "figures": figures, "overlap": _overlap(rows, folds)}


def _matrix_hash(dataset: Dataset, cutoff: dt.date) -> list[str]:
    matrix = dataset.features.matrices[cutoff]
    return [fingerprint.of_frame(matrix.customers), fingerprint.of_frame(matrix.pairs)]


def _fold_hash(fold: Fold) -> list[str]:
    return [fold.name, fold.train.tobytes().hex(), fold.valid.tobytes().hex()]


def _overlap(rows: pl.DataFrame, folds: Sequence[Fold]) -> int:
    """Customers on both sides of a fold, over all folds."""
    ids = rows[v.CUSTOMER]
    sides = ((set(ids.filter(pl.Series(fold.train))), set(ids.filter(pl.Series(fold.valid)))) for fold in folds)
    return sum(len(train & valid) for train, valid in sides)


def _by_division(predictions: pl.DataFrame) -> Mapping[str, pl.DataFrame]:
    """All together under the empty name, and each division."""
    named = predictions.with_columns(pl.col(v.DIVISION).cast(pl.String))
    parts = {str(name): part for (name,), part in named.group_by([v.DIVISION], maintain_order=True)}
    return {"": named, **dict(sorted(parts.items()))}


def _figures(predictions: pl.DataFrame) -> dict[str, float | int | None]:
    bought, chances = outcomes(predictions), predictions["p"].to_numpy()
    figures = {
        "prevalence": float(bought.mean()),
        "auc": metrics.auc(bought, chances),
        "lift10": metrics.lift(bought, chances, TOP_PERCENT),
        "brier": metrics.brier(bought, chances),
    }
    return {**{name: known(value) for name, value in figures.items()}, "positives": int(bought.sum())}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(replay(Path(sys.argv[1]))))
