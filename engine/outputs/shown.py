"""Shown: what a verb has to say, as lines and tables that a terminal, a notebook or a page can lay out.

Nothing here knows where it is shown: a style is a meaning, and whoever shows it chooses the colour.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Style = Literal["plain", "strong", "faint", "alarm", "warning", "figure", "good"]


@dataclass(frozen=True)
class Part:
    """A piece of text in one style."""

    text: str
    style: Style = "plain"


@dataclass(frozen=True)
class Line:
    """A paragraph of parts, which may be empty."""

    parts: tuple[Part, ...] = ()

    def __str__(self) -> str:
        """The bare text."""
        return "".join(part.text for part in self.parts)


@dataclass(frozen=True)
class Grid:
    """A table of texts. numbers: the headers whose columns align right. title: "" for none."""

    headers: tuple[str, ...]
    rows: Sequence[Sequence[str | Part]] = ()
    numbers: tuple[str, ...] = ()
    title: str = ""

    def __str__(self) -> str:
        """The table as aligned text."""
        cells = [self.headers, *(tuple(map(_text, row)) for row in self.rows)]
        widths = [max(len(row[place]) for row in cells) for place in range(len(self.headers))]
        lines = ["  ".join(self._aligned(row, widths)).rstrip() for row in cells]
        return "\n".join([self.title, *lines] if self.title else lines)

    def _aligned(self, row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
        for header, text, width in zip(self.headers, row, widths, strict=True):
            yield text.rjust(width) if header in self.numbers else text.ljust(width)


Shown = Sequence[Line | Grid]


def line(*parts: str | Part) -> Line:
    """A paragraph of plain texts and parts."""
    return Line(tuple(Part(part) if isinstance(part, str) else part for part in parts))


def as_text(shown: Shown) -> str:
    """Everything as plain text, a block a line or more."""
    return "\n".join(str(block) for block in shown)


def _text(cell: str | Part) -> str:
    return cell if isinstance(cell, str) else cell.text
