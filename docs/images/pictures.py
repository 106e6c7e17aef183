"""Picture every page of the dashboard anew: `make pictures`. Needs Chromium.

In: the demo and a small company of the whitespace desk, in a copy; half of the demo's checks get invented answers, so
that the pages of answers have something to show. Out: `dashboard-NAME.png` beside this file, each at a desk's width;
`dashboard-NAME-phone.png` of what is used on a phone; and `../pictures.md`, which shows them all.
"""

import csv
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from PIL import Image
from playwright.sync_api import sync_playwright

HERE: Final = Path(__file__).parent
GALLERY: Final = HERE.parent / "pictures.md"
DATA: Final = Path("data")
BROWSERS: Final = ("chromium-headless-shell", "chromium")
FLAGS: Final = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
DESK: Final = {"width": 1280, "height": 900}
PHONE: Final = {"width": 390, "height": 844}
COLOURS: Final = 128
"""Of a picture: enough for flat pages and their charts, at a third of the bytes."""
CHARTS_MS: Final = 4_000
"""Until the charts are painted, on a busy machine too."""
LEFT_TO_ANSWER: Final = 12
"""Checks that stay open, for the pages on which stores answer."""
INVENTED: Final = ("price_label_wrong", "empty_backroom", "on_shelf_fine", "phantom_stock", "hidden_or_misplaced")


@dataclass(frozen=True)
class Shot:
    """A page by its address, and what is seen on it. phone: pictured on a phone, too. dark: in the dark theme."""

    name: str
    query: str
    title: str
    phone: bool = False
    dark: bool = False


SHOTS: Final = (
    Shot("summary", "?page=summary", "Summary: what the night found, and where the money is", phone=True),
    Shot("summary-dark", "?page=summary&status=any", "Summary over all cases, in the dark theme", dark=True),
    Shot("summary-german", "?page=summary&lang=de", "Summary in German"),
    Shot("value", "?page=value", "Value: from what is at risk to what comes back, on one sheet"),
    Shot("queue", "?page=queue", "Queue: what there is to decide, what brings most first", phone=True),
    Shot("map", "?page=map", "Map: stores by money at risk"),
    Shot("cases", "?page=cases", "Cases: every case, filtered and sorted", phone=True),
    Shot("case", "?page=case&case={case}", "Case: why a product does not sell in a store", phone=True),
    Shot("case-dark", "?page=case&case={case}", "Case in the dark theme", phone=True, dark=True),
    Shot("findings", "?page=findings", "Findings: what belongs together is one event"),
    Shot("tasks", "?page=tasks", "Tasks: the checks of the day by store"),
    Shot("sheet", "?page=tasks&store={store}", "Sheet: the checks of one store, to print"),
    Shot("answers", "?page=answers&store={store}", "Answers: what a store found", phone=True),
    Shot("store", "store?store={store}", "Store screen: the checks of the day, one by one", phone=True),
    Shot("accuracy", "?page=accuracy", "Accuracy, with invented answers: how right the nights were"),
    Shot("run", "?page=run", "Run: where every row went, and what took how long"),
    Shot("growth", "?page=growth", "Growth: what may grow, and by how much", phone=True),
    Shot("whitespace", "?page=whitespace", "Candidates: whom to call about what, and why"),
    Shot("calls", "?page=calls", "Calls: the queue of a representative", phone=True),
    Shot("metrics", "?page=metrics", "Metrics: how good the chances are, by division"),
    Shot("explain", "?page=explain", "Explainability: what the models look at"),
    Shot("validation", "?page=validation", "Validation: lists held against what was bought later"),
    Shot("leakage", "?page=leakage", "Leakage: every check of the gauntlet"),
    Shot("ablation", "?page=ablation", "Ablation: what scores lose without some features"),
    Shot("horizons", "?page=horizons", "Horizons: how a frozen model ages"),
    Shot("cards", "?page=cards", "Cards: the gate, and the card of every model"),
    Shot("runs", "?page=runs", "Runs of the whitespace desk, with their parts"),
    Shot("nothing-found", "?page=cases&text=nothing-is-called-so", "A search that finds nothing"),
    Shot("no-such-page", "?page=elsewhere", "An address that leads nowhere"),
)
TOGETHER: Final = ("summary", "cases", "case", "case-dark")
"""Phones that stand side by side in one picture."""


def command(*words: str) -> tuple[str, ...]:
    """`darkshelf` of this environment, with its words."""
    return shutil.which("darkshelf", path=str(Path(sys.executable).parent)) or "darkshelf", *words


