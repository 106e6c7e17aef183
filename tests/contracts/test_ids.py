"""An id has one form: trimmed text, whole numbers without a fraction part (specification, section 1)."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.contracts.contract import Column, Consequence, Contract, Kind, read_as
from engine.contracts.ids import canonical, lost_digits

texts = st.text(alphabet="P0157.eE+- \t\u00a0é", max_size=8)
blanks = st.text(alphabet=" \t\u00a0", max_size=3)
STORES = Contract("stores", ("store_id",), (Column("store_id", Kind.ID, null=Consequence.STOP),))


def read(*written: str | None) -> list[str | None]:
    return pl.DataFrame({"id": written}, schema={"id": pl.String}).select(canonical(pl.col("id")))["id"].to_list()


def complaints(column: pl.Series) -> list[str]:
    frame = column.to_frame("store_id").lazy()
    reading = read_as(STORES, frame.collect_schema(), frozenset())
    counts = reading.counts(frame).collect().row(0, named=True)
    return [rule.complaint for rule in reading.rules if counts[rule.complaint]]


@pytest.mark.parametrize(
    ("written", "form"),
    [
        pytest.param("P03  ", "P03", id="padded"),
        pytest.param("\tP03\u00a0", "P03", id="other_blanks"),
        pytest.param("5001.0", "5001", id="a_whole_number_as_a_float"),
        pytest.param(" 5001.00 ", "5001", id="both"),
        pytest.param("007", "007", id="leading_zeros"),
        pytest.param("007.0", "007", id="leading_zeros_and_a_fraction"),
        pytest.param("5001.10", "5001.10", id="a_code_with_a_point"),
        pytest.param("1.2.0", "1.2.0", id="a_code_with_points"),
        pytest.param("A1.0", "A1.0", id="a_code_with_a_letter"),
        pytest.param("P 03", "P 03", id="a_blank_inside"),
        pytest.param("", None, id="nothing"),
        pytest.param("  ", None, id="nothing_but_blanks"),
    ],
)
def test_the_form_of_an_id(written, form):
    assert read(written) == [form]


@given(texts, blanks, blanks)
def test_blanks_around_an_id_change_nothing(text, before, after):
    assert read(before + text + after) == read(text)


@given(st.lists(texts, min_size=1, max_size=20))
def test_an_id_is_read_the_same_whatever_ids_stand_beside_it(written):
    assert read(*written) == [read(one)[0] for one in written]


@given(texts)
def test_a_form_is_its_own_form(text):
    (form,) = read(text)
    assert read(form) == [form]


@given(st.integers(-(1 << 53) + 1, (1 << 53) - 1))
def test_a_whole_number_is_one_id_as_text_and_as_a_float(number):
    assert read(f"{number}.0") == [str(number)]


@pytest.mark.parametrize("kind", [pl.Float64, pl.Float32], ids=str)
def test_a_float_that_may_stand_for_two_ids_is_refused(kind):
    first_shared = 1 << (24 if kind == pl.Float32 else 53)
    assert complaints(pl.Series([float(first_shared - 1)], dtype=kind)) == []
    assert complaints(pl.Series([float(first_shared)], dtype=kind)) == [
        "store_id has more digits than its column can hold"
    ]


def test_a_cell_of_blanks_is_no_id():
    assert complaints(pl.Series(["A", "  "])) == ["store_id is missing"]


@pytest.mark.parametrize(
    ("ids", "lost"),
    [
        pytest.param(["761234001", "7.61234E+12"], ["7.61234E+12"], id="as_a_spreadsheet_writes_it"),
        pytest.param(["A1", "7,61234E+12"], ["7,61234E+12"], id="with_a_comma_among_codes"),
        pytest.param(["A1", "7.61234e12"], ["7.61234e12"], id="without_a_plus"),
        pytest.param(["5E+10", "A1"], ["5E+10"], id="without_a_point"),
        pytest.param(["5E10", "1234"], ["5E10"], id="among_numbers_alone"),
        pytest.param(["5E10", "A1"], [], id="among_codes"),
        pytest.param(["5E10", "5A10", "1234"], [], id="beside_another_letter"),
        pytest.param(["5E10", "5E11"], [], id="all_alike"),
        pytest.param(["5E+10", "5B+10"], [], id="a_plus_beside_another_letter"),
        pytest.param(["761234001", "A1"], [], id="none"),
    ],
)
def test_the_column_decides_whether_an_id_is_a_number_that_lost_its_digits(ids, lost):
    assert lost_digits(pl.Series(ids)).to_list() == lost
