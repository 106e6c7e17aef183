"""The browser's side of a session: history, keys, title, theme. One for each open page; it shows nothing."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import panel as pn
from panel.custom import JSComponent

NARROWEST, WIDEST = 200, 4000
"""Widths of windows, in pixels, that are believed."""


class Browser(JSComponent):
    """Tells of the back button; changes the address and the title; lets keys press what is painted.

    moved: called with the query of the address when the reader went back or forth. arrived: called with the width of
    the window, and with what it kept, when the page is on the screen. A key is no message: the browser presses the
    element that names it in `data-keys`, and what that sends carries what the reader saw.
    """

    _esm = Path(__file__).parent / "assets" / "browser.js"

    def __init__(
        self, moved: Callable[[str], None], arrived: Callable[[int, Mapping[str, str]], None], **params: Any
    ) -> None:
        super().__init__(width=0, height=0, margin=0, **params)
        self._moved, self._arrived = moved, arrived
        self._reached: Callable[[], None] | None = None

    def _handle_msg(self, data: Any) -> None:
        if not isinstance(data, dict):
            return
        if isinstance(data.get("moved"), str):
            self._moved(data["moved"])
        elif isinstance(data.get("width"), int):
            told = data.get("kept")
            kept = {str(key): str(text) for key, text in told.items()} if isinstance(told, dict) else {}
            self._arrived(min(max(data["width"], NARROWEST), WIDEST), kept)
        elif data.get("reached") is True and self._reached is not None:
            reached, self._reached = self._reached, None
            reached()

    def push(self, query: str, title: str) -> None:
        """A new entry in the history, with its address."""
        self._send_msg({"push": query, "title": title, "top": True})

    def replace(self, query: str) -> None:
        """Another address in the place of the last one."""
        self._send_msg({"push": query, "replace": True})

    def retitle(self, title: str) -> None:
        """Another title, at the same address."""
        self._send_msg({"title": title})

    def remember_theme(self, theme: str) -> None:
        """Keep `dark` or `light` for the next visit."""
        self._send_msg({"theme": theme})

    def keep(self, key: str, text: str) -> None:
        """Have the window keep a text over a reload."""
        self._send_msg({"keep": key, "value": text})

    def probe(self, tiles: str, reached: Callable[[], None]) -> None:
        """Call `reached` when the browser can load the outermost tile of an address with {z}, {x} and {y}."""
        self._reached = reached
        tile = tiles.replace("{z}", "0").replace("{x}", "0").replace("{y}", "0")
        pn.state.onload(lambda: self._send_msg({"probe": tile}))

    def print_page(self) -> None:
        """Open the browser's print dialogue."""
        self._send_msg({"print": True})
