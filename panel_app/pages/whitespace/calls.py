"""Calls: whom a representative calls next, about what and why, and what became of it; decided on by keys.

The address holds whose calls they are (`rep`), and the call that is pointed at (`case`). Who is logged in under the
name of a representative begins with their own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final

import panel as pn
import polars as pl

from engine.decisions.store import Decisions, Progress
from engine.decisions.waiting import DONE, SNOOZED
from engine.decisions.whitespace import words as ww
from engine.decisions.whitespace.calls import CALL_SCHEMA, calls, next_step
from engine.decisions.whitespace.gaps import gaps
from engine.decisions.whitespace.verdicts import verdicts
from engine.errors import DarkshelfError
from engine.outputs.names import joined
from engine.vocabulary import whitespace as v
from panel_app.deciding import Reply, decide_on_all, sentence
from panel_app.kept import states
from panel_app.language import say
from panel_app.pages.whitespace.gaps import act_of_button
from panel_app.pages.whitespace.markup import render
from panel_app.pages.whitespace.sheet import DIVISION, WhitespacePage
from panel_app.queue import Queue
from panel_app.session import Session
from panel_app.state import address
from panel_app.stores.whitespace import Whitespace
from panel_app.stores.whitespace_settings import WhitespacePageSettings
from panel_app.words import name

REP: Final = "rep"
EVERYBODY: Final = "everybody"
"""How the address says that all calls are meant."""
KEPT: Final = 8


class CallsPage(Queue):
    """The calls of one session's list."""

    page_key = "calls"

    def __init__(self, session: Session) -> None:
        self.run = session.shown(Whitespace)
        super().__init__(session)

    @property
    def view(self) -> pn.viewable.Viewable:
        """The list."""
        return pn.Column(self.table, sizing_mode="stretch_width")

    @property
    def rep(self) -> str:
        """Whose calls are shown, empty for everybody's."""
        asked = self.session.view.text(REP) or (self.session.user if self.session.user in self._reps else "")
        return asked if asked in self._reps else ""

    @property
    def _reps(self) -> tuple[str, ...]:
        return self.run.reps if self.run.has_ranking else ()

    def read(self) -> pl.DataFrame:
        """The calls of the representative, best first; none where the run did not rank."""
        if not self.run.has_ranking:
            return pl.DataFrame(schema=CALL_SCHEMA)
        decisions = self.session.decisions
        state = states(decisions, ww.GAP).of(self.run.run_id)
        said = _verdicts(decisions, decisions.revision())
        found = calls(self.run.ranking(), state, said, self.run.cutoff)
        return found.filter(pl.col(REP) == self.rep) if self.rep else found

    def paint(self, facts: Mapping[str, Any], rows: pl.DataFrame) -> None:
        """The list, with the calls that are set aside below."""
        aside = self.items.filter(state=SNOOZED).sort("snoozed_until", "item_id")
        self.table.html = render(
            "calls.html",
            **facts,
            currency=self.run.currency,
            rows=[self._shown_row(row) for row in self.shown.values()],
            aside=[self._shown_row(row) for row in aside.iter_rows(named=True)],
            reps=self._reps,
            rep=self.rep,
            money=_sum(rows.filter(state=DONE)),
            all_money=_sum(rows),
            reasons=[(code, say(text)) for code, text in ww.REASONS.items()],
            instead=(ww.BOUGHT, say("Bought")),
            snooze_until=self.run.cutoff + timedelta(days=self.run.settings.of(WhitespacePageSettings).snooze_days),
            candidates=address(self.session.view.to("whitespace", keep={DIVISION})),
        )

    def act_on(
        self,
        subject_ids: Sequence[str],
        versions: Mapping[str, int],
        act: str,
        fields: Mapping[str, str],
        report: Progress,
    ) -> Reply:
        """What became of a call."""
        try:
            chosen = gaps(self.run.run, subject_ids)
        except DarkshelfError as error:
            return Reply("refused", sentence(error))
        name, decision = act_of_button(act)
        return decide_on_all(self.session, chosen, versions, name, {**fields, **decision}, report)

    def act_in_words(self, act: str) -> str:
        """What a call is after an act, as this desk says it."""
        return ww.CALLED if act == "accept" else super().act_in_words(act)

    def is_changed(self) -> bool:
        """Whether anything on the list is another now, or somebody refused to be called anywhere."""
        return not self.read().equals(self.items)

    def press(self, do: str, value: str) -> None:
        """Show the calls of another representative, or take back."""
        if do == REP:
            view = self.session.view.with_texts({REP: value or EVERYBODY}, keep={DIVISION})
            self.session.go(replace(view, case=None))
        else:
            super().press(do, value)

    def _shown_row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row as its template takes it."""
        candidate = self.session.view.to("whitespace", keep={DIVISION}, case=joined(row[v.CUSTOMER], row[v.DIVISION]))
        verdict = row["verdict"]
        return {
            **row,
            "version": ".".join(map(str, row["versions"])),
            "href": address(candidate),
            "next_step": next_step(verdict, row[v.DIVISION]),
            "outcome": name(verdict, "whitespace") if verdict else "",
        }


def _sum(rows: pl.DataFrame) -> float:
    return float((rows["gain"] * 100).round().cast(pl.Int64).sum()) / 100


@lru_cache(KEPT)
def _verdicts(decisions: Decisions, revision: int) -> pl.DataFrame:
    """What was said in every run, read again when somebody decided."""
    return verdicts(decisions)


PAGE = WhitespacePage(CallsPage.page_key, "Calls", lambda session: CallsPage(session).view)
