"""CSV as text: its separator, a last row that was cut, and the line that cannot be read."""

import csv
import gzip
from pathlib import Path
from typing import Any

import polars as pl

from engine.contracts.contract import Kind

SEPARATORS = ",;\t|"
FIRST_BYTES = LAST_BYTES = 65_536
"""So much of the beginning and of the end of a file is looked at."""
UNREADABLE = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, MemoryError, OverflowError)
"""What a file or a cell that cannot be read raises: a damaged header may ask for more than there is memory."""
LEGIBLE_CSV = (".csv", ".csv.gz")
"""What is searched for the line that cannot be read."""


def separator_of(file: Path, skipped: int = 0) -> str:
    """The separator that splits the header into most names; a comma when none does. skipped: lines before it."""
    whole = {"has_header": False, "separator": "\x01", "quote_char": None, "skip_lines": skipped}
    header = _read(file, skipped + 1, **whole).item() or ""
    return max(SEPARATORS, key=header.count)


def first_row(file: Path, separator: str) -> pl.DataFrame:
    """The row below the header, its cells as text; a frame without rows where there is none."""
    return _read(file, 2, separator=separator)


def _read(file: Path, lines: int, **options: Any) -> pl.DataFrame:
    """The first row of a file, with its cells as text. lines: so many hold it where no cell holds several."""
    # Polars works through much of a large file before it hands out one row.
    with file.open("rb") as stream:
        beginning = stream.read(FIRST_BYTES)
    if len(beginning) == FIRST_BYTES:
        beginning = beginning[: beginning.rfind(b"\n") + 1]
    is_text = file.name.lower().endswith(LEGIBLE_CSV[0]) and b"\0" not in beginning
    # A quote that is open may hold more lines than were looked at.
    is_enough = is_text and beginning.count(b"\n") >= lines and beginning.count(b'"') % 2 == 0
    return pl.read_csv(beginning if is_enough else file, n_rows=1, infer_schema=False, glob=False, **options)


def refuse_half_a_row(file: Path, separator: str, width: int) -> None:
    """Raise ComputeError when a CSV file ends in the middle of a row, as when its disk was full."""
    if not file.name.lower().endswith(LEGIBLE_CSV[0]):
        return
    with file.open("rb") as stream:
        stream.seek(max(file.stat().st_size - LAST_BYTES, 0))
        *before, last = stream.read().decode(errors="replace").split("\n")
    # A quote that is open may hold more lines than are looked at.
    if before and last.strip() and last.count('"') % 2 == 0:
        n_fields = len(next(csv.reader([last], delimiter=separator)))
        if n_fields < width:
            raise pl.exceptions.ComputeError(f"it ends in the middle of a row, after {n_fields} of {width} fields")


def odd_line(file: Path) -> str:
    """Which line of a CSV file is not UTF-8 or has more fields than the header, in brackets; empty when none has."""
    opened = gzip.open if file.name.lower().endswith(".gz") else open
    try:
        with opened(file, "rb") as stream:
            for number, line in enumerate(stream, 1):
                if not _is_utf8(line):
                    return f" (line {number:,})"
        with opened(file, "rt", encoding="utf-8", newline="") as lines:
            rows = csv.reader(lines, delimiter=separator_of(file))
            width = len(next(rows, ()))
            for row in rows:
                if len(row) > width:
                    return f" (line {rows.line_num:,} has {len(row)} fields, the header {width})"
    except (*UNREADABLE, csv.Error, EOFError):
        return ""
    return ""


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def csv_type(kind: Kind | None, first_cell: str | None) -> pl.DataType:
    """The type a column is read as, judged by its first cell; a later cell that differs fails the reading.

    Dates are read as text: the reader itself would take `2026/3/1` for a date, and only behind one that is ISO.
    """
    cell = first_cell or ""
    if kind is Kind.NUMBER:
        return pl.Float64()
    if kind is Kind.FLAG and cell in {"0", "1"}:
        return pl.Int64()
    if kind is Kind.FLAG and cell in {"true", "false"}:
        return pl.Boolean()
    return pl.String()
