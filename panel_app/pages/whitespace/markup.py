"""The templates of the whitespace desk's pages, and how they write values by the names of their columns."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from engine.outputs.glossary import topics
from engine.vocabulary import whitespace as v
from panel_app.language import translated
from panel_app.markup import count, day, money, number, percent, renderer, unknown
from panel_app.words import term

TOPIC: Final = "whitespace"
"""Of the glossary."""
MONEY: Final = frozenset(
    {
        "value",
        "expected_value",
        "expected_gp",
        "expected_gp_if_buys",
        "realized_gp",
        "size_gp_12m",
        "priority_before",
        "priority_after",
        "priority_change",
        "lowest_priority",
        "price_of_step",
    }
)
SHARES: Final = frozenset(
    {
        "p_icp",
        "p_raw",
        "prevalence",
        "share",
        "capture",
        "capture_at_threshold",
        "capture_gap",
        "precision",
        "revenue_capture",
        "rev_capture",
        "selection_rate",
        "pos_rate",
        "coverage",
        "threshold",
        "mean_predicted",
        "fraction_positives",
        "overlap",
        "division_share_cap",
        "largest_share",
    }
)
"""Columns that are written as percents."""
ENDS: Final = ("_low", "_high")
"""What the names of an interval's columns end with; they are written with their figure."""


@pass_context
def shown(context: Context, key: str, value: Any) -> Markup:
    """A value of a column, in the reader's form; the fact `currency` stands before money."""
    if value is None or value == "" or (isinstance(value, float) and not math.isfinite(value)):
        return unknown()
    if isinstance(value, bool):
        return translated("yes" if value else "no")
    if isinstance(value, int | float):
        return money(value, context["currency"]) if key in MONEY else _figure(key, value)
    if isinstance(value, date):
        return day(value)
    return verdict(str(value)) if value in v.STATUSES else Markup.escape(str(value))


def _figure(key: str, value: float) -> Markup:
    if key in SHARES:
        return percent(value, 1)
    return count(value) if isinstance(value, int) else number(value, 3)


def verdict(status: str) -> Markup:
    """PASS, WARN, FAIL, ERROR or WAIVED, with a colour of its own."""
    return Markup('<span class="verdict {}">{}</span>').format(status, status)


@pass_context
def interval(context: Context, key: str, row: Mapping[str, Any]) -> Markup:
    """The interval of a figure; nothing where it has none."""
    low, high = (row.get(f"{key}{end}") for end in ENDS)
    if low is None or high is None:
        return Markup()
    return Markup('<span class="note">{}</span>').format(
        translated("{1} to {2}", shown(context, key, low), shown(context, key, high))
    )


def columns(rows: Sequence[Mapping[str, Any]], without: Sequence[str] = ()) -> list[str]:
    """The columns of a table as it is shown: an interval stands with its figure, what no row knows is left out."""
    names = dict.fromkeys(name for row in rows for name in row)
    known = {name for row in rows for name, value in row.items() if value is not None}
    return [name for name in without_ends(names) if name not in without and name in known]


def without_ends(names: Iterable[str]) -> list[str]:
    """The names but for those of the ends of an interval whose figure is among them."""
    there = list(names)
    ends = {f"{name}{end}" for name in there for end in ENDS}
    return [name for name in there if name not in ends]


def is_figure(rows: Sequence[Mapping[str, Any]], key: str) -> bool:
    """Whether a column of a table holds numbers."""
    values = [row.get(key) for row in rows if row.get(key) is not None]
    return bool(values) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def meaning(key: str) -> str:
    """What a figure of this desk means; empty where nobody says."""
    found = topics()[TOPIC].get(key)
    return found.meaning if found else ""


def word(key: str, text: str | None = None) -> Markup:
    """A term of this desk with its tooltip."""
    return term(key, TOPIC, text)


render = renderer(
    Path(__file__).parent / "templates",
    shown=shown,
    verdict=verdict,
    interval=interval,
    columns=columns,
    without_ends=without_ends,
    is_figure=is_figure,
    word=word,
    meaning=meaning,
)
