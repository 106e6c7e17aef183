"""A report as one file: a template beside the module that knows the facts, with the bases that all reports share.

In: a template and facts. Out: text, in HTML with every text escaped.
"""

import datetime as dt
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context

from engine.errors import OutputError
from engine.stats import half_up
from engine.vocabulary.common import DOLLARS

SHARED = Path(__file__).parent
"""Where `document.html`, the base of every HTML report, and `table.html` stand."""


def render(template: Path, /, **facts: Any) -> str:
    """A template with its facts; the files it names stand in its folder or here.

    In an HTML template every text of the facts is escaped. Raises UndefinedError for a fact that it names and that is
    not given.
    """
    return _environment(template.parent).get_template(template.name).render(**facts)


def write_document(page: str, file: Path) -> None:
    """Write a page into a file. Raises OutputError when that cannot be done."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{file} cannot be written: {error.strerror or error}") from error


@cache
def _environment(folder: Path) -> Environment:
    made = Environment(
        loader=FileSystemLoader([folder, SHARED]),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters.update(money=_money, count=_count, number=_number, day=_day, rows=_rows)
    return made


@pass_context
def _money(context: Context, amount: float | None) -> str:
    """An amount in words a person reads: cents below a hundred only; the fact `currency` stands before it."""
    if amount is None:
        return "an unknown amount"
    sign, size = "−" if amount < 0 else "", abs(amount)
    currency = context.get("currency", DOLLARS)
    return f"{sign}{currency}{size:,.0f}" if size >= 100 or size == 0 else f"{sign}{currency}{size:,.2f}"


def _count(value: float | None, one: str = "", many: str = "") -> str:
    """A whole number, with its noun where one is given."""
    if value is None:
        return "unknown"
    noun = one if value == 1 else many
    return f"{value:,.0f} {noun}".rstrip()


def _number(value: float | None, digits: int = 1) -> str:
    return "unknown" if value is None else f"{half_up(value, digits):,.{digits}f}"


def _day(value: dt.date | str) -> str:
    """A date in words, such as 31 March 2026."""
    day = dt.date.fromisoformat(value) if isinstance(value, str) else value
    return f"{day.day} {day:%B %Y}"


def _rows(rows: Iterable[Iterable[str]]) -> str:
    """The rows of a Markdown table below its head."""
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
