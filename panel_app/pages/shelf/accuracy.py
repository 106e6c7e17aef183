"""Accuracy: how often the nights were right, by what stores answered, against what was promised; and what it brought.

The address holds what the cases are parted by (`by`).
"""

from typing import Any, Final

import panel as pn
import polars as pl

from panel_app.language import say
from panel_app.pages.shelf import loop
from panel_app.pages.shelf.listing import KEYS
from panel_app.pages.shelf.markup import render
from panel_app.pages.shelf.page import NightPage
from panel_app.pages.shelf.words import cause_name
from panel_app.session import Session
from panel_app.state import View, address
from panel_app.stores.shelf import Night

PARTS: Final = {"confidence": "Confidence", "cause": "Cause", "category": "Category", "store": "Store"}
ROWS = 100
"""Parts on the page, those with the most answers."""


def build(session: Session) -> pn.viewable.Viewable:
    """Precision, recall and recovery of all nights together."""
    piece = session.html(_render(session), label="accuracy")

    def follow(view: View) -> bool:
        piece.html = str(_render(session))
        return True

    session.follow(follow)
    return pn.Column(piece, sizing_mode="stretch_width")


def _render(session: Session) -> str:
    found, recovered = loop.accuracy(session), loop.recovery(session)
    asked = session.view.text("by")
    by = asked if asked in PARTS else next(iter(PARTS))
    rows = found.parts.filter(part=by)
    shown = rows if by == "confidence" else rows.sort("answers", "name", descending=[True, False]).head(ROWS)
    return render(
        "accuracy.html",
        currency=session.shown(Night).currency,
        found=found,
        overall=found.overall,
        recovered=recovered,
        by=by,
        parts=[
            (key, say(title), address(session.view.with_texts({"by": key}, keep=KEYS)))
            for key, title in PARTS.items()
        ],
        rows=[{**row, "name": _name(session, by, row["name"])} for row in shown.iter_rows(named=True)],
        left_out=rows.height - shown.height,
        least=loop.SETTINGS.accuracy.min_answers,
        least_matched=loop.SETTINGS.recovery.min_matched,
        level=loop.SETTINGS.accuracy.level,
        cases=_by_value(recovered.cases),
    )


def _name(session: Session, by: str, name: str) -> str:
    if by == "cause":
        return cause_name(None if name == "none" else name)
    if by == "store":
        names = session.shown(Night).stores.filter(store_key=name)["store_name"].to_list()
        return f"{names[0]} ({name})" if names and names[0] else say("Store {1}", name)
    return say("No category") if by == "category" and name == "none" else name


def _by_value(cases: pl.DataFrame, most: int = 10) -> list[dict[str, Any]]:
    """The matched cases that brought the most."""
    ranked = cases.sort("recovered_money", "case_id", descending=[True, False], nulls_last=True)
    rows = ranked.head(most).to_dicts()
    return [{**row, "href": address(View(page="case", run=row["run_id"], case=row["case_id"]))} for row in rows]


PAGE = NightPage("accuracy", "Accuracy", build)
