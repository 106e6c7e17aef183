"""Drift is told from what chance alone makes of its measures."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.resampling import Clusters
from engine.settings.whitespace.horizons import DriftSettings
from engine.settings.whitespace.modeling import ModelSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.dataset import Dataset
from engine.whitespace.drift import (
    DOMAIN,
    KS_OUTCOMES,
    KS_SCORES,
    MONEY,
    MONEY_SHARES,
    PSI,
    Compared,
    drift,
    index_by_chance,
    stability_index,
)
from engine.whitespace.features.matrix import Features
from engine.whitespace.gauntlet.verdict import ALL
from tests.whitespace.panels import BLOCKS, TUNING, dataset

NAMES = ("recency", "money", "noise", "taste")


@pytest.mark.parametrize(("n_train", "n_later"), [(200, 200), (1000, 300), (2000, 2000)])
def test_the_index_of_equal_samples_is_what_chance_makes_of_it(n_train, n_later):
    rng = np.random.default_rng(n_train)
    found = [stability_index(rng.normal(size=n_train), rng.normal(size=n_later), 10) for _ in range(300)]
    bins = {number for _, number in found}
    assert bins == {10}
    assert np.mean([value for value, _ in found]) == pytest.approx(index_by_chance(10, n_train, n_later), rel=0.15)


@given(st.lists(st.sampled_from([0.0, 0.0, 1.5, 2.5, float("nan")]), min_size=5, max_size=60))
def test_what_is_the_same_does_not_drift(values):
    sample = np.array(values)
    assert stability_index(sample, sample, 10)[0] == pytest.approx(0)


def test_common_values_and_unknown_ones_are_bins_of_their_own():
    train = np.concatenate([np.zeros(500), np.arange(1, 501)])
    more_unknown = np.concatenate([np.zeros(500), np.arange(1, 251), np.full(250, np.nan)])
    more_zeros = np.concatenate([np.zeros(750), np.arange(1, 251) * 2])
    assert stability_index(train, more_unknown, 10)[0] > 0.25
    value, _ = stability_index(train, more_zeros, 10)
    shares = np.array([[0.5, 0.75], [0.5, 0.25]])
    assert value == pytest.approx(
        ((shares[:, 1] - shares[:, 0]) * np.log(shares[:, 1] / shares[:, 0])).sum(), rel=0.05
    )


def compared(shift: float = 0.0, paid: float = 1.0) -> tuple[Compared, Clusters]:
    """Rows of a planted panel; later ones can have other money, and can bring more or less than expected."""
    panel = dataset(250)
    matrices = dict(panel.features.matrices)
    last = matrices[BLOCKS.calibration]
    moved = last.customers.with_columns(pl.col("money") * np.float32(np.exp(shift)))
    matrices[BLOCKS.calibration] = type(last)(last.cutoff, moved, last.pairs, last.seen)
    both = Dataset(panel.rows, Features(panel.features.registry, matrices))
    later = both.where(pl.col(v.CUTOFF) == BLOCKS.calibration)
    chance = pl.Series(np.clip(later.values(later.rows, ["taste"])[:, 0].astype(np.float64), 0.01, 0.99))
    money = pl.col("label").mean().over(v.DIVISION) * 100.0
    scored = later.rows.with_columns(p_raw=chance).with_columns(
        value=money + 0.01 * pl.col("p_raw"), net_gp_window=pl.col("label") * 100.0 * paid
    )
    train = both.where(pl.col(v.CUTOFF).is_in(TUNING))
    unseen = train.rows.select(v.DIVISION).with_columns(
        p=pl.Series(train.values(train.rows, ["taste"])[:, 0].astype(np.float64))
    )
    customers = Clusters(scored[v.CUSTOMER].cast(pl.String), 200, 0.95)
    return Compared(train, Dataset(scored, both.features), unseen, NAMES), customers


def told(comparison: tuple[Compared, Clusters]) -> pl.DataFrame:
    names = comparison[0].train.rows[v.DIVISION].cast(pl.String).unique().sort().to_list()
    return drift(comparison[0], names, comparison[1], DriftSettings(), ModelSettings())


@pytest.mark.proves("L215")
def test_where_nothing_changed_nothing_is_flagged():
    found = told(compared())
    assert set(found["measure"]) == {PSI, KS_SCORES, KS_OUTCOMES, MONEY, MONEY_SHARES, DOMAIN}
    assert found.filter("is_flagged").height == 0
    assert found.filter(pl.col("measure") == MONEY, pl.col("of") == "", pl.col("division") == ALL)["value"][
        0
    ] == pytest.approx(1, abs=0.01)


def test_what_moved_is_flagged_by_its_name_and_seen_by_the_classifier():
    found = told(compared(shift=2.0)).filter("is_flagged")
    assert set(found.filter(pl.col("measure") == PSI)["of"]) == {"money"}
    assert found.filter(pl.col("measure") == DOMAIN).height == 1


@pytest.mark.parametrize("paid", [0.5, 2.0])
def test_money_that_does_not_come_as_expected_is_flagged(paid):
    found = told(compared(paid=paid)).filter(
        pl.col("measure") == MONEY, pl.col("of") == "", pl.col("division") == ALL
    )
    assert found["is_flagged"].to_list() == [True]
    assert found["value"][0] == pytest.approx(paid, abs=0.01)


def test_features_of_customers_are_compared_once_and_those_of_pairs_by_division_too():
    found = told(compared()).filter(pl.col("measure") == PSI)
    by_name = dict(found.group_by("of").agg(pl.col("division").n_unique()).rows())
    assert by_name == {"recency": 1, "money": 1, "noise": 1, "taste": 5}


def test_a_rate_that_a_whole_division_shares_is_one_value_of_it():
    comparison, customers = compared()

    def shared(side: Dataset) -> Dataset:
        matrices = {
            cutoff: type(matrix)(
                cutoff,
                matrix.customers,
                matrix.pairs.with_columns(taste=pl.col(v.DIVISION).to_physical().cast(pl.Float32)),
                matrix.seen,
            )
            for cutoff, matrix in side.features.matrices.items()
        }
        return Dataset(side.rows, Features(side.features.registry, matrices))

    rates = Compared(shared(comparison.train), shared(comparison.later), comparison.unseen, NAMES)
    found = told((rates, customers)).filter(pl.col("of") == "taste")
    assert found["division"].to_list() == [ALL]
    assert (found["n_train"][0], found["n"][0]) == (4 * len(TUNING), 4)
