"""Cells that a spreadsheet program shows and never runs."""

from __future__ import annotations

import csv
import io

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InputError, OutputError
from engine.outputs.spreadsheet import FORMULA_SIGNS, csv_bytes, export, neutralised, restored

FEW = settings(max_examples=60)
AS_IF_TOLD = tuple(f"'{sign}" for sign in FORMULA_SIGNS)
"""A text that begins so was like that before: it comes back without its apostrophe."""
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", '=HYPERLINK("http")']
)
def test_a_text_that_begins_like_a_formula_is_told_to_be_text(text):
    assert neutralised(pl.DataFrame({"a": [text]})).item() == f"'{text}"


@pytest.mark.parametrize("text", ["milk", "", "a=b", "'quoted", "1-2", "店", "<img src=x>"])
def test_any_other_text_stays(text):
    assert neutralised(pl.DataFrame({"a": [text]})).item() == text


def test_numbers_and_dates_and_nulls_stay():
    frame = pl.DataFrame({"a": [-1, None], "b": [-1.5, 2.0], "c": [None, None]}, schema_overrides={"c": pl.String})
    assert neutralised(frame).equals(frame)


@pytest.mark.slow
@given(st.lists(TEXTS, max_size=5))
@FEW
def test_no_cell_of_a_file_begins_like_a_formula(texts):
    frame = pl.DataFrame({"name": texts, "n": range(len(texts))}, schema={"name": pl.String, "n": pl.Int64})
    rows = list(csv.reader(io.StringIO(csv_bytes(frame).decode("utf-8-sig"), newline="")))
    assert rows[0] == ["name", "n"]
    assert not any(row[0].startswith(FORMULA_SIGNS) for row in rows[1:])


@given(st.lists(TEXTS.filter(lambda text: not text.startswith(AS_IF_TOLD)), max_size=5))
@FEW
def test_every_cell_can_be_had_back(texts):
    frame = neutralised(pl.DataFrame({"name": texts}, schema={"name": pl.String}))
    assert frame.select(restored("name"))["name"].to_list() == texts


def test_a_list_becomes_one_cell():
    frame = pl.DataFrame({"stores": [["=a", "b"], [], None]})
    assert csv_bytes(frame).decode("utf-8-sig").splitlines() == ["stores", '"\'=a, b"', '""', ""]


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_frame_is_written_as_the_name_ends(tmp_path, ending):
    frame = pl.DataFrame({"a": ["=1"], "n": [1]})
    file = tmp_path / "new" / f"out{ending}"
    export(frame, file)
    read = pl.read_csv(file) if ending == ".csv" else pl.read_parquet(file)
    assert read["a"].to_list() == (["'=1"] if ending == ".csv" else ["=1"])


def test_another_ending_is_refused_and_a_place_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(InputError, match=r"ends in none of \.csv, \.xlsx and \.parquet"):
        export(pl.DataFrame(), tmp_path / "out.ods")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        export(pl.DataFrame({"a": [1]}), tmp_path / "file" / "out.csv")
