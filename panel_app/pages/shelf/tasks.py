"""Tasks: what every store is asked to check today, the most worth for its minutes; one sheet a store, to print.

The address holds the store (`store`), the minutes that stores have (`minutes`) and the words that stores are searched
by (`find`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import panel as pn
import panel_material_ui as pmu
import polars as pl

from engine.decisions.shelf.tasks import Plan, StoreSheet
from engine.outputs.spreadsheet import csv_bytes
from panel_app.language import say
from panel_app.pages.shelf import loop
from panel_app.pages.shelf.listing import KEYS, listed, unfiltered
from panel_app.pages.shelf.markup import render
from panel_app.pages.shelf.page import NightPage
from panel_app.search import FIND, folded_together, holding, typed
from panel_app.session import Session
from panel_app.state import View, address, pages_beside
from panel_app.stores.shelf import Night

MINUTES = (15, 30, 60, 120, 240)
"""What is offered; the address takes any number up to a day."""
ROWS = 50
"""Stores on one page of the list."""


class TasksPage:
    """The plan of one session's view."""

    def __init__(self, session: Session) -> None:
        self.session, self.night = session, session.shown(Night)
        self.piece = session.html("", label="tasks", pressed=self._press, sent=self._search)
        self.download = pmu.FileDownload(
            callback=lambda: BytesIO(csv_bytes(self.plan().form())),
            filename=f"checks-{self.night.run_id}.csv",
            label=say("CSV to fill in"),
            variant="outlined",
            size="small",
        )
        self._draw()
        session.follow(self._follow)

    @property
    def view(self) -> pn.viewable.Viewable:
        """The sheet or the list of stores, and the file."""
        return pn.Column(self.piece, self.download, sizing_mode="stretch_width")

    def plan(self) -> Plan:
        """The checks that the address asks for."""
        view = self.session.view
        return loop.plan(self.session, self.night.run_id, minutes_of(view), store_of(view))

    def _draw(self) -> None:
        view, plan = self.session.view, self.plan()
        store = store_of(view)
        facts = _list_of_stores(view, plan) if store is None else _sheet(view, self.night, plan)
        self.piece.html = render(
            "tasks.html" if store is None else "tasks_sheet.html",
            night=self.night,
            plan=plan,
            minutes=minutes_of(view),
            offered=sorted({*MINUTES, minutes_of(view)}),
            **facts,
        )

    def _follow(self, view: View) -> bool:
        self._draw()
        return True

    def _search(self, do: str, fields: Mapping[str, str]) -> None:
        minutes = self.session.view.text("minutes")
        self.session.go(self.session.view.with_texts({"minutes": minutes, FIND: typed(fields)}, keep=KEYS))

    def _press(self, do: str, value: str) -> None:
        if do == "print":
            self.session.browser.print_page()
        elif do == "minutes":
            self.session.go(self.session.view.with_texts({"minutes": value}, keep=KEYS))


def _list_of_stores(view: View, plan: Plan) -> dict[str, Any]:
    """The stores with the most worth first, those that hold the words that are searched."""
    find = view.text(FIND)
    every = sorted(plan.stores, key=lambda sheet: (-sheet.worth, sheet.store_id))
    sheets = [every[place] for place in _holding(find, every)] if find else every
    pages = max(-(-len(sheets) // ROWS), 1)
    at = min(view.at, pages)
    return {
        "stores": [
            {
                "sheet": sheet,
                "tasks": len(sheet.tasks),
                "href": address(unfiltered(view, store=(sheet.store_id,))),
            }
            for sheet in sheets[(at - 1) * ROWS : at * ROWS]
        ],
        "find": find,
        "every": address(view.to("tasks", keep=KEYS)),
        "count": len(sheets),
        "tasks": sum(len(sheet.tasks) for sheet in sheets),
        "answered": sum(sheet.answered for sheet in sheets),
        "worth": sum(sheet.worth for sheet in sheets),
        "at": at,
        "pages": pages,
        "turn": {name: address(replace(view, at=place)) for name, place in pages_beside(at, pages).items()},
    }


def _holding(find: str, sheets: Sequence[StoreSheet]) -> list[int]:
    """The places of the sheets whose store has every word in its name or id."""
    stores = pl.DataFrame({"name": [one.store_name for one in sheets], "id": [one.store_id for one in sheets]})
    named = stores.with_row_index("place").filter(holding(find, folded_together(stores.columns)))
    places: list[int] = named["place"].to_list()
    return places


def _sheet(view: View, night: Night, plan: Plan) -> dict[str, Any]:
    """The sheet of one store; it does not say what is of the random sample, nor what a check is worth."""
    sheet = plan.stores[0] if plan.stores else None
    store = store_of(view)
    names = night.stores.filter(store_key=store)["store_name"].to_list()
    return {
        "sheet": sheet,
        "store": store,
        "name": sheet.store_name if sheet else names[0] if names else None,
        "all_stores": address(unfiltered(view)),
        "screen": "store?" + urlencode({"store": store or "", "run": view.run or ""}),
        "answer": address(View(page="answers", run=view.run, more={"store": (store or "",)})),
    }


def minutes_of(view: View) -> float:
    """The minutes of the address, in halves; those of the settings without any that make sense."""
    asked = view.text("minutes")
    usual = loop.SETTINGS.tasks.labour_minutes
    return min(float(int(asked)), 1440.0) if asked.isascii() and asked.isdigit() and len(asked) <= 4 else usual


def store_of(view: View) -> str | None:
    """The one store of the address."""
    return next(iter(listed(view).filters.store), None)


PAGE = NightPage("tasks", "Tasks", lambda session: TasksPage(session).view, searched=FIND)
