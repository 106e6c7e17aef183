"""What a browser looks at: page, run, case and filters, as one value that is the same as its address.

In: the query of an address, as anybody may have typed it. Out: a `View` that is safe to use; what is not understood
is left out. `address(parse(text))` is the shortest address of the same view.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Final
from urllib.parse import parse_qsl, urlencode

from engine.runs.registry import RUN_ID

HOME: Final = "summary"
LONGEST: Final = 300
"""Characters of a value in an address; longer ones were not written by us."""
MANY: Final = 200
"""Values of one filter in an address."""
KEY = re.compile(r"[a-z][a-z_]{0,30}")
LISTS: Final = ("store", "region", "category", "brand", "cause", "status", "severity", "decision", "earlier")
OPEN_ONLY: Final = ("open",)
SORTS: Final = (
    "revenue_at_risk",
    "recoverable_30d",
    "confidence_score",
    "duration_days",
    "underperformance_pct",
    "detection_date",
    "store_name",
    "sku_name",
    "primary_cause",
    "case_id",
)
"""Columns the table of cases can be sorted by."""


@dataclass(frozen=True)
class Filters:
    """Which cases are looked at. An empty list lets all through, the empty text in one stands for unknown."""

    store: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    brand: tuple[str, ...] = ()
    cause: tuple[str, ...] = ()
    status: tuple[str, ...] = OPEN_ONLY
    severity: tuple[str, ...] = ()
    decision: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    text: str = ""
    confidence: int = 0
    revenue: int = 0
    since: date | None = None
    until: date | None = None

    def changed(self) -> int:
        """How many filters are not at their default."""
        return sum(getattr(self, one.name) != one.default for one in fields(self))


@dataclass(frozen=True)
class View:
    """What is on the screen. run: None for the newest. more: what single pages keep in the address, by key."""

    page: str = HOME
    run: str | None = None
    case: str | None = None
    filters: Filters = Filters()
    sort: str = SORTS[0]
    ascending: bool = False
    at: int = 1
    more: Mapping[str, str] = field(default_factory=dict)

    def to(self, page: str, **changes: object) -> "View":
        """Another page on the same run and filters."""
        return replace(self, page=page, at=1, more={}, **changes)  # type: ignore[arg-type]

    def filtered(self, **changes: object) -> "View":
        """The same page with other filters, from its first row on."""
        return replace(self, filters=replace(self.filters, **changes), at=1)  # type: ignore[arg-type]


def parse(query: str) -> View:
    """The view of an address such as `?page=cases&region=North`."""
    given: dict[str, list[str]] = {}
    for key, text in parse_qsl(query.removeprefix("?"), keep_blank_values=True, max_num_fields=None):
        if KEY.fullmatch(key) and len(text) <= LONGEST and text.isprintable():
            given.setdefault(key, []).append(text)
    single = {key: values[-1] for key, values in given.items()}
    lists = {name: tuple(dict.fromkeys(given[name]))[:MANY] for name in LISTS if name in given}
    if lists.get("status") == ("any",):
        lists["status"] = ()
    filters = Filters(
        **lists,
        text=single.get("text", ""),
        confidence=min(_whole(single.get("confidence")), 100),
        revenue=_whole(single.get("revenue")),
        since=_day(single.get("since")),
        until=_day(single.get("until")),
    )
    run = single.get("run")
    known = {*LISTS, "text", "confidence", "revenue", "since", "until", "page", "run", "case", "sort", "asc", "at"}
    return View(
        page=single.get("page", HOME) if KEY.fullmatch(single.get("page", HOME)) else HOME,
        run=run if run and RUN_ID.fullmatch(run) else None,
        case=single.get("case") or None,
        filters=filters,
        sort=single["sort"] if single.get("sort") in SORTS else SORTS[0],
        ascending=single.get("asc") == "1",
        at=max(_whole(single.get("at")), 1),
        more={key: text for key, text in single.items() if key not in known},
    )


def address(view: View) -> str:
    """The shortest query that parses to the view; what is at its default is left out."""
    told: list[tuple[str, str]] = []
    if view.page != HOME:
        told.append(("page", view.page))
    told += [(key, value) for key, value in (("run", view.run), ("case", view.case)) if value]
    for name in LISTS:
        values: Sequence[str] = getattr(view.filters, name)
        if name == "status" and values == OPEN_ONLY:
            continue
        if name == "status" and not values:
            values = ("any",)
        told += [(name, value) for value in values]
    for name in ("text", "confidence", "revenue", "since", "until"):
        if value := getattr(view.filters, name):
            told.append((name, str(value)))
    told += [("sort", view.sort)] if view.sort != SORTS[0] else []
    told += [("asc", "1")] if view.ascending else []
    told += [("at", str(view.at))] if view.at > 1 else []
    told += sorted(view.more.items())
    return "?" + urlencode(told)


def _whole(text: str | None) -> int:
    """A whole number from 0 up; 0 for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 15 else 0


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text and len(text) == len("2026-01-31") else None
    except ValueError:
        return None
