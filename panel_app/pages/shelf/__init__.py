"""The pages of the shelf desk, in the order of the menu."""

from panel_app.pages.page import Page
from panel_app.pages.shelf import accuracy, answers, case, cases, findings, map, run, summary, tasks  # noqa: A004

PAGES: tuple[Page, ...] = (
    summary.PAGE,
    map.PAGE,
    cases.PAGE,
    case.PAGE,
    findings.PAGE,
    tasks.PAGE,
    answers.PAGE,
    accuracy.PAGE,
    run.PAGE,
)
