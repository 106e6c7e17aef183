"""One open page in one browser: what it looks at, who looks, and how it moves.

Nothing here is shared with another session; what is shared are the nights, which never change.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import panel as pn

from engine.errors import DarkshelfError
from panel_app.browser import Browser
from panel_app.decided import Decided
from panel_app.markup import Html
from panel_app.state import View, address, parse
from panel_app.stores.shelf import Night, Nights

if TYPE_CHECKING:
    from panel_app.settings import DashboardSettings

VIEWER = "view"
DECIDER = "decide"


class Session:
    """What the pages are given.

    view: what is looked at. night: the published run that is looked at, the same until the reader asks for another.
    user: who is logged in, empty without a login. is_over: asks whether the login has ended since. width: of the
    window in pixels, 0 until it is known.
    """

    def __init__(
        self,
        nights: Nights,
        decided: Decided,
        query: str,
        *,
        user: str = "",
        may_decide: bool = True,
        is_over: Callable[[], bool] = lambda: False,
    ) -> None:
        self.nights = nights
        self.decided = decided
        self.settings: DashboardSettings = nights.settings
        self.user = user
        self._may_decide = may_decide
        self.is_over = is_over
        self.view = parse(query)
        self.night: Night | None = None
        self.trouble = ""
        self.tiles = ""
        self.width = 0
        self._waiting: list[Callable[[], None]] = []
        self.browser = Browser(moved=self._moved, key=self._pressed, arrived=self._arrived)
        self.keys: dict[str, Callable[[], None]] = {}
        self._followers: list[Callable[[View], bool]] = []
        self._show: Callable[[], None] = lambda: None
        self.title = "darkshelf"
        self.find_night()

    @property
    def may_decide(self) -> bool:
        """Whether this user's decisions are taken, now: a login that ended takes the right with it."""
        return self._may_decide and not self.is_over()

    def find_night(self) -> None:
        """Open the night of the view; `trouble` says why there is none."""
        try:
            self.night = self.nights.night(self.view.run)
            self.trouble = ""
        except DarkshelfError as error:
            self.night, self.trouble = None, str(error)

    def on_show(self, show: Callable[[], None]) -> None:
        """Who draws a page anew when the session moves to another."""
        self._show = show

    def follow(self, follower: Callable[[View], bool]) -> None:
        """Let a page take a change of the view itself: the follower says whether it did. It ends with the page."""
        self._followers.append(follower)

    def html(
        self,
        source: str,
        *,
        label: str = "",
        pressed: Callable[[str, str], None] | None = None,
        sent: Callable[[str, Mapping[str, str]], None] | None = None,
    ) -> Html:
        """A piece of a page whose links move this session; see `Html` for pressed and sent."""
        return Html(source, label=label, go=self.go_to, pressed=pressed, sent=sent)

    def later(self, draw: Callable[[], None]) -> None:
        """Draw something after the page is on the screen, so that figures never wait for charts."""
        document = pn.state.curdoc
        if self.width and document is not None:
            document.add_next_tick_callback(draw)
        else:
            self._waiting.append(draw)

    def _arrived(self, width: int) -> None:
        """The page is on a screen so many pixels wide: what waited for that is drawn."""
        self.width = width
        waiting, self._waiting = self._waiting, []
        for draw in waiting:
            self.later(draw)

    def go_to(self, query: str) -> None:
        """Move to an address within the dashboard."""
        self.go(parse(query))

    def go(self, view: View) -> None:
        """Move to a view and put its address into the browser."""
        self._look_at(view)
        self.browser.push(address(self.view), self.title)

    def probe_tiles(self, draw: Callable[[], None]) -> None:
        """Draw once more with tiles, when the browser reaches them."""

        def reached() -> None:
            self.tiles = self.settings.map_tiles
            draw()

        self.browser.probe(self.settings.map_tiles, reached)

    def show_newest(self) -> None:
        """Move to the newest night. A case of the old one may not be there any more, so that its page is left."""
        page = "cases" if self.view.page == "case" else self.view.page
        self.view = replace(self.view, page=page, run=None, case=None, at=1)
        self.find_night()
        self.redraw()
        self.browser.push(address(self.view), self.title)

    def _moved(self, query: str) -> None:
        self._look_at(parse(query))
        self.browser.retitle(self.title)

    def _look_at(self, view: View) -> None:
        before, self.view = self.view, view
        same_page = view.page == before.page and view.run == before.run
        if view.run != before.run:
            self.find_night()
        if same_page and any(follower(view) for follower in list(self._followers)):
            return
        self.redraw()

    def redraw(self) -> None:
        """Draw the page of the view from the start."""
        self._followers.clear()
        self.keys.clear()
        self._show()

    def _pressed(self, key: str) -> None:
        if action := self.keys.get(key):
            action()
