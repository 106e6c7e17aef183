"""The cluster bootstrap counts every row of a drawn customer as often as it was drawn."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.resampling import Clusters
from engine.whitespace import metrics
from engine.whitespace.bootstrap import difference, figure_names, replicate

PERCENTS, BINS = (5, 10, 20), 10
ROWS = st.lists(
    st.tuples(
        st.integers(0, 5), st.booleans(), st.integers(1, 12).map(lambda n: n / 16), st.integers(0, 9).map(float)
    ),
    min_size=2,
    max_size=40,
).filter(lambda rows: 0 < sum(row[1] for row in rows) < len(rows))


def frame(rows) -> pl.DataFrame:
    table = pl.DataFrame(rows, ["customer_id", "label", "p", "net_gp_window"], orient="row")
    return table.with_columns(pl.col("customer_id").cast(pl.String), pl.col("label").cast(pl.Int8))


@given(ROWS)
def test_the_figures_are_those_of_the_metrics(rows):
    table = frame(rows)
    found = replicate(table, "p", Clusters(table["customer_id"], 50, 0.95), PERCENTS, BINS).values
    labels, scores = table["label"].cast(pl.UInt8).to_numpy(), table["p"].to_numpy()
    money = table["net_gp_window"].to_numpy()
    summary = metrics.summary(labels, scores, money, PERCENTS, BINS)
    for name in set(summary) & set(figure_names(PERCENTS)):
        assert found[name] == pytest.approx(np.nan if summary[name] is None else summary[name], nan_ok=True), name
    for row in metrics.thresholds(labels, scores, money, PERCENTS).iter_rows(named=True):
        assert found[f"capture@{row['k_percent']}"] == pytest.approx(row["capture"])
        assert found[f"precision@{row['k_percent']}"] == pytest.approx(row["pos_rate"])


@pytest.mark.slow
@given(ROWS)
def test_a_replicate_is_the_figure_of_rows_that_are_really_repeated(rows):
    table = frame(rows)
    customers = Clusters(table["customer_id"], 50, 0.95)
    drawn = replicate(table, "p", customers, PERCENTS, BINS).drawn
    codes = customers.codes(table["customer_id"])
    for place, draw in enumerate(customers.draws[:10]):
        repeated = table[np.repeat(np.arange(len(codes)), draw[codes])]
        if repeated["label"].n_unique() < 2:
            assert all(np.isnan(one[place]) for one in drawn.values())
            continue
        again = replicate(repeated, "p", Clusters(repeated["customer_id"], 2, 0.95), PERCENTS, BINS).values
        for name, value in again.items():
            assert drawn[name][place] == pytest.approx(value, nan_ok=True), name


def test_two_scores_on_the_same_draws_differ_less_than_their_own_spread():
    rng = np.random.default_rng(0)
    labels = rng.random(2000) < 0.2
    table = pl.DataFrame(
        {
            "customer_id": [f"c{n % 400}" for n in range(2000)],
            "label": labels.astype(np.int8),
            "net_gp_window": np.zeros(2000),
            "p": np.clip(0.2 + 0.2 * labels + 0.2 * rng.normal(size=2000), 0, 1),
        }
    ).with_columns(q=(pl.col("p") * 0.99 + 0.001))
    customers = Clusters(table["customer_id"], 200, 0.95)
    one, other = (replicate(table, score, customers, PERCENTS, BINS) for score in ("p", "q"))
    same = difference([one], [other], "auc")
    assert abs(same.value) < 0.01
    assert same.standard_error < 0.1 * one.drawn["auc"].std()
    assert not difference([one], [one], "auc").exceeds_error()


def honest(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    """Rows of customers who buy with just the chance that is told: all calibration error is noise."""
    chances = rng.beta(1, 12, rows)
    return pl.DataFrame(
        {
            "customer_id": [f"c{n}" for n in range(rows)],
            "label": (rng.random(rows) < chances).astype(np.int8),
            "net_gp_window": np.zeros(rows),
            "p": chances,
        }
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_calibration_error_lies_within_its_interval_and_not_below_it(seed):
    table = honest(np.random.default_rng(seed), 1500)
    customers = Clusters(table["customer_id"], 300, 0.95)
    found = replicate(table, "p", customers, PERCENTS, 50)
    told = found.estimate("cal_mae", customers)
    assert customers.estimate(found.values["cal_mae"], found.drawn["cal_mae"]).low > told.value
    assert 0 <= told.low < told.value < told.high
    assert found.estimate("auc", customers) == customers.estimate(found.values["auc"], found.drawn["auc"])


@pytest.mark.slow
def test_the_interval_of_a_calibration_error_holds_what_other_rows_would_show():
    """Of a hundred samples at least nine in ten intervals hold the mean figure of them all."""
    rng, told = np.random.default_rng(7), []
    for table in (honest(rng, 600) for _ in range(100)):
        customers = Clusters(table["customer_id"], 200, 0.95)
        told.append(replicate(table, "p", customers, PERCENTS, BINS).estimate("cal_mae", customers))
    usual = np.mean([one.value for one in told])
    assert np.mean([one.low <= usual <= one.high for one in told]) >= 0.9


HASHING = """
import hashlib, numpy as np, polars as pl
from engine.resampling import Clusters
from engine.whitespace.bootstrap import replicate
rng = np.random.default_rng(1)
rows = pl.DataFrame({"customer_id": [f"c{n % 50}" for n in range(500)], "label": (rng.random(500) < 0.2).astype("i1"),
                     "net_gp_window": rng.random(500), "p": rng.random(500)})
drawn = replicate(rows, "p", Clusters(rows["customer_id"], 100, 0.95), (5, 10, 20), 10).drawn
print(hashlib.blake2b(b"".join(drawn[name].tobytes() for name in sorted(drawn))).hexdigest())
"""


@pytest.mark.slow
def test_replicates_are_the_same_bits_with_any_number_of_threads_and_any_hash_seed():
    def run(threads: str) -> str:
        told = {"POLARS_MAX_THREADS": threads, "NUMBA_NUM_THREADS": threads, "PYTHONHASHSEED": threads}
        done = subprocess.run(
            [sys.executable, "-c", HASHING], env=os.environ | told, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    assert len(run("1")) == 2 * hashlib.blake2b().digest_size
    assert run("1") == run("2")
