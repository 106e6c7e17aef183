"""Search: by words, in any column, accents and ligatures folded the same in what is typed and in what is found."""

from __future__ import annotations

import unicodedata

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panel_app.search import folded, folded_together, holding

ROWS = pl.DataFrame(
    {
        "store": ["Café am Markt", "Hauptstraße 7", "Oakview Market", "Łódź Centrum", None, "STRASSBURG"],
        "product": ["Filter Coffee", "Rusk", "Juniper Day Cream", "Smørrebrød", "Crème brûlée", "Œuf"],
    }
)
words = st.text(st.characters(categories=["Ll", "Lu", "Nd"]), min_size=1, max_size=12)


def found(typed: str) -> list[int]:
    rows = ROWS.with_row_index("row").filter(*holding(typed, folded_together(ROWS.columns)))
    return rows["row"].to_list()


@pytest.mark.parametrize(
    ("typed", "rows"),
    [
        pytest.param("cafe", [0], id="without the accent"),
        pytest.param("CAFÉ", [0], id="in capitals with it"),
        pytest.param("cafe\u0301", [0], id="the accent as a letter of its own"),
        pytest.param("strasse", [1], id="ss for ß"),
        pytest.param("HAUPTSTRASSE", [1], id="capitals have no ß"),
        pytest.param("Straß", [1, 5], id="ß for ss"),
        pytest.param("oakview cream", [2], id="two words in two columns"),
        pytest.param("cream oakview", [2], id="in any order"),
        pytest.param("lodz", [3], id="letters with a stroke"),
        pytest.param("smorrebrod", [3], id="letters with a slash"),
        pytest.param("creme", [4], id="where the other column is empty"),
        pytest.param("oeuf", [5], id="ligature"),
        pytest.param("cafe cream", [], id="words of two rows"),
        pytest.param("", [0, 1, 2, 3, 4, 5], id="nothing"),
        pytest.param(" \t ", [0, 1, 2, 3, 4, 5], id="blanks"),
        pytest.param(".*", [], id="no pattern"),
    ],
)
def test_what_is_meant_is_found(typed: str, rows: list[int]) -> None:
    assert found(typed) == rows


@given(words)
def test_what_is_typed_as_it_stands_is_found(word: str) -> None:
    frame = pl.DataFrame({"name": [f"before {word} after"]})
    assert frame.filter(*holding(word, folded_together(["name"]))).height == 1


@given(words)
def test_composed_and_decomposed_are_one_text(word: str) -> None:
    forms = [unicodedata.normalize(form, word) for form in ("NFC", "NFD", "NFKC", "NFKD")]
    assert len(set(pl.select(folded(pl.lit(pl.Series(forms)))).to_series())) == 1
