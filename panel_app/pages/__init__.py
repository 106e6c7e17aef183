"""The pages, in the order of the menu. A page is registered here and nowhere else."""

from panel_app.pages import case, cases, map, summary  # noqa: A004
from panel_app.pages.page import Page

PAGES: tuple[Page, ...] = (
    summary.PAGE,
    map.PAGE,
    cases.PAGE,
    case.PAGE,
)
