"""What was planted in a generated company is found again: its causes lead, and its chances are the ones told."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from engine.delivery.frames import frames_of
from engine.resampling import Clusters
from engine.settings.whitespace.features import FeatureSettings
from engine.settings.whitespace.gauntlet import WaiverSettings
from engine.settings.whitespace.inputs import InputSettings
from engine.settings.whitespace.labels import LabelSettings
from engine.settings.whitespace.modeling import BoostingSettings, LinearSettings, ModelSettings
from engine.synth.company.company import simulate
from engine.synth.company.plan import NAMES, CompanyPlan
from engine.vocabulary import whitespace as v
from engine.whitespace.check import check
from engine.whitespace.dataset import Dataset, outcomes
from engine.whitespace.features.build import features
from engine.whitespace.features.build import fit as fit_features
from engine.whitespace.models import FREE, fit, grid
from engine.whitespace.panel import cutoffs_for, labels
from engine.whitespace.slug import slug
from engine.whitespace.train import train
from engine.whitespace.trained import USABLE

pytestmark = pytest.mark.slow

SCORING = dt.date(2024, 6, 30)
PLAN = CompanyPlan(customers=3000, divisions=NAMES[:3], seed=23, truth_cutoffs=3)
FEATURES = FeatureSettings(
    families=("windows", "recency", "cross_division", "encoders"), windows_months=(12,), offset_days=()
)
TREES = BoostingSettings(trees=60, leaves=(7,), leaf_rows=(30,))
MODELS = ModelSettings(
    boosting=TREES,
    own_boosting=TREES,
    linear=LinearSettings(inverse_penalties=(0.03,)),
    bootstrap_replicates=50,
)
BLOCKS = cutoffs_for(SCORING, LabelSettings())
BINS = 10


@pytest.fixture(scope="module")
def company():
    return simulate(PLAN)


@pytest.fixture(scope="module")
def dataset(company):
    """Every labelled row, and the gaps as of a day on which no outcome of theirs was known."""
    tables = check(frames_of(company.tables), InputSettings()).tables
    rows = labels(tables, [*BLOCKS.labelled, SCORING], LabelSettings())
    state = fit_features(tables, BLOCKS.tuning[-1], FEATURES)
    return Dataset(rows, features(tables, [*BLOCKS.labelled, SCORING], state, FEATURES))


def test_chances_and_planted_probabilities_lie_within_the_band_of_the_reliability_curve(company, dataset):
    trained = train(dataset.where(pl.col(v.CUTOFF) < SCORING), BLOCKS, MODELS, WaiverSettings(), FEATURES)
    rows = dataset.rows.filter(pl.col(v.CUTOFF) == SCORING, "in_population")
    told = trained.predict(dataset.features, rows).with_columns(rows["label"])
    told = told.with_columns(pl.col(v.CUSTOMER, v.DIVISION).cast(pl.String))
    gaps = told.join(company.truth, on=v.ROW, validate="1:1").sort("p_icp", *v.ROW)
    # The band is of the whole curve: each of its points has a tenth of the 5% to lie outside.
    customers = Clusters(gaps[v.CUSTOMER], 4000, 1 - 0.05 / BINS)
    parts = list(gaps.iter_slices(-(-gaps.height // BINS)))
    assert len(parts) == BINS
    for part in parts:
        found = customers.share(part[v.CUSTOMER], part["label"])
        assert found.low <= part["probability"].mean() <= found.high
        assert found.low <= part["p_icp"].mean() <= found.high
    assert parts[-1]["probability"].mean() > 3 * parts[0]["probability"].mean(), "one chance for all is no curve"


def test_of_all_divisions_the_planted_cause_leads_the_importance(company, dataset):
    params = grid(FREE, MODELS, pooled=False)[0]
    for target in PLAN.divisions:
        ours = dataset.of_division(target).where(USABLE & (pl.col(v.CUTOFF) < SCORING))
        registry = ours.features.registry
        model = fit(FREE, ours.values(ours.rows, ours.features.names()), outcomes(ours.rows), registry, params, 0)
        told = model.importance().with_columns(cause=_cause(pl.col("feature"))).drop_nulls("cause")
        shares = dict(told.group_by("cause").agg(pl.sum("share")).rows())
        planted = set(company.drivers.filter(pl.col("target") == target)["source"])
        # One of two divisions leads by chance as well, but not by so much.
        assert min(shares[name] for name in planted) > 2 * max(shares[name] for name in set(shares) - planted)


def _cause(feature: pl.Expr) -> pl.Expr:
    """The division whose sales a feature tells of, null for none."""
    names = [pl.when(feature.str.contains(slug(name), literal=True)).then(pl.lit(name)) for name in PLAN.divisions]
    return pl.coalesce(names)
