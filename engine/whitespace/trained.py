"""Trained: the champion of every division with its calibrator, from which scores come; and the same read from a run.

In: features of some keys. Out: for each a raw and a calibrated chance.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from engine.errors import InputError, Problem
from engine.vocabulary import whitespace as v
from engine.whitespace.calibrate import Calibrator
from engine.whitespace.features.matrix import Features
from engine.whitespace.models import Fitted, Params
from engine.whitespace.slug import slug

TRAINING: Final = "training"
"""Where the files of each division's training lie in a run folder."""
POOLED_FOLDER: Final = "pooled"
"""Of the model that divisions share; a slug always ends in a mark, so no division is called so."""
OWN: Final = "own"
POOLED: Final = "pooled"
DEGENERATE: Final = "degenerate"
USABLE: Final = pl.col("in_population") & pl.col("label").is_not_null()
"""Rows that training uses: of the population, with a label that is known."""
STATUSES: Final = (OWN, POOLED, DEGENERATE)
"""A model of its own, the shared one, or rows from which nothing can be learned."""


@dataclass(frozen=True)
class DivisionModel:
    """What scores one division.

    status: one of `STATUSES`; reason: why, as a sentence. backing: model or heuristic. champion: the candidate.
    folder: of the model under `models/`. calibrator: None where the calibration rows have one class only; the raw
    chance stands then. metadata: everything else that is published about it, as JSON takes it.
    """

    division: str
    status: str
    reason: str
    backing: str
    champion: str
    folder: str
    params: Params
    model: Fitted
    calibrator: Calibrator | None
    metadata: Mapping[str, Any]

    @property
    def pooled(self) -> bool:
        """Whether the model is shared with other divisions."""
        return self.status != OWN

    @property
    def features(self) -> tuple[str, ...]:
        """The features it takes, in column order."""
        return self.model.names


@dataclass(frozen=True)
class Trained:
    """Everything that training found.

    cutoff: the scoring cutoff. tuning, calibration: those before it. divisions: by name. out_of_time: predictions of
    each division's champion over rolling origins (customer, division, cutoff, fold, label, net_gp_window, p).
    calibration_rows: rows of the calibration cutoff, which the models never saw (customer, division, cutoff, label,
    net_gp_window, p_raw, p_icp); p_icp is by calibrators that did not see the row's customer. diagnostics: by
    division, what was tried and dropped and why. suspicious_features: what looked like the label itself and was left
    out.
    """

    cutoff: dt.date
    tuning: tuple[dt.date, ...]
    calibration: dt.date
    divisions: Mapping[str, DivisionModel]
    out_of_time: pl.DataFrame
    calibration_rows: pl.DataFrame
    diagnostics: Mapping[str, Mapping[str, Any]]
    suspicious_features: tuple[str, ...]

    def predict(self, features: Features, keys: pl.DataFrame) -> pl.DataFrame:
        """Chances of keys. Grain: customer, division, cutoff, in the order of the keys; p_raw, p_icp, never null.

        keys: with the columns of `vocabulary.whitespace.ROW`; of divisions that were trained. Raises InputError where
        a model needs a feature that is not there, or a key's division has no model.
        """
        divisions = keys[v.DIVISION].cast(pl.String)
        unknown = sorted(set(divisions.unique()) - set(self.divisions))
        if unknown:
            raise InputError([_unknown_divisions(unknown, keys.filter(divisions.is_in(unknown)).height, keys.height)])
        raw, calibrated = np.full(keys.height, np.nan), np.full(keys.height, np.nan)
        for folder in sorted({one.folder for one in self.divisions.values()}):
            served = [one for one in self.divisions.values() if one.folder == folder]
            place = np.flatnonzero(divisions.is_in([one.division for one in served]).to_numpy())
            if place.size:
                values = features.of(keys[place], _present(served[0].features, features))
                raw[place] = served[0].model.predict(values)
        for name, one in self.divisions.items():
            ours = (divisions == name).to_numpy()
            calibrated[ours] = one.calibrator.apply(raw[ours]) if one.calibrator else raw[ours]
        return keys.select(*v.ROW).with_columns(p_raw=raw, p_icp=calibrated)


def of_division(rows: pl.DataFrame, division: str) -> pl.DataFrame:
    """The rows of one division."""
    return rows.filter(pl.col(v.DIVISION).cast(pl.String) == division)


def load(run_folder: Path) -> Trained:
    """What a run trained, frozen, from the texts and tables in its folder.

    Raises InputError where the folder has no trained division, or a file that its metadata name is missing.
    """
    published = [
        json.loads(path.read_text()) for path in sorted((run_folder / "models").glob("*_model/metadata.json"))
    ]
    if not published:
        raise InputError([_nothing_trained(run_folder)])
    models: dict[str, Fitted] = {}
    for folder in sorted({one["model_folder"] for one in published}):
        path = run_folder / "models" / f"{folder}_model" / "model.json"
        if not path.is_file():
            raise InputError(
                [_no_model(path, [one["division"] for one in published if one["model_folder"] == folder])]
            )
        models[folder] = Fitted.load(path.read_text())
    divisions = {one["division"]: _division(one, models[one["model_folder"]]) for one in published}
    tables = {name: pl.read_parquet(run_folder / f"{name}.parquet") for name in ("out_of_time", "calibration_rows")}
    diagnostics = {
        name: json.loads((run_folder / TRAINING / f"diagnostics_{slug(name)}.json").read_text())
        for name in sorted(divisions)
    }
    return Trained(
        dt.date.fromisoformat(published[0]["cutoff_date"]),
        tuple(dt.date.fromisoformat(cutoff) for cutoff in published[0]["tuning_cutoffs"]),
        dt.date.fromisoformat(published[0]["calibration_cutoff"]),
        divisions,
        **tables,
        diagnostics=diagnostics,
        suspicious_features=tuple(published[0]["suspicious_features"]),
    )


def _division(published: Mapping[str, Any], model: Fitted) -> DivisionModel:
    calibrator = published["calibrator"] and Calibrator.of(published["calibrator"])
    return DivisionModel(
        published["division"],
        published["status"],
        published["reason"],
        published["backing"],
        published["best_model"],
        published["model_folder"],
        published["params"],
        model,
        calibrator,
        published,
    )


def _present(names: Sequence[str], features: Features) -> Sequence[str]:
    """The names, all of which the features have."""
    missing = sorted(set(names) - set(features.names()))
    if missing:
        what = "features that the model takes are not there"
        advice = "compute features with the settings that the model was trained with"
        raise InputError([Problem("features", what, advice, len(missing), len(names), tuple(missing[:3]))])
    return names


def _unknown_divisions(names: Sequence[str], rows: int, of: int) -> Problem:
    advice = "train again with these divisions, or leave them out of what is scored"
    return Problem("scores", "the division has no trained model", advice, rows, of, tuple(names[:3]))


def _nothing_trained(folder: Path) -> Problem:
    advice = "name a run that trained: darkshelf runs list"
    return Problem(folder.name, "the run holds no trained division", advice)


def _no_model(path: Path, divisions: Sequence[str]) -> Problem:
    advice = "restore the file, or train again"
    return Problem(
        path.parent.name, "the model is missing", advice, len(divisions), len(divisions), tuple(divisions[:3])
    )
