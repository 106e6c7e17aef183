"""Screens: pages of a desk at addresses of their own, for a bad line: plain HTML and forms, without the components.

In: requests. Out: what a desk's own handler answers to a reader whom the door knows. A request that writes has to
come from a page of this server.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tornado.web import RequestHandler

from engine.decisions.store import Decisions
from engine.outputs.desks import entry
from panel_app import language
from panel_app.app import Dashboard
from panel_app.door.door import Door
from panel_app.rooms import Room

LOGGED_OUT = 401
REMEMBERED_DAYS = 365
"""For a language; the pages remember it as long."""


class Screen(RequestHandler):
    """What every screen has: the reader, what they may do, the room of its desk, and the decisions."""

    def initialize(self, dashboard: Dashboard, door: Door, room: Room) -> None:
        """Take what all screens share."""
        self.dashboard, self.door, self.room = dashboard, door, room
        self.user = ""

    @property
    def decisions(self) -> Decisions:
        """The decisions of the dashboard."""
        return self.dashboard.decisions

    @property
    def may_decide(self) -> bool:
        """Whether the reader may write."""
        deciders = self.dashboard.deciders
        return deciders is None or self.user in deciders

    def prepare(self) -> None:
        """Turn away who is not logged in: to the login who looks, with 401 who writes; speak as the others do."""
        if self.request.method == "POST":
            self.door.refuse_foreign_page(self)
        login = self.door.login_of(self)
        if self.door.logins is not None and login is None:
            if self.request.method == "POST":
                self.set_status(LOGGED_OUT)
                self.finish()
            else:
                self.redirect(f"{self.door.path}login?next={quote(self.request.uri or '', safe='')}")
            return
        self.user = login.user if login else ""
        self._speak()

    def _speak(self) -> None:
        """Answer in the language that is asked for, and have the browser remember it."""
        asked, remembered = self.get_query_argument("lang", ""), self.get_cookie(language.COOKIE, "") or ""
        language.speak(language.chosen(asked, remembered, self.dashboard.settings.language))
        if asked in language.NAMES:
            self.set_cookie(language.COOKIE, asked, expires_days=REMEMBERED_DAYS, samesite="lax")

    def set_default_headers(self) -> None:
        """Nothing is kept by whoever is in between."""
        self.set_header("Cache-Control", "no-store")

    @property
    def nonce(self) -> str:
        """What a script inside the page carries so that it runs."""
        return str(vars(self.request).get("nonce", ""))

    def facts(self) -> dict[str, Any]:
        """What the template of every screen is told."""
        return {
            "css": self.dashboard.rooms.css,
            "nonce": self.nonce,
            "locale": language.locale(self.dashboard.settings.locale),
            "language": language.spoken(),
            "languages": language.others(),
            "user": self.user,
            "may_decide": self.may_decide,
        }


@dataclass(frozen=True)
class ScreenAt:
    """A screen by its path below the dashboard, a pattern whose groups its handler takes."""

    path: str
    handler: type[Screen]


def screens(dashboard: Dashboard, door: Door) -> Iterator[tuple[str, type[Screen], dict[str, Any]]]:
    """The screens of every desk that has any, as Tornado takes handlers: path, class, and what it is given."""
    for room in dashboard.rooms.rooms:
        found: Sequence[ScreenAt] = entry(room.screens) if room.screens else ()
        for screen in found:
            yield f"/{screen.path}", screen.handler, {"dashboard": dashboard, "door": door, "room": room}
