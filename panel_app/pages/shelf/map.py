"""The map: where the money is lost; a click on a store leads to its cases."""

from dataclasses import dataclass
from typing import Any, Final

import panel as pn
import polars as pl

from engine.outputs.shelf.severity import HIGH, MODERATE, NONE, SEVERE
from panel_app.layout import CARD, beside, wide_part
from panel_app.pages.shelf import maps
from panel_app.pages.shelf.listing import to, unfiltered
from panel_app.pages.shelf.markup import render
from panel_app.pages.shelf.page import NightPage
from panel_app.session import Session
from panel_app.state import address
from panel_app.stores.shelf import Night
from panel_app.stores.shelf_settings import ShelfPageSettings

LISTED: Final = 12
"""Stores named beside the map."""


@dataclass
class Tiles:
    """Whether the browser of a reader reaches the tiles of the settings."""

    reached: bool = False


def build(session: Session) -> pn.viewable.Viewable:
    """The map beside the stores that lose most, which say the same in words."""
    night, tiles = session.shown(Night), session.own(Tiles)
    stores, settings = night.stores, session.settings.of(ShelfPageSettings)
    placed = stores.filter(pl.col("latitude").is_not_null(), pl.col("longitude").is_not_null())
    placed = placed.sort("revenue_at_risk_open", "store_key", nulls_last=False)  # The largest are drawn last, on top.
    ground = pn.Column(sizing_mode="stretch_width")

    def to_store(row: int) -> None:
        store = placed["store_key"][row]
        session.go(unfiltered(to(session.view, "cases"), store=(store,), status=()))

    def draw() -> None:
        address_of_tiles = settings.map_tiles if tiles.reached else ""
        ground[:] = [maps.store_map(placed, to_store, wide_part(session.width), night.currency, address_of_tiles)]

    def reached() -> None:
        tiles.reached = True
        draw()

    listing = session.html(render("map_list.html", **_facts(session, placed.height)), label="stores")
    if not placed.height:
        return pn.Column(listing, sizing_mode="stretch_width")
    session.later(draw)
    if settings.map_tiles and not tiles.reached:
        session.browser.probe(settings.map_tiles, reached)
    legend = session.html(render("map_legend.html", settings=settings, currency=night.currency), label="legend")
    left = pn.Column(legend, ground, sizing_mode="stretch_width", styles=CARD)
    head = session.html("<h1>Where it is lost</h1>", label="map")
    return pn.Column(head, beside(left, listing), sizing_mode="stretch_width")


def _facts(session: Session, placed: int) -> dict[str, Any]:
    """The stores that lose most, how many of each severity, and how many have no place."""
    night, view = session.shown(Night), session.view
    stores = night.stores
    largest = (
        stores.lazy()
        .filter(pl.col("cases_open") > 0)
        .sort("revenue_at_risk_open", "cases_open", "store_key", descending=[True, True, False], nulls_last=True)
        .head(LISTED)
        .collect()
        .to_dicts()
    )
    for row in largest:
        row["href"] = address(unfiltered(to(view, "cases"), store=(row["store_key"],), status=()))
    counts = dict(stores.group_by("severity").len().iter_rows())
    return {
        "stores": largest,
        "affected": stores.filter(pl.col("cases_open") > 0).height,
        "counts": [(name, counts.get(name, 0)) for name in (SEVERE, HIGH, MODERATE, NONE)],
        "all": stores.height,
        "unplaced": stores.height - placed,
        "currency": night.currency,
    }


PAGE = NightPage("map", "Map", build)
