"""Train: the champion of every division, calibrated on a later block than it was fitted on.

In: labelled rows of the tuning cutoffs and of the calibration cutoff, with their features. Out: a model a division,
and predictions of rows that no model saw. Candidates are tuned and compared over rolling origins of the tuning
cutoffs; champions are fitted again on all of those, which the calibration cutoff measures, and at last on both: that
is what scores new days.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import polars as pl

from engine.blocks.executor import IN_PROCESS, Executor
from engine.errors import InputError, Problem
from engine.settings.whitespace.features import FeatureSettings
from engine.settings.whitespace.gauntlet import WaiverSettings
from engine.settings.whitespace.modeling import ModelSettings
from engine.vocabulary import whitespace as v
from engine.whitespace import metrics
from engine.whitespace.calibrate import Calibrator, calibrators, comparison, cross_calibrated
from engine.whitespace.contest import Chosen, contest, pool
from engine.whitespace.dataset import Dataset, outcomes
from engine.whitespace.deploy import deploy
from engine.whitespace.features.registry import Feature
from engine.whitespace.features.safe import safe
from engine.whitespace.panel import Blocks
from engine.whitespace.screening import SUSPICIOUS
from engine.whitespace.side_by_side import side_by_side
from engine.whitespace.splits import customer_groups
from engine.whitespace.trained import POOLED_FOLDER, USABLE, DivisionModel, Trained, of_division
from engine.whitespace.tune import draws

SAFE_FOLDER: Final = f"{POOLED_FOLDER}-safe"
"""Of the model that safe divisions share, which are trained without features that lean on the last days."""
EVERY_FEATURE: Final = FeatureSettings()


@dataclass(frozen=True)
class _Rows:
    """The rows of a training run, of the population and with a known label."""

    learning: Dataset
    later: Dataset
    blocks: Blocks


def train(
    dataset: Dataset,
    blocks: Blocks,
    settings: ModelSettings,
    waivers: WaiverSettings,
    of_features: FeatureSettings = EVERY_FEATURE,
    who: Executor = IN_PROCESS,
) -> Trained:
    """The champion of every division of the dataset, with a calibrator, and what is known of its quality.

    dataset: rows of the tuning and calibration cutoffs, as `panel.labels` returns them, and their features; only rows
    of the population whose label is known are used. of_features: what the features were computed with, by which the
    policy of safe divisions is read. who: does what can be cut into pieces. Raises InputError where a label ends
    after the scoring cutoff.
    """
    _refuse_the_future(dataset.rows, blocks)
    usable = dataset.where(USABLE)
    learning = usable.where(pl.col(v.CUTOFF).is_in(blocks.tuning))
    later = usable.where(pl.col(v.CUTOFF) == blocks.calibration)
    customers, found = draws(usable.rows, settings), list[Chosen]()
    names = dataset.rows[v.DIVISION].cast(pl.String).unique().sort().to_list()
    for kept, divisions, folder in _policies(dataset.features.registry, names, settings, waivers, of_features):
        shared = pool(learning, kept, folder, customers, settings, waivers, who)
        found += side_by_side(partial(contest, learning, shared, customers, settings), divisions, who, at_once=1)
    ordered = sorted(found, key=lambda one: one.division)
    return _calibrated(ordered, _Rows(learning, later, blocks), settings, who)


def _policies(
    registry: tuple[Feature, ...],
    names: Sequence[str],
    settings: ModelSettings,
    waivers: WaiverSettings,
    of_features: FeatureSettings,
) -> list[tuple[tuple[str, ...], list[str], str]]:
    """The features that are used, for which divisions, and where their shared model is published."""
    careful = [] if waivers.safe else [name for name in names if name in settings.safe_divisions]
    others = [name for name in names if name not in careful]
    policies = [(tuple(feature.name for feature in registry), others, POOLED_FOLDER)] if others else []
    return policies + ([(safe(registry, of_features).kept, careful, SAFE_FOLDER)] if careful else [])


def _refuse_the_future(rows: pl.DataFrame, blocks: Blocks) -> None:
    late = rows.filter(pl.col("label").is_not_null() & (pl.col("window_end") > blocks.scoring))
    if late.height:
        first = f"cutoff {late[v.CUTOFF][0]}, label until {late['window_end'][0]}, scored at {blocks.scoring}"
        what = "a label ends after the day that is scored"
        advice = "train on earlier cutoffs, or score a later day"
        raise InputError([Problem("training", what, advice, late.height, rows.height, (first,))])


def _calibrated(chosen: Sequence[Chosen], rows: _Rows, settings: ModelSettings, who: Executor) -> Trained:
    """Everything together, with calibrators, figures and metadata."""
    models = {one.division: _uncalibrated(one) for one in chosen}
    drops = [drop for one in chosen for drop in one.diagnostics["dropped"]]
    trained = Trained(
        rows.blocks.scoring,
        rows.blocks.tuning,
        rows.blocks.calibration,
        models,
        pl.concat([one.predictions for one in chosen]),
        rows.later.rows.select(*v.ROW, "label", "net_gp_window"),
        {one.division: one.diagnostics for one in chosen},
        tuple(sorted({drop["feature"] for drop in drops if drop["because"] == SUSPICIOUS})),
    )
    raw = trained.predict(rows.later.features, trained.calibration_rows)["p_raw"]
    rows_seen = trained.calibration_rows.with_columns(raw)
    seen = _cross_calibrated(rows_seen, trained.out_of_time, chosen, settings)
    of: dict[str, Calibrator] = {}
    for later, earlier, names in _by_backing(seen, trained.out_of_time, chosen):
        of |= calibrators(later, earlier, names, settings)
    calibrated = {name: replace(one, calibrator=of.get(name)) for name, one in models.items()}
    # Measured before they are fitted again: what is told of a model is told by rows that came after all it knew.
    measured = replace(trained, divisions=calibrated, calibration_rows=seen)
    done = {one.division: one for one in deploy(list(calibrated.values()), rows.learning, rows.later, settings, who)}
    divisions = {name: replace(done[name], metadata=_metadata(done[name], measured, rows, settings)) for name in done}
    return replace(measured, divisions=dict(sorted(divisions.items())), diagnostics=_compared(measured, settings))


def _by_backing(
    later: pl.DataFrame, unseen: pl.DataFrame, chosen: Sequence[Chosen]
) -> list[tuple[pl.DataFrame, pl.DataFrame, list[str]]]:
    """Rows of the calibration cutoff, of rolling origins, and divisions: of models, and of heuristics, whose shares
    are no chances and are calibrated apart.
    """
    named = [[one.division for one in chosen if one.backing == backing] for backing in v.BACKINGS]
    earlier = unseen.select(v.CUSTOMER, v.DIVISION, v.CUTOFF, "label", p_raw="p")
    return [(later.filter(_among(names)), earlier.filter(_among(names)), names) for names in named if names]


def _among(names: Sequence[str]) -> pl.Expr:
    return pl.col(v.DIVISION).cast(pl.String).is_in(names)


def _cross_calibrated(
    rows: pl.DataFrame, unseen: pl.DataFrame, chosen: Sequence[Chosen], settings: ModelSettings
) -> pl.DataFrame:
    """The rows with p_icp, by calibrators that did not see the row's customer."""
    parts = []
    for later, earlier, _ in _by_backing(rows, unseen, chosen):
        groups = customer_groups(later[v.CUSTOMER], settings), customer_groups(earlier[v.CUSTOMER], settings)
        parts.append(later.with_columns(p_icp=cross_calibrated(later, earlier, groups, settings)))
    return pl.concat(parts).sort(v.DIVISION, v.CUTOFF, v.CUSTOMER)


