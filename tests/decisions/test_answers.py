"""What stores say, one by one and from files."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from engine.decisions.shelf import answers, tasks
from engine.decisions.shelf import words as sw
from engine.decisions.shelf.answer_file import Imported, import_answers
from engine.decisions.shelf.settings import TaskSettings
from engine.errors import InputError
from engine.outputs.spreadsheet import csv_bytes
from engine.vocabulary import shelf as v
from tests.decisions.nights import case, publish

MORNING = dt.datetime(2026, 4, 1, 9, tzinfo=dt.UTC)


@pytest.fixture
def night(tmp_path):
    return publish(tmp_path, [case(1, 2)], {(1, 2): 1.0, (1, 3): 1.0})


def given(*words: str, store: str = "1") -> list[answers.Given]:
    return [answers.Given(store, sku, word) for sku, word in zip(("2", "3"), words, strict=False)]


def test_every_word_says_something_and_names_a_cause_there_is():
    assert all(each.wording and each.cause in {None, *v.ALL_CAUSES} for each in sw.ANSWERS.values())
    assert {each.is_dark for each in sw.ANSWERS.values()} == {True, False, None}
    assert all(each.is_dark for each in sw.ANSWERS.values() if each.cause is not None)


def test_an_answer_keeps_what_it_says(decisions, night):
    assert answers.record(decisions, night, given("empty_backroom", "not_found"), by="Eve", at=MORNING) == 2
    first, second = answers.latest(decisions).iter_rows(named=True)
    assert (first["sku_id"], first["answer"], first["is_dark"], first["cause"]) == (
        "2",
        "empty_backroom",
        True,
        v.NOT_ON_SHELF,
    )
    assert (second["is_dark"], second["cause"], second["answered_by"]) == (None, None, "Eve")
    assert first["answered_at"] == MORNING


def test_an_answer_moves_the_revision(decisions, night):
    before = decisions.revision()
    answers.record(decisions, night, given("on_shelf_fine"), by="Eve", at=MORNING)
    assert decisions.revision() > before


def test_the_latest_answer_counts_and_the_others_stay(decisions, night):
    answers.record(decisions, night, given("on_shelf_fine"), by="Eve", at=MORNING)
    answers.record(decisions, night, given("empty_backroom"), by="Max", at=MORNING + dt.timedelta(hours=1))
    assert answers.latest(decisions)["answer"].to_list() == ["empty_backroom"]
    assert answers.every(decisions).height == 2


def test_the_same_answer_of_the_same_moment_is_one(decisions, night):
    assert answers.record(decisions, night, given("on_shelf_fine"), by="Eve", at=MORNING) == 1
    assert answers.record(decisions, night, given("on_shelf_fine"), by="Eve", at=MORNING) == 0
    assert answers.every(decisions, [night.run_id]).height == 1
    assert answers.every(decisions, ["another"]).is_empty()


def test_every_fault_of_answers_is_told_and_nothing_is_kept(decisions, night):
    wrong = [
        answers.Given("1", "2", "huh"),
        answers.Given("9", "9", "damaged"),
        answers.Given("1", "3", "damaged", " "),
    ]
    with pytest.raises(InputError) as caught:
        answers.record(decisions, night, wrong, by="")
    told = str(caught.value)
    assert "'huh' is none there is" in told
    assert "store 9, SKU 9: was not judged in that night" in told
    assert "note" in told
    assert "name the person who answers" in told
    assert answers.every(decisions).is_empty()


# Files


def filled(night, beside, **columns: object) -> pl.DataFrame:
    """The form of a night, filled in."""
    form = tasks.plan(beside, night, TaskSettings()).form()
    usual = {"answer": "damaged", "answered_on": "2026-04-01", "answered_by": "Eve", "note": None}
    return form.with_columns(**{name: pl.lit(value, pl.String) for name, value in (usual | columns).items()})


def test_a_filled_in_form_comes_back_and_twice_is_as_once(decisions, night, tmp_path):
    file = tmp_path / "checks.csv"
    file.write_bytes(csv_bytes(filled(night, decisions)))
    assert import_answers(decisions, tmp_path, file) == Imported(rows=2, blank=0, new=2, known=0)
    assert import_answers(decisions, tmp_path, file) == Imported(rows=2, blank=0, new=0, known=2)
    found = answers.latest(decisions)
    assert found["answered_at"].to_list() == 2 * [dt.datetime(2026, 4, 1, tzinfo=dt.UTC)]
    assert found["answer"].to_list() == 2 * ["damaged"]


@pytest.mark.parametrize("ending", [".parquet", ".csv"])
def test_ids_may_be_numbers_or_text(beside, night, tmp_path, ending):
    file = tmp_path / f"checks{ending}"
    rows = filled(night, beside).with_columns(pl.col("store_id", "sku_id").cast(pl.Int64))
    dates = rows.with_columns(pl.col("answered_on").str.to_date())
    dates.write_parquet(file) if ending == ".parquet" else dates.write_csv(file, separator=";")
    assert import_answers(beside, tmp_path, file).new == 2


def test_rows_without_an_answer_and_empty_lines_are_left_out(beside, night, tmp_path):
    file = tmp_path / "checks.csv"
    rows = filled(night, beside).with_columns(answer=pl.Series(["damaged", None]))
    file.write_bytes(csv_bytes(rows) + b"," * (rows.width - 1) + b"\n")
    assert import_answers(beside, tmp_path, file) == Imported(rows=3, blank=2, new=1, known=0)


def test_texts_that_a_spreadsheet_was_kept_from_running_come_back_as_they_were(beside, tmp_path):
    run = publish(tmp_path, [case("-1", "=2")], {("-1", "=2"): 1.0})
    file = tmp_path / "checks.csv"
    file.write_bytes(csv_bytes(filled(run, beside, note="=1+1", answered_by="@eve")))
    assert import_answers(beside, tmp_path, file).new == 1
    row = answers.latest(beside).row(0, named=True)
    assert (row["store_id"], row["sku_id"], row["note"], row["answered_by"]) == ("-1", "=2", "=1+1", "@eve")


def test_every_problem_of_a_file_is_told_at_once_and_nothing_is_kept(beside, night, tmp_path):
    good = filled(night, beside).head(1)
    wrong = {
        "run_id names no night there is": {"run_id": "nope"},
        "the store-SKU was not judged in that night": {"sku_id": "999"},
        "answer is none there is": {"answer": "huh"},
        "answered_on cannot be read as a date": {"answered_on": "2026-02-31"},
        "answered_on is in the future": {"answered_on": "2999-01-01"},
        "answered_by is missing": {"answered_by": None},
        "note is longer than 2000 characters": {"note": "x" * 2001},
        "note has control characters": {"note": "a\x07b"},
        "is answered twice by one person on one day": {},
    }
    rows = [good, *(good.with_columns(**{k: pl.lit(x, pl.String) for k, x in one.items()}) for one in wrong.values())]
    file = tmp_path / "checks.csv"
    file.write_bytes(csv_bytes(pl.concat(rows)))
    with pytest.raises(InputError) as caught:
        import_answers(beside, tmp_path, file)
    told = [problem.what for problem in caught.value.problems]
    assert [complaint for complaint in wrong if not any(what.startswith(complaint) for what in told)] == []
    assert answers.every(beside).is_empty()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param(None, "cannot be read: No such file", id="no file"),
        pytest.param(b"", "cannot be read", id="an empty file"),
        pytest.param(
            b"run_id,store_id\n1,2\n", "has no column sku_id, answer, answered_on, answered_by", id="columns"
        ),
        pytest.param(b"\xff\xfe\x00", "cannot be read", id="no text"),
    ],
)
def test_a_file_that_holds_no_answers_is_told(beside, night, tmp_path, content, complaint):
    file = tmp_path / "checks.csv"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError, match=complaint):
        import_answers(beside, tmp_path, file)
