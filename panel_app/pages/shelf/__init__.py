"""The pages of the shelf desk, in the order of the menu."""

from pathlib import Path

from panel_app.pages.page import Page
from panel_app.pages.shelf import (
    accuracy,
    answers,
    case,
    cases,
    findings,
    map,  # noqa: A004
    queue,
    run,
    store_screen,
    summary,
    tasks,
    value,
)

PAGES: tuple[Page, ...] = (
    summary.PAGE,
    value.PAGE,
    queue.PAGE,
    map.PAGE,
    cases.PAGE,
    case.PAGE,
    findings.PAGE,
    tasks.PAGE,
    answers.PAGE,
    accuracy.PAGE,
    run.PAGE,
)
SCREENS = store_screen.SCREENS
CSS = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
"""What no other desk's pages look like."""
