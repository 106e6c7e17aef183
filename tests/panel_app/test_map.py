"""The map in a real browser: a click on a store, and tiles where the browser reaches them."""

from __future__ import annotations

import struct
import threading
import zlib
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.panel_app.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.panel_app.conftest import Published, Window

PLACES = """
() => {
  const models = window.Bokeh.documents.flatMap((document) => [...document._all_models.values()])
  const figures = models.filter((model) => model.type === 'Figure')
  const view = figures.map((figure) => window.Bokeh.index.find_one(figure)).find((view) => view?.frame)
  if (!view) return {}
  const box = view.canvas_view.el.getBoundingClientRect()
  const points = models.find((model) => model.type === 'ColumnDataSource' && model.data.store && model.data.marker)
  const {x, y, store} = points.data
  return Object.fromEntries([...store].map((name, n) => [name, [
    box.left + view.frame.x_scale.compute(x[n]), box.top + view.frame.y_scale.compute(y[n])]]))
}
"""
"""Where every store stands in the window, in pixels, by its name."""
TILES = "() => window.Bokeh.documents.some((d) => [...d._all_models.values()].some((m) => m.type === 'TileRenderer'))"


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


BLUE_PIXEL = (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    + chunk(b"IDAT", zlib.compress(b"\x00\x60\x90\xc0"))
    + chunk(b"IEND", b"")
)


@contextmanager
def tile_server() -> Iterator[tuple[str, list[str]]]:
    """The address of tiles on this machine, and what was asked of it."""
    asked: list[str] = []

    class Tiles(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.send_header("Content-Length", str(len(BLUE_PIXEL)))
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()
            self.wfile.write(BLUE_PIXEL)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Tiles)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/{{z}}/{{x}}/{{y}}.png", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def places(reader: Window) -> dict[str, Any]:
    """Where every store is on the map, once it stands still."""
    reader.page.locator("canvas").first.wait_for()
    before: dict[str, Any] = {}
    for _ in range(50):
        reader.page.wait_for_timeout(100)
        now: dict[str, Any] = reader.page.evaluate(PLACES)
        if now and now == before:
            return now
        before = now
    pytest.fail("the map does not come to rest")


@pytest.mark.parametrize("width", [1440, 390])
def test_a_click_on_a_store_leads_to_its_cases(window: Callable[..., Window], width: int) -> None:
    reader = window(width).move("?page=map")
    reader.page.mouse.click(*places(reader)["Plain"])
    reader.wait_for_query("store=6")
    reader.page.locator(".found:has-text('1 case')").wait_for()
    reader.page.go_back()
    reader.page.mouse.click(*places(reader)["北京王府井店"])
    reader.wait_for_query("store=2")


def test_a_click_beside_the_stores_leads_nowhere(window: Callable[..., Window]) -> None:
    reader = window(1440).move("?page=map")
    x, y = places(reader)["Plain"]
    reader.page.mouse.click(x + 40, y + 20)
    reader.page.wait_for_timeout(500)
    assert reader.query == "?page=map"


def test_tiles_are_drawn_where_they_are_reached_and_the_store_is_clicked_on_them(
    window: Callable[..., Window], published: Published
) -> None:
    with tile_server() as (tiles, asked), serving(published.out, "--set", f"shelf.map_tiles={tiles}") as home:
        reader = window(1440, home=home).open("?page=map")
        reader.page.wait_for_function(TILES)
        spot = places(reader)["Plain"]
        assert asked[0] == "/0/0/0.png"
        assert len(asked) > 1
        reader.page.mouse.click(*spot)
        reader.wait_for_query("store=6")
        reader.page.close()


def test_outlines_are_drawn_where_tiles_are_not_reached(window: Callable[..., Window], published: Published) -> None:
    with serving(published.out, "--set", "shelf.map_tiles=http://127.0.0.1:9/{z}/{x}/{y}.png") as home:
        reader = window(1440, home=home).open("?page=map")
        spot = places(reader)["Plain"]
        assert reader.page.evaluate(TILES) is False
        reader.page.mouse.click(*spot)
        reader.wait_for_query("store=6")
        reader.page.close()
        assert all("net::ERR" in complaint for complaint in reader.complaints)
        reader.complaints.clear()
