"""A frozen model is followed over windows that it never learned from."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from io import BytesIO

import numpy as np
import polars as pl
import pytest
from matplotlib.image import imread

from engine.errors import InputError
from engine.settings.whitespace.gauntlet import GauntletSettings
from engine.settings.whitespace.horizons import HorizonSettings, PrequentialSettings
from engine.vocabulary import whitespace as v
from engine.whitespace.gauntlet.files import part
from engine.whitespace.gauntlet.pictures import SHADE, Line, Zone, curves
from engine.whitespace.gauntlet.verdict import ALL
from engine.whitespace.months import add_months
from engine.whitespace.panel import cutoffs_for, newest_cutoff
from engine.whitespace.prequential import FROZEN, RETRAINED, artifacts, months, prequential
from engine.whitespace.tables import as_of


def asked(context, **changes):
    horizons = HorizonSettings(bootstrap_replicates=100, prequential=PrequentialSettings(**changes))
    return replace(context, settings=context.settings.model_copy(update={"horizons": horizons}))


@pytest.fixture(scope="module")
def found(followed):
    return prequential(asked(followed, months=4))


@pytest.mark.proves("L25", "L26")
def test_every_month_end_is_scored_from_the_day_on_which_the_training_labels_end(found, followed):
    pooled = found.curve.filter(pl.col("division") == ALL, pl.col("curve") == FROZEN)
    assert pooled[v.CUTOFF].to_list() == [add_months(found.train_cutoff, step) for step in range(5)]
    assert pooled["horizon_days"].to_list() == [(day - found.train_cutoff).days for day in pooled[v.CUTOFF]]
    blocks = cutoffs_for(found.train_cutoff, followed.settings.labels)
    assert add_months(blocks.calibration, followed.settings.labels.horizon_months) <= found.train_cutoff
    assert (pooled["auc_low"] <= pooled["auc"]).all()
    assert (pooled["auc"] <= pooled["auc_high"]).all()


@pytest.mark.proves("L40")
@pytest.mark.parametrize("scoring", [dt.date(2024, 3, 31), dt.date(2024, 6, 30), dt.date(2024, 12, 31)])
@pytest.mark.parametrize("how_many", [1, 3, 6])
def test_no_window_begins_before_the_training_labels_end_or_ends_after_the_data(followed, scoring, how_many):
    blocks = cutoffs_for(scoring, followed.settings.labels)
    train_cutoff, days = months(asked(replace(followed, blocks=blocks), months=how_many))
    assert days[0] == train_cutoff
    assert len(days) == how_many + 1
    assert all(day <= scoring for day in days)
    assert all(add_months(day, followed.settings.labels.horizon_months) <= followed.tables.data_as_of for day in days)


def listed(context):
    """The context with its second division under the SAFE policy."""
    asking = asked(context, months=1)
    modeling = asking.settings.modeling.model_copy(update={"safe_divisions": context.divisions[1:2]})
    settings = asking.settings.model_copy(update={"modeling": modeling})
    return replace(asking, settings=settings)


@pytest.mark.proves("L39")
def test_of_a_division_under_safe_the_zone_where_labels_overlap_is_told_and_marked_as_not_out_of_time(followed):
    careful = followed.divisions[1]
    found = prequential(listed(followed))
    overlap = found.curve.filter(~pl.col("is_out_of_time"))
    assert set(overlap["division"]) == {careful}
    assert set(overlap["curve"]) == {FROZEN}
    assert overlap[v.CUTOFF].to_list() == [add_months(found.train_cutoff, -months) for months in (5, 4, 3, 2, 1)]
    horizon = followed.settings.labels.horizon_months
    learned = cutoffs_for(found.train_cutoff, followed.settings.labels).calibration
    for day in found.curve[v.CUTOFF].unique():
        reaches_in = day < add_months(learned, horizon) and add_months(day, horizon) > learned
        assert (day in overlap[v.CUTOFF].to_list()) == reaches_in
    assert overlap["auc"].null_count() == 0


@pytest.mark.proves("L39")
def test_no_check_reads_a_month_end_that_is_not_out_of_time(followed):
    measures = [
        prequential(context).check.readings.select("division", "measure", "status")
        for context in (listed(followed), asked(followed, months=1))
    ]
    assert measures[0].equals(measures[1])
    assert not measures[0]["measure"].str.contains("-").any()


@pytest.mark.proves("L39")
def test_the_picture_of_a_division_under_safe_is_shaded_and_that_of_the_others_is_not(followed):
    found = prequential(listed(followed))
    pictures = {file.path: file.content for file in artifacts(found) if file.path.endswith(".png")}
    shade = np.array([int(SHADE[place : place + 2], 16) for place in (1, 3, 5)])
    shaded = []
    for path, content in pictures.items():
        pixels = np.rint(imread(BytesIO(content))[..., :3] * 255).astype(int)
        shaded += [path] * bool((pixels == shade).all(axis=-1).sum() > 1000)
    assert len(shaded) == 1
    assert part(followed.divisions[1]) in shaded[0]


def test_a_zone_is_drawn_behind_the_curves():
    line = Line("frozen", np.array([-30, 0]), np.array([0.7, 0.6]), np.array([0.6, 0.5]), np.array([0.8, 0.7]))
    assert curves({"auc": [line]}, "days", Zone("overlap", -30, 0)) != curves({"auc": [line]}, "days")


def quarters(context, months_less, **changes):
    """The days that are looked at quarterly in a delivery that ends so many months earlier."""
    tables = as_of(context.tables, add_months(context.tables.data_as_of, -months_less))
    blocks = cutoffs_for(newest_cutoff(tables), context.settings.labels)
    return months(asked(replace(context, tables=tables, blocks=blocks), quarterly=True, **changes))


@pytest.mark.proves("L151")
def test_quarterly_the_panel_grows_by_a_day_with_every_quarter_that_is_delivered(followed):
    """From one cutoff on, without a setting that names a day."""
    (first, before), (again, after) = quarters(followed, 3), quarters(followed, 0)
    assert first == again
    assert after[:-1] == before
    assert after == [add_months(first, 3 * step) for step in range(len(after))]
    assert len(after) >= 4
    assert cutoffs_for(first, followed.settings.labels).tuning[0] >= followed.tables.first_day
    horizon = followed.settings.labels.horizon_months
    assert followed.tables.data_as_of < add_months(after[-1], horizon + 3)


@pytest.mark.proves("L151")
def test_quarterly_month_ends_between_quarters_wait_for_the_next_one(followed):
    assert quarters(followed, 0) == quarters(followed, 1) == quarters(followed, 2) != quarters(followed, 3)
    day = dt.date(2024, 3, 31)
    assert quarters(followed, 0, train_cutoff=day)[0] == day


@pytest.mark.proves("L151")
def test_quarterly_the_model_beside_is_fitted_again_every_so_many_quarters(followed):
    found = prequential(asked(followed, quarterly=True, train_cutoff=dt.date(2023, 12, 31), retrain_months=6))
    pooled = found.curve.filter(pl.col("division") == ALL).sort(v.CUTOFF)
    frozen, again = (pooled.filter(pl.col("curve") == name)["auc"].to_list() for name in (FROZEN, RETRAINED))
    assert (frozen[:2], frozen[2:] == again[2:]) == (again[:2], False)
    assert "brier_rise" in found.check.readings["measure"].to_list()


@pytest.mark.proves("L151")
def test_a_delivery_that_is_a_quarter_longer_moves_everything_by_a_quarter(followed):
    days, cutoffs = [], []
    for months_less in (3, 0):
        tables = as_of(followed.tables, add_months(followed.tables.data_as_of, -months_less))
        blocks = cutoffs_for(newest_cutoff(tables), followed.settings.labels)
        train_cutoff, looked_at = months(asked(replace(followed, tables=tables, blocks=blocks), months=6))
        days.append([train_cutoff, *looked_at])
        cutoffs.append([*blocks.labelled, blocks.scoring])
    assert [add_months(day, 3) for day in days[0]] == days[1]
    assert [add_months(day, 3) for day in cutoffs[0]] == cutoffs[1]


@pytest.mark.proves("L151")
def test_the_model_fitted_anew_is_the_frozen_one_until_it_is_fitted_again(found):
    pooled = found.curve.filter(pl.col("division") == ALL).sort(v.CUTOFF)
    frozen, again = (pooled.filter(pl.col("curve") == name) for name in (FROZEN, RETRAINED))
    assert frozen["auc"][:3].to_list() == again["auc"][:3].to_list()
    assert frozen["auc"][3:].to_list() != again["auc"][3:].to_list()
    lost = (again["auc"] - frozen["auc"]).to_list()
    assert frozen["auc_lost_to_age"].to_list() == pytest.approx(lost)
    assert again["auc_lost_to_age"].to_list() == [0.0] * 5


@pytest.mark.proves("L101")
def test_a_rise_warns_near_the_cutoff_and_the_slope_is_told(found):
    readings = found.check.readings.filter(pl.col("division") == ALL)
    steps = readings.filter(pl.col("measure").str.starts_with("auc_step"))
    assert steps.height == 4
    near = [row for row in steps.iter_rows(named=True) if int(row["measure"][9:-1]) < 60]
    assert all(row["status"] != v.FAIL for row in near)
    assert set(readings["measure"]) >= {"brier_rise", "auc_slope"}
    assert readings.filter(pl.col("measure") == "auc_slope")["status"].to_list() == [v.PASS]


def test_a_rise_within_chance_fails_only_when_checks_are_strict(followed):
    bounds = {"shift_max_auc_gain": 0.0, "max_error_chance": 0.0001}
    statuses = {}
    for strict in (False, True):
        gauntlet = GauntletSettings(strict=strict, **bounds)
        context = asked(followed, months=2, far_days=0, max_brier_rise=0)
        context = replace(context, settings=context.settings.model_copy(update={"gauntlet": gauntlet}))
        readings = prequential(context).check.readings
        steps = readings.filter(pl.col("measure").str.starts_with("auc_step"), pl.col("value") > 0)
        statuses[strict] = set(steps["status"])
    assert statuses == {False: {v.WARN}, True: {v.FAIL}}


@pytest.mark.parametrize(
    ("train_cutoff", "message"),
    [
        pytest.param(dt.date(2024, 11, 30), "labels of 2024-11-30 are not whole", id="labels_not_whole"),
        pytest.param(dt.date(2021, 3, 31), "too late to train a model", id="nothing_to_learn_from"),
    ],
)
def test_a_model_that_cannot_be_followed_is_refused_with_what_to_do(followed, train_cutoff, message):
    with pytest.raises(InputError, match=message):
        prequential(asked(followed, train_cutoff=train_cutoff))


@pytest.mark.proves("L25", "L27")
def test_the_files_bear_the_names_of_the_reference(found):
    files = {file.path: file.content for file in artifacts(found)}
    assert set(files["horizon.parquet"]["division"]) == {ALL, *found.divisions}
    stem = f"prequential/pooled/{found.train_cutoff}/prequential"
    told = files[f"{stem}_pooled_{found.train_cutoff}.json"]
    assert len(told["rows"]) == 10
    assert {"cutoff", "n", "prevalence", "auc", "lift@10", "brier"} <= set(told["rows"][0])
    assert files[f"{stem}_curves_pooled_{found.train_cutoff}.png"].startswith(b"\x89PNG")
    assert len(files) == 2 + 3 * (1 + len(found.divisions))


def test_a_picture_of_nothing_is_a_picture():
    assert curves({"auc": []}, "days") == curves({"auc": []}, "days")
