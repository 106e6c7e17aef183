"""The shell: the frame around the pages, one session for each open page, and the server.

A page reaches the screen twice: at once as plain HTML inside the document, and then alive, when the browser has
loaded the components. What the reader needs in the first second therefore never waits for a script.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import panel as pn
from jinja2 import Template
from markupsafe import Markup
from panel_material_ui.base import BASE_TEMPLATE
from panel_material_ui.template.base import Page as Frame
from panel_material_ui.template.base import parse_template

from engine.decisions.store import Decisions
from engine.errors import DarkshelfError
from panel_app import language
from panel_app.changes import Changes
from panel_app.door.door import LOADED_BY
from panel_app.door.logins import Logins
from panel_app.language import say
from panel_app.markup import HERE, LOCALISE, Html, render
from panel_app.pages.page import Page
from panel_app.rooms import Around, Room, Rooms
from panel_app.search import typed
from panel_app.session import Session
from panel_app.settings import DashboardSettings
from panel_app.state import View, address, parse
from panel_app.stores.runs import Runs
from panel_app.waiting import CSS as WAITING_CSS
from panel_app.waiting import Waiting

NO_BUSY_BAR = {"& .MuiLinearProgress-root": {"display": "none"}}
"""It follows every reader's work; ours is `Waiting`. Set to None it would still be drawn: the browser is not told."""
NO_HEADING = {"variantMapping": {"h5": "div"}}
"""The frame keeps room below its bar with an empty line in this form, which would be a heading of nothing."""
PARTS = {
    "MuiAppBar": {"styleOverrides": {"root": {"backgroundColor": "#1f4e5f", "color": "#ffffff", **NO_BUSY_BAR}}},
    "MuiTypography": {"defaultProps": NO_HEADING},
}
THEME = {
    "light": {
        "components": PARTS,
        "palette": {"primary": {"main": "#1f4e5f"}, "background": {"default": "#f5f7f8", "paper": "#ffffff"}},
        "shape": {"borderRadius": 8},
        "typography": {"fontFamily": "Roboto, 'Noto Sans', system-ui, sans-serif"},
    },
    "dark": {
        "components": PARTS,
        "palette": {
            "primary": {"main": "#8fc7d8"},
            "error": {"main": "#ff8a80"},
            "background": {"default": "#12181b", "paper": "#1b2327"},
        },
        "shape": {"borderRadius": 8},
        "typography": {"fontFamily": "Roboto, 'Noto Sans', system-ui, sans-serif"},
    },
}
FRAME = {
    # Panel holds every part to the height of its parent, which here is the window: what is longer would overlap.
    "max-height": "none",
    "width": "100%",
    "min-width": "0",
    "padding": "0 clamp(12px, 2vw, 28px)",
    "max-width": "1560px",
    "margin": "0 auto",
    "box-sizing": "border-box",
}
PRINTED = """
@media print {
  header, .MuiAppBar-root { display: none !important; }
  .page, .main, .main-content, .MuiBox-root, :host {
    display: block !important;
    height: auto !important;
    max-height: none !important;
    overflow: visible !important;
  }
}
"""
"""On the screen the page scrolls inside the window; on paper there is nothing to scroll."""
THEME_COOKIE = "darkshelf_theme"


