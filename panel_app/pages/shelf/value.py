"""Value, one page for who answers for the money: from what is at risk to what accepted actions brought.

A waterfall with its sentences, the last nights, the regions where it is worst and best. It prints on one sheet.
"""

from dataclasses import dataclass
from typing import Final

import panel as pn

from engine.decisions.shelf.recovery import DAYS_OF_PROMISE, Recovery
from engine.decisions.shelf.value import Value, value
from panel_app.language import say
from panel_app.pages.shelf import loop
from panel_app.pages.shelf.decided import decided_in
from panel_app.pages.shelf.listing import to, unfiltered
from panel_app.pages.shelf.markup import render
from panel_app.pages.shelf.page import NightPage
from panel_app.session import Session
from panel_app.state import address
from panel_app.stores.shelf import CaseList, Night, Nights

REGIONS: Final = 3
"""Regions that are told as the worst, and as many as the best."""
NIGHTS: Final = 7


@dataclass(frozen=True)
class Step:
    """One bar of the waterfall. amount: None where it is not known. before: the level that it comes down from.
    low, high: its interval, where it is an estimate.
    """

    key: str
    name: str
    amount: float | None
    before: float | None
    note: str
    low: float | None = None
    high: float | None = None


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
    found, recovered = value(open_cases, night.stores), loop.recovery(session)
    steps = _steps(found, recovered)
    regions = found.regions.to_dicts()
    worst = regions[: min(REGIONS, -(-len(regions) // 2))]
    return render(
        "value.html",
        night=night,
        found=found,
        recovered=recovered,
        days=DAYS_OF_PROMISE,
        least_matched=loop.SETTINGS.recovery.min_matched,
        steps=steps,
        most=max([step.amount for step in steps if step.amount], default=1.0),
        worst=worst,
        best=regions[len(worst) :][-REGIONS:][::-1],
        cases_of=lambda region: address(unfiltered(to(session.view, "cases"), region=(region or "",))),
        nights=nights.trend(night.run_id).tail(NIGHTS).to_dicts(),
        queue=address(unfiltered(to(session.view, "queue"))),
    )


def _steps(found: Value, recovered: Recovery) -> list[Step]:
    """The bars, each with the level that it comes down from."""
    money, measured = recovered.money, recovered.cases.height
    scale = DAYS_OF_PROMISE * measured
    of_basis = (
        say("{1} in {2} days", say(found.basis), DAYS_OF_PROMISE)
        if found.basis
        else say("in {1} days", DAYS_OF_PROMISE)
    )
    return [
        Step("at_risk", say("At risk"), found.at_risk, None, say("revenue lost since the cases began")),
        Step("recoverable", say("Recoverable"), found.recoverable, found.at_risk, of_basis),
        Step("brings", say("Actions bring"), found.brings, found.recoverable, of_basis),
        Step("accepted", say("Accepted"), found.accepted, found.brings, of_basis),
        Step(
            "realised",
            say("Realised"),
            scale * money.mean if money else None,
            None,
            say("revenue in {1} days of {2} accepted cases of earlier nights", DAYS_OF_PROMISE, f"{measured:,}"),
            scale * money.low if money else None,
            scale * money.high if money else None,
        ),
    ]


PAGE = NightPage("value", "Value", build)
