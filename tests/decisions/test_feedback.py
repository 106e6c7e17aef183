"""What answers teach the next night."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.decisions.shelf import answers
from engine.decisions.shelf.curve import UNCHANGED, Curve, fit
from engine.decisions.shelf.feedback import FEEDBACK_SCHEMA, feedback
from engine.errors import InputError
from engine.outputs.read import find_run, table
from engine.outputs.shelf import shapes
from engine.outputs.spreadsheet import export
from engine.settings.shelf.calibrated import CalibratedSettings, Certainty
from engine.settings.shelf.classic import ClassicSettings
from engine.shelf import desk
from engine.shelf.calibrated.feedback import learn
from engine.synth.chain import write_chain
from engine.synth.plan import ChainPlan
from engine.vocabulary import shelf as v
from tests.command import darkshelf, data_files
from tests.decisions.nights import AS_OF, case, publish
from tests.planted.small import small_chain, write_parquet

FEW = settings(max_examples=40)
CERTAINTY = Certainty()
CONFIDENCE = np.linspace(0.3, 0.99, 400)


def told(truth: Curve, seed: int = 1, confidence=CONFIDENCE):
    return np.random.default_rng(seed).random(confidence.size) < truth.applied(confidence)


# A site where nobody has answered yet


@pytest.mark.slow
@pytest.mark.parametrize("name", ["feedback.csv", "feedback.parquet"])
def test_no_answers_are_a_file_that_a_night_takes_and_that_changes_nothing(tmp_path, capsys, name):
    folder, file = write_parquet(tmp_path / "in", small_chain()), tmp_path / name
    answer = darkshelf(capsys, "feedback", "--out", tmp_path / "out", "--file", file)
    assert (answer.code, answer.err) == (0, "")
    assert "There is nothing to learn from yet." in answer.out
    told = darkshelf(capsys, "run", folder, "--out", tmp_path / "out", "--feedback", file, "--json")
    assert told.code == 0, told
    plain = desk.run(folder, tmp_path / "plain", CalibratedSettings())
    assert data_files(find_run(tmp_path / "out").folder) == data_files(plain.folder)
    assert find_run(tmp_path / "out").manifest["feedback"]["answers"] == 0


def test_answers_on_nights_that_are_gone_are_counted(tmp_path, beside):
    night = publish(tmp_path, [case(1, 1), case(2, 1)], {(1, 1): 5.0, (2, 1): 5.0})
    given = [answers.Given(store, "1", "damaged") for store in ("1", "2")]
    answers.record(beside, night, given, by="Eve")
    assert feedback(beside, tmp_path).gone == 0
    (night.folder / shapes.MANIFEST).write_text("{")
    found = feedback(beside, tmp_path)
    assert (found.rows.height, found.gone) == (0, 2)


# The curve


def test_too_few_answers_change_nothing():
    assert fit(np.full(29, 0.9), np.zeros(29, np.bool_), CERTAINTY) == UNCHANGED
    assert fit(np.full(30, 0.9), np.zeros(30, np.bool_), CERTAINTY) != UNCHANGED


def test_answers_that_keep_the_promise_change_little():
    corrected = fit(CONFIDENCE, told(UNCHANGED), CERTAINTY).applied(CONFIDENCE)
    assert np.abs(corrected - CONFIDENCE).max() < 0.06


@pytest.mark.parametrize("truth", [Curve(-1.5, 1.0), Curve(0.8, 1.0), Curve(0.0, 0.5), Curve(-1.0, 0.6)])
def test_a_planted_curve_is_found(truth):
    confidence = np.tile(CONFIDENCE, 10)
    found = fit(confidence, told(truth, confidence=confidence), CERTAINTY)
    assert np.abs(found.applied(CONFIDENCE) - truth.applied(CONFIDENCE)).max() < 0.05


def test_the_more_answers_the_further_they_move_it():
    moved = []
    for count in (30, 100, 1000):
        confidence = np.full(count, 0.9)
        is_dark = np.arange(count) < 0.5 * count
        moved.append(0.9 - fit(confidence, is_dark, CERTAINTY).applied(np.array([0.9]))[0])
    assert moved == sorted(moved)
    assert moved[0] > 0.2
    assert moved[2] == pytest.approx(0.4, abs=0.01)


def test_the_curve_is_the_best_one_on_a_grid():
    """Slow and plain: no other line has a larger posterior density."""
    is_dark = told(Curve(-1.0, 0.7))

    def density(intercept: float, log_slope: float) -> float:
        chance = Curve(intercept, np.exp(log_slope)).applied(CONFIDENCE)
        of_answers = np.log(np.where(is_dark, chance, 1 - chance)).sum()
        prior = (intercept / CERTAINTY.intercept_sd) ** 2 + (log_slope / CERTAINTY.log_slope_sd) ** 2
        return float(of_answers - prior / 2)

    found = fit(CONFIDENCE, is_dark, CERTAINTY)
    best = density(found.intercept, np.log(found.slope))
    others = [density(a, b) for a in np.linspace(-3, 3, 61) for b in np.linspace(-2, 2, 41)]
    assert max(others) <= best + 1e-9
    step = 0.001
    near = [
        density(found.intercept + a, np.log(found.slope) + b)
        for a, b in ((step, 0), (-step, 0), (0, step), (0, -step))
    ]
    assert max(near) <= best


@given(st.floats(-3, 3), st.floats(0.2, 3), st.lists(st.floats(0.01, 0.99), min_size=2, max_size=20))
@FEW
def test_a_curve_keeps_the_order_and_can_be_taken_back(intercept, slope, confidences):
    confidence = np.sort(np.array(confidences))
    applied = Curve(intercept, slope).applied(confidence)
    assert (np.diff(applied) >= 0).all()
    inside = (applied > 0.001) & (applied < 0.999)
    assert Curve(intercept, slope).taken_back(applied)[inside] == pytest.approx(confidence[inside], abs=1e-9)


# The file


MORNING = dt.datetime(2026, 4, 1, 9, tzinfo=dt.UTC)


def answer(decisions, run, *words: str) -> None:
    given = [answers.Given(str(n), "1", word) for n, word in enumerate(words)]
    answers.record(decisions, run, given, by="Eve", at=MORNING)


def test_feedback_has_the_open_cases_that_were_answered_and_counts_the_others(beside, tmp_path):
    rows = [case(n, 1, confidence_score=90.0 - n) for n in range(4)]
    run = publish(tmp_path, rows, {(n, 1): 1.0 for n in range(4)})
    classic = publish(tmp_path, rows, {(n, 1): 1.0 for n in range(4)}, profile="classic")
    answer(beside, run, "damaged", "on_shelf_fine", "not_found")
    answer(beside, classic, "damaged")
    found = feedback(beside, tmp_path)
    assert dict(found.rows.schema) == dict(FEEDBACK_SCHEMA)
    assert found.rows.rows() == [
        (run.run_id, "0_1_2026-03-25", 0.9, True, MORNING.date()),
        (run.run_id, "1_1_2026-03-25", 0.89, False, MORNING.date()),
    ]
    assert (found.silent, found.other) == (1, 1)


def test_feedback_of_a_night_that_had_learnt_is_on_the_built_in_curve(beside, tmp_path):
    curve = Curve(-1.0, 0.5)
    shown = float(np.round(100 * curve.applied(np.array([0.9]))[0], 1))
    described = {"fingerprint": "x", "answers": 50, "intercept": curve.intercept, "slope": curve.slope}
    run = publish(tmp_path, [case(0, 1, confidence_score=shown)], {(0, 1): 1.0}, feedback=described)
    answer(beside, run, "damaged")
    assert feedback(beside, tmp_path).rows["confidence"].item() == pytest.approx(0.9, abs=0.002)


def rows_of(count: int, is_dark: bool, day: dt.date = AS_OF, confidence: float = 0.9) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "run_id": ["night"] * count,
            "case_id": [f"{day}-{n}" for n in range(count)],
            "confidence": [confidence] * count,
            "is_dark": [is_dark] * count,
            "answered_on": [day] * count,
        }
    )


def test_answers_given_after_the_as_of_day_are_not_looked_at(tmp_path):
    late = rows_of(50, is_dark=True, day=AS_OF + dt.timedelta(days=1))
    export(pl.concat([rows_of(40, is_dark=False), late]), tmp_path / "both.parquet")
    export(rows_of(40, is_dark=False), tmp_path / "early.parquet")
    both, early = (learn(tmp_path / name, AS_OF, CERTAINTY) for name in ("both.parquet", "early.parquet"))
    assert both == early
    assert early.answers == 40


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_file_teaches_the_same_whatever_its_form_and_order(tmp_path, ending):
    rows = pl.concat([rows_of(40, is_dark=False), rows_of(20, is_dark=True, day=dt.date(2026, 3, 1))])
    export(rows, tmp_path / "one.parquet")
    export(rows.reverse(), tmp_path / f"two{ending}")
    one = learn(tmp_path / "one.parquet", AS_OF, CERTAINTY)
    assert learn(tmp_path / f"two{ending}", AS_OF, CERTAINTY) == one
    other = rows.with_columns(is_dark=pl.when(pl.int_range(pl.len()) == 0).then(pl.lit(True)).otherwise("is_dark"))
    export(other, tmp_path / "three.parquet")
    assert learn(tmp_path / "three.parquet", AS_OF, CERTAINTY).fingerprint != one.fingerprint


@pytest.mark.parametrize(
    ("column", "value", "complaint"),
    [
        ("confidence", 1.5, "confidence is not between 0 and 1"),
        ("is_dark", None, "is_dark is missing"),
        ("case_id", "same", "the case is there twice"),
    ],
)
def test_a_faulty_file_stops_the_night(tmp_path, column, value, complaint):
    export(rows_of(3, is_dark=True).with_columns(pl.lit(value).alias(column)), tmp_path / "f.parquet")
    with pytest.raises(InputError, match=f"{complaint}: . of 3 rows"):
        learn(tmp_path / "f.parquet", AS_OF, CERTAINTY)


# The night


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    folder = tmp_path_factory.mktemp("taught") / "in"
    write_chain(folder, ChainPlan(stores=40, skus=30, days=60))
    return folder


@pytest.mark.slow
def test_a_night_that_was_taught_doubts_its_cases_and_changes_nothing_else(chain, tmp_path):
    file = tmp_path / "feedback.parquet"
    export(rows_of(200, is_dark=False, day=dt.date(2026, 3, 1)), file)
    plain = desk.run(chain, tmp_path / "plain", CalibratedSettings())
    taught = desk.run(chain, tmp_path / "taught", CalibratedSettings(), feedback=file)
    assert taught.run_id != plain.run_id
    before, after = (table(find_run(tmp_path / name), shapes.CASES).collect() for name in ("plain", "taught"))
    assert before.height > 5
    assert before.drop("confidence_score").equals(after.drop("confidence_score"))
    assert (after["confidence_score"] < before["confidence_score"]).all()
    assert after["confidence_score"].max() < 60
    described = find_run(tmp_path / "taught").manifest["feedback"]
    assert (described["answers"], set(described)) == (200, {"fingerprint", "answers", "intercept", "slope"})
    assert find_run(tmp_path / "plain").manifest["feedback"] is None
    again = desk.run(chain, tmp_path / "again", CalibratedSettings(), feedback=file)
    assert again.run_id == taught.run_id
    assert table(find_run(tmp_path / "again"), shapes.CASES).collect().equals(after)


def test_the_classic_profile_cannot_be_taught(chain, tmp_path):
    file = tmp_path / "feedback.parquet"
    export(rows_of(40, is_dark=False), file)
    with pytest.raises(InputError, match="whose confidence is no probability"):
        desk.run(chain, tmp_path / "out", ClassicSettings(), feedback=file)
    assert v.OPEN
