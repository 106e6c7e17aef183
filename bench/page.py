"""Figures in a page of docs that is written by hand: they stand between two marks.

In: the page, the name of the marks and a text. Out: the page with that text between them.
"""

from pathlib import Path


def between_marks(page: Path, name: str, text: str) -> str:
    """The page as it should be: its own prose, and the text between the marks of that name."""
    begin, end = (f"<!-- {name}: {mark} -->\n" for mark in ("begin", "end"))
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    return f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}"
