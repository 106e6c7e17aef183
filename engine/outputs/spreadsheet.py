"""Spreadsheet: a frame as CSV or as a workbook that a spreadsheet program shows and never runs.

In: a frame. Out: bytes. In CSV a text that begins like a formula gets an apostrophe before it, which such programs
take for "this is text" (OWASP, CSV injection). Numbers stay numbers, negative ones too.
"""

import re
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Final

import polars as pl

from engine.errors import InputError, OutputError, Problem

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a formula begins with, in full-width forms too, and the blanks that some programs drop before one."""
SHEET_ROWS: Final = 1_048_576
"""Rows of a sheet, its names among them."""
UNDATED: Final = datetime(2000, 1, 1)
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""Without it the most used program takes UTF-8 for something else, and names of stores become noise."""


def neutralised(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with every text that begins like a formula told to be text."""
    return frame.with_columns(_as_text(name) for name, kind in frame.schema.items() if _is_text(kind))


def restored(name: str) -> pl.Expr:
    """A column that came back from a spreadsheet, as text, as it was before `neutralised`."""
    signs = "".join(FORMULA_SIGNS)
    return pl.col(name).cast(pl.String).str.replace(rf"^'([{re.escape(signs)}])", "${1}")


def csv_bytes(frame: pl.DataFrame) -> bytes:
    """A neutralised CSV file in UTF-8 with its mark, see `csv_text`."""
    return BYTE_ORDER_MARK + csv_text(frame).encode()


def csv_text(frame: pl.DataFrame) -> str:
    """A neutralised frame as CSV. Lists become one cell, their values joined by `, `."""
    return neutralised(_flat(frame)).write_csv()


def xlsx_bytes(frame: pl.DataFrame, sheet: str) -> bytes:
    """The frame as a workbook of one sheet, its first row the names. Lists as in `csv_text`; moments in UTC.

    A cell of text is told to be text by its kind and needs no sign before it: what it holds is not changed. Raises
    OutputError where a sheet has too few rows for it.
    """
    from xlsxwriter import Workbook

    if frame.height >= SHEET_ROWS:
        what = f"{frame.height:,} rows do not fit into a sheet of {SHEET_ROWS:,}"
        raise OutputError(f"{what}: filter them, or take CSV or Parquet")
    written = BytesIO()
    told = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": True}
    with Workbook(written, told) as book:
        # The time of the writing would make two files of one frame differ.
        book.set_properties({"created": UNDATED})
        moments = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime)]
        in_utc = _flat(frame).with_columns(pl.col(name).dt.replace_time_zone(None) for name in moments)
        in_utc.write_excel(book, sheet, autofilter=frame.height > 0)
    return written.getvalue()


def export(frame: pl.DataFrame, file: Path) -> None:
    """Write a frame as its name ends: `.csv`, `.xlsx` or `.parquet`. Raises InputError for another, OutputError."""
    kind = file.suffix.lower()
    if kind not in {".csv", ".xlsx", ".parquet"}:
        raise InputError([Problem(str(file), "ends in none of .csv, .xlsx and .parquet", "name a file that does")])
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if kind == ".csv":
            file.write_bytes(csv_bytes(frame))
        elif kind == ".xlsx":
            file.write_bytes(xlsx_bytes(frame, "rows"))
        else:
            frame.write_parquet(file)
    except OSError as error:
        raise OutputError(f"{file} cannot be written: {error.strerror or error}") from error


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        pl.col(name).list.eval(pl.element().cast(pl.String)).list.join(", ")
        for name, kind in frame.schema.items()
        if isinstance(kind, pl.List)
    )


def _is_text(kind: pl.DataType) -> bool:
    return kind in (pl.String, pl.Categorical, pl.Enum)


def _as_text(name: str) -> pl.Expr:
    text = pl.col(name).cast(pl.String)
    begins = text.str.contains(f"^[{re.escape(''.join(FORMULA_SIGNS))}]")
    return pl.when(begins).then(pl.lit("'") + text).otherwise(text).alias(name)
