"""The page of the figures, docs/data-faults.md, from measured.json."""

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from bench.faults import planted
from bench.faults.catalog import FAULTS
from bench.faults.fault import DONE
from bench.speed.report import in_table

PAGE: Final = Path(__file__).parents[2] / "docs" / "data-faults.md"
HEADERS: Final = ("fault", "exit", "told", "open", "new", "gone", "money moved", "at risk")
LONGEST: Final = 220
"""Letters of a text that the page shows."""

Figures = Mapping[str, Any]


def page(measured: Figures) -> str:
    """The page as the figures say it."""
    faults = list(measured["faults"].values())
    bare = measured["plain"]
    sections = [HEAD.format(**measured["plan"], **bare, money=_money(bare["at_risk"])), _verdict(faults)]
    for kind, of_kind in groupby(faults, key=lambda fault: fault["kind"]):
        sections += [f"\n## {kind}\n", in_table(HEADERS, [_row(fault) for fault in of_kind], numbers=False)]
    sections += [PLANTED.format(**planted.PLAN.model_dump(), seeds=len(planted.SEEDS)), _planted(measured["planted"])]
    return "\n".join(section.strip("\n") + "\n" for section in (*sections, AGAIN))


def _verdict(faults: Sequence[Figures]) -> str:
    silent = [fault["what"] for fault in faults if fault["is_silent"]]
    other = [fault["what"] for fault in faults if not fault["as_wanted"] and not fault["is_silent"]]
    told = sum(fault["code"] == DONE and bool(fault["told"]) for fault in faults)
    refused = sum(fault["code"] != DONE for fault in faults)
    lines = [
        f"Of {len(faults)} faults {refused} are refused, {told} are told with the night, and "
        f"{len(faults) - refused - told} change nothing that would have to be told.",
        f"More than a tenth of the open list changes in silence: {_listed(silent)}.",
        f"Told or judged otherwise than wanted: {_listed(other)}.",
    ]
    return "\n".join(lines)


def _planted(told: Mapping[str, Figures]) -> str:
    """The complete chains, and beside them what each degradation costs."""
    complete = told[planted.COMPLETE]
    rows = []
    for name, one in told.items():
        lost = [f"{complete[share] - one[share]:+.3f}" for share in ("precision", "recall")]
        shown = [f"{one[share]:.3f}" for share in ("precision", "recall")]
        what = "nothing" if name == planted.COMPLETE else FAULTS[name].what
        rows.append((what, f"{one['cases']:,}", *shown, *(("", "") if name == planted.COMPLETE else lost)))
    headers = ("what the delivery lacks", "open cases", "precision", "recall", "precision lost", "recall lost")
    return in_table(headers, rows)


def _listed(names: Sequence[str]) -> str:
    return "; ".join(names) if names else "never"


def _row(fault: Figures) -> tuple[str, ...]:
    if fault["code"] != DONE:
        return (fault["what"], str(fault["code"]), _told(fault["told"]), *[""] * 5)
    counts = [f"{fault[name]:,}" for name in ("open", "new", "gone", "moved")]
    return (fault["what"], str(fault["code"]), _told(fault["told"]), *counts, _money(fault["at_risk"]))


def _told(texts: Sequence[str]) -> str:
    """The first text on one line, as much of it as a page can hold, and how many there are beside it."""
    if not texts:
        return ""
    first = re.sub(r"\s+", " ", texts[0]).replace("|", "\\|").replace("<", "&lt;").strip()
    shown = first if len(first) <= LONGEST else f"{first[:LONGEST].rsplit(' ', 1)[0]} …"
    more = f" (and {len(texts) - 1} more)" if len(texts) > 1 else ""
    return f"{shown}{more}"


def _money(amount: float) -> str:
    return f"${amount:,.0f}"


HEAD = """
# Data faults

What a night makes of the faults that deliveries have. A simulated chain of {stores} stores with {skus} SKUs over
{days} days is delivered without a fault and with one fault at a time, and run by the command, the way a new user
runs it. The plain night, as of {as_of}, has {open} open cases worth {money}.

*Told*: what the first lines of the output and the first page of the dashboard say and the plain night does not; or
why the night was refused (exit 2) or put off (exit 75). *New* and *gone*: open cases that the plain night does not
have, and those that only it has; *money moved*: cases of both whose revenue at risk differs by more than 1%.
"""
PLANTED = """
## What is still found

{seeds} simulated chains of {stores} stores with {skus} SKUs, in which shelves are planted dark; those whose episode
lasts until the last day should be open. Precision: share of the open cases that were planted. Recall: share of what
was planted that is open. A degraded chain may lose 0.06 of precision and 0.12 of recall.
"""
AGAIN = """
## Again

```sh
python -m bench.faults                      # every fault, ten minutes; writes this page
python -m bench.faults one_row_in_2099      # some of them, by the names in bench/faults; writes nothing
```

The second form prints what was told in full. Both end with exit code 1 when a fault goes unnoticed.
"""
