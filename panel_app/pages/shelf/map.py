"""The map: where the money is lost; a click on a store leads to its cases."""

from dataclasses import dataclass
from typing import Any, Final

import panel as pn
import polars as pl

from panel_app.layout import CARD, beside, wide_part
from panel_app.pages.shelf.listing import shows_every, switch, to, unfiltered
from panel_app.pages.shelf.maps import StoreMap
from panel_app.pages.shelf.markup import render
from panel_app.pages.shelf.page import NightPage
from panel_app.session import Session
from panel_app.state import View, address
from panel_app.stores.shelf import OPEN_ONLY, Night
from panel_app.stores.shelf_settings import ShelfPageSettings

LISTED: Final = 12
"""Stores named beside the map."""
USUAL_WIDTH: Final = 1440
"""Of a window, in pixels, until the browser has told its own."""


@dataclass
class Tiles:
    """Whether the browser of a reader reaches the tiles of the settings."""

    reached: bool = False


class MapPage:
    """The map of one session beside the stores that lose most, which say the same in words."""

    def __init__(self, session: Session) -> None:
        self.session, self.night, self.tiles = session, session.shown(Night), session.own(Tiles)
        self.head = session.html("", label="map")
        self.legend = session.html("", label="legend", pressed=lambda do, value: self._show_whole())
        self.listing = session.html("", label="stores")
        self.ground = pn.Column(sizing_mode="stretch_width")
        self.map = self._draw()
        session.follow(self._follow)
        address_of_tiles = session.settings.of(ShelfPageSettings).map_tiles
        if self.map is not None and address_of_tiles and not self.tiles.reached:
            session.browser.probe(address_of_tiles, self._reached)

    @property
    def view(self) -> pn.viewable.Viewable:
        """The map beside the list, or the list alone where no store has a place."""
        if self.map is None:
            return pn.Column(self.head, self.listing, sizing_mode="stretch_width")
        left = pn.Column(self.legend, self.ground, sizing_mode="stretch_width", styles=CARD)
        return pn.Column(self.head, beside(left, self.listing), sizing_mode="stretch_width")

    def _draw(self) -> StoreMap | None:
        """Everything anew, as the view asks; None without a store that has a place."""
        session, night = self.session, self.night
        every = shows_every(session.view)
        stores, parted = night.stores_at_risk(every=every)
        placed = stores.filter(pl.col("latitude").is_not_null(), pl.col("longitude").is_not_null())
        placed = placed.sort("at_risk", "store_key", descending=[True, False], nulls_last=True)
        self.head.html = render("map_head.html", switch=switch(session.view))
        self.listing.html = render("map_list.html", **_facts(session.view, night, stores, placed.height))
        self.legend.html = render("map_legend.html", parted=parted, currency=night.currency)
        if not placed.height:
            return None
        session.later(self._draw_map)
        return StoreMap(
            placed.with_columns(pl.col("at_risk").fill_null(0.0)),
            lambda row: self._to_store(placed["store_key"][row]),
            wide_part(session.width or USUAL_WIDTH),
            night.currency,
            # The browser's message is still being read: what it came from has to be there until then.
            lambda: session.later(self._draw_map),
        )

    def _to_store(self, store: str) -> None:
        self.session.go(unfiltered(to(self.session.view, "cases"), store=(store,), status=()))

    def _draw_map(self) -> None:
        assert self.map is not None
        settings = self.session.settings.of(ShelfPageSettings)
        self.map.width = wide_part(self.session.width or USUAL_WIDTH)
        self.ground[:] = [self.map.view(settings.map_tiles if self.tiles.reached else "")]

    def _show_whole(self) -> None:
        if self.map is not None:
            self.map.show_whole()
            self._draw_map()

    def _reached(self) -> None:
        self.tiles.reached = True
        self._draw_map()

    def _follow(self, view: View) -> bool:
        self.map = self._draw()
        return True


def _facts(view: View, night: Night, stores: pl.DataFrame, placed: int) -> dict[str, Any]:
    """The stores that lose most, and how many have no place."""
    affected = stores.filter(pl.col("cases") > 0)
    status = () if shows_every(view) else OPEN_ONLY
    largest = (
        affected.lazy()
        .sort("at_risk", "cases", "store_key", descending=[True, True, False], nulls_last=True)
        .head(LISTED)
        .collect()
        .to_dicts()
    )
    for row in largest:
        row["href"] = address(unfiltered(to(view, "cases"), store=(row["store_key"],), status=status))
    return {
        "stores": largest,
        "affected": affected.height,
        "all": stores.height,
        "unplaced": stores.height - placed,
        "every": shows_every(view),
        "currency": night.currency,
    }


PAGE = NightPage("map", "Map", lambda session: MapPage(session).view)
