"""Spreadsheet: a frame as CSV that a spreadsheet program shows and never runs.

In: a frame. Out: bytes. A text that begins like a formula gets an apostrophe before it, which such programs take for
"this is text" (OWASP, CSV injection). Numbers stay numbers, negative ones too.
"""

import re
from pathlib import Path

import polars as pl

from engine.errors import InputError, OutputError, Problem

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a formula begins with, in full-width forms too, and the blanks that some programs drop before one."""
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
    flat = frame.with_columns(
        pl.col(name).list.eval(pl.element().cast(pl.String)).list.join(", ")
        for name, kind in frame.schema.items()
        if isinstance(kind, pl.List)
    )
    return neutralised(flat).write_csv()


def export(frame: pl.DataFrame, file: Path) -> None:
    """Write a frame as its name ends, `.csv` or `.parquet`. Raises InputError for another ending, OutputError."""
    if file.suffix.lower() not in {".csv", ".parquet"}:
        raise InputError([Problem(str(file), "ends neither in .csv nor in .parquet", "name a file that does")])
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix.lower() == ".csv":
            file.write_bytes(csv_bytes(frame))
        else:
            frame.write_parquet(file)
    except OSError as error:
        raise OutputError(f"{file} cannot be written: {error.strerror or error}") from error


def _is_text(kind: pl.DataType) -> bool:
    return kind in (pl.String, pl.Categorical, pl.Enum)


def _as_text(name: str) -> pl.Expr:
    text = pl.col(name).cast(pl.String)
    begins = text.str.contains(f"^[{re.escape(''.join(FORMULA_SIGNS))}]")
    return pl.when(begins).then(pl.lit("'") + text).otherwise(text).alias(name)
