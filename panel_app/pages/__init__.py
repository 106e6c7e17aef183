"""The pages, in the order of the menu. A page is registered here and nowhere else."""

from panel_app.pages import accuracy, answers, case, cases, findings, growth, map, run, summary, tasks  # noqa: A004
from panel_app.pages.page import Page

PAGES: tuple[Page, ...] = (
    summary.PAGE,
    map.PAGE,
    cases.PAGE,
    case.PAGE,
    findings.PAGE,
    tasks.PAGE,
    answers.PAGE,
    accuracy.PAGE,
    growth.PAGE,
    run.PAGE,
)
