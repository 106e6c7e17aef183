"""Training files: what training publishes, from its result to named contents; nothing is computed anew but tables.

Names are those of the reference dossier; `<div>` is the slug of a division, its name stands inside each file.
"""

from typing import Any, Final

import numpy as np
import polars as pl

from engine.arrays import Flags, Floats
from engine.outputs.canvas import picture
from engine.settings.whitespace.gauntlet import WaiverSettings
from engine.settings.whitespace.modeling import ModelSettings
from engine.vocabulary import whitespace as v
from engine.whitespace import metrics, splits
from engine.whitespace.artifact import Artifact
from engine.whitespace.dataset import Dataset, outcomes
from engine.whitespace.slug import slug
from engine.whitespace.trained import TRAINING, USABLE, DivisionModel, Trained, of_division

OF_ALL: Final = ("out_of_time.parquet", "calibration_rows.parquet", "metrics_summary.csv")
PICTURE_INCHES: Final = (4.2, 4.2)
EXPLAINED_ROWS: Final = 200
"""Rows of the calibration cutoff whose contributions are kept a division: enough to see what matters."""


def artifacts(trained: Trained, dataset: Dataset, settings: ModelSettings, waivers: WaiverSettings) -> list[Artifact]:
    """Every file of training, by path.

    dataset: what was trained on; a sample of each division's rows is kept with its features.
    """
    learned = dataset.rows.filter(USABLE, pl.col(v.CUTOFF).is_in(trained.tuning))
    folds = splits.rolling_origins(learned, settings, waivers)
    files = [
        *splits.artifacts(learned, folds, trained.cutoff, settings, waivers),
        Artifact("out_of_time.parquet", trained.out_of_time),
        Artifact("calibration_rows.parquet", trained.calibration_rows),
        Artifact("metrics_summary.csv", _summary(trained)),
    ]
    shared = {one.folder: one for one in trained.divisions.values()}
    for folder, one in sorted(shared.items()):
        files.append(Artifact(f"models/{folder}_model/model.json", one.model.dump()))
    for one in trained.divisions.values():
        files += [*_model(one), *_quality(one, trained, settings), *_rows(one, trained, dataset, settings)]
    return sorted((_placed(file) for file in files), key=lambda file: file.path)


def _placed(file: Artifact) -> Artifact:
    """A file of one division in the folder of training; what is of all divisions lies open."""
    return file if "/" in file.path or file.path in OF_ALL else Artifact(f"{TRAINING}/{file.path}", file.content)


def _model(one: DivisionModel) -> list[Artifact]:
    """The contract of a division's features and what is known about its model, whoever it shares it with."""
    name = slug(one.division)
    contract = {"division": one.division, "features": list(one.features)}
    importance = one.model.importance().with_columns(division=pl.lit(one.division))
    return [
        Artifact(f"models/{name}_model/feature_list.json", contract),
        Artifact(f"models/{name}_model/metadata.json", one.metadata),
        Artifact(f"coef_{name}.csv", importance.select("division", "feature", "share", "weight")),
    ]


def _quality(one: DivisionModel, trained: Trained, settings: ModelSettings) -> list[Artifact]:
    """Figures and tables of rows that neither the model nor the calibrator saw."""
    name = slug(one.division)
    labels, chances, money = _columns(of_division(trained.calibration_rows, one.division))
    reliability = metrics.reliability(labels, chances, settings.calibration_bins)
    tables = {
        "gains": metrics.gains(labels, chances),
        "thresholds": metrics.thresholds(labels, chances, money, settings.top_k_percents),
        "calibration": reliability,
    }
    division = pl.lit(one.division).alias("division")
    return [
        *(Artifact(f"{kind}_{name}.csv", table.select(division, pl.all())) for kind, table in tables.items()),
        Artifact(f"calibration_plot_{name}.png", _drawn(one.division, reliability)),
        Artifact(f"metrics_{name}.json", _figures(one, trained, settings)),
        Artifact(f"diagnostics_{name}.json", {"division": one.division, **trained.diagnostics[one.division]}),
    ]


