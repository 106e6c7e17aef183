"""What can be wrong with a file: bytes, lines, cells, columns, types. Every mutation is drawn by a seed.

A mutation takes the content and a generator of random numbers, and gives another content.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    Mutation = Callable[[bytes, Random], bytes]

CELLS = (
    "",
    " ",
    "NaN",
    "inf",
    "-inf",
    "null",
    "-1",
    "-0",
    "0",
    "1e9",
    "1e400",
    "9" * 40,
    "0.1",
    "1,5",
    "1.000,00",
    "$3",
    "１２",
    "x",
    "true",
    "2",
    "2099-01-01",
    "0001-01-01",
    "9999-12-31",
    "99999-01-01",
    "2025-02-31",
    "31.12.2025",
    "2025-06-30T12:00:00Z",
    "=1+1",
    '"',
    "'",
    "\x00",
    "\u202e",
    "\ufeff",
    "a" * 10_000,
)
"""Cells that exports, people and programs have put where another was meant."""
KINDS = (
    pl.String(),
    pl.Int8(),
    pl.Int64(),
    pl.UInt64(),
    pl.Float32(),
    pl.Boolean(),
    pl.Date(),
    pl.Datetime("ns", "UTC"),
    pl.Duration("ms"),
    pl.Time(),
    pl.Decimal(38, 2),
    pl.Categorical(),
    pl.Binary(),
    pl.Null(),
)
"""Types that a column may come as."""


def other_byte(content: bytes, random: Random) -> bytes:
    """Some bytes are others."""
    changed = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 3, 30))):
        changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


def other_bit(content: bytes, random: Random) -> bytes:
    """A bit is another."""
    changed = bytearray(content)
    changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def cut(content: bytes, random: Random) -> bytes:
    """The end is missing, sometimes all of it."""
    return content[: random.choice((0, 1, random.randrange(len(content)), len(content) - 1))]


def block_missing(content: bytes, random: Random) -> bytes:
    """Bytes are missing from within."""
    first, last = sorted(random.sample(range(len(content) + 1), 2))
    return content[:first] + content[last:]


def block_twice(content: bytes, random: Random) -> bytes:
    """Bytes are there twice."""
    first, last = sorted(random.sample(range(len(content) + 1), 2))
    return content[:last] + content[first:]


def zeroed(content: bytes, random: Random) -> bytes:
    """A block of the disk was never written."""
    first = random.randrange(len(content))
    return content[:first] + bytes(len(content[first : first + 512])) + content[first + 512 :]


BYTES: dict[str, Mutation] = {
    "other_byte": other_byte,
    "other_bit": other_bit,
    "cut": cut,
    "block_missing": block_missing,
    "block_twice": block_twice,
    "zeroed": zeroed,
}


def _cells(content: bytes) -> list[list[str]]:
    return [line.split(",") for line in content.decode().splitlines()]


def _csv(rows: list[list[str]], end: str = "\n") -> bytes:
    return "".join(",".join(row) + end for row in rows).encode("utf-8", "surrogatepass")


def other_cell(content: bytes, random: Random) -> bytes:
    """A cell is another."""
    rows = _cells(content)
    row = random.choice(rows[1:])
    row[random.randrange(len(row))] = random.choice(CELLS)
    return _csv(rows)


def column_of_cells(content: bytes, random: Random) -> bytes:
    """A whole column is another."""
    rows, cell = _cells(content), random.choice(CELLS)
    place = random.randrange(len(rows[0]))
    for row in rows[1:]:
        row[place] = cell
    return _csv(rows)


def cells_swapped(content: bytes, random: Random) -> bytes:
    """Two cells of a row stand in each other's place."""
    rows = _cells(content)
    row = random.choice(rows[1:])
    one, other = random.sample(range(len(row)), 2)
    row[one], row[other] = row[other], row[one]
    return _csv(rows)


def header_edited(content: bytes, random: Random) -> bytes:
    """A name of a column is another, is there twice, or is not there."""
    rows = _cells(content)
    place = random.randrange(len(rows[0]))
    name = rows[0][place]
    rows[0][place] = random.choice(("", name.upper(), f" {name}", f"{name}_", random.choice(rows[0]), f'"{name}'))
    return _csv(rows)


