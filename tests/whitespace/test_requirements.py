"""The page of duties against the marks of the tests."""

from tests.requirements import proofs
from tests.whitespace.requirements import DUTIES, FOLDER, PAGE, page


def test_the_page_has_the_table_of_the_marks():
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew with  python -m tests.whitespace.requirements"


def test_every_mark_is_a_line_of_the_roadmap():
    assert proofs(FOLDER).keys() - DUTIES.keys() == set()
