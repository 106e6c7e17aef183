"""One case: what happened, why, what to do about it, and the decision."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import panel as pn

from engine.decisions import words as w
from engine.decisions.shelf.cases import cases
from engine.errors import NotFoundError
from engine.outputs.shelf.confidence import in_words
from engine.outputs.shelf.read import days_in_words
from panel_app.deciding import Reply, seen_in
from panel_app.language import say
from panel_app.layout import beside
from panel_app.pages.shelf import charts
from panel_app.pages.shelf.decided import decided_in
from panel_app.pages.shelf.deciding import decide, snoozed_until
from panel_app.pages.shelf.listing import listed
from panel_app.pages.shelf.markup import render
from panel_app.pages.shelf.neighbourhood import neighbourhood
from panel_app.pages.shelf.page import NightPage
from panel_app.pages.shelf.past import past
from panel_app.pages.shelf.reasoning import UNEXPLAINED, asked_for, factors, parts_of_the_fall, reasons
from panel_app.pages.shelf.words import rejections
from panel_app.session import Session
from panel_app.state import View, address, whole
from panel_app.stores.shelf import Night, Nights
from panel_app.stores.shelf_settings import ShelfPageSettings


class Told:
    """What became of the last act of a reader, told beside the case that was opened next."""

    reply: Reply | None = None


class CasePage:
    """One case of one session, at the version the reader sees."""

    def __init__(self, session: Session) -> None:
        self.session, self.night = session, session.shown(Night)
        self.case_id = session.view.case or ""
        self.case, evidence, self.daily = self.night.case(self.case_id)
        self.evidence = evidence.to_dicts()
        self.reply, session.own(Told).reply = session.own(Told).reply, None
        self.state: dict[str, Any] = {}
        self.kept: Mapping[str, str] = {}
        self.before, self.after, self.place, self.of = self.night.neighbours_in_list(
            self.case_id, listed(session.view), decided_in(session).of(self.night.run)
        )
        self.head = session.html("", label="case")
        self.form = session.html("", label="decision", pressed=self._press, sent=self._decide)
        self.why = session.html("", label="why")
        self.past = session.html("", label="history")
        self.charts = pn.Column(sizing_mode="stretch_width", min_height=300)
        self.map = pn.Column(sizing_mode="stretch_width")
        self._draw_decisions()
        self._draw_why()
        session.on_decided(self._show_decisions)
        session.title = f"{self.name} · darkshelf"
        session.later(self._draw_charts)

    @property
    def name(self) -> str:
        """The product and the store."""
        case = self.case
        product = case["sku_name"] or f"SKU {case['sku_id']}"
        store = case["store_name"] or say("store {1}", case["store_id"])
        return say("{1} in {2}", product, store)

    @property
    def view(self) -> pn.viewable.Viewable:
        """Head, then what happened beside the decision, then why, where and when before."""
        body = beside(self.charts, self.form)
        return pn.Column(self.head, body, self.why, self.map, self.past, sizing_mode="stretch_width")

    def _before(self) -> str | None:
        """The address of the case on the night where the last verdict on its episode was given; None without one."""
        state = self.state
        if state["earlier_run"] is None or not self.session.store(Nights).has(state["earlier_run"]):
            return None
        return address(View(page="case", run=state["earlier_run"], case=state["earlier_case"]))

    def _draw_head(self) -> None:
        view = self.session.view
        at = -(-self.place // self.session.settings.page_rows)
        in_list = replace(view, page="cases", at=max(at, 1))
        self.head.html = render(
            "case_head.html",
            case=self.case,
            currency=self.night.currency,
            severity=self.night.severity_of(self.case_id),
            confidence=say(in_words(self.case["confidence_score"], self.session.settings.of(ShelfPageSettings))),
            state=self.state,
            place=self.place,
            of=self.of,
            back=address(in_list),
            before=self._to(view, self.before),
            after=self._to(view, self.after),
        )

    def _draw_form(self) -> None:
        (subject,) = cases(self.night.run, [self.case_id])
        self.form.html = render(
            "decision.html",
            case=self.case,
            currency=self.night.currency,
            state=self.state,
            may_decide=self.session.may_decide,
            reasons=rejections(),
            entries=self.session.decisions.history(subject),
            before=self._before(),
            reply=self.reply,
            kept=self.kept,
            asked=asked_for(self.case, self.night),
            snooze_until=snoozed_until(self.night),
        )

    def _draw_why(self) -> None:
        is_calibrated = self.night.run.manifest.get("profile") == "calibrated"
        happened = self.night.happened(self.case_id)
        self.why.html = render(
            "why.html",
            reasons=reasons(self.evidence),
            parts=parts_of_the_fall(self.evidence) if is_calibrated else None,
            unexplained=say(UNEXPLAINED),
            expectation=factors(self.night.expectation(self.case_id), happened),
            occasions=days_in_words(happened),
        )

    def _draw_charts(self) -> None:
        case = self.case
        self.charts[:] = charts.case_days(self.daily, case["detection_date"], case["last_dark_date"])
        self.session.later(self._draw_around)

    def _draw_around(self) -> None:
        """What is below the fold, after the days are on the screen."""
        case = self.case
        nearby = neighbourhood(self.session, case, self.evidence)
        self.map[:] = [nearby] if nearby is not None else []
        self.past.html = render("history.html", rows=past(self.session, case), here=(self.night.run_id, self.case_id))

    def _press(self, do: str, value: str) -> None:
        version, case_id = seen_in(value)
        if do == "take-back" and case_id != self.case_id:
            self.session.own(Told).reply = decide(self.session, case_id, version, w.UNDO, {})
            self.session.go(replace(self.session.view, case=case_id))
        elif do in {w.UNDO, "take-back"}:
            self._take(w.UNDO, version, {})

    def _decide(self, do: str, fields: Mapping[str, str]) -> None:
        self._take(fields.get("act", ""), whole(fields.get("version", "")), fields)

    def _take(self, act: str, version: int, fields: Mapping[str, str]) -> None:
        """Decide on what the reader saw, and show what became of it: beside the next case after a verdict."""
        reply = decide(self.session, self.case_id, version, act, fields)
        if reply.kind == "done" and act in (*w.VERDICTS, w.SNOOZE) and self.after is not None:
            self.session.own(Told).reply = replace(reply, text=f"{reply.text} {self.name}.")
            self.session.go(replace(self.session.view, case=self.after))
            return
        self.reply = reply
        self.kept = {} if reply.kind == "done" else fields
        self._draw_decisions()

    def _draw_decisions(self) -> None:
        self.state = decided_in(self.session).on(self.night.run, self.case_id)
        self._draw_head()
        self._draw_form()

    def _show_decisions(self) -> None:
        """Paint anew what others decided on this case."""
        if decided_in(self.session).on(self.night.run, self.case_id)["version"] != self.state["version"]:
            self._draw_decisions()

    @staticmethod
    def _to(view: View, case_id: str | None) -> str | None:
        return address(replace(view, case=case_id)) if case_id else None


def build(session: Session) -> pn.viewable.Viewable:
    """The page of the case in the address. Raises NotFoundError naming the nearest cases there are."""
    if session.view.case is None:
        raise NotFoundError("The address names no case.")
    return CasePage(session).view


PAGE = NightPage("case", "Case", build, in_menu=False, under="cases")
