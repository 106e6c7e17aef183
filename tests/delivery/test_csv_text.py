"""The header and the first row of a file of CSV are those of the whole file, though only its beginning is read."""

from __future__ import annotations

import gzip

import polars as pl
import pytest

from engine.delivery import csv_text
from engine.delivery.csv_text import first_row, separator_of

ROWS = "".join(f"{row};1,5;ä\n" for row in range(50))


@pytest.fixture(autouse=True)
def _only_a_few_bytes_are_looked_at(monkeypatch):
    monkeypatch.setattr(csv_text, "FIRST_BYTES", 64)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        pytest.param(f"a;b;c\n{ROWS}", ("0", "1,5", "ä"), id="a long file"),
        pytest.param("a;b;c\n1;2;3\n", ("1", "2", "3"), id="a short file"),
        pytest.param("a;b;c\n1;2;3", ("1", "2", "3"), id="no end of line"),
        pytest.param(f'a;b;c\n"one\n\n{"x" * 80}";2;3\n{ROWS}', (f"one\n\n{'x' * 80}", "2", "3"), id="a long cell"),
        pytest.param(f"a;b;{'c' * 80}\n1;2;3\n{ROWS}", ("1", "2", "3"), id="a long header"),
        pytest.param(f"a;b;c\n1;{'2' * 80};3\n{ROWS}", ("1", "2" * 80, "3"), id="a long row"),
    ],
)
@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
def test_the_first_row_is_that_of_the_whole_file(tmp_path, text, first, ending):
    file = tmp_path / f"table.{ending}"
    file.write_bytes(gzip.compress(text.encode()) if ending == "csv.gz" else text.encode())
    assert separator_of(file) == ";"
    assert first_row(file, ";").row(0) == first


def test_lines_before_the_header_may_be_more_than_are_looked_at(tmp_path):
    (tmp_path / "table.csv").write_text("a,title,of,commas\n" * 20 + f"a;b;c\n{ROWS}", encoding="utf-8")
    assert separator_of(tmp_path / "table.csv", skipped=20) == ";"


def test_a_large_file_is_not_read_for_its_first_row(tmp_path, monkeypatch):
    (tmp_path / "table.csv").write_text(f"a;b;c\n{ROWS}", encoding="utf-8")
    sources = []
    read = pl.read_csv
    monkeypatch.setattr(pl, "read_csv", lambda source, **how: sources.append(source) or read(source, **how))
    separator_of(tmp_path / "table.csv")
    first_row(tmp_path / "table.csv", ";")
    assert [len(source) <= csv_text.FIRST_BYTES for source in sources] == [True, True]
