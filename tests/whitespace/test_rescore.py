"""A list is made anew with the models of the last training, as long as they may score its day."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from engine.errors import InputError, NotFoundError
from engine.outputs.whitespace import shapes
from engine.runs.registry import Registry, Run
from engine.settings.loading import load_as
from engine.settings.whitespace.run import WhitespaceSettings
from engine.whitespace import desk, rescore
from engine.whitespace.features.registry import Feature
from engine.whitespace.months import add_months
from engine.whitespace.review import gated
from engine.whitespace.smoke import SETTINGS
from tests.command import darkshelf
from tests.whitespace.published import smoke_run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
LAST = {**SETTINGS, "whitespace.rescoring.models": "last"}


def settings(**more: Any) -> WhitespaceSettings:
    return load_as(WhitespaceSettings, None, LAST | {f"whitespace.{key}": value for key, value in more.items()})


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the smoke run, with a list that was made anew by its models."""
    made = shutil.copytree(smoke_run(tmp_path_factory), tmp_path_factory.mktemp("rescored") / "out")
    desk.run(made / "company", made, settings())
    return made


@pytest.fixture(scope="module")
def trained(out: Path) -> Run:
    return next(run for run in Registry(out).runs() if run.manifest["verb"] == "run")


@pytest.fixture(scope="module")
def rescored(out: Path) -> Run:
    return Registry(out).find()


def test_the_new_list_is_the_latest_run_and_says_whose_models_it_took(trained, rescored, out, capsys):
    manifest = rescored.manifest
    assert (manifest["verb"], rescored.part_of) == ("rescore", None)
    assert (manifest["models_of"], manifest["models_as_of"]) == (trained.run_id, trained.as_of)
    assert f"by the models of {trained.as_of}" in darkshelf(capsys, "runs", "list", "--out", out).out
    assert not (rescored.folder / "models").exists()
    assert {stage["stage"] for stage in manifest["stages"]}.isdisjoint({"train", "gauntlet", "prequential", "ablate"})


def test_the_gate_of_such_a_list_is_that_of_its_models(trained, rescored, out):
    assert gated(out, None) == gated(out, trained.run_id)


def test_chances_and_ranks_are_those_of_the_models_that_were_taken(trained, rescored):
    chances, ranked = (
        [pl.read_parquet(run.folder / name) for run in (trained, rescored)]
        for name in ("scores.parquet", shapes.ranking_file(trained_day(trained)))
    )
    assert chances[0].equals(chances[1])
    assert (
        ranked[0]
        .select("customer_id", "division", "p_icp")
        .equals(ranked[1].select("customer_id", "division", "p_icp"))
    )


def test_after_a_list_was_made_anew_models_still_come_from_the_training(trained, rescored, out):
    assert rescore.last_trained(Registry(out), add_months(trained_day(trained), 1)).run_id == trained.run_id
    with pytest.raises(NotFoundError, match=r"no run up to .* has trained models"):
        rescore.last_trained(Registry(out), add_months(trained_day(trained), -1))


def trained_day(run: Run) -> dt.date:
    return dt.date.fromisoformat(run.as_of)


def work_of(trained: Run, *, days_later: int = 0, **more: Any) -> Any:
    """What `refuse_unlike` asks of the work of a run over the features of the training."""
    file = next(iter(sorted((trained.folder / "features").glob("feature_catalog_*.csv"))))
    rows = pl.read_csv(file, infer_schema_length=None).drop("coverage").to_dicts()
    registry = tuple(Feature(**{k: ("" if v is None and k == "twin" else v) for k, v in row.items()}) for row in rows)
    cutoff = trained_day(trained) + dt.timedelta(days=days_later)
    sections = settings(**more).whitespace
    return SimpleNamespace(cutoff=cutoff, settings=sections, features=SimpleNamespace(registry=registry))


def test_models_that_are_too_old_are_refused(trained):
    rescore.refuse_unlike(work_of(trained, days_later=120), trained)
    with pytest.raises(InputError, match=r"121 days before .*; 120 are allowed"):
        rescore.refuse_unlike(work_of(trained, days_later=121), trained)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("labels.horizon_months", 5),
        ("modeling.seed", 7),
        ("features.factors", 9),
        ("waivers.purge", True),
        ("inputs.divisions", ["A"]),
    ],
)
def test_models_of_other_settings_are_refused_with_both_values(trained, key, value):
    with pytest.raises(InputError, match=rf"trained with other settings.*\n.*{key}: .* then, .* now"):
        rescore.refuse_unlike(work_of(trained, **{key: value}), trained)


def test_settings_that_decide_no_model_may_differ(trained):
    rescore.refuse_unlike(work_of(trained, **{"ranking.eligibility.owned_months": 3}), trained)


def test_features_that_are_defined_otherwise_are_refused(trained):
    work = work_of(trained)
    first, *others = work.features.registry
    work.features.registry = (replace(first, lag_days=first.lag_days + 7), *others)
    with pytest.raises(InputError, match=rf"defined otherwise now.*\n.*{first.name}"):
        rescore.refuse_unlike(work, trained)


def test_features_of_another_version_are_refused(trained):
    versions = {**trained.manifest["versions"], "darkshelf": "0.0.9"}
    other = replace(trained, manifest={**trained.manifest, "versions": versions})
    with pytest.raises(InputError, match=r"features are those of version 0\.0\.9"):
        rescore.refuse_unlike(work_of(trained), other)
