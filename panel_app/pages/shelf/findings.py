"""Findings: what the night tells once instead of many times. Cases that began together, and falls that are no shelf.

The address holds the kind that is listed (`kind`) and the event that is open (`event`, its first member and day).
"""

from typing import Any

import panel as pn
import polars as pl

from engine.decisions.shelf.queue import EVENT, GROUPED
from engine.outputs.read import raising_damage
from engine.outputs.shelf import shapes
from panel_app.pages.shelf.decided import UNTOUCHED, decided_in
from panel_app.pages.shelf.listing import KEYS, to
from panel_app.pages.shelf.markup import render
from panel_app.pages.shelf.page import NightPage
from panel_app.session import Session
from panel_app.state import View, address, pages_beside
from panel_app.stores.shelf import Night

ROWS = 25
"""Events on one page."""
MOST_MEMBERS = 200


def build(session: Session) -> pn.viewable.Viewable:
    """Kinds with their sums, the events of one kind, and the members of one event."""
    night = session.shown(Night)
    if not night.has(shapes.EVENTS):
        profile = night.run.manifest["profile"]
        piece = session.html(render("findings_none.html", profile=profile), label="findings")
        return pn.Column(piece, sizing_mode="stretch_width")
    piece = session.html(_render(session, night), label="findings")

    def follow(view: View) -> bool:
        piece.html = str(_render(session, night))
        return True

    session.follow(follow)
    return pn.Column(piece, sizing_mode="stretch_width")


def _render(session: Session, night: Night) -> str:
    view = session.view
    with raising_damage(night.run):
        kinds = _kinds(night)
        listed = [row["kind"] for row in kinds]
        kind = view.text("kind") if view.text("kind") in listed else listed[0] if listed else None
        total = next((row["events"] for row in kinds if row["kind"] == kind), 0)
        pages = max(-(-total // ROWS), 1)
        at = min(view.at, pages)
        events = _events(night, kind).slice((at - 1) * ROWS, ROWS).collect().to_dicts() if kind else []
        event = _open_event(session, night)

    def here(at: int = 1, **more: str) -> str:
        return address(view.with_texts({"kind": kind or "", **more}, keep=KEYS, at=at))

    return render(
        "findings.html",
        currency=night.currency,
        kinds=[{**row, "href": here(kind=row["kind"])} for row in kinds],
        kind=kind,
        grouped=kind in GROUPED,
        events=[{**row, "href": here(at=at, event=row["key"])} for row in events],
        event=event,
        total=total,
        at=at,
        pages=pages,
        turn={name: here(at=place) for name, place in pages_beside(at, pages).items()},
        back=here(at=at),
    )


def _kinds(night: Night) -> list[dict[str, Any]]:
    """Kinds of events: those of cases first, then by value, descending."""
    sums = (
        night.table(shapes.EVENTS)
        .group_by("kind")
        .agg(
            events=pl.len(),
            members=pl.col("members").sum(),
            cents=(pl.col("lost_revenue") * 100).round().cast(pl.Int64).sum(),
        )
    )
    ordered = sums.sort(~pl.col("kind").is_in(GROUPED), "cents", "kind", descending=[False, True, False])
    return [{**row, "money": row["cents"] / 100} for row in ordered.collect().iter_rows(named=True)]


def _events(night: Night, kind: str | None) -> pl.LazyFrame:
    return night.table(shapes.EVENTS).filter(pl.col("kind") == kind).with_columns(key=EVENT)


def _open_event(session: Session, night: Night) -> dict[str, Any] | None:
    """The event of the address with its members: cases, or store-SKUs as they are called."""
    found = _events(night, session.view.text("kind")).filter(pl.col("key") == session.view.text("event"))
    rows = found.head(1).collect().to_dicts()
    if not rows:
        return None
    (event,) = rows
    cases = night.cases.filter(pl.col("case_id").is_in(event["case_ids"])).head(MOST_MEMBERS).to_dicts()
    decided = {row["case_id"]: row for row in decided_in(session).of(night.run).iter_rows(named=True)}
    return {
        **event,
        "cases": [
            {
                **case,
                "href": address(to(session.view, "case", case=case["case_id"])),
                **decided.get(case["case_id"], UNTOUCHED),
            }
            for case in cases
        ],
        "others": [] if cases else event["store_skus"][:MOST_MEMBERS],
    }


PAGE = NightPage("findings", "Findings", build)
