"""What was proven in a browser is refused in a browser: frames of other pages, and pages whose login is over."""

from __future__ import annotations

from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

from tests.panel_app.people import PASSWORDS, Reader
from tests.panel_app.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.panel_app.conftest import Published, Window

CASE = "?page=case&case=2_12_2025-06-19"


@contextmanager
def framing(shown: str) -> Iterator[str]:
    """A page of somebody else, under another name, that shows an address in a frame."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f'<link rel="icon" href="data:,"><h1>Win</h1><iframe src="{shown}" width=900 height=700></iframe>'
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def framed(chromium: Any, address: str) -> Any:
    """The frame of a page, when it has loaded what it may."""
    page = chromium.new_context().new_page()
    page.goto(address)
    page.wait_for_load_state("networkidle")
    return page.frames[1]


def log_in(reader: Window, name: str) -> None:
    reader.page.goto(reader.home)
    reader.page.locator("input[name=username]").fill(name)
    reader.page.locator("input[name=password]").fill(PASSWORDS[name])
    reader.page.locator("input[name=password]").press("Enter")
    reader.page.wait_for_selector("html[data-ready]")


def test_no_page_of_somebody_else_frames_the_dashboard(chromium: Any, served: str) -> None:
    with framing(f"{served}{CASE}") as elsewhere:
        frame = framed(chromium, elsewhere)
        assert frame.url.startswith("chrome-error://")
        assert frame.locator("#accept").count() == 0
        frame.page.context.close()


def test_a_page_that_was_allowed_frames_it(chromium: Any, published: Published) -> None:
    """The counter-test: the frame is refused for whose it is, and for nothing else."""
    with serving(published.out, "--set", "frame_origins=http://localhost:*") as address, framing(address) as portal:
        frame = framed(chromium, portal)
        frame.wait_for_selector("html[data-ready]")
        assert "8 shelves are stocked" in frame.locator("h1").first.inner_text()
        frame.page.context.close()


def test_an_open_page_loses_its_rights_when_its_reader_logs_out(window: Callable[..., Window], guarded: str) -> None:
    ann = window(1440, home=guarded, alone=True)
    log_in(ann, "ann")
    ann.open(CASE).page.locator("#accept").wait_for()
    before = Reader(guarded).decisions()
    other = ann.page.context.new_page()
    other.goto(guarded)
    other.get_by_role("button", name="Log out").first.click()
    other.get_by_role("heading", name="Logged out").wait_for()
    ann.page.locator("#waiting-trouble", has_text="logged out").wait_for()
    ann.page.locator("#accept").click()
    ann.page.wait_for_timeout(500)
    assert Reader(guarded).decisions() == before
    ann.page.reload()
    ann.page.locator("input[name=password]").wait_for()
    assert all("not connected" in text or "WebSocket" in text for text in ann.complaints), ann.complaints
    ann.complaints.clear()


def test_a_reader_of_a_dashboard_without_any_user_just_opens_it(window: Callable[..., Window], served: str) -> None:
    reader = window(1440).open()
    assert "8 shelves are stocked" in reader.text("h1")
    assert reader.page.locator(".who").count() == 0
    assert reader.page.get_by_role("button", name="Log out").count() == 0


def test_a_login_by_the_browser_leads_to_where_it_was_going(window: Callable[..., Window], guarded: str) -> None:
    eve = window(1440, home=guarded, alone=True)
    eve.page.goto(f"{guarded}?page=cases&region=North")
    eve.page.locator("input[name=username]").fill("eve")
    eve.page.locator("input[name=password]").fill(PASSWORDS["eve"])
    eve.page.get_by_role("button", name="Log in").click()
    eve.page.wait_for_selector("html[data-ready]")
    assert eve.query == "?page=cases&region=North"
    (cookie,) = (each for each in eve.page.context.cookies() if each["name"] == "darkshelf_login")
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
