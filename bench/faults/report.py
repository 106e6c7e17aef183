"""The page of the figures, docs/data-faults.md, from measured.json."""

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from bench.faults import planted
from bench.faults.catalog import FAULTS
from bench.faults.fault import DONE
from engine.outputs.document import render

PAGE: Final = Path(__file__).parents[2] / "docs" / "data-faults.md"
LONGEST: Final = 220
"""Letters of a text that the page shows."""

Figures = Mapping[str, Any]
Row = tuple[str, ...]


def page(measured: Figures) -> str:
    """The page as the figures say it."""
    faults = list(measured["faults"].values())
    return render(
        Path(__file__).with_suffix(".md"),
        plan=measured["plan"],
        plain=measured["plain"],
        faults=faults,
        refused=sum(fault["code"] != DONE for fault in faults),
        n_reported=sum(fault["code"] == DONE and bool(fault["notices"]) for fault in faults),
        silent=[fault["what"] for fault in faults if fault["is_silent"]],
        otherwise=[fault["what"] for fault in faults if not fault["as_wanted"] and not fault["is_silent"]],
        kinds={kind: [*map(_row, of_kind)] for kind, of_kind in groupby(faults, key=itemgetter("kind"))},
        planted_plan=planted.PLAN,
        seeds=len(planted.SEEDS),
        planted=_planted(measured["planted"]),
    )


def _planted(figures: Mapping[str, Figures]) -> Sequence[Row]:
    """The complete chains, and beside them what each degradation costs."""
    complete = figures[planted.COMPLETE]
    rows = []
    for name, one in figures.items():
        lost = [f"{complete[share] - one[share]:+.3f}" for share in ("precision", "recall")]
        shown = [f"{one[share]:.3f}" for share in ("precision", "recall")]
        what = "nothing" if name == planted.COMPLETE else FAULTS[name].what
        rows.append((what, f"{one['cases']:,}", *shown, *(("", "") if name == planted.COMPLETE else lost)))
    return rows


def _row(fault: Figures) -> Row:
    if fault["code"] != DONE:
        return (fault["what"], str(fault["code"]), _figures(fault["notices"]), *[""] * 5)
    counts = [f"{fault[name]:,}" for name in ("open", "new", "gone", "moved")]
    return (fault["what"], str(fault["code"]), _figures(fault["notices"]), *counts, f"${fault['at_risk']:,.0f}")


def _figures(texts: Sequence[str]) -> str:
    """The first text on one line, as much of it as a page can hold, and how many there are beside it."""
    if not texts:
        return ""
    first = re.sub(r"\s+", " ", texts[0]).replace("|", "\\|").replace("<", "&lt;").strip()
    shown = first if len(first) <= LONGEST else f"{first[:LONGEST].rsplit(' ', 1)[0]} …"
    more = f" (and {len(texts) - 1} more)" if len(texts) > 1 else ""
    return f"{shown}{more}"