class Dashboard:
    """The application over one output folder, shared by every session.

    further: more folders with runs, by the name of their desk. deciders: who may decide; None for everybody. logins:
    None where nobody logs in. sessions, opened: pages in browsers now, and since the start.
    """

    def __init__(
        self,
        out: Path,
        settings: DashboardSettings,
        decisions: Decisions,
        *,
        deciders: Collection[str] | None = None,
        further: Mapping[str, Sequence[Path]] | None = None,
        logins: Logins | None = None,
    ) -> None:
        self.settings = settings
        self.logins = logins
        self.rooms = Rooms(out, settings, further)
        self.decisions = decisions
        self.changes = Changes(decisions, self.rooms.newest_ids)
        for room in self.rooms.rooms:
            for page in room.pages:
                if page.prepare is not None:
                    self.changes.before_telling(partial(page.prepare, room.store(page), decisions))
        self.deciders = None if deciders is None else frozenset(deciders)
        self.sessions = 0
        self.opened = 0

    def _closed(self, _: object) -> None:
        self.sessions -= 1

    def page(self) -> pn.viewable.Viewable:
        """The page of a new session, as its address asks."""
        location = pn.state.location
        query = location.search if location else ""
        remembered = pn.state.cookies.get(language.COOKIE, "")
        language.speak(language.chosen(parse(query).text("lang"), remembered, self.settings.language))
        login = self.logins.known(pn.state.cookies[LOADED_BY]) if self.logins else None
        user = login.user if login else ""
        session = Session(
            self.rooms,
            self.decisions,
            query,
            user=user,
            may_decide=self.deciders is None or user in self.deciders,
            is_over=partial(self.logins.is_over, login) if self.logins and login else lambda: False,
            changes=self.changes,
        )
        self.sessions += 1
        self.opened += 1
        pn.state.on_session_destroyed(self._closed)
        return Shell(session).page


