"""One reader: first paint of a cold and of a warm server, a filter, a sort, a page, a case."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from bench.dashboard.browsing import FIGURES, PATIENCE_SECONDS, READY, seconds_of, serving

TRIES = 20
COLUMNS = ("duration_days", "confidence_score")


def first_paint(chromium: Any, out: Path, *, warm: bool) -> dict[str, list[float]]:
    """Seconds until the figures of the summary stand in the page, and until the page answers to clicks."""
    painted: list[float] = []
    alive: list[float] = []

    def visit(address: str) -> None:
        page = _page(chromium)
        painted.append(seconds_of(lambda: (page.goto(address, wait_until="commit"), page.wait_for_selector(FIGURES))))
        alive.append(painted[-1] + seconds_of(lambda: page.wait_for_selector(READY, state="attached")))
        page.context.close()

    if warm:
        with serving(out) as address:
            for _ in range(TRIES + 1):
                visit(address)
        painted, alive = painted[1:], alive[1:]
    else:
        for _ in range(TRIES):
            with serving(out, warm=False) as address:
                visit(address)
    return {"painted": painted, "alive": alive}


def answers(chromium: Any, out: Path) -> dict[str, list[float]]:
    """Seconds a filter, a sort, the next page and a case take, over all cases of the night."""
    with serving(out) as address:
        page = _page(chromium)
        page.goto(f"{address}?page=cases&status=any")
        page.wait_for_selector(READY, state="attached")
        page.locator("table.cases").wait_for()
        found = {
            "filter": [seconds_of(partial(_filter, page, on=on)) for on in _turns()],
            "sort": [seconds_of(partial(_sort, page, COLUMNS[on])) for on in _turns()],
            "next page": [seconds_of(partial(_turn, page, "next" if on else "previous")) for on in _turns()],
        }
        found["queue filter"] = _queue_filter(page, address)
        page.goto(f"{address}?page=cases&status=any")
        page.locator("table.cases").wait_for()
        cases: list[float] = []
        drawn: list[float] = []
        for place in range(TRIES):
            cases.append(seconds_of(partial(_open, page, place)))
            drawn.append(cases[-1] + seconds_of(page.locator("canvas").first.wait_for))
            page.go_back()
            page.locator("table.cases").wait_for()
        page.context.close()
    return {**found, "case": cases, "case with its charts": drawn}


def _queue_filter(page: Any, address: str) -> list[float]:
    """Seconds until the queue of what is left stands in the page, with its curves."""
    page.goto(f"{address}?page=queue")
    page.wait_for_selector(READY, state="attached")
    page.locator("table.queue svg").first.wait_for()
    return [seconds_of(partial(_filter, page, on=on, shown=".progress, .state")) for on in _turns()]


def _turns() -> list[bool]:
    return [place % 2 == 0 for place in range(TRIES)]


def _page(chromium: Any) -> Any:
    page = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-US").new_page()
    page.set_default_timeout(1000 * PATIENCE_SECONDS)
    return page


def _changed(page: Any, selector: str, act: Callable[[], object]) -> None:
    """Do something and wait until what stands at the selector is another one than before."""
    before = page.locator(selector).first.inner_html()
    act()
    shown = page.locator(selector).first
    while shown.inner_html() == before:
        pass


def _filter(page: Any, *, on: bool, shown: str = ".found") -> None:
    if on and not page.locator("#f-confidence").is_visible():
        page.locator(".filters summary").click()
    _changed(page, shown, lambda: page.locator("#f-confidence").select_option(index=2 if on else 0))


def _sort(page: Any, column: str) -> None:
    page.locator(f"#sort-{column}").click()
    page.locator(f"th.{column}[aria-sort]").wait_for()


def _turn(page: Any, name: str) -> None:
    _changed(page, ".pager span", lambda: page.locator(f"#turn-{name}").click())


def _open(page: Any, place: int) -> None:
    page.locator("td.sku_name a").nth(place).click()
    page.locator("#accept").wait_for()
