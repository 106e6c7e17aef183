"""Training reads no label of the future, scores nobody it saw, and says where it had nothing to learn from."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from engine.errors import InputError
from engine.outputs.whitespace.shapes import METRICS
from engine.settings.whitespace.gauntlet import WaiverSettings
from engine.settings.whitespace.modeling import BoostingSettings, LinearSettings, ModelSettings
from engine.whitespace import overview
from engine.whitespace.experiment import out_of_time
from engine.whitespace.models import LOGREG, grid
from engine.whitespace.splits import customer_groups, rolling_origins
from engine.whitespace.train import train
from engine.whitespace.trained import load
from engine.whitespace.training_files import artifacts
from tests.whitespace.panels import BLOCKS, LEVELS, SCORING, dataset

TREES = BoostingSettings(trees=20, leaves=(7,), leaf_rows=(30,))
SETTINGS = ModelSettings(
    boosting=TREES, own_boosting=TREES, linear=LinearSettings(inverse_penalties=(0.03,)), bootstrap_replicates=50
)
NO_WAIVER = WaiverSettings()


@pytest.fixture(scope="module")
def data():
    return dataset()


@pytest.fixture(scope="module")
def trained(data):
    return train(data, BLOCKS, SETTINGS, NO_WAIVER)


@pytest.fixture(scope="module")
def published(data, trained, tmp_path_factory):
    """A run folder with the files of training."""
    folder = tmp_path_factory.mktemp("run")
    for file in artifacts(trained, data, SETTINGS, NO_WAIVER):
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(file.content, pl.DataFrame):
            (file.content.write_parquet if path.suffix == ".parquet" else file.content.write_csv)(path)
        elif isinstance(file.content, bytes):
            path.write_bytes(file.content)
        else:
            path.write_text(
                file.content if isinstance(file.content, str) else json.dumps(file.content, allow_nan=False)
            )
    return folder


@pytest.mark.slow
@pytest.mark.proves("L135", "L138", "L149")
def test_every_division_has_a_model_or_a_heuristic_that_says_why(trained):
    assert sorted(trained.divisions) == sorted(LEVELS)
    assert {name: one.status for name, one in trained.divisions.items() if name in {"Scarce, Ltd", "Void"}} == {
        "Scarce, Ltd": "pooled",
        "Void": "degenerate",
    }
    void = trained.divisions["Void"]
    assert void.backing == "heuristic"
    assert void.reason == "0 buyers among 1800 rows to learn from: a model needs buyers and others"
    assert "100 are needed for a model of its own" in trained.divisions["Scarce, Ltd"].reason


@pytest.mark.proves("L34", "L70")
def test_no_prediction_is_of_a_row_that_a_model_saw(data, trained):
    assert set(trained.calibration_rows["cutoff"]) == {BLOCKS.calibration}
    folds = {
        fold.name: fold
        for fold in rolling_origins(data.where(pl.col("cutoff") < BLOCKS.calibration).rows, SETTINGS, NO_WAIVER)
    }
    for name, rows in trained.out_of_time.partition_by("fold", as_dict=True).items():
        fold = folds[name[0]]
        assert set(rows["cutoff"]) == {fold.cutoff}
        assert fold.train_label_end + dt.timedelta(SETTINGS.purge_days) <= fold.cutoff
        assert set(customer_groups(rows["customer_id"], SETTINGS).tolist()) == {fold.group}


@pytest.mark.slow
def test_labels_of_the_calibration_cutoff_change_neither_the_choice_nor_the_scores_that_are_measured(data, trained):
    turned = replace(
        data,
        rows=data.rows.with_columns(
            label=pl.when(pl.col("cutoff") == BLOCKS.calibration).then(1 - pl.col("label")).otherwise("label")
        ),
    )
    again = train(turned, BLOCKS, SETTINGS, NO_WAIVER)
    for name, one in trained.divisions.items():
        assert again.divisions[name].champion == one.champion
        assert again.divisions[name].params == one.params
    assert again.calibration_rows["p_raw"].equals(trained.calibration_rows["p_raw"])


def test_a_label_that_ends_after_the_scoring_cutoff_stops_the_run(data):
    early = replace(BLOCKS, scoring=dt.date(2020, 3, 31))
    with pytest.raises(InputError, match="a label ends after the day that is scored") as stopped:
        train(data, early, SETTINGS, NO_WAIVER)
    assert stopped.value.problems[0].count == 1200


@pytest.mark.slow
def test_the_order_of_rows_changes_no_model(data, trained):
    shuffled = replace(
        data, rows=data.rows.sample(fraction=1, shuffle=True, seed=1).sort("division", "cutoff", "customer_id")
    )
    again = train(shuffled, BLOCKS, SETTINGS, NO_WAIVER)
    assert again.out_of_time.equals(trained.out_of_time)
    assert again.calibration_rows.equals(trained.calibration_rows)


def test_what_drives_purchases_leads(trained):
    importance = trained.divisions["Ample"].model.importance()
    assert set(importance["feature"][:3]) >= {"money", "taste"}
    assert trained.divisions["Ample"].metadata["figures"]["auc"] > 0.7


@pytest.mark.slow
def test_a_run_read_back_predicts_the_same_bits(data, trained, published):
    again = load(published)
    keys = data.rows.filter(pl.col("cutoff") == BLOCKS.calibration)
    assert again.predict(data.features, keys).equals(trained.predict(data.features, keys))
    assert again.cutoff == SCORING
    assert {name: one.status for name, one in again.divisions.items()} == {
        name: one.status for name, one in trained.divisions.items()
    }


def test_a_model_that_divisions_share_is_written_once(published, trained):
    shared = [one for one in trained.divisions.values() if one.status == "pooled"]
    assert len(shared) > 1
    own = len(trained.divisions) - len(shared)
    assert len(list(published.glob("models/*_model/model.json"))) == own + 1
    assert len(list(published.glob("models/*_model/metadata.json"))) == len(LEVELS)


def test_a_missing_model_is_named(published, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(published, copy)
    (copy / "models/pooled_model/model.json").unlink()
    with pytest.raises(InputError, match="pooled_model: the model is missing"):
        load(copy)
    with pytest.raises(InputError, match="holds no trained division"):
        load(tmp_path)


@pytest.mark.slow
@pytest.mark.proves("L38")
def test_a_listed_division_learns_from_safe_features_alone_and_says_so_and_no_other_does(data):
    lagged = tuple(
        replace(one, lag_days=60) if one.name in {"money", "taste"} else one for one in data.features.registry
    )
    late = replace(data, features=replace(data.features, registry=lagged))
    listed = SETTINGS.model_copy(update={"safe_divisions": ("Ample",)})
    found = train(late, BLOCKS, listed, NO_WAIVER).divisions
    assert set(found["Ample"].features) <= {"money", "taste"}
    assert found["Ample"].metadata["model_folder"].endswith("-safe")
    assert "recency" in found["Fair / Square"].features
    assert not [name for name, one in found.items() if name != "Ample" and one.folder.endswith("-safe")]
    waived = train(late, BLOCKS, listed, WaiverSettings(safe=True)).divisions
    assert "recency" in waived["Ample"].features


@pytest.mark.slow
@pytest.mark.proves("L121")
@pytest.mark.parametrize("is_waived", [False, True])
def test_the_manifest_of_every_division_says_the_split_that_its_predictions_come_from(data, is_waived):
    settings, waivers = SETTINGS.model_copy(update={"folds": 4, "purge_days": 60}), WaiverSettings(purge=is_waived)
    found = train(data, BLOCKS, settings, waivers)
    files = {file.path: file.content for file in artifacts(found, data, settings, waivers)}
    manifests = [content for path, content in files.items() if "/cv_manifest_" in path]
    assert sorted(one["division"] for one in manifests) == sorted(LEVELS)
    for told in manifests:
        assert (told["groups"], told["purge_days"], told["purge_waived"]) == (4, 0 if is_waived else 60, is_waived)
        ours = found.out_of_time.filter(pl.col("division").cast(pl.String) == told["division"])
        assert not set(ours["fold"]) - {fold["fold"] for fold in told["folds"]}
        assert ours.height or found.divisions[told["division"]].backing == "heuristic"
        gaps = {
            dt.date.fromisoformat(fold["valid_label_start"]) - dt.date.fromisoformat(fold["train_label_end"])
            for fold in told["folds"]
        }
        assert min(gaps) >= dt.timedelta(told["purge_days"])


@pytest.mark.proves("L136")
def test_scores_of_all_divisions_are_one_table_of_the_scores_of_each(data, trained):
    keys = data.rows.filter(pl.col("cutoff") == BLOCKS.calibration)
    whole = trained.predict(data.features, keys)
    of_each = [trained.predict(data.features, keys.filter(pl.col("division") == name)) for name in sorted(LEVELS)]
    assert {tuple(part.schema.items()) for part in of_each} == {tuple(whole.schema.items())}
    assert pl.concat(of_each, how="vertical").equals(whole)


@pytest.mark.proves("L139")
def test_a_feature_or_a_division_that_was_not_trained_is_named(data, trained):
    keys = data.rows.filter(pl.col("cutoff") == BLOCKS.calibration)
    fewer = replace(data.features, registry=data.features.registry[1:])
    with pytest.raises(InputError, match="features that the model takes are not there"):
        trained.predict(fewer, keys)
    others = replace(trained, divisions={name: one for name, one in trained.divisions.items() if name != "Void"})
    with pytest.raises(InputError, match="the division has no trained model: 300 of 1,200 rows"):
        others.predict(data.features, keys)


@pytest.mark.proves("L37", "L138", "L71")
def test_the_files_of_every_division_are_there_under_the_names_of_the_dossier(published):
    kinds = "metrics gains thresholds coef calibration diagnostics shap_global".split()
    for kind in kinds:
        assert len(list(published.glob(f"training/{kind}_*"))) >= len(LEVELS), kind
    for kind in ("train_scores", "train_feature_sample", "cv_manifest", "fold_assignments"):
        assert len(list(published.glob(f"training/{kind}_*_2020-06-30.*"))) == len(LEVELS), kind
    metadata = json.loads(next(published.glob("models/Void-*/metadata.json")).read_text())
    assert metadata["status"] == "degenerate"
    assert metadata["prediction_window_months"] == 6
    assert metadata["class_balance"]["positives"] == 0


def test_figures_that_nobody_bought_for_are_unknown_numbers(data, trained):
    nobody = replace(trained, calibration_rows=trained.calibration_rows.with_columns(label=pl.lit(0)))
    some, none = (
        next(file.content for file in overview.artifacts(one, data.features, SETTINGS) if file.path == METRICS)
        for one in (trained, nobody)
    )
    assert none.schema == some.schema
    assert none["auc"].null_count() == none.height
    assert some["auc"].null_count() < some.height


def test_an_experiment_predicts_every_validated_row_once(data):
    folds = rolling_origins(data.rows, SETTINGS, NO_WAIVER)
    params, names = grid(LOGREG, SETTINGS, pooled=True)[0], data.features.names()
    whole = out_of_time(data, folds, LOGREG, params, names, SETTINGS, pooled=True)
    assert whole.height == sum(int(fold.valid.sum()) for fold in folds)
    assert whole["p"].null_count() == 0
    assert np.isfinite(whole["p"].to_numpy()).all()
    own = out_of_time(data, folds, LOGREG, params, names, SETTINGS, pooled=False)
    assert "Void" not in own["division"].cast(pl.String).unique().to_list(), "one class: nothing to learn from"
