"""Templates: how facts become words in them, amounts, counts, numbers and days."""

import datetime as dt
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context

from engine.stats import half_up
from engine.vocabulary.common import DOLLARS


@cache
def environment(*folders: Path) -> Environment:
    """Where templates are found, in the first folder that has them, and how they tell what they are given."""
    made = Environment(
        loader=FileSystemLoader(folders),
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
