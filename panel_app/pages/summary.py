"""The summary: what the night found, in ten seconds."""

import panel as pn

from panel_app.markup import render
from panel_app.pages.page import Page
from panel_app.session import Session


def build(session: Session) -> pn.viewable.Viewable:
    """Stub."""
    assert session.night is not None
    return pn.Column(session.html(render("summary.html", night=session.night)), sizing_mode="stretch_width")


PAGE = Page("summary", "Summary", build)
