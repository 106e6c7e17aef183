"""map"""

import panel as pn

from panel_app.pages.page import Page
from panel_app.session import Session


def build(session: Session) -> pn.viewable.Viewable:
    """Stub."""
    return pn.Column(session.html("<h1>map</h1>"))


PAGE = Page("map", "Map", build, in_menu=True)
