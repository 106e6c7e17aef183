"""Markup: what a verb has to say as HTML for a notebook. Every text is escaped."""

from html import escape
from typing import Any, Final

import polars as pl

from engine.outputs.document import table
from engine.outputs.shown import Grid, Line, Part, Shown

TAGS: Final = {"strong": "strong", "faint": "small"}
"""The HTML element of a style; texts of other styles stand as they are."""


def as_html(shown: Shown) -> str:
    """Everything, a paragraph or a table a block."""
    return "\n".join(_line(block) if isinstance(block, Line) else _grid(block) for block in shown)


def first_rows(frame: pl.DataFrame, columns: tuple[str, ...], most: int, what: str) -> Grid:
    """The first rows of a frame as texts, under a title that says how many there are. Nulls are dashes."""
    rows = [[_text(value) for value in row] for row in frame.select(columns).head(most).iter_rows()]
    numbers = tuple(name for name in columns if frame.schema[name].is_numeric())
    title = f"{frame.height:,} {what}" + (f", the first {most}" if frame.height > most else "")
    return Grid(columns, rows, numbers, title)


def _text(value: Any) -> str:
    return "–" if value is None else f"{value:,.2f}" if isinstance(value, float) else str(value)


def _line(block: Line) -> str:
    return f"<p>{''.join(map(_part, block.parts))}</p>"


def _grid(block: Grid) -> str:
    rows = [[_part(cell) if isinstance(cell, Part) else escape(cell) for cell in row] for row in block.rows]
    title = f"<p>{escape(block.title)}</p>\n" if block.title else ""
    return title + table(block.headers, rows, block.numbers)


def _part(part: Part) -> str:
    tag = TAGS.get(part.style)
    return f"<{tag}>{escape(part.text)}</{tag}>" if tag else escape(part.text)
