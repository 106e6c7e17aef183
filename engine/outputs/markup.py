"""Markup: what a verb has to say as HTML for a notebook. Every text is escaped."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.outputs.document import render
from engine.outputs.shown import Grid, Line, Part, Shown

TAGS: Final = {"strong": "strong", "faint": "small"}
"""The HTML element of a style; texts of other styles stand as they are."""
TEMPLATE: Final = Path(__file__).with_name("shown.html")


def as_html(shown: Shown) -> str:
    """Everything, a paragraph or a table a block."""
    return render(TEMPLATE, blocks=[_block(block) for block in shown], zip=zip)


def first_rows(frame: pl.DataFrame, columns: tuple[str, ...], most: int, what: str) -> Grid:
    """The first rows of a frame as texts, under a title that says how many there are. Nulls are dashes."""
    rows = [[_text(value) for value in row] for row in frame.select(columns).head(most).iter_rows()]
    numbers = tuple(name for name in columns if frame.schema[name].is_numeric())
    title = f"{frame.height:,} {what}" + (f", the first {most}" if frame.height > most else "")
    return Grid(columns, rows, numbers, title)


def _text(value: Any) -> str:
    return "–" if value is None else f"{value:,.2f}" if isinstance(value, float) else str(value)


def _block(block: Line | Grid) -> dict[str, Any]:
    """A block as the template takes it, its texts with the HTML element of their style."""
    if isinstance(block, Line):
        return {"headers": (), "parts": _parts(block.parts)}
    rows = [_parts(row) for row in block.rows]
    return {"headers": block.headers, "title": block.title, "numbers": block.numbers, "rows": rows}


def _parts(cells: Iterable[str | Part]) -> list[dict[str, str]]:
    parts = (Part(cell) if isinstance(cell, str) else cell for cell in cells)
    return [{"text": part.text, "tag": TAGS.get(part.style, "")} for part in parts]
