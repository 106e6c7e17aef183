"""The summary: what the night found, in ten seconds."""

from dataclasses import dataclass
from typing import Any

import panel as pn

from panel_app.language import say
from panel_app.layout import in_a_row
from panel_app.pages.shelf import charts
from panel_app.pages.shelf.listing import shows_every, switch, to, unfiltered
from panel_app.pages.shelf.markup import render
from panel_app.pages.shelf.page import NightPage
from panel_app.pages.shelf.words import cause_name
from panel_app.session import Session
from panel_app.state import View, address
from panel_app.stores.shelf import OPEN_ONLY, Night, Nights

BARS = 6
"""Bars of a list; the rest is added up."""
TOP_CASES = 5
TITLES = {"cause": "Revenue at risk by cause", "category": "By category", "region": "By region"}
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
    page = pn.Column(sizing_mode="stretch_width")

    def draw() -> None:
        page[:] = _parts(session)

    def follow(view: View) -> bool:
        draw()
        return True

    draw()
    session.follow(follow)
    return page


def _parts(session: Session) -> list[pn.viewable.Viewable]:
    night, nights, view = session.shown(Night), session.store(Nights), session.view
    every, before = shows_every(view), nights.before(night.run_id)
    head = session.html(
        render(
            "summary.html",
            night=night,
            totals=night.totals(every=every),
            every=every,
            switch=switch(view),
            before=before,
            tiles=tiles(view, night, before),
            lists=[_list(view, night, column) for column in ("cause", "category", "region")],
            counted=_counted(view, night),
            top=_top(view, night),
            all_cases=address(_cases(view)),
            told_first=TOLD_FIRST,
            all_notices=address(unfiltered(to(view, "run"))),
        ),
        label="summary",
    )
    charts_row = pn.Column(sizing_mode="stretch_width")

    def draw() -> None:
        trend = nights.trend(night.run_id)
        drawn = [charts.durations(night.durations(every=every), every=every)]
        if trend.height > 1:
            drawn.insert(0, charts.trend(trend))
        charts_row[:] = [in_a_row(*drawn)]

    if night.totals(every=every)["cases"]:
        session.later(draw)
    return [head, charts_row]


def tiles(view: View, night: Night, before: Night | None) -> list[Tile]:
    """The key figures of a night beside those of the one before it."""
    every = shows_every(view)
    now = _figures(night, every=every)
    then = _figures(before, every=every) if before else {}
    earlier = before.ids(every=every).to_list() if before else None
    new = None if earlier is None else int((~night.ids(every=every).is_in(earlier)).sum())
    cases, stores = address(_cases(view)), address(to(view, "map"))
    if every:
        return [
            Tile("cases", "count", now["cases"], then.get("cases"), href=cases),
            Tile("cases_new", "count", new),
            Tile("revenue_at_risk_all", "money", now["at_risk"], then.get("at_risk"), href=cases),
            Tile("stores_with_cases", "count", now["stores"], then.get("stores"), href=stores),
            Tile("mean_confidence_all", "number", now["confidence"], then.get("confidence"), 1),
        ]
    return [
        Tile("cases_open", "count", now["cases"], then.get("cases"), href=cases),
        Tile("cases_new", "count", new),
        Tile("revenue_at_risk_open", "money", now["at_risk"], then.get("at_risk"), href=cases),
        Tile("recoverable_30d_open", "money", now["recoverable"], then.get("recoverable"), 1),
        Tile("stores_with_open_cases", "count", now["stores"], then.get("stores"), href=stores),
        Tile("mean_confidence_open", "number", now["confidence"], then.get("confidence"), 1),
        Tile("expected_true_share", "percent", now["true_share"], then.get("true_share"), 1),
    ]


def _figures(night: Night, *, every: bool) -> dict[str, Any]:
    totals = night.totals(every=every)
    worst = totals["worst_q"]
    return {
        **totals,
        "recoverable": totals["recoverable"] if totals["cases"] else 0.0,
        "true_share": 1 - worst if worst is not None and night.summary.get("is_null_plausible") else None,
    }


def _cases(view: View, **filters: Any) -> View:
    """The list of the cases that the summary is about."""
    return unfiltered(to(view, "cases"), status=() if shows_every(view) else OPEN_ONLY, **filters)


def _list(view: View, night: Night, column: str) -> dict[str, Any]:
    """Where the money is: the largest values of a column, the others added up, each with the cases behind it."""
    rows = night.money_by(column, every=shows_every(view))
    bars: list[dict[str, Any]] = []
    for value, cases, _, amount in rows.head(BARS).iter_rows():
        name = cause_name(value) if column == "cause" else value or say("unknown")
        bars.append(
            {"name": name, "cases": cases, "money": amount, "href": address(_cases(view, **{column: (value,)}))}
        )
    rest = rows.slice(BARS)
    if rest.height:
        name = say("{1} more", f"{rest.height:,}")
        bars.append({"name": name, "cases": rest["cases"].sum(), "money": sum(rest["money"]), "href": None})
    # What is added up may be more than the largest: every bar of a list is on one scale.
    most = max([bar["money"] for bar in bars], default=0.0) or 1.0
    title = say(TITLES[column])
    return {"column": column, "title": title, "bars": [{**bar, "share": bar["money"] / most} for bar in bars]}


def _counted(view: View, night: Night) -> list[dict[str, Any]]:
    """The cases by their primary cause, the most first, each with the cases behind it."""
    rows = night.money_by("cause", every=shows_every(view)).sort("cases", "value", descending=[True, False])
    most = max([*rows["cases"].to_list(), 1])
    return [
        {
            "name": cause_name(value),
            "cases": cases,
            "share": cases / most,
            "href": address(_cases(view, cause=(value,))),
        }
        for value, cases in rows.select("value", "cases").iter_rows()
    ]


def _top(view: View, night: Night) -> list[dict[str, Any]]:
    rows = night.looked_at(every=shows_every(view)).head(TOP_CASES).collect().to_dicts()
    return [{**row, "href": address(to(view, "case", case=row["case_id"]))} for row in rows]


PAGE = NightPage("summary", "Summary", build)
