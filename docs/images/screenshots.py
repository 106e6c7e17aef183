"""Picture every page of the dashboard anew: `make pictures`, after `make demo`. Needs Chromium.

Out: `pages/NAME.png` beside this file, each at a desk's width, and `pages/NAME-phone.png` of what is used on a phone.
"""

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from PIL import Image
from playwright.sync_api import sync_playwright

HERE: Final = Path(__file__).parent / "pages"
DEMO: Final = Path("data/demo")
COMPANY: Final = Path("data/smoke")
CHROMIUM: Final = "/usr/bin/chromium"
FLAGS: Final = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
DESK: Final = {"width": 1280, "height": 1000}
PHONE: Final = {"width": 390, "height": 844}
COLOURS: Final = 96
"""Of a picture: enough for flat pages and their charts, at a third of the bytes."""
CHARTS_MS: Final = 4_000
"""Until the charts are painted, on a busy machine too."""


@dataclass(frozen=True)
class Shot:
    """A page by its address. phone: pictured on a phone, too. dark: in the dark theme."""

    name: str
    query: str
    phone: bool = False
    dark: bool = False


SHOTS: Final = (
    Shot("summary", "?page=summary", phone=True),
    Shot("summary-dark", "?page=summary&status=any", dark=True),
    Shot("value", "?page=value"),
    Shot("queue", "?page=queue", phone=True),
    Shot("map", "?page=map"),
    Shot("cases", "?page=cases", phone=True),
    Shot("case", "?page=case&case={case}", phone=True),
    Shot("findings", "?page=findings"),
    Shot("tasks", "?page=tasks"),
    Shot("task-sheet", "?page=tasks&store={store}"),
    Shot("answers", "?page=answers&store={store}", phone=True),
    Shot("accuracy", "?page=accuracy"),
    Shot("run", "?page=run"),
    Shot("growth", "?page=growth", phone=True),
    Shot("whitespace", "?page=whitespace"),
    Shot("whitespace-metrics", "?page=metrics"),
    Shot("whitespace-explain", "?page=explain"),
    Shot("whitespace-validation", "?page=validation"),
    Shot("whitespace-leakage", "?page=leakage"),
    Shot("whitespace-ablation", "?page=ablation"),
    Shot("whitespace-horizons", "?page=horizons"),
    Shot("whitespace-cards", "?page=cards"),
    Shot("whitespace-runs", "?page=runs"),
    Shot("nothing-found", "?page=cases&text=nothing-is-called-so"),
    Shot("no-such-page", "?page=elsewhere"),
)


@contextmanager
def dashboard() -> Iterator[str]:
    """The address of a dashboard over the demo and a small company, for as long as it takes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = shutil.which("darkshelf", path=str(Path(sys.executable).parent)) or "darkshelf"
    further = ("--further", f"growth={DEMO / 'growth'}", "--further", f"whitespace={COMPANY}")
    command = (program, "dashboard", "--out", str(DEMO), "--port", str(port), *further)
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2):
                    break
            except OSError:
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait(10)


def picture(browser: Any, home: str, shot: Shot, window: dict[str, int], file: Path) -> None:
    """One page as a PNG of few colours."""
    context = browser.new_context(locale="en-US", viewport=window)
    if shot.dark:
        context.add_cookies([{"name": "darkshelf_theme", "value": "dark", "url": home}])
    page = context.new_page()
    page.goto(home + shot.query)
    page.wait_for_selector("html[data-ready]")
    page.wait_for_timeout(CHARTS_MS)
    page.screenshot(path=file)
    context.close()
    with Image.open(file) as drawn:
        drawn.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)


def main() -> None:
    """Picture all, or those whose names are given."""
    wanted = set(sys.argv[1:])
    with dashboard() as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page()
        page.goto(home + "?page=cases")
        row = page.locator("tr[data-case]").first
        row.wait_for()
        case = row.get_attribute("data-case")
        for shot in SHOTS:
            if wanted and shot.name not in wanted:
                continue
            query = shot.query.format(case=case, store=case.split("_")[0])
            told = Shot(shot.name, query, shot.phone, shot.dark)
            picture(browser, home, told, DESK, HERE / f"{shot.name}.png")
            if shot.phone:
                picture(browser, home, told, PHONE, HERE / f"{shot.name}-phone.png")
        browser.close()


if __name__ == "__main__":
    main()