def _figures(one: DivisionModel, trained: Trained, settings: ModelSettings) -> dict[str, Any]:
    """`final` is of the calibration cutoff, `aggregate` of the rolling origins, of uncalibrated scores."""
    diagnostics = trained.diagnostics[one.division]
    seen = of_division(trained.out_of_time, one.division)
    money = seen["net_gp_window"].fill_null(0.0).to_numpy()
    aggregate = metrics.summary(
        outcomes(seen), seen["p"].to_numpy(), money, settings.top_k_percents, settings.calibration_bins
    )
    return {
        "division": one.division,
        "cutoffs": [*one.metadata["tuning_cutoffs"], one.metadata["calibration_cutoff"]],
        "window_months": one.metadata["prediction_window_months"],
        "seed": settings.seed,
        "selection": {name: diagnostics[name] for name in ("pooled", "own") if name in diagnostics},
        "aggregate": aggregate,
        "stability": {str(cutoff): value for cutoff, value in _by_cutoff(seen)},
        "final": one.metadata["figures"],
    }


def _by_cutoff(rows: pl.DataFrame) -> list[tuple[Any, float | None]]:
    """Average precision at every rolling origin; None where one class is missing."""
    found = []
    for cutoff in rows[v.CUTOFF].unique().sort():
        here = rows.filter(pl.col(v.CUTOFF) == cutoff)
        value = metrics.average_precision(outcomes(here), here["p"].to_numpy())
        found.append((cutoff, value if np.isfinite(value) else None))
    return found


def _rows(one: DivisionModel, trained: Trained, dataset: Dataset, settings: ModelSettings) -> list[Artifact]:
    """Scores of rows that were not seen, a sample of rows with their features, and what moved the newest of them."""
    name = f"{slug(one.division)}_{trained.cutoff}"
    unseen = of_division(trained.out_of_time, one.division).rename({"p": "p_raw"})
    later = of_division(trained.calibration_rows, one.division).with_columns(fold=pl.lit("calibration"))
    scores = pl.concat([unseen.with_columns(p_icp=pl.lit(None, pl.Float64)), later], how="diagonal")
    ours = dataset.of_division(one.division)
    sample = _spread(ours.rows.sort(v.CUTOFF, v.CUSTOMER), settings.sample_rows)
    values = pl.DataFrame(dataset.values(sample, one.features), list(one.features), orient="row").fill_nan(None)
    explained = _spread(later, EXPLAINED_ROWS)
    parts = one.model.contributions(ours.values(explained, one.features))
    contributions = pl.DataFrame(parts, [*one.features, "base"], orient="row")
    mean = contributions.drop("base").select(pl.all().abs().mean())
    return [
        Artifact(f"train_scores_{name}.parquet", scores),
        Artifact(
            f"train_feature_sample_{name}.parquet",
            pl.concat([sample.select(*v.ROW, "label"), values], how="horizontal"),
        ),
        Artifact(
            f"shap_sample_{slug(one.division)}.parquet",
            pl.concat([explained.select(*v.ROW), contributions], how="horizontal"),
        ),
        Artifact(
            f"shap_global_{slug(one.division)}.csv",
            mean.transpose(include_header=True, header_name="feature", column_names=["mean_abs_contribution"]).sort(
                "mean_abs_contribution", "feature", descending=[True, False], nulls_last=True
            ),
        ),
    ]


def _summary(trained: Trained) -> pl.DataFrame:
    """Grain: division. The figures of every division side by side, with status and backing."""
    entries = [
        {
            "division": one.division,
            "status": one.status,
            "backing": one.backing,
            "best_model": one.champion,
            "calibration_method": one.metadata["calibration_method"],
            "calibration_scope": one.metadata["calibration_scope"],
            **one.metadata["figures"],
        }
        for one in trained.divisions.values()
    ]
    return pl.DataFrame(entries, infer_schema_length=None)


def _drawn(division: str, reliability: pl.DataFrame) -> bytes:
    """Expected and found share of buyers, a point a bin, beside the line on which they agree."""
    with picture([division], PICTURE_INCHES) as (axes, finish):
        axes.set(title=division, xlabel="mean chance", ylabel="share of buyers")
        top = max([0.01, *reliability["mean_predicted"], *reliability["fraction_positives"]]) * 1.05
        axes.plot([0, top], [0, top], color="#9aa0a6", linewidth=1)
        axes.plot(reliability["mean_predicted"], reliability["fraction_positives"], marker="o", color="#2b6cb0")
        return finish()


def _columns(rows: pl.DataFrame) -> tuple[Flags, Floats, Floats]:
    return outcomes(rows), rows["p_icp"].to_numpy(), rows["net_gp_window"].fill_null(0.0).to_numpy()


def _spread(rows: pl.DataFrame, count: int) -> pl.DataFrame:
    """So many rows at equal distances, all where there are fewer."""
    step = max(1, -(-rows.height // count))
    return rows.gather_every(step)
