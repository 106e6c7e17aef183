"""A real browser before the dashboard: pages are watched for errors and for requests that leave the machine."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium")
READY = "document.documentElement.dataset.ready === '1'"
PATIENCE_SECONDS = 40
SCROLLED_BY_DESIGN = ("scroll", "gridbox", "wide", "hear", "chip")
OVERFLOWING = """
(allowed) => {
  const found = []
  const walk = (root) => {
    for (const el of root.querySelectorAll('*')) {
      if (el.shadowRoot) walk(el.shadowRoot)
      if (el.scrollWidth <= el.clientWidth + 1 || !el.clientWidth) continue
      if (allowed.some((name) => el.classList.contains(name)) || el.closest('nav, select, input, svg')) continue
      if (getComputedStyle(el).overflowX !== 'visible' || el === document.documentElement)
        found.push(`${el.tagName}.${el.className} ${el.scrollWidth} > ${el.clientWidth}`)
    }
  }
  walk(document)
  return found
}
"""
"""What is wider than the room it has, shadow roots included."""

Open = Callable[..., Any]


@contextmanager
def served(out: Path, growth: Path | None = None) -> Iterator[str]:
    """The address of a dashboard over an output folder, in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [
        sys.executable,
        "-m",
        "tests.panel_app.loop.serving",
        str(out),
        str(port),
        *([str(growth)] if growth else []),
    ]
    log = (out.parent / f"server-{port}.log").open("w+")
    server = subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT, cwd=Path(__file__).parents[3])
    try:
        url = f"http://127.0.0.1:{port}/"
        _wait_for(url, server, Path(log.name))
        yield url
    finally:
        server.terminate()
        server.wait(10)
        log.close()


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(url, timeout=PATIENCE_SECONDS).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"the dashboard did not start: {log.read_text()[-2000:]}")


@contextmanager
def watched(browser: Any, url: str) -> Iterator[Open]:
    """A function that opens an address of the dashboard; at its end no page may have had an error."""
    faults: list[str] = []
    contexts: list[Any] = []

    def open_page(query: str = "", *, width: int = 1440, theme: str = "light", height: int = 1000) -> Any:
        context = browser.new_context(viewport={"width": width, "height": height}, locale="en-US")
        context.add_cookies([{"name": "darkshelf_theme", "value": theme, "url": url}])
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda told: faults.append(f"console: {told.text}") if told.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(f"page: {error}"))
        page.on(
            "request", lambda request: faults.append(f"left: {request.url}") if _leaves(request.url, url) else None
        )
        page.set_default_timeout(1000 * PATIENCE_SECONDS / 2)
        page.goto(f"{url}{query}")
        page.wait_for_function(READY)
        return page

    try:
        yield open_page
    finally:
        for context in contexts:
            context.close()
    assert faults == []


def _leaves(requested: str, url: str) -> bool:
    return not requested.startswith((url, url.replace("http", "ws"), "data:", "blob:", "about:"))


def serious_faults(page: Any) -> list[str]:
    """What axe-core finds serious or critical on the page as it stands."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{fault['id']} ({fault['impact']}): {node['target']} {node['html'][:160]}"
        for fault in found
        if fault["impact"] in {"serious", "critical"}
        for node in fault["nodes"]
    ]


def overflowing(page: Any) -> list[str]:
    """What is wider than the room it has, other than tables that scroll in a box of their own."""
    return list(page.evaluate(OVERFLOWING, SCROLLED_BY_DESIGN))
