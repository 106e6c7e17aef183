"""Deciding on many cases: chosen, looked at once more, saved beside the event loop, and taken back as one.

Nothing is chosen to begin with. What is shown before saving holds the version of every case that is meant: what
somebody else decides after that stays as they left it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from engine.decisions import words as w
from engine.decisions.store import Progress
from panel_app.deciding import Reply, objection, undo_many
from panel_app.pages.shelf.deciding import decide_many
from panel_app.pages.shelf.markup import render
from panel_app.pages.shelf.words import rejections
from panel_app.session import Session
from panel_app.stores.shelf import Night

PEOPLE_NAMED: Final = 4
"""Of those who decided on what is chosen; the others are told as a number."""
DEEDS: Final = {w.ACCEPT: "Accept", w.REJECT: "Reject", w.ASSIGN: "Assign", w.COMMENT: "Comment on"}


@dataclass(frozen=True)
class Chosen:
    """What is about to be saved. versions: by case. by: how many of them each person decided on, the most first.

    changed: how many somebody changed since the reader ticked them.
    """

    act: str
    fields: Mapping[str, str]
    versions: Mapping[str, int]
    at_risk: float
    by: list[tuple[str, int]]
    changed: int


class Bulk:
    """The card of one session below its list of cases.

    select: the cases that are filtered, with what was decided on them. saved: called when something was done.
    """

    def __init__(self, session: Session, select: Callable[[], pl.LazyFrame], saved: Callable[[], None]) -> None:
        self.night = session.shown(Night)
        self.session, self.run, self._select, self._saved = session, session.run, select, saved
        self.ticked: dict[str, int] = {}
        self.chosen: Chosen | None = None
        self.reply: Reply | None = None
        self.progress: tuple[int, int] | None = None
        self.count = self._written = 0
        self.piece = session.html("", label="bulk", pressed=self._press, sent=self._choose)

    def draw(self, count: int | None = None) -> None:
        """The card anew. count: how many cases are filtered, the same as before without it."""
        self.count = self.count if count is None else count
        self.piece.visible = self.session.may_decide
        if self.session.may_decide:
            self.piece.html = render(
                "bulk.html",
                ticked=len(self.ticked),
                count=self.count,
                reply=self.reply,
                reasons=rejections(),
                chosen=self.chosen,
                deed=DEEDS.get(self.chosen.act, "") if self.chosen else "",
                people=PEOPLE_NAMED,
                progress=self.progress,
                currency=self.night.currency,
            )

    def _choose(self, do: str, fields: Mapping[str, str]) -> None:
        """Show what would be done, before it is."""
        act, scope = fields.get("act", ""), fields.get("scope")
        self.reply = objection(self.session, act, fields)
        if self.reply is None and (scope not in {"ticked", "all"} or (scope == "ticked" and not self.ticked)):
            self.reply = Reply("refused", "Nothing is chosen: tick cases, or choose all that are filtered.")
        if self.reply is None and self.progress is None:
            self.chosen = self._look_at(act, fields, None if scope == "all" else dict(self.ticked))
        self.draw()

    def _look_at(self, act: str, fields: Mapping[str, str], ticked: Mapping[str, int] | None) -> Chosen:
        found = self._select() if ticked is None else self._select().filter(pl.col("case_id").is_in(list(ticked)))
        rows = found.select("case_id", "version", "decision", "decided_by", "revenue_at_risk").collect()
        now = dict(rows.select("case_id", "version").iter_rows())
        seen = now if ticked is None else {case: version for case, version in ticked.items() if case in now}
        decided = rows.filter(pl.col("decision") != w.UNDECIDED).group_by("decided_by").len("cases")
        at_risk = rows.select(total_money()).item()
        return Chosen(
            act=act,
            fields=fields,
            versions=seen,
            at_risk=at_risk,
            by=list(decided.sort("cases", "decided_by", descending=[True, False]).iter_rows()),
            changed=sum(version != now[case] for case, version in seen.items()),
        )

    def _press(self, do: str, value: str) -> None:
        # The reader may look at another night before all of it is saved.
        run, chosen, self.chosen = self.run, self.chosen, None
        if do == "save" and chosen is not None:
            self._work(
                len(chosen.versions),
                lambda report: decide_many(
                    self.session, run, list(chosen.versions), chosen.versions, chosen.act, chosen.fields, report
                ),
            )
        elif do == "undo" and self.reply is not None and self.reply.batch is not None:
            batch = self.reply.batch
            self._work(self._written, lambda report: undo_many(self.session, batch, report))
        self.draw()

    def _work(self, count: int, work: Callable[[Progress], Reply]) -> None:
        self.reply, self.progress, self._written = None, (0, count), count
        self.session.in_background(work, self._progress, self._done)

    def _progress(self, done: int, of: int) -> None:
        self.progress = (done, of)
        self.draw()

    def _done(self, reply: Reply) -> None:
        self.reply, self.progress = reply, None
        if reply.kind != "refused":
            self.ticked = {}
        self._saved()


def total_money() -> pl.Expr:
    """Revenue at risk, added up in whole cents as the night's summary adds it."""
    return (pl.col("revenue_at_risk").fill_null(0.0) * 100).round().cast(pl.Int64).sum() / 100
