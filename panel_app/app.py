"""The shell: the frame around the pages, one session for each open page, and the server.

A page reaches the screen twice: at once as plain HTML inside the document, and then alive, when the browser has
loaded the components. What the reader needs in the first second therefore never waits for a script.
"""

from collections.abc import Collection, Iterator, Mapping
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
from panel_app.decided import Decided
from panel_app.door.door import LOADED_BY
from panel_app.door.logins import Logins
from panel_app.markup import CSS, HERE, Html, render
from panel_app.pages import PAGES
from panel_app.pages.page import Page
from panel_app.session import Session
from panel_app.settings import DashboardSettings
from panel_app.state import View, address
from panel_app.stores.shelf import Nights
from panel_app.waiting import CSS as WAITING_CSS
from panel_app.waiting import Waiting

NO_BUSY_BAR = {"& .MuiLinearProgress-root": {"display": "none"}}
"""It follows every reader's work; ours is `Waiting`. Set to None it would still be drawn: the browser is not told."""
BAR = {"MuiAppBar": {"styleOverrides": {"root": {"backgroundColor": "#1f4e5f", "color": "#ffffff", **NO_BUSY_BAR}}}}
THEME = {
    "light": {
        "components": BAR,
        "palette": {"primary": {"main": "#1f4e5f"}, "background": {"default": "#f5f7f8", "paper": "#ffffff"}},
        "shape": {"borderRadius": 8},
        "typography": {"fontFamily": "Roboto, 'Noto Sans', system-ui, sans-serif"},
    },
    "dark": {
        "components": BAR,
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
THEME_COOKIE = "darkshelf_theme"
BY_KEY: Mapping[str, Page] = {page.key: page for page in PAGES}


class Dashboard:
    """The application over one output folder, shared by every session.

    deciders: who may decide; None for everybody. logins: None where nobody logs in. sessions, opened: pages in
    browsers now, and since the start.
    """

    def __init__(
        self,
        out: Path,
        settings: DashboardSettings,
        decisions: Decisions,
        *,
        deciders: Collection[str] | None = None,
        growth: Path | None = None,
        logins: Logins | None = None,
    ) -> None:
        self.settings = settings
        self.logins = logins
        self.nights = Nights(out, settings, growth)
        self.decided = Decided(decisions)
        self.deciders = None if deciders is None else frozenset(deciders)
        self.sessions = 0
        self.opened = 0

    def _closed(self, _: object) -> None:
        self.sessions -= 1

    def page(self) -> pn.viewable.Viewable:
        """The page of a new session, as its address asks."""
        location = pn.state.location
        login = self.logins.known(pn.state.cookies[LOADED_BY]) if self.logins else None
        user = login.user if login else ""
        session = Session(
            self.nights,
            self.decided,
            location.search if location else "",
            user=user,
            may_decide=self.deciders is None or user in self.deciders,
            is_over=partial(self.logins.is_over, login) if self.logins and login else lambda: False,
        )
        self.sessions += 1
        self.opened += 1
        pn.state.on_session_destroyed(self._closed)
        return Shell(session).page


class Shell:
    """The frame of one session: bar, menu, news of a newer night, and the page itself."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.menu = session.html("", label="menu")
        self.news = session.html("", label="news", pressed=lambda do, value: self._show_newest())
        self.content = pn.Column(sizing_mode="stretch_width", css_classes=["content"])
        dark = pn.state.cookies.get(THEME_COOKIE) == "dark"
        self.told_of = session.night.run_id if session.night else None
        session.on_show(self.draw)
        self.draw()
        with _following_nobody():
            self.page = Frame(
                title="darkshelf",
                site_url="?",
                dark_theme=dark,
                theme_config=THEME,
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
        pn.state.onload(self._watch_for_nights)

    def draw(self) -> None:
        """Build the page of the session's view anew."""
        session, view = self.session, self.session.view
        page = BY_KEY.get(view.page)
        self.menu.html = str(self._menu(view))
        session.title = f"{page.title if page else 'Not found'} · darkshelf"
        self.content[:] = [self._build(page)]

    def _build(self, page: Page | None) -> pn.viewable.Viewable:
        session = self.session
        if page is None:
            return self._trouble("There is no such page", [], address(View()), "To the summary")
        if session.night is None and page.needs_night:
            newest = address(replace(session.view, run=None)) if session.view.run else None
            return self._trouble("No night to show", session.trouble.splitlines(), newest, "Show the newest night")
        try:
            return page.build(session)
        except DarkshelfError as error:
            return self._trouble("This cannot be shown", str(error).splitlines(), address(View()), "To the summary")

    def _trouble(self, title: str, lines: list[str], href: str | None, link: str) -> Html:
        return self.session.html(render("trouble.html", title=title, lines=lines, href=href, link=link))

    def _menu(self, view: View) -> Markup:
        items = [(page, address(view.to(page.key, case=None))) for page in PAGES if page.in_menu]
        session = self.session
        return render(
            "menu.html",
            items=items,
            current="cases" if view.page == "case" else view.page,
            night=session.night,
            fixed=view.run is not None,
            newest=address(replace(view, run=None)),
            user=session.user,
            may_decide=session.may_decide,
            skipped=session.nights.skipped(),
        )

    def _describe_first_paint(self, *, dark: bool) -> None:
        """What the document shows before any script ran: the HTML pieces of the page, charts and forms left out."""
        pieces = [self.menu, *self.content.select(Html)]
        document = pn.state.curdoc
        if document is None:
            return
        document.template_variables.update(
            base=BASE_TEMPLATE,
            page_css=CSS,
            waiting_css=WAITING_CSS,
            waiting=render("waiting.html"),
            first_paint=Markup("").join(Markup(piece.html) for piece in pieces),
            first_theme="dark" if dark else "light",
            first_script=_first_script(),
            nonce=_nonce(document),
            locale=self.session.settings.locale,
            currency=self.session.settings.currency,
        )

    def _watch_for_nights(self) -> None:
        pn.state.add_periodic_callback(self._look_for_news, period=round(1000 * self.session.settings.poll_seconds))

    def _look_for_news(self) -> None:
        session = self.session
        latest = session.nights.latest_id()
        if latest is None or latest == self.told_of:
            return
        self.told_of = latest
        if session.night is None:
            session.find_night()
            session.redraw()
        elif latest != session.night.run_id:
            self.news.html = str(render("news.html", night=session.nights.night(latest).as_of))

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
    """What the document runs by itself, with the function of `markup.js` that writes numbers as the reader does."""
    assets = HERE / "assets"
    localise = (
        (assets / "markup.js").read_text(encoding="utf-8").partition("export ")[2].partition("\nfunction listen")[0]
    )
    return localise + (assets / "first.js").read_text(encoding="utf-8")
