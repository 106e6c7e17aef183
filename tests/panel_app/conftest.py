"""Nights with hard names, one server over them, and one browser that tolerates no error and no foreign address."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from engine.decisions.store import Decisions, open_decisions
from engine.runs.registry import Registry
from panel_app.pages.shelf.decided import Decided
from panel_app.rooms import Rooms
from panel_app.settings import load_settings
from panel_app.stores.shelf import Night, Nights
from tests.panel_app import nights as planted
from tests.panel_app.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BROWSERS = ("chromium-headless-shell", "chromium")
"""The first that is there is taken: without the windows and menus of a desktop a page takes half the work."""
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--js-flags=--no-opt")
"""Pages are gone before the best machine code for their scripts has paid."""
READY = "html[data-ready]"
WAIT_MS = 60_000
LEFT_WITHIN_MS = 5_000
NOWHERE = "?page=nowhere"
"""An address of every dashboard, of a page that hardly shows a thing."""
PIECES = """
const pieces = (root) => [...root.querySelectorAll('*')].flatMap(
  (el) => [...(el.matches('.piece') ? [el] : []), ...(el.shadowRoot ? pieces(el.shadowRoot) : [])])
const content = (root) => [...root.querySelectorAll('*')].map(
  (el) => el.matches('.content') ? el : el.shadowRoot && content(el.shadowRoot)).find(Boolean)
const painted = () => { const found = content(document); return found ? pieces(found.shadowRoot ?? found) : [] }
"""
MOVE = f"""(query) => {{ {PIECES}
  painted().forEach((piece) => piece.dataset.left = '1')
  window.history.pushState({{}}, '', window.location.pathname + query)
  window.dispatchEvent(new PopStateEvent('popstate'))
}}"""
MOVED = f"() => {{ {PIECES} return painted().length && painted().every((piece) => !piece.dataset.left) }}"
"""What was painted before a move is marked: the view that was asked for is there when nothing marked is left."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser is slow, whatever it is asked: what needs one carries the mark by itself."""
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


@dataclass(frozen=True)
class Published:
    """An output folder and its nights, by what they are for."""

    out: Path
    main: str
    before: str
    empty: str
    bare: str


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """A night with eight cases, the one before it, one without a case, and one of a store without names or place."""
    folder = tmp_path_factory.mktemp("nights")
    out, day = folder / "out", planted.AS_OF
    empty = planted.publish(folder / "a", out, planted.tables(day - timedelta(40), dark=False))
    bare = planted.publish(folder / "b", out, planted.bare_tables(day - timedelta(30)))
    before = planted.publish(folder / "c", out, planted.tables(), day - timedelta(2))
    return Published(out, planted.publish(folder / "c", out, planted.tables()), before, empty, bare)


@pytest.fixture(scope="session")
def nights(published: Published) -> Nights:
    """The nights as the pages of the shelf desk read them."""
    return Nights("shelf", [published.out], load_settings())


@pytest.fixture(scope="session")
def rooms(published: Published) -> Rooms:
    """The desks over the nights."""
    return Rooms(published.out, load_settings())


@pytest.fixture(scope="session")
def night(nights: Nights) -> Night:
    """The newest night."""
    return nights.night()