def answer(out: Path) -> None:
    """Give the checks of a night invented answers, the last ones left open."""
    form = out / "checks.csv"
    subprocess.run(command("tasks", "--out", str(out), "--file", str(form)), check=True, stdout=subprocess.DEVNULL)
    with form.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))[:-LEFT_TO_ANSWER]
    with form.open("w", encoding="utf-8", newline="") as file:
        written = csv.DictWriter(file, list(rows[0]))
        written.writeheader()
        for row, found in zip(rows, cycle(INVENTED), strict=False):
            written.writerow({**row, "answer": found, "answered_on": row["run_id"][:10], "answered_by": "Eve"})
    subprocess.run(command("answers", "import", str(form), "--out", str(out)), check=True, stdout=subprocess.DEVNULL)


@contextmanager
def dashboard() -> Iterator[str]:
    """The address of a dashboard over a copy of the demo and a small company, for as long as it takes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = f"http://127.0.0.1:{port}/"
    with tempfile.TemporaryDirectory() as folder:
        for name in ("demo", "smoke"):
            shutil.copytree(DATA / name, Path(folder, DATA, name))
        answer(Path(folder, DATA, "demo"))
        further = ("--further", f"growth={DATA / 'demo/growth'}", "--further", f"whitespace={DATA / 'smoke'}")
        words = command("dashboard", "--out", str(DATA / "demo"), "--port", str(port), *further)
        server = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
        try:
            for _ in range(600):
                try:
                    with urllib.request.urlopen(f"{home}health", timeout=2):
                        break
                except OSError:
                    time.sleep(0.2)
            yield home
        finally:
            server.terminate()
            server.wait(10)


def picture(browser: Any, address: str, window: Mapping[str, int], file: Path, *, dark: bool) -> None:
    """One page as a PNG of few colours."""
    context = browser.new_context(locale="en-US", viewport=window)
    if dark:
        context.add_cookies([{"name": "darkshelf_theme", "value": "dark", "url": address}])
    page = context.new_page()
    page.goto(address)
    if "/store?" not in address:
        page.wait_for_selector("html[data-ready]")
    page.wait_for_timeout(CHARTS_MS)
    page.screenshot(path=file)
    context.close()
    keep(file)


def keep(file: Path) -> None:
    """A picture of few colours in the place of one of many."""
    with Image.open(file) as drawn:
        drawn.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)


def side_by_side(names: tuple[str, ...], file: Path) -> None:
    """The phones of some pages in one picture."""
    drawn = [Image.open(HERE / f"dashboard-{name}-phone.png").convert("RGB") for name in names]
    gap = 24
    sheet = Image.new("RGB", (len(drawn) * (PHONE["width"] + gap) - gap, PHONE["height"]), "white")
    for place, phone in enumerate(drawn):
        sheet.paste(phone, (place * (PHONE["width"] + gap), 0))
    sheet.save(file)
    keep(file)


def gallery() -> str:
    """The page that shows every picture."""
    lines = [
        "# Every page in a picture",
        "",
        "Taken by `make pictures` from the demo and a small company, at a desk's width; what is used on a phone also",
        "on one. What the pages are for is told in [Dashboard](dashboard.md).",
    ]
    for shot in SHOTS:
        lines += ["", f"## {shot.title}", "", f"![{shot.title}](images/dashboard-{shot.name}.png)"]
        if shot.phone:
            lines += ["", f"![{shot.title}: on a phone](images/dashboard-{shot.name}-phone.png)"]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Picture all, or those whose names are given."""
    wanted = set(sys.argv[1:])
    with dashboard() as home, sync_playwright() as playwright:
        program = next(filter(None, map(shutil.which, BROWSERS)))
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        page = browser.new_page()
        page.goto(f"{home}?page=cases")
        row = page.locator("tr[data-case]").first
        row.wait_for()
        case = row.get_attribute("data-case")
        page.goto(f"{home}?page=tasks&at=1")
        last = page.locator("section[aria-label] tr[data-href]").last
        last.wait_for()
        (store,) = parse_qs(urlsplit(last.get_attribute("data-href") or "").query)["store"]
        for shot in (shot for shot in SHOTS if not wanted or shot.name in wanted):
            address = home + shot.query.format(case=case, store=store)
            picture(browser, address, DESK, HERE / f"dashboard-{shot.name}.png", dark=shot.dark)
            if shot.phone:
                picture(browser, address, PHONE, HERE / f"dashboard-{shot.name}-phone.png", dark=shot.dark)
        browser.close()
    if not wanted:
        side_by_side(TOGETHER, HERE / "dashboard-phone.png")
    GALLERY.write_text(gallery(), encoding="utf-8")


if __name__ == "__main__":
    main()
