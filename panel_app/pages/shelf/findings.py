"""Findings: what the night tells once instead of many times. Cases that began together, and falls that are no shelf.

The address holds the kind that is listed (`kind`), the event that is open (`event`, its first member and day) and
the words that events are searched by (`find`).
"""

from collections.abc import Mapping
from typing import Any, Final

import panel as pn
import polars as pl

from engine.decisions.shelf.queue import EVENT, GROUPED
from engine.outputs.read import raising_damage
from engine.outputs.shelf import shapes
from panel_app.pages.shelf.decided import UNTOUCHED, decided_in
from panel_app.pages.shelf.listing import KEYS, to
from panel_app.pages.shelf.markup import render
from panel_app.pages.shelf.page import NightPage
from panel_app.search import FIND, folded_together, holding, typed
from panel_app.session import Session
from panel_app.state import View, address, pages_beside
from panel_app.stores.shelf import Night

ROWS = 25
"""Events on one page."""
MOST_MEMBERS = 200
SEARCHED: Final = ("sku_name", "sku_id", "store_name", "store_id", "category", "region")


def build(session: Session) -> pn.viewable.Viewable:
    """Kinds with their sums, the events of one kind, and the members of one event."""
    night = session.shown(Night)
    if not night.has(shapes.EVENTS):
        profile = night.run.manifest["profile"]
        piece = session.html(render("findings_none.html", profile=profile), label="findings")
        return pn.Column(piece, sizing_mode="stretch_width")

    def search(do: str, fields: Mapping[str, str]) -> None:
        session.go(session.view.with_texts({FIND: typed(fields)}, keep=KEYS))

    piece = session.html(_render(session, night), label="findings", sent=search)

    def follow(view: View) -> bool:
        piece.html = str(_render(session, night))
        return True

    session.follow(follow)
    return pn.Column(piece, sizing_mode="stretch_width")


def _render(session: Session, night: Night) -> str:
    view = session.view
    find = view.text(FIND)
    with raising_damage(night.run):
        found = _events(night, find)
        kinds = _kinds(found)
        listed = [row["kind"] for row in kinds]
        kind = view.text("kind") if view.text("kind") in listed else listed[0] if listed else None
        total = next((row["events"] for row in kinds if row["kind"] == kind), 0)
        pages = max(-(-total // ROWS), 1)
        at = min(view.at, pages)
        events = found.filter(kind=kind).slice((at - 1) * ROWS, ROWS).collect().to_dicts() if kind else []
        event = _open_event(session, night)

    def here(at: int = 1, **more: str) -> str:
        return address(view.with_texts({"kind": kind or "", FIND: find, **more}, keep=KEYS, at=at))

    return render(
        "findings.html",
        currency=night.currency,
        find=find,
        every=address(view.to("findings", keep=KEYS)),
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


def _kinds(events: pl.LazyFrame) -> list[dict[str, Any]]:
    """Kinds of events: those of cases first, then by value, descending."""
    sums = events.group_by("kind").agg(
        events=pl.len(),
        members=pl.col("members").sum(),
        cents=(pl.col("lost_revenue") * 100).round().cast(pl.Int64).sum(),
    )
    ordered = sums.sort(~pl.col("kind").is_in(GROUPED), "cents", "kind", descending=[False, True, False])
    return [{**row, "money": row["cents"] / 100} for row in ordered.collect().iter_rows(named=True)]


def _events(night: Night, find: str = "") -> pl.LazyFrame:
    """Events with their `key` and the names of their product and store, in published order.

    find: words that an event's texts hold, all of them; empty for every event.
    """
    skus = night.table(shapes.SKUS).select("sku_id", "sku_name")
    stores = night.stores.lazy().select("store_id", "store_name")
    named = (
        night.table(shapes.EVENTS)
        .join(skus, on="sku_id", how="left", maintain_order="left")
        .join(stores, on="store_id", how="left", maintain_order="left")
    )
    found = named.filter(holding(find, folded_together(SEARCHED))) if find else named
    return found.with_columns(key=EVENT)


def _open_event(session: Session, night: Night) -> dict[str, Any] | None:
    """The event of the address with its members: cases, or store-SKUs as they are called."""
    found = _events(night).filter(kind=session.view.text("kind"), key=session.view.text("event"))
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


PAGE = NightPage("findings", "Findings", build, searched=FIND)
