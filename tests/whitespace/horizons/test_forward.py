"""The deployed model, held against what was bought after the day that it scored."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from engine.errors import InputError
from engine.settings.whitespace.horizons import ForwardSettings, HorizonSettings
from engine.vocabulary import whitespace as v
from engine.whitespace import metrics
from engine.whitespace.dataset import outcomes
from engine.whitespace.features.build import build
from engine.whitespace.forward import forward
from engine.whitespace.forward_files import alerts, artifacts
from engine.whitespace.gauntlet.verdict import ALL
from engine.whitespace.panel import labels
from engine.whitespace.scenarios import BY_CHANCE, BY_MONEY


@pytest.fixture(scope="module")
def found(followed, learned):
    return forward(followed, learned)


def asked(context, **changes):
    horizons = HorizonSettings(bootstrap_replicates=100, forward=ForwardSettings(**changes))
    return replace(context, settings=context.settings.model_copy(update={"horizons": horizons}))


def ending(context, day: dt.date):
    """The same run, had the delivery ended earlier."""
    return replace(context, tables=replace(context.tables, data_as_of=day))


def test_the_labels_of_the_scoring_cutoff_are_judged_once_they_are_whole(found, followed):
    assert (found.block, found.block_cutoff, found.whole_on) == (
        "forward",
        followed.cutoff,
        followed.tables.data_as_of,
    )
    expected = labels(followed.tables, [followed.cutoff], followed.settings.labels).filter("in_population")
    assert found.frame.height == expected.height
    assert found.frame["label"].sum() == expected["label"].sum()
    assert found.frame.select(v.PAIR).equals(found.frame.select(v.PAIR).sort(v.PAIR))
    chances = followed.trained.predict(followed.dataset.features, found.frame)
    assert found.frame["p_icp"].to_list() == chances["p_icp"].to_list()


def test_only_who_could_be_called_is_judged(found):
    assert found.judged[ALL].n == found.frame["excluded_because"].null_count() == found.eligible.height
    assert found.judged[ALL].n < found.frame.height
    chances = found.eligible["p_icp"].to_numpy()
    assert found.scores.value(ALL, "auc") == pytest.approx(metrics.auc(outcomes(found.eligible), chances))


@pytest.mark.parametrize("day", [dt.date(2024, 7, 31), dt.date(2024, 12, 30)])
def test_before_that_the_calibration_block_stands_in_and_it_is_said(followed, learned, day):
    found = forward(ending(followed, day), learned)
    assert (found.block, found.block_cutoff) == ("calibration", followed.blocks.calibration)
    assert found.check.pooled == v.WARN
    assert "are whole on 2024-12-31: the calibration block stands in" in found.check.readings["note"][0]
    assert found.frame[v.CUTOFF].unique().to_list() == [followed.blocks.calibration]


def test_where_no_block_is_whole_nothing_is_claimed(followed, learned):
    nothing = replace(learned, past=learned.past.clear())
    with pytest.raises(InputError, match="no row has a whole label, neither of 2024-06-30 nor of 2023-12-31"):
        forward(ending(followed, dt.date(2024, 7, 31)), nothing)


GUARDS = [
    pytest.param(0, 0.002, v.PASS, id="whole_and_ordinary"),
    pytest.param(3, 0.002, v.WARN, id="some_labels_not_whole"),
    pytest.param(0, 0.9, v.WARN, id="odd_share_of_buyers"),
    pytest.param(3, 0.9, v.FAIL, id="both"),
]


@pytest.mark.proves("L176", "L177")
@pytest.mark.parametrize(("wide", "least", "status"), GUARDS)
def test_labels_not_whole_and_an_odd_share_warn_alone_and_fail_together(followed, learned, wide, least, status):
    """Divisions with a horizon of their own: its labels are not whole when those of the others are."""
    context = asked(followed, min_prevalence=least, max_prevalence=0.95)
    if wide:
        months = (
            pl.when(pl.col(v.DIVISION).cast(pl.String) == followed.divisions[0]).then(12).otherwise("horizon_months")
        )
        rows = context.dataset.rows.with_columns(horizon_months=months.cast(pl.Int8))
        context = replace(context, dataset=replace(context.dataset, rows=rows))
    assert forward(context, learned).judged[ALL].status == status


@pytest.mark.proves("L173")
@pytest.mark.parametrize(("bound", "rank_by"), [(1.0, BY_MONEY), (0.0, BY_CHANCE)])
def test_lists_are_made_by_money_only_where_chances_are_honest(followed, learned, bound, rank_by):
    context = asked(followed, max_cal_mae=bound)
    gauntlet = context.settings.gauntlet.model_copy(update={"max_relative_error": 10.0})
    context = replace(context, settings=context.settings.model_copy(update={"gauntlet": gauntlet}))
    found = forward(context, learned)
    assert found.scenarios["rank_by"].unique().to_list() == [rank_by]


def test_a_small_error_where_buyers_are_rare_is_no_honesty(found):
    assert all(not one.is_calibrated or one.relative_cal_error <= 0.25 for one in found.judged.values())


@pytest.mark.proves("L231")
def test_every_figure_comes_with_its_interval(found, followed):
    files = {file.path: file.content for file in artifacts(found, followed.settings)}
    told = files[f"forward/pooled/{found.cutoff}/metrics.json"]
    json.dumps(told, allow_nan=False)
    for name in ("auc", "average_precision", "brier", "cal_mae", "capture@10", "precision@10", "rev_capture@10"):
        figure = told["figures"][name]
        assert figure["ci_lo"] <= figure["ci_hi"]
        assert figure["width_by_root_positives"] == pytest.approx(
            (figure["ci_hi"] - figure["ci_lo"]) * np.sqrt(told["positives"])
        )
    assert told["expected_money_cut"]["rows"] == int(found.eligible["is_capped"].sum())


def test_the_files_bear_the_names_of_the_reference(found, followed):
    files = {file.path: file.content for file in artifacts(found, followed.settings)}
    names = ("validation_frame.parquet", "metrics.json", "topk_scenarios_sorted.csv", "gains.csv", "calibration.csv")
    names += ("segment_performance.csv", "drift.json", "alerts.json")
    assert {f"forward/pooled/{found.cutoff}/{name}" for name in names} < set(files)
    assert len(files) == 4 + len(names) * (1 + len(found.divisions))
    for name in ("scenarios", "drift"):
        assert set(files[f"{name}.parquet"]["division"]) == {ALL, *found.divisions}
    drift = files[f"forward/pooled/{found.cutoff}/drift.json"]
    assert {"psi_ev_vs_holdout_gp", "ks_phat_train_holdout", "ks_p_hat_pos_vs_neg", "psi_per_feature"} <= set(drift)


def test_an_alert_names_what_is_beyond_which_threshold(found, followed):
    flagged = found.drift.filter("is_flagged", pl.col("division") == ALL)
    told = alerts(found, ALL, followed.settings)
    assert [one["of"] for one in told if one["type"] == "psi"] == flagged.filter(pl.col("measure") == "psi")[
        "of"
    ].to_list()
    assert all(set(one) == {"type", "of", "value", "threshold"} for one in told)


def test_features_of_the_scoring_cutoff_see_nothing_after_it(followed):
    """What is judged was scored with what was known then."""
    matrix = build(followed.tables, followed.cutoff, followed.state, followed.settings.features)
    assert matrix.pairs.equals(followed.dataset.features.matrices[followed.cutoff].pairs)