def column_missing(content: bytes, random: Random) -> bytes:
    """A column is not there."""
    rows = _cells(content)
    place = random.randrange(len(rows[0]))
    return _csv([row[:place] + row[place + 1 :] for row in rows])


def row_of_another_width(content: bytes, random: Random) -> bytes:
    """A row has a cell too many or too few."""
    rows = _cells(content)
    row = random.choice(rows[1:])
    if random.random() < 0.5:
        row.pop()
    else:
        row.append(random.choice(CELLS))
    return _csv(rows)


def lines_twice(content: bytes, random: Random) -> bytes:
    """Lines are there twice, the header too perhaps."""
    lines = content.splitlines(keepends=True)
    first, last = sorted(random.sample(range(len(lines) + 1), 2))
    return b"".join(lines + lines[first:last])


def written_by_another_program(content: bytes, random: Random) -> bytes:
    """Other line ends, separators, encodings."""
    text = content.decode()
    return random.choice(
        (
            text.replace("\n", "\r\n").encode(),
            text.replace("\n", "\r").encode(),
            text.replace(",", ";").encode(),
            text.replace(",", "\t").encode(),
            b"\xef\xbb\xbf" + content,
            text.encode("utf-16"),
            text.encode("utf-32"),
            ("sep=,\n" + text).encode(),
            ("\n" + text).encode(),
            text.replace("\n", "\n\n").encode(),
        )
    )


CSV: dict[str, Mutation] = BYTES | {
    "other_cell": other_cell,
    "column_of_cells": column_of_cells,
    "cells_swapped": cells_swapped,
    "header_edited": header_edited,
    "column_missing": column_missing,
    "row_of_another_width": row_of_another_width,
    "lines_twice": lines_twice,
    "written_by_another_program": written_by_another_program,
}


def _rewritten(change: Callable[[pl.DataFrame, Random], pl.DataFrame]) -> Mutation:
    def mutation(content: bytes, random: Random) -> bytes:
        written = io.BytesIO()
        change(pl.read_parquet(content), random).write_parquet(written)
        return written.getvalue()

    return mutation


def other_type(frame: pl.DataFrame, random: Random) -> pl.DataFrame:
    """A column comes as another type; what cannot be cast is null."""
    name, kind = random.choice(frame.columns), random.choice(KINDS)
    try:
        return frame.with_columns(pl.col(name).cast(kind, strict=False))
    except pl.exceptions.PolarsError:
        return frame.with_columns(pl.col(name).cast(pl.String).cast(pl.Binary))


def nested(frame: pl.DataFrame, random: Random) -> pl.DataFrame:
    """A column holds lists or structs."""
    column = pl.col(random.choice(frame.columns))
    return frame.with_columns(
        random.choice((column.implode().over(pl.int_range(pl.len())), pl.struct(column))).alias(
            column.meta.output_name()
        )
    )


def renamed(frame: pl.DataFrame, random: Random) -> pl.DataFrame:
    """A column has another name or none."""
    name = random.choice(frame.columns)
    return frame.rename({name: random.choice(("", name.upper(), f"{name} ", "unusable", "rows"))})


def rows_twice(frame: pl.DataFrame, random: Random) -> pl.DataFrame:
    """Rows are there twice."""
    first, last = sorted(random.sample(range(frame.height + 1), 2))
    return pl.concat([frame, frame.slice(first, last - first)])


def rows_missing(frame: pl.DataFrame, random: Random) -> pl.DataFrame:
    """Only some rows are there, perhaps none."""
    return frame.head(random.choice((0, 1, frame.height // 2)))


def odd_number(frame: pl.DataFrame, random: Random) -> pl.DataFrame:
    """A number of a row is an odd one."""
    name = random.choice(frame.columns)
    value = random.choice((float("nan"), float("inf"), -1.0, 0.5, None))
    is_it = pl.int_range(pl.len()) == random.randrange(frame.height)
    return frame.with_columns(
        pl.when(is_it)
        .then(pl.lit(value, pl.Float64))
        .otherwise(pl.col(name).cast(pl.Float64, strict=False))
        .alias(name)
    )


PARQUET: dict[str, Mutation] = BYTES | {
    change.__name__: _rewritten(change)
    for change in (other_type, nested, renamed, rows_twice, rows_missing, odd_number)
}
