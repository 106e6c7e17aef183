"""The figures of the accuracy page: their scorers, the chains they come from, and the page itself."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from bench.accuracy import ablation, causes, chains, measure, nulls, recorded, reliability, report
from bench.accuracy.nights import contenders, days_of, imputed
from bench.accuracy.rivals import RULES
from bench.accuracy.targets import at_least, at_most, outcomes
from engine.backtest.replay import Night, by_desk
from engine.settings.shelf.calibrated import CalibratedSettings

SCORER = measure.data().parents[1] / "tools" / "score_freshretailnet.py"
DAY = date(2025, 5, 20)


def test_the_page_says_what_the_figures_say():
    message = "write it anew with  python -m bench.accuracy.report"
    assert report.PAGE.read_text(encoding="utf-8") == report.page(measure.read()), message


def test_every_contender_is_on_the_page():
    assert set(report.NAMES) == {"calibrated", "classic", *RULES}


def test_targets_are_met_by_the_worst_of_their_figures():
    assert [at_least("", 0.8, [0.9, 0.79]).is_met, at_least("", 0.8, [0.9, 0.8]).is_met] == [False, True]
    assert [at_most("", 0.2, [0.1, 0.21]).is_met, at_most("", 0.2, [0.1, 0.2]).is_met] == [False, True]
    assert {type(one.is_met) for one in outcomes(measure.read())} == {bool}


# Recorded stock-outs


def hours(*rows: tuple[int, int, int, int]) -> pl.DataFrame:
    """Store, SKU, days before the night, hours out."""
    return pl.DataFrame(
        [(store, sku, DAY - timedelta(days=ago), out) for store, sku, ago, out in rows],
        ["store_id", "sku_id", "date", "oos_hours"],
        orient="row",
    )


def night(*alerts: tuple[int, int, int]) -> Night:
    """Store, SKU, days before the night on which it began."""
    rows = [(store, sku, DAY - timedelta(days=ago)) for store, sku, ago in alerts]
    kinds = {"store_id": pl.Int64, "sku_id": pl.Int64, "detection_date": pl.Date}
    return Night(DAY, pl.DataFrame(rows, kinds, orient="row"))


def test_an_alert_is_right_when_it_was_out_for_half_of_the_hours():
    truth = hours((1, 1, 0, 16), (1, 2, 0, 16), (1, 2, 1, 1), (1, 3, 3, 16))
    judged = recorded.verdicts([night((1, 1, 1), (1, 2, 2), (1, 3, 1))], truth)
    assert judged["is_right"].to_list() == [True, False, False]


def test_an_alert_that_still_sold_needs_hours_for_the_rest_alone():
    truth = hours((1, 1, 0, 4), (1, 2, 0, 4), (1, 3, 0, 8))
    sold = pl.DataFrame({"actual_daily_units": [5.0, 4.0, 0.0], "expected_daily_units": [10.0] * 3})
    named = night((1, 1, 0), (1, 2, 0), (1, 3, 0))
    judged = recorded.verdicts([Night(DAY, named.alerts.hstack(sold))], truth)
    assert judged["is_right"].to_list() == [False, False, True]
    assert judged["is_fairly_right"].to_list() == [True, False, True]
    rows = [(one["alerts"], one["right"], one["fairly_right"]) for one in recorded.by_left(judged)]
    assert rows == [(1, 1.0, 1.0), (0, 0.0, 0.0), (1, 0.0, 0.0), (1, 0.0, 1.0), (3, 1 / 3, 2 / 3)]


def test_an_event_was_out_on_three_days_and_is_found_by_its_name():
    truth = hours(*((1, sku, ago, 12) for sku in (1, 2) for ago in range(3)), *((1, 3, ago, 16) for ago in (0, 1, 3)))
    nights = [night((1, 2, 0), (1, 3, 0))]
    events = recorded.stock_outs(nights, recorded.verdicts(nights, truth), truth)
    assert events.select("store_id", "sku_id", "found").rows() == [(1, 1, False), (1, 2, True)]


def test_folds_share_no_store_and_are_of_like_size():
    stores = pl.Series(range(1000))
    fold = recorded.fold_of(stores)
    assert fold.equals(recorded.fold_of(pl.Series(range(2000)))[:1000])
    sizes = fold.value_counts()["count"]
    assert (len(sizes), sizes.min() > 150, sizes.sum()) == (recorded.FOLDS, True, 1000)


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """Two nights of the recorded stock-outs and the folder they are in."""
    if not (measure.data().is_dir() and SCORER.is_file()):
        pytest.skip("the real data are not here")
    judge = by_desk(CalibratedSettings(), tmp_path_factory.mktemp("runs"))
    return [judge(measure.data(), day) for day in recorded.NIGHTS]


@pytest.mark.slow
def test_the_calibrated_profile_is_right_on_real_shelves(real, tmp_path):
    truth = recorded.read_truth(measure.data() / "truth.parquet")
    alerts = recorded.verdicts(real, truth)
    found = recorded.counts(alerts, recorded.stock_outs(real, alerts, truth))
    assert found["precision"] >= 0.80
    assert found["recall"] >= 0.76
    across = reliability.across_stores(alerts)["cross-validated"]
    assert across["calibration_error"] <= 0.05
    words = []
    for one in real:
        file = tmp_path / f"{one.as_of}.parquet"
        one.alerts.with_columns(status=pl.lit("open")).write_parquet(file)
        words.append(f"{one.as_of}={file}")
    command = [sys.executable, str(SCORER), str(measure.data() / "truth.parquet"), *words]
    theirs = json.loads(subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout)
    assert {name: found[name] for name in ("right", "alerts", "found", "events")} == {
        name: theirs[name] for name in ("right", "alerts", "found", "events")
    }


# Reliability


def test_a_logistic_curve_is_recovered():
    random = np.random.default_rng(1)
    x = np.column_stack([np.ones(20_000), random.normal(size=(20_000, 3))])
    beta = np.array([0.5, 1.0, -0.7, 0.2])
    right = (random.random(20_000) < 1 / (1 + np.exp(-x @ beta))).astype(float)
    np.testing.assert_allclose(reliability.fitted(x, right), beta, atol=0.1)


# Where nothing happens


def test_even_values_are_even_and_small_ones_too_small():
    even = nulls.evenness((np.arange(1000) + 0.5) / 1000)
    assert even["both"] < 0.1
    assert even["below_0.1"] == pytest.approx(0.1)
    small = nulls.evenness(np.linspace(0, 0.5, 1000))
    assert small["too_small"] == pytest.approx(0.5 * math.sqrt(1000), rel=0.01)
    assert nulls.evenness(np.linspace(0.5, 1, 1000))["too_small"] < nulls.KS_5_PERCENT


def test_the_atom_is_spread_over_what_positive_evidence_leaves():
    random = np.random.default_rng(3)
    evidence_free = np.ones(10_000)
    drawn = nulls.randomised(evidence_free, np.full(10_000, 0.3), random)
    assert drawn.min() >= 0.3
    assert drawn.mean() == pytest.approx(0.65, abs=0.01)
    assert nulls.randomised(np.array([0.2]), np.array([0.3]), random).tolist() == [0.2]


def test_a_chain_has_the_mix_it_is_named_for(tmp_path):
    folder = chains.write(tmp_path / "chain", "split", 400, 90, seed=2)
    chain = imputed(folder, chains.LAST_DAY)
    rate = chain.array("units").mean(axis=1)
    assert chain.pairs.height == 400
    assert ((rate < 0.5) | (rate > 5)).all()
    assert days_of(chain).known.all()
    assert days_of(chain).unit == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("mix", chains.MIXES)
def test_hardly_anything_is_found_where_nothing_happens(mix):
    found = [nulls.night(mix, 4000, seed) for seed in (21, 22)]
    assert sum(one["findings"]["0.1"] for one in found) <= 2
    assert sum(one["findings"]["0.01"] for one in found) == 0
    assert max(one["published"]["below_0.001"] for one in found) <= 0.003


# Causes


def test_what_is_named_right_is_added_up_over_seeds():
    seeds = {
        "1": {"overstock": {"right": 3, "found": 4}},
        "2": {"overstock": {"right": 1, "found": 2}, "traffic_drop": {"right": 0, "found": 1}},
    }
    assert causes.right_of(seeds) == {"overstock": (4, 6), "traffic_drop": (0, 1)}


# Ablation


def test_the_whole_profile_of_the_ablation_is_the_desk(tmp_path):
    folder = chains.write(tmp_path / "chain", "fast", 400, 70, seed=2)
    sales = pl.read_parquet(folder / "sales_transactions.parquet")
    dark = (pl.col("sku_id") < 20) & (pl.col("date") > chains.LAST_DAY - timedelta(days=8))
    sales.filter(~dark).write_parquet(folder / "sales_transactions.parquet")
    by_variant = ablation.night(ablation.VARIANTS[0], imputed(folder, chains.LAST_DAY))
    told = by_desk(CalibratedSettings(), tmp_path / "runs")(folder, chains.LAST_DAY)
    keys = ["store_id", "sku_id", "detection_date"]
    assert by_variant.alerts.height >= 20
    assert by_variant.alerts.sort(keys).equals(told.alerts.select(keys).sort(keys))


@pytest.mark.slow
def test_everybody_judges_the_same_nights(tmp_path):
    folder = chains.write(tmp_path / "chain", "fast", 200, 70, seed=2)
    days = [chains.LAST_DAY - timedelta(days=7), chains.LAST_DAY]
    found = contenders(folder, days, tmp_path / "runs")
    assert set(found) == set(report.NAMES)
    assert {tuple(one.as_of for one in nights) for nights in found.values()} == {tuple(days)}
