"""One open page in one browser: what it looks at, who looks, and how it moves.

Nothing here is shared with another session; what is shared are published runs, which never change.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeVar

import panel as pn

from engine.decisions.store import Decisions, Progress
from engine.errors import DarkshelfError
from engine.runs.registry import Run
from panel_app.background import beside
from panel_app.browser import Browser
from panel_app.changes import Changes
from panel_app.markup import Html
from panel_app.rooms import Place, Room, Rooms
from panel_app.state import View, address, parse
from panel_app.stores.runs import Opened, Runs

Store = TypeVar("Store", bound=Runs)
Kind = TypeVar("Kind", bound=Opened)
Own = TypeVar("Own")
Done = TypeVar("Done")
WORKERS = ThreadPoolExecutor(1, "darkshelf-background")
"""What takes long is done here, one after the other: the database has one writer anyway."""


class Session:
    """What the pages are given.

    view: what is looked at. place: its page and the room of that, None where there is no such page. opened: the
    published run that is looked at, the same until the reader asks for another; None where there is none, and on
    pages that need none. changes: shared by every session of a server. user: who is logged in, empty without a login.
    is_over: asks whether the login has ended since. width: of the window in pixels, 0 until it is known.
    kept: texts that the window keeps over a reload, see `keep`.
    """

    def __init__(
        self,
        rooms: Rooms,
        decisions: Decisions,
        query: str,
        *,
        user: str = "",
        may_decide: bool = True,
        is_over: Callable[[], bool] = lambda: False,
        changes: Changes | None = None,
    ) -> None:
        self.rooms = rooms
        self.decisions = decisions
        self.changes = changes or Changes(decisions)
        self._notified_of = self.changes.number
        self.settings = rooms.settings
        self.user = user
        self._may_decide = may_decide
        self.is_over = is_over
        self.view = parse(query)
        self.place: Place | None = None
        self.opened: Opened | None = None
        self.trouble = ""
        self._runs: dict[Runs, tuple[str | None, Opened]] = {}
        self._views: dict[str, View] = {}
        self._own: dict[type[Any], Any] = {}
        self.width = 0
        self.kept: dict[str, str] = {}
        self._waiting: list[Callable[[], None]] = []
        self.browser = Browser(moved=self._moved, arrived=self._arrived)
        self._followers: list[Callable[[View], bool]] = []
        self._showing_decisions: list[Callable[[], None]] = []
        self._show: Callable[[], None] = lambda: None
        self.title = "darkshelf"
        self.find_run()

    @property
    def may_decide(self) -> bool:
        """Whether this user's decisions are taken, now: a login that ended takes the right with it."""
        return self._may_decide and not self.is_over()

    @property
    def run(self) -> Run:
        """The published run that is looked at, on a page that needs one."""
        return self.shown(Opened).run

    def shown(self, kind: type[Kind]) -> Kind:
        """The run that is looked at, as the store of the page opens it."""
        assert isinstance(self.opened, kind)
        return self.opened

    def store(self, kind: type[Store]) -> Store:
        """The store of the page, which is shared with every session."""
        assert self.place is not None
        found = self.place.room.store(self.place.page)
        assert isinstance(found, kind)
        return found

    def own(self, kind: type[Own]) -> Own:
        """What pages keep for this one reader, by its class; it is made when first asked for."""
        if kind not in self._own:
            self._own[kind] = kind()
        found: Own = self._own[kind]
        return found

    def find_run(self) -> None:
        """Find the page of the view and open its run; `trouble` says why there is none."""
        view, self.opened, self.trouble = self.view, None, ""
        self.place = self.rooms.place(view.page)
        if self.place is None or not self.place.page.needs_run:
            return
        store = self.store(Runs)
        asked, opened = self._runs.get(store, (None, None))
        if opened is None or asked != view.run:
            try:
                opened = store.open(view.run)
            except DarkshelfError as error:
                self.trouble = str(error)
                return
            self._runs[store] = (view.run, opened)
        self.opened = opened

    def latest_id(self) -> str | None:
        """The newest run that the page could show; None before the first, and on a page that needs none."""
        if self.opened is None:
            self.place = self.rooms.place(self.view.page)
        if self.place is None or not self.place.page.needs_run:
            return None
        return self.store(Runs).latest_id()

    def view_in(self, room: Room) -> View:
        """What the reader looked at last in a room, the newest run before they were there."""
        here = self.place is not None and self.place.room is room
        return self.view if here else self._views.get(room.desk, View())

    def on_show(self, show: Callable[[], None]) -> None:
        """Who draws a page anew when the session moves to another."""
        self._show = show

    def follow(self, follower: Callable[[View], bool]) -> None:
        """Let a page take a change of the view itself: the follower says whether it did. It ends with the page."""
        self._followers.append(follower)

    def on_decided(self, draw: Callable[[], None]) -> None:
        """Let a page show what others decided; it ends with the page."""
        self._showing_decisions.append(draw)

    def look_for_decisions(self) -> None:
        """Have the page show what was decided since it was asked last."""
        if self.changes.number != self._notified_of:
            self._notified_of = self.changes.number
            for draw in list(self._showing_decisions):
                draw()

    def in_background(
        self, work: Callable[[Progress], Done], report: Callable[[int, int], None], done: Callable[[Done], None]
    ) -> None:
        """Do something long beside the event loop, and tell the page how far it is and what became of it.

        work: called in another thread, it may touch nothing of the page.
        """
        beside(WORKERS, lambda tell: work(lambda count, of: tell(lambda: report(count, of))), done)

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

    def _arrived(self, width: int, kept: Mapping[str, str]) -> None:
        """The page is on a screen so many pixels wide: what waited for that is drawn."""
        self.width, self.kept = width, {**kept, **self.kept}
        # What is changed before Panel takes the page for loaded never reaches the browser.
        pn.state.onload(self._draw_waiting)

    def _draw_waiting(self) -> None:
        self.browser.retitle(self.title)
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

    def keep(self, key: str, text: str) -> None:
        """Keep a text for this window, over a reload too."""
        self.kept[key] = text
        self.browser.keep(key, text)

    def point_at(self, case: str) -> None:
        """Look at one subject of a list; the address says so, and the way back does not grow."""
        self.view = replace(self.view, case=case)
        self.browser.replace(address(self.view))

    def show_newest(self) -> None:
        """Move to the newest run. What was looked at in the old one may not be there, so that its page is left."""
        assert self.place is not None
        self._runs.pop(self.store(Runs), None)
        self.view = replace(self.view, page=self.place.page.under or self.view.page, run=None, case=None, at=1)
        self.find_run()
        self.redraw()
        self.browser.push(address(self.view), self.title)

    def _moved(self, query: str) -> None:
        self._look_at(parse(query))
        self.browser.retitle(self.title)

    def _look_at(self, view: View) -> None:
        before, self.view = self.view, view
        if self.place is not None:
            self._views[self.place.room.desk] = before
        same_page = view.page == before.page and view.run == before.run
        if not same_page:
            self.find_run()
        if same_page and any(follower(view) for follower in list(self._followers)):
            return
        self.redraw()

    def redraw(self) -> None:
        """Draw the page of the view from the start."""
        self._followers.clear()
        self._showing_decisions.clear()
        self._show()