@pytest.fixture(scope="session")
def served(published: Published) -> Iterator[str]:
    """The dashboard over the nights, where nobody logs in."""
    with serving(published.out) as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser. Skips where there is none; CI must have one."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"none of {', '.join(BROWSERS)} is there")
        pytest.skip("there is no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


@dataclass
class Window:
    """One window of one reader, and everything it complained about."""

    page: Any
    home: str
    complaints: list[str] = field(default_factory=list)

    def listen(self, leave: Callable[[], None]) -> Callable[[], None]:
        """Hear of everything from now on; what is handed back hears of nothing more, and leaves the page."""
        listeners = {
            "console": self._console,
            "pageerror": self._error,
            "dialog": self.refuse,
            "request": self._asked,
        }
        for event, listener in listeners.items():
            self.page.on(event, listener)

        def left() -> None:
            for event, listener in listeners.items():
                self.page.remove_listener(event, listener)
            leave()

        return left

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def _error(self, error: Any) -> None:
        self.complaints.append(str(error))

    def _asked(self, request: Any) -> None:
        if _is_foreign(request.url):
            self.complaints.append(f"asked {request.url}")

    def refuse(self, dialog: Any) -> None:
        """A dialogue comes from a text that ran as a script."""
        self.complaints.append(f"a text of the data ran: {dialog.message}")
        dialog.dismiss()

    def open(self, query: str = "") -> Window:
        """Load an address from the start."""
        self.page.goto(self.home + query)
        self.page.wait_for_selector(READY)
        self.page.locator(".content .piece").first.wait_for()
        return self

    def go(self, link: str) -> Window:
        """Follow a link of the menu and wait until its page is there."""
        self.page.get_by_role("navigation", name="Pages").get_by_role("link", name=link, exact=True).click()
        self.page.locator(f'nav.menu a[aria-current]:text-is("{link}")').wait_for()
        return self

    def move(self, query: str = "") -> Window:
        """The page of an address, without loading a script again where it is another one than the reader is on.

        There it is drawn as on the way back. What changes on the same page may stay in its place: that is loaded, as
        is what a window shows first, unless its page is one that another test left on this dashboard.
        """
        if not is_on_dashboard(self.page, self.home) or page_of(query) == page_of(self.query):
            return self.open(query)
        self.page.evaluate(MOVE, query)
        self.page.wait_for_function(MOVED)
        return self

    @property
    def query(self) -> str:
        """The query of the address."""
        return str(self.page.evaluate("window.location.search"))

    def wait_for_query(self, part: str) -> None:
        """Wait until the address holds something."""
        self.page.wait_for_function("part => window.location.search.includes(part)", arg=part)

    def text(self, selector: str = ".piece") -> str:
        """What a reader sees in an element, shadow roots included."""
        return "\n".join(self.page.locator(selector).all_inner_texts())


def is_on_dashboard(page: Any, home: str) -> bool:
    """Whether a page of the browser shows a page of the dashboard at an address, ready to be used."""
    return page.url.partition("?")[0] == home and bool(page.evaluate("'ready' in document.documentElement.dataset"))


def page_of(query: str) -> str:
    """The key of the page that an address leads to; empty for the first one."""
    return "".join(parse_qs(query.removeprefix("?")).get("page", []))


def wait_for_count(found: Any, count: int) -> None:
    """Wait until a locator finds so many, no fewer and no more: what one click changes is painted piece by piece."""
    from playwright.sync_api import expect

    expect(found).to_have_count(count, timeout=WAIT_MS)


def wait_for_text(found: Any, text: str) -> None:
    """Wait until an element says this and nothing else."""
    from playwright.sync_api import expect

    expect(found).to_have_text(text, timeout=WAIT_MS)


@dataclass
class Profile:
    """A browser profile for several windows. A page that a test left is taken by the next one, see `Window.move`.

    The process of a page forgets the scripts it has read when the page is closed, or leads to another site.
    """

    context: Any
    left: list[Any] = field(default_factory=list)

    def page(self, home: str) -> Any:
        """A page on the dashboard at this address, where a test left one, else one that shows no dashboard."""
        page = next((page for page in self.left if page.url.startswith(home)), None)
        if page is not None:
            self.left.remove(page)
            return page
        if not self.left:
            return self.context.new_page()
        page = self.left.pop()
        page.goto(f"{home}health")
        return page

    def leave(self, page: Any, home: str) -> None:
        """Bring a page to where its dashboard shows nothing, with nothing kept for its window."""
        from playwright.sync_api import Error

        try:
            if is_on_dashboard(page, home):
                page.evaluate(MOVE, NOWHERE)
                page.wait_for_function(MOVED, timeout=LEFT_WITHIN_MS)
            else:
                page.goto(f"{home}health")
            page.evaluate("window.sessionStorage.clear()")
        except Error:
            # The test closed it, or its server is gone.
            page.close()
        else:
            self.left.append(page)


@dataclass
class Profiles:
    """A profile for all windows of the same options. common: those that every window of these has."""

    chromium: Any
    common: dict[str, Any]
    made: dict[str, Profile] = field(default_factory=dict)

    def of(self, **options: Any) -> Profile:
        """The profile of the windows with these options."""
        key = repr(sorted(options.items()))
        if key not in self.made:
            self.made[key] = Profile(self.chromium.new_context(**self.common, **options))
        return self.made[key]

    def close(self) -> None:
        """Forget everything."""
        for profile in self.made.values():
            profile.context.close()


@pytest.fixture(scope="session")
def shared(chromium: Any) -> Iterator[Profiles]:
    """The browser profiles of most windows, so that scripts are loaded once."""
    profiles = Profiles(chromium, {})
    yield profiles
    profiles.close()


@pytest.fixture(scope="session")
def dark(chromium: Any) -> Iterator[Profiles]:
    """Those of readers who chose the dark theme; a cookie knows no port."""
    chosen = {"name": "darkshelf_theme", "value": "dark", "domain": "127.0.0.1", "path": "/"}
    profiles = Profiles(chromium, {"storage_state": {"cookies": [chosen]}})
    yield profiles
    profiles.close()


@pytest.fixture
def window(chromium: Any, shared: Profiles, served: str) -> Iterator[Callable[..., Window]]:
    """Windows of the dashboard by their width, see `windows`."""
    yield from windows(chromium, served, shared)


def windows(chromium: Any, home: str, profiles: Profiles | None = None) -> Iterator[Callable[..., Window]]:
    """Make windows by their width. They must not complain, nor ask any other machine for anything.

    alone: in a profile of its own, which knows no cookies; always, where there are no others. Further words are
    options of the profile.
    """
    opened: list[tuple[Window, Callable[[], None]]] = []

    def make(
        width: int = 1440, height: int = 900, home: str = home, *, alone: bool = False, **options: Any
    ) -> Window:
        options = {"locale": "en-US", **options}
        if profiles is None or alone:
            page = chromium.new_context(**options).new_page()
            leave = page.context.close
        else:
            profile = profiles.of(**options)
            page = profile.page(home)
            leave = partial(profile.leave, page, home)
        page.context.set_default_timeout(WAIT_MS)
        page.set_viewport_size({"width": width, "height": height})
        made = Window(page, home)
        opened.append((made, made.listen(leave)))
        return made

    yield make
    for made, leave in opened:
        leave()
        assert made.complaints == []


def _is_foreign(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:", "about:"))


@pytest.fixture
def decisions(tmp_path: Path) -> Iterator[Decisions]:
    """A fresh database of decisions."""
    store = open_decisions(tmp_path)
    yield store
    store.close()


@pytest.fixture
def decided(decisions: Decisions) -> Decided:
    """The same as the pages of the shelf desk read it."""
    return Decided(decisions)


@pytest.fixture
def latest_again(published: Published) -> Iterator[Registry]:
    """The registry of the nights; the newest one is the newest again afterwards."""
    registry = Registry(published.out)
    yield registry
    registry.point_to(published.main)
