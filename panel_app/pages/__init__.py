"""The pages, in the order of the menu. A page is registered here and nowhere else."""

from panel_app.pages.growth import scaling as growth
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
    growth.PAGE,
    run.PAGE,
)
