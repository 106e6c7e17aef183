"""Value, one page for who answers for the money: from what is at risk to what accepted actions brought.

A waterfall with its sentences, the last nights, the regions where it is worst and best. It prints on one sheet, and
the report of a night holds the same.
"""

import panel as pn
from markupsafe import Markup

from engine.decisions.shelf.recovery import DAYS_OF_PROMISE
from engine.decisions.shelf.sheet import NIGHTS, Sentence, sheet
from engine.decisions.shelf.value import value
from panel_app.language import translated
from panel_app.markup import count, money
from panel_app.pages.shelf import loop
from panel_app.pages.shelf.decided import decided_in
from panel_app.pages.shelf.listing import to, unfiltered
from panel_app.pages.shelf.markup import render
from panel_app.pages.shelf.page import NightPage
from panel_app.session import Session
from panel_app.state import address
from panel_app.stores.shelf import CaseList, Night, Nights


def build(session: Session) -> pn.viewable.Viewable:
    """The page; it is painted anew when somebody decides."""
    piece = session.html(_render(session), label="value")

    def draw() -> None:
        piece.html = str(_render(session))

    session.on_decided(draw)
    return pn.Column(piece, sizing_mode="stretch_width")


def _render(session: Session) -> str:
    night, nights = session.shown(Night), session.store(Nights)
    open_cases = night.select(CaseList(), decided_in(session).of(night.run))
    found = value(open_cases, night.stores)
    return render(
        "value.html",
        night=night,
        found=found,
        sheet=sheet(found, loop.recovery(session), loop.experiment(session), loop.SETTINGS.recovery),
        told=lambda sentence: _told(sentence, night.currency),
        days=DAYS_OF_PROMISE,
        cases_of=lambda region: address(unfiltered(to(session.view, "cases"), region=(region or "",))),
        nights=nights.trend(night.run_id).tail(NIGHTS).to_dicts(),
        queue=address(unfiltered(to(session.view, "queue"))),
    )


def _told(sentence: Sentence, currency: str) -> Markup:
    """A sentence in the reader's language, its amounts in the reader's form."""
    amounts = (count(each) if isinstance(each, int) else money(each, currency) for each in sentence.amounts)
    return translated(sentence.text, *amounts)


PAGE = NightPage("value", "Value", build)