class Shell:
    """The frame of one session: bar, menu, news of a newer run, and the page itself."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.menu = session.html("", label="menu", sent=self._search)
        self.news = session.html("", label="news", pressed=lambda do, value: self._show_newest())
        self.content = pn.Column(sizing_mode="stretch_width", css_classes=["content"])
        dark = pn.state.cookies.get(THEME_COOKIE) == "dark"
        self.room: Room | None = None
        self.notified_of: str | None = None
        session.on_show(self.draw)
        self.draw()
        with _following_nobody():
            self.page = Frame(
                title="darkshelf",
                site_url="?",
                dark_theme=dark,
                theme_config=THEME,
                stylesheets=[PRINTED],
                template=_template(),
                main=[
                    pn.Column(
                        self.menu,
                        self.news,
                        self.content,
                        session.browser,
                        Waiting(),
                        sizing_mode="stretch_width",
                        styles=FRAME,
                    )
                ],
            )
        self.page.param.watch(self._keep_theme, "dark_theme")
        self._describe_first_paint(dark=dark)
        pn.state.onload(self._watch_for_runs)

    def draw(self) -> None:
        """Build the page of the session's view anew."""
        session = self.session
        place, around = session.place, session.rooms.look_around()
        self._enter(place.room if place else None)
        self.menu.html = str(self._menu(around))
        session.title = f"{say(place.page.title if place else 'Not found')} · darkshelf"
        self.content[:] = [self._build(place.page if place else None)]

    def _enter(self, room: Room | None) -> None:
        """News are of the runs of one desk: in another room they begin anew."""
        if room is not self.room:
            self.room, self.news.html = room, ""
            self.notified_of = self.session.opened.run_id if self.session.opened else None

    def _build(self, page: Page | None) -> pn.viewable.Viewable:
        session = self.session
        if page is None:
            return self._trouble(say("There is no such page"), [], *self._to_home())
        if session.opened is None and page.needs_run:
            noun = session.store(Runs).noun
            newest = address(replace(session.view, run=None)) if session.view.run else None
            return self._trouble(
                say("No {1} to show", say(noun)),
                session.trouble.splitlines(),
                newest,
                say("Show the newest {1}", say(noun)),
            )
        try:
            return page.build(session)
        except DarkshelfError as error:
            return self._trouble(say("This cannot be shown"), str(error).splitlines(), *self._to_home())

    def _to_home(self) -> tuple[str, str]:
        """The address of the first page, and the words of a link to it."""
        return address(View()), say("To the first page")

    def _trouble(self, title: str, lines: list[str], href: str | None, link: str) -> Html:
        return self.session.html(render("trouble.html", title=title, lines=lines, href=href, link=link))

    def _menu(self, around: Around) -> Markup:
        session, place = self.session, self.session.place
        home = around.rooms[0].pages[0]
        entered = place.room if place and place.room in around.rooms else around.rooms[0]
        desks, pages = [], []
        for room in around.rooms:
            view = session.view_in(room)
            links = [
                (page, address(view.to("" if page is home else page.key, keep=page.shared)))
                for page in room.pages
                if page.in_menu
            ]
            desks.append((room, links[0][1], len(links)))
            if room is entered:
                pages = links
        return render(
            "menu.html",
            desks=desks,
            entered=entered,
            searches=place is not None and not place.page.searched and entered.index is not None,
            pages=pages,
            current=place.page.under or place.page.key if place else "",
            noun=session.store(Runs).noun if place else "",
            opened=session.opened,
            fixed=session.view.run is not None,
            newest=address(replace(session.view, run=None)),
            user=session.user,
            may_decide=session.may_decide,
            skipped=around.skipped,
            languages=[(key, name, self._spoken_in(key)) for key, name in language.others()],
        )

    def _search(self, do: str, fields: Mapping[str, str]) -> None:
        """Look for the words of the menu's search in the list of the desk that is read."""
        session, place = self.session, self.session.place
        if place is not None and (index := place.room.index) is not None:
            there = session.view.to(index.key, keep=index.shared)
            session.go(there.with_texts({index.searched: typed(fields)}, keep=index.shared))

    def _spoken_in(self, key: str) -> str:
        """The address of the same view in another language."""
        view = self.session.view
        return address(view.with_texts({"lang": key}, keep=view.more, at=view.at))

    def _describe_first_paint(self, *, dark: bool) -> None:
        """What the document shows before any script ran: the HTML pieces of the page, charts and forms left out."""
        pieces = [self.menu, *self.content.select(Html)]
        document = pn.state.curdoc
        if document is None:
            return
        document.title = self.session.title
        document.template_variables.update(
            base=BASE_TEMPLATE,
            page_css=self.session.rooms.css,
            waiting_css=WAITING_CSS,
            waiting=render("waiting.html"),
            first_paint=Markup("").join(Markup(piece.html) for piece in pieces),
            first_theme="dark" if dark else "light",
            first_script=_first_script(),
            nonce=_nonce(document),
            locale=language.locale(self.session.settings.locale),
            language=language.spoken(),
            language_cookie=language.COOKIE,
        )

    def _watch_for_runs(self) -> None:
        session = self.session
        pn.state.add_periodic_callback(self._look_for_news, period=round(1000 * session.settings.poll_seconds))
        period = round(1000 * session.settings.decisions_poll_seconds)
        pn.state.add_periodic_callback(session.look_for_decisions, period=period)

    def _look_for_news(self) -> None:
        session = self.session
        latest = session.latest_id()
        if latest is None or latest == self.notified_of:
            return
        self.notified_of = latest
        if session.opened is None:
            session.find_run()
            session.redraw()
        elif latest != session.opened.run_id:
            store = session.store(Runs)
            self.news.html = str(render("news.html", noun=store.noun, as_of=store.open(latest).as_of))

    def _show_newest(self) -> None:
        self.news.html = ""
        self.session.show_newest()

    def _keep_theme(self, event: Any) -> None:
        self.session.browser.remember_theme("dark" if event.new else "light")


@contextmanager
def _following_nobody() -> Iterator[None]:
    """Let the frame that is made here not follow the busy state of the whole server.

    Each change of that, by whatever any reader does, would walk through every reader's page; and being followed it
    would keep the pages of readers who left.
    """

    def followers() -> list[Any]:
        return list(pn.state.param.watchers.get("busy", {}).get("value", []))

    before = followers()
    yield
    for follower in followers():
        if follower not in before:
            pn.state.param.unwatch(follower)


def _nonce(document: Any) -> str:
    """What the scripts of the document carry so that they run; empty where a websocket made the page anew."""
    context = document.session_context
    return str(getattr(context.request, "nonce", "")) if context and context.request else ""


@cache
def _template() -> Template:
    made: Template = parse_template(str(HERE / "templates" / "index.html"))
    return made


@cache
def _first_script() -> str:
    """What the document runs by itself, with the functions of `markup.js` that write numbers as the reader does."""
    return LOCALISE + (HERE / "assets" / "first.js").read_text(encoding="utf-8")
