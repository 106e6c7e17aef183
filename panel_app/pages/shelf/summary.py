"""The summary: what the night found, in ten seconds."""

from dataclasses import dataclass
from typing import Any

import panel as pn

from panel_app.layout import in_a_row
from panel_app.pages.shelf import charts
from panel_app.pages.shelf.listing import to, unfiltered
from panel_app.pages.shelf.markup import render
from panel_app.pages.shelf.page import NightPage
from panel_app.pages.shelf.words import cause_name
from panel_app.session import Session
from panel_app.state import View, address
from panel_app.stores.shelf import Night, Nights

BARS = 6
"""Bars of a list; the rest is added up."""
TOP_CASES = 5
TOLD_FIRST = 5
"""Oddities of the data above the figures; the page of the run has all of them."""
LEAST_CHANGE = {"count": 1, "money": 0.5, "number": 0.05, "percent": 0.0005}
"""Smaller changes of a figure are not to be seen in it."""


@dataclass(frozen=True)
class Tile:
    """One figure of the night. before: the previous night's. good: 1 where more is welcome, else -1."""

    key: str
    form: str
    value: float | None
    before: float | None = None
    good: int = -1
    href: str | None = None

    @property
    def change(self) -> float | None:
        """How much more than the night before; 0 where the figure that is shown is the same."""
        if self.value is None or self.before is None:
            return None
        change = self.value - self.before
        return change if abs(change) >= LEAST_CHANGE[self.form] else 0.0

    @property
    def mood(self) -> str:
        """Whether the change is welcome."""
        change = self.change
        return "same" if not change else "better" if change * self.good > 0 else "worse"


def build(session: Session) -> pn.viewable.Viewable:
    """Headline, figures, where the money is, the cases of highest value; then the trend."""
    night, nights = session.shown(Night), session.store(Nights)
    before = nights.before(night.run_id)
    head = session.html(
        render(
            "summary.html",
            night=night,
            totals=_figures(night),
            before=before,
            tiles=tiles(session.view, night, before),
            lists=[_list(session.view, night, column) for column in ("cause", "category", "region")],
            counted=_counted(session.view, night),
            every=night.every_total,
            every_href=address(unfiltered(to(session.view, "cases"), status=())),
            top=_top(session.view, night),
            all_cases=address(to(session.view, "cases")),
            told_first=TOLD_FIRST,
            all_notices=address(unfiltered(to(session.view, "run"))),
        ),
        label="summary",
    )
    charts_row = pn.Column(sizing_mode="stretch_width")

    def draw() -> None:
        trend = nights.trend(night.run_id)
        drawn = [charts.durations(night.durations())]
        if trend.height > 1:
            drawn.insert(0, charts.trend(trend))
        charts_row[:] = [in_a_row(*drawn)]

    if night.summary["cases_open"]:
        session.later(draw)
    return pn.Column(head, charts_row, sizing_mode="stretch_width")


def tiles(view: View, night: Night, before: Night | None) -> list[Tile]:
    """The key figures of a night beside those of the one before it."""
    now = _figures(night)
    then = _figures(before) if before else {}
    new = None if before is None else int((~night.open_ids.is_in(before.open_ids.to_list())).sum())
    cases = address(unfiltered(to(view, "cases")))
    return [
        Tile("cases_open", "count", now["cases_open"], then.get("cases_open"), href=cases),
        Tile("cases_new", "count", new),
        Tile("revenue_at_risk_open", "money", now["at_risk"], then.get("at_risk"), href=cases),
        Tile("recoverable_30d_open", "money", now["recoverable"], then.get("recoverable"), 1),
        Tile("stores_with_open_cases", "count", now["stores"], then.get("stores"), href=address(to(view, "map"))),
        Tile("mean_confidence_open", "number", now["confidence"], then.get("confidence"), 1),
        Tile("expected_true_share", "percent", now["true_share"], then.get("true_share"), 1),
    ]


def _figures(night: Night) -> dict[str, Any]:
    facts, totals = night.summary, night.open_totals
    any_open = facts["cases_open"] > 0
    worst = totals["worst_q"]
    return {
        "cases_open": facts["cases_open"],
        "at_risk": facts["revenue_at_risk_open"] or 0.0,
        "recoverable": totals["recoverable"] if any_open else 0.0,
        "stores": facts["stores_with_open_cases"],
        "confidence": facts["mean_confidence_open"] if any_open else None,
        "true_share": 1 - worst if any_open and worst is not None and facts.get("is_null_plausible") else None,
    }


def _list(view: View, night: Night, column: str) -> dict[str, Any]:
    """Where the money is: the largest values of a column, the others added up, each with the cases behind it."""
    rows = night.money_by(column)
    most = max([*rows["money"].to_list(), 1e-9])
    bars = []
    for value, cases, _, amount in rows.head(BARS).iter_rows():
        name = cause_name(value) if column == "cause" else value or "unknown"
        href = address(unfiltered(to(view, "cases"), **{column: (value,)}))
        bars.append({"name": name, "cases": cases, "money": amount, "share": amount / most, "href": href})
    rest = rows.slice(BARS)
    if rest.height:
        amount = sum(rest["money"])
        name = f"{rest.height:,} more"
        bars.append(
            {"name": name, "cases": rest["cases"].sum(), "money": amount, "share": amount / most, "href": None}
        )
    title = "Revenue at risk by cause" if column == "cause" else f"By {column}"
    return {"column": column, "title": title, "bars": bars}


def _counted(view: View, night: Night) -> list[dict[str, Any]]:
    """Open cases by their primary cause, the most first, each with the cases behind it."""
    rows = night.money_by("cause").sort("cases", "value", descending=[True, False])
    most = max([*rows["cases"].to_list(), 1])
    return [
        {
            "name": cause_name(value),
            "cases": cases,
            "share": cases / most,
            "href": address(unfiltered(to(view, "cases"), cause=(value,))),
        }
        for value, cases in rows.select("value", "cases").iter_rows()
    ]


def _top(view: View, night: Night) -> list[dict[str, Any]]:
    rows = night.cases.lazy().filter(status="open").head(TOP_CASES).collect().to_dicts()
    return [{**row, "href": address(to(view, "case", case=row["case_id"]))} for row in rows]


PAGE = NightPage("summary", "Summary", build)
