"""The splitter keeps customers apart, and label intervals as many days apart as it was told."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.settings.whitespace.gauntlet import WaiverSettings
from engine.settings.whitespace.modeling import ModelSettings
from engine.whitespace.months import add_months
from engine.whitespace.splits import artifacts, customer_groups, rolling_origins

FIRST = dt.date(2018, 3, 31)
PANELS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 7), st.sampled_from([0, 1, None])), max_size=80)
SETTINGS = st.builds(
    ModelSettings, seed=st.integers(0, 5), folds=st.integers(2, 4), purge_days=st.sampled_from([0, 45, 120])
)


def panel(cells, horizon_months: int = 6) -> pl.DataFrame:
    rows = [
        (f"c{customer}", "Ample", (cutoff := add_months(FIRST, 3 * step)), label, add_months(cutoff, horizon_months))
        for customer, step, label in sorted(set(cells), key=str)
    ]
    names = {"customer_id": pl.String, "division": pl.String, "cutoff": pl.Date, "label": pl.Int8}
    return pl.DataFrame(rows, names | {"window_end": pl.Date}, orient="row")


@pytest.mark.proves("L117", "L118")
@given(PANELS, SETTINGS, st.booleans())
def test_no_fold_shares_a_customer_or_a_day_of_a_label(cells, settings, purge_waived):
    rows = panel(cells)
    purge = dt.timedelta(0 if purge_waived else settings.purge_days)
    for fold in rolling_origins(rows, settings, WaiverSettings(purge=purge_waived)):
        train, valid = rows.filter(pl.Series(fold.train)), rows.filter(pl.Series(fold.valid))
        assert not set(train["customer_id"]) & set(valid["customer_id"])
        assert valid["cutoff"].unique().to_list() == [fold.cutoff]
        assert (train["window_end"] + purge <= fold.cutoff).all()
        assert train["label"].null_count() == valid["label"].null_count() == 0
        assert fold.train_label_end == train["window_end"].max()


@given(PANELS, SETTINGS)
def test_every_row_with_a_label_is_validated_at_most_once(cells, settings):
    rows = panel(cells)
    times = sum((fold.valid.astype(int) for fold in rolling_origins(rows, settings, WaiverSettings())), 0)
    assert np.max(times, initial=0) <= 1


@given(PANELS, SETTINGS, st.randoms(use_true_random=False))
def test_a_customer_keeps_its_group_whoever_else_is_there(cells, settings, random):
    rows = panel(cells)
    group = dict(zip(rows["customer_id"], customer_groups(rows["customer_id"], settings).tolist(), strict=True))
    fewer = pl.Series(random.sample(sorted(group), len(group) // 2), dtype=pl.String)
    assert customer_groups(fewer, settings).tolist() == [group[one] for one in fewer]


@pytest.mark.proves("L119")
def test_six_quarterly_cutoffs_have_three_origins_and_less_without_a_purge():
    rows = panel([(customer, step, customer % 2) for customer in range(30) for step in range(6)])
    cutoffs = [
        sorted({fold.cutoff for fold in rolling_origins(rows, ModelSettings(), WaiverSettings(purge=purge))})
        for purge in (False, True)
    ]
    assert cutoffs[0] == [dt.date(2018, 12, 31), dt.date(2019, 3, 31), dt.date(2019, 6, 30)]
    assert cutoffs[1] == [dt.date(2018, 9, 30), *cutoffs[0]]


@pytest.mark.proves("L120", "L127", "L128")
def test_manifests_count_what_was_trained_on_and_what_was_purged():
    rows = panel([(customer, step, customer % 2) for customer in range(30) for step in range(6)])
    settings, waivers = ModelSettings(), WaiverSettings()
    folds = rolling_origins(rows, settings, waivers)
    manifest, assignments = artifacts(rows, folds, dt.date(2020, 6, 30), settings, waivers)
    assert manifest.path.startswith("cv_manifest_Ample-")
    assert manifest.path.endswith("_2020-06-30.json")
    assert manifest.content["purge_days"] == 45
    for told, fold in zip(manifest.content["folds"], folds, strict=True):
        assert told["n_train"] == int(fold.train.sum())
        assert told["n_valid"] == int(fold.valid.sum())
        others = rows.filter(pl.col("cutoff") < fold.cutoff).height
        assert fold.train.sum() + fold.purged_by_time + fold.purged_by_customer == others
    assert assignments.content.columns == ["customer_id", "cutoff", "fold", "role"]
    assert assignments.content.height == rows.height