def _compared(trained: Trained, settings: ModelSettings) -> dict[str, dict[str, Any]]:
    """The diagnostics of every division, with how each method of calibration did."""
    calibrations = {}
    for name, before in trained.diagnostics.items():
        rows = of_division(trained.calibration_rows, name)
        groups = customer_groups(rows[v.CUSTOMER], settings)
        methods = comparison(outcomes(rows), rows["p_raw"].to_numpy(), groups, settings)
        calibrations[name] = {**before, "calibration": methods}
    return calibrations


def _metadata(one: DivisionModel, trained: Trained, rows: _Rows, settings: ModelSettings) -> dict[str, Any]:
    """What is published about a division beside its model."""
    learned, seen = of_division(rows.learning.rows, one.division), of_division(trained.calibration_rows, one.division)
    figures = metrics.summary(
        outcomes(seen),
        seen["p_icp"].to_numpy(),
        seen["net_gp_window"].fill_null(0.0).to_numpy(),
        settings.top_k_percents,
        settings.calibration_bins,
    )
    positives = int(outcomes(learned).sum())
    return {
        "division": one.division,
        "cutoff_date": str(rows.blocks.scoring),
        "tuning_cutoffs": [str(cutoff) for cutoff in rows.blocks.tuning],
        "calibration_cutoff": str(rows.blocks.calibration),
        "prediction_window_months": _window_months(rows),
        "status": one.status,
        "reason": one.reason,
        "backing": one.backing,
        "best_model": one.champion,
        "model_folder": one.folder,
        "params": dict(one.params),
        "feature_names": list(one.features),
        "suspicious_features": list(trained.suspicious_features),
        "seed": settings.seed,
        "best_auc": figures["auc"],
        "calibrator": one.calibrator.as_dict() if one.calibrator else None,
        "calibration_method": one.calibrator.method if one.calibrator else "none",
        "calibration_scope": one.calibrator.scope if one.calibrator else "none",
        "calibration_mae": figures["cal_mae"],
        "brier_score": figures["brier"],
        "figures": figures,
        "class_balance": {"positives": positives, "negatives": learned.height - positives, "scale_pos_weight": 1.0},
        "population": "rows of the population whose label is known",
        "population_counts": dict(sorted(learned["segment"].cast(pl.String).value_counts().iter_rows())),
    }


def _window_months(rows: _Rows) -> int | None:
    """Months of a label, None where there is no row."""
    if rows.learning.rows.is_empty():
        return None
    first, last = rows.learning.rows.row(0, named=True)[v.CUTOFF], rows.learning.rows["window_end"][0]
    return int((last.year - first.year) * 12 + last.month - first.month)


def _uncalibrated(one: Chosen) -> DivisionModel:
    return DivisionModel(
        one.division, one.status, one.reason, one.backing, one.candidate, one.folder, one.params, one.model, None, {}
    )
