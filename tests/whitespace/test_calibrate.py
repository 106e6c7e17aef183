"""Calibrators never turn an order around, and nobody is judged by a calibrator that saw them."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from engine.settings.whitespace.modeling import ModelSettings
from engine.whitespace import calibrate, metrics
from engine.whitespace.calibrate import METHODS, Calibrator, calibrators, cross_calibrated, fit_method, method_for
from engine.whitespace.splits import customer_groups

SETTINGS = ModelSettings()


def rows(levels: dict[str, float], n: int = 2000, seed: int = 0) -> pl.DataFrame:
    """Scores that are right up to a shift of log odds by division."""
    rng = np.random.default_rng(seed)
    frames = []
    for division, shift in levels.items():
        margin = rng.normal(-2, 1, n)
        frames.append(
            pl.DataFrame(
                {
                    "customer_id": [f"c{number}" for number in range(n)],
                    "division": division,
                    "p_raw": 1 / (1 + np.exp(-margin)),
                    "label": (rng.random(n) < 1 / (1 + np.exp(-margin - shift))).astype(np.int8),
                }
            )
        )
    return pl.concat(frames)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=5, max_size=60), st.sampled_from(METHODS))
def test_the_order_of_scores_is_kept_or_tied(cells, method):
    labels = np.array([bought for bought, _ in cells], np.uint8)
    scores = np.array([score for _, score in cells])
    if labels.all() or not labels.any():
        with pytest.raises(ValueError, match="one class"):
            fit_method(method, labels, scores, "Ample")
        return
    grown = np.linspace(0, 1, 50)
    chances = fit_method(method, labels, scores, "Ample").apply(grown)
    assert ((chances >= 0) & (chances <= 1)).all()
    if method == calibrate.ISOTONIC:
        assert (np.diff(chances) >= -1e-12).all()
        assert len(set(chances.tolist())) > 20, "no step is flat: the order of scores is kept"


@pytest.mark.proves("L69")
@pytest.mark.parametrize(("positives", "method"), [(999, "platt"), (1000, "isotonic")])
def test_isotonic_regression_needs_a_thousand_buyers(positives, method):
    assert method_for(positives, SETTINGS) == method


@pytest.mark.parametrize("method", METHODS)
def test_a_calibrator_read_back_from_its_text_gives_the_same_bits(method):
    table = rows({"Ample": 1.0})
    labels, scores = table["label"].cast(pl.UInt8).to_numpy(), table["p_raw"].to_numpy()
    one = fit_method(method, labels, scores, "Ample")
    again = Calibrator.of(json.loads(json.dumps(one.as_dict())))
    assert again == one
    assert again.apply(scores).tobytes() == one.apply(scores).tobytes()


@pytest.mark.parametrize("method", METHODS)
def test_a_shift_of_all_log_odds_is_found(method):
    table, fresh = rows({"Ample": 1.0}, 20_000), rows({"Ample": 1.0}, 20_000, seed=1)
    one = fit_method(method, table["label"].cast(pl.UInt8).to_numpy(), table["p_raw"].to_numpy(), "Ample")
    labels, chances = fresh["label"].cast(pl.UInt8).to_numpy(), one.apply(fresh["p_raw"].to_numpy())
    assert metrics.relative_cal_error(labels, chances, 10) < 0.05


def earlier(levels: dict[str, float], n: int = 2000) -> pl.DataFrame:
    """The same at three cutoffs before."""
    days = [dt.date(2018, 12, 31), dt.date(2019, 3, 31), dt.date(2019, 6, 30)]
    return pl.concat([rows(levels, n, 10 + place).with_columns(cutoff=day) for place, day in enumerate(days)])


def test_a_division_with_few_buyers_shares_the_pooled_calibrator():
    levels = {"Ample": 0.0, "Bare": 0.0, "Few": 0.0}
    table = pl.concat([rows({name: shift}, 150 if name == "Few" else 2000) for name, shift in levels.items()])
    found = calibrators(table, earlier(levels), [*levels, "Void"], SETTINGS)
    assert {name: one.scope for name, one in found.items()} == {
        "Ample": "Ample",
        "Bare": "Bare",
        "Few": "pooled",
        "Void": "pooled",
    }


def test_what_a_division_does_again_and_again_lasts():
    levels = {f"d{number}": 1.5 if number == 0 else -0.15 for number in range(10)}
    fresh = rows(levels, seed=99)
    found = calibrators(rows(levels), earlier(levels), sorted(levels), SETTINGS)
    mine = fresh.filter(pl.col("division") == "d0")
    chances = calibrate.calibrated(mine, found)
    assert chances.mean() == pytest.approx(mine["label"].mean(), rel=0.1)


def test_what_one_half_year_alone_shows_is_taken_to_pass():
    usual = {f"d{number}": 0.0 for number in range(10)}
    found = calibrators(rows(usual | {"d0": 1.5}), earlier(usual), sorted(usual), SETTINGS)
    mine = rows({"d0": 0.0}, seed=99)
    once = rows({"d0": 1.5}, seed=98)["label"].mean()
    chances = calibrate.calibrated(mine, found).mean()
    assert chances - mine["label"].mean() < 0.4 * (once - mine["label"].mean())


def test_a_half_year_that_ranked_the_other_way_round_turns_no_order_around():
    usual = {f"d{number}": 0.0 for number in range(4)}
    mine = pl.col("division") == "d0"
    table = rows(usual).with_columns(p_raw=pl.when(mine).then(1 - pl.col("p_raw")).otherwise("p_raw"))
    found = calibrators(table, earlier(usual), sorted(usual), SETTINGS)
    assert found["d0"].scope == "pooled"
    assert all(one.rises() for one in found.values())


def test_divisions_that_differ_by_chance_alone_are_hardly_moved():
    levels = {f"d{number:02d}": 0.0 for number in range(20)}
    found = calibrators(rows(levels, 100), earlier(levels, 100), sorted(levels), SETTINGS)
    assert np.abs([one.shift for one in found.values()]).max() < 0.35


@pytest.mark.slow
@examples(max_examples=12)
@given(st.integers(0, 2**16))
def test_a_chance_of_the_calibration_rows_does_not_depend_on_its_own_label(seed):
    levels = {"Ample": 0.5, "Bare": -0.5}
    table, before_it = rows(levels, 60, seed), earlier(levels, 60)
    groups = tuple(customer_groups(one["customer_id"], SETTINGS) for one in (table, before_it))
    before = cross_calibrated(table, before_it, groups, SETTINGS)
    mine = groups[0] == groups[0][0]
    turned = table.with_columns(label=pl.when(pl.Series(mine)).then(1 - pl.col("label")).otherwise("label"))
    after = cross_calibrated(turned, before_it, groups, SETTINGS)
    assert before[mine].tobytes() == after[mine].tobytes()


def test_rows_of_one_class_have_no_calibrator():
    table = rows({"Ample": 0.0}).with_columns(label=pl.lit(0, pl.Int8))
    assert calibrators(table, earlier({"Ample": 0.0}), ["Ample"], SETTINGS) == {}
    assert calibrate.comparison(np.zeros(3, np.uint8), np.zeros(3), np.arange(3), SETTINGS) == []


@pytest.mark.proves("L68", "L70")
def test_every_method_is_evaluated_and_one_is_chosen():
    table = rows({"Ample": 1.0})
    labels, scores = table["label"].cast(pl.UInt8).to_numpy(), table["p_raw"].to_numpy()
    told = calibrate.comparison(labels, scores, customer_groups(table["customer_id"], SETTINGS), SETTINGS)
    assert [one["method"] for one in told] == ["raw", *METHODS]
    assert [one["method"] for one in told if one["chosen"]] == ["platt"]
    assert all(one["cal_mae"] < told[0]["cal_mae"] for one in told[1:])
