"""Names are compared and shown as they were meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.whitespace.names import alike, one_spelling, tidy


@given(st.lists(st.sampled_from(["Jos\u00e9", "O'Neill", "&", "\u00d6fen", "\u9ed2\u68da"]), min_size=1))
def test_a_tidy_name_stays_as_it_is(words):
    assert tidy(" ".join(words)) == " ".join(words)


@pytest.mark.slow
@pytest.mark.proves("L220")
@given(st.text(st.characters(codec="latin-1", categories=["L"]), min_size=1, max_size=20))
def test_utf_8_that_was_read_as_windows_1252_is_put_right(name):
    try:
        mangled = name.encode().decode("cp1252")
    except UnicodeError:
        return
    assert tidy(mangled) == tidy(name)


def test_spellings_that_differ_in_case_or_blanks_are_one():
    assert one_spelling(["post  processing", "Post Processing", "Tools"]) == {
        "post  processing": "Post Processing",
        "Post Processing": "Post Processing",
        "Tools": "Tools",
    }


def test_names_are_alike_without_marks_and_signs_and_differ_by_letters():
    assert alike("O'Neill & Söhne") == alike("ONEILL  SOHNE")
    assert alike("Works 1") != alike("Works 2")
