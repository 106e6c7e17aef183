"""case"""

import panel as pn

from panel_app.pages.page import Page
from panel_app.session import Session


def build(session: Session) -> pn.viewable.Viewable:
    """Stub."""
    return pn.Column(session.html("<h1>case</h1>"))


PAGE = Page("case", "Case", build, in_menu=False)
