"""Deciding on many: chosen, looked at once more, saved beside the event loop, and taken back as one.

Nothing is chosen to begin with. What is shown before saving holds the version of everything that is meant: what
somebody else decides after that stays as they left it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from engine.decisions import words as w
from engine.decisions.store import Progress
from panel_app.deciding import Reply, objection, undo_many
from panel_app.language import say
from panel_app.markup import render
from panel_app.money import whole_cents
from panel_app.session import Session

PEOPLE_NAMED: Final = 4
"""Of those who decided on what is chosen; the others are told as a number."""
DEEDS: Final = {w.ACCEPT: "Accept", w.REJECT: "Reject", w.ASSIGN: "Assign", w.COMMENT: "Comment on"}
Versions = Mapping[str, int]


@dataclass(frozen=True)
class Pile:
    """What a page lets its readers decide on together.

    noun, nouns: what one is called, and several. worth: what their money is, after the amount. currency: before it.
    reasons: why one is rejected, code and words. look: subject_id, version, decision, decided_by and money of these
    ids, of all that are filtered for None. decide: one act on many of them, by id, at the versions that were seen.
    """

    noun: str
    nouns: str
    worth: str
    currency: str
    reasons: Sequence[tuple[str, str]]
    look: Callable[[Sequence[str] | None], pl.DataFrame]
    decide: Callable[[Sequence[str], Versions, str, Mapping[str, str], Progress], Reply]


@dataclass(frozen=True)
class Chosen:
    """What is about to be saved. versions: by id. by: how many of them each person decided on, the most first.

    changed: how many somebody changed since the reader ticked them.
    """

    act: str
    fields: Mapping[str, str]
    versions: Versions
    money: float
    by: list[tuple[str, int]]
    changed: int


class Bulk:
    """The card of one session beside its list.

    saved: called when something was done.
    """

    def __init__(self, session: Session, pile: Pile, saved: Callable[[], None]) -> None:
        self.session, self.pile, self._saved = session, pile, saved
        self.ticked: dict[str, int] = {}
        self.chosen: Chosen | None = None
        self.reply: Reply | None = None
        self.progress: tuple[int, int] | None = None
        self.count = self._written = 0
        self.piece = session.html("", label="bulk", pressed=self._press, sent=self._choose)

    def draw(self, count: int | None = None) -> None:
        """The card anew. count: how many are filtered, the same as before without it."""
        self.count = self.count if count is None else count
        shown = self.session.may_decide and bool(self.count or self.progress or self.chosen or self.reply)
        self.piece.visible = shown
        if shown:
            self.piece.html = render(
                "bulk.html",
                pile=self.pile,
                ticked=len(self.ticked),
                count=self.count,
                reply=self.reply,
                chosen=self.chosen,
                deed=say(DEEDS.get(self.chosen.act, "")) if self.chosen else "",
                people=PEOPLE_NAMED,
                progress=self.progress,
            )

    def tick(self, sign: str, meant: Versions) -> None:
        """Add what was ticked, at the versions that were painted, or take it away again."""
        kept = {name: version for name, version in self.ticked.items() if name not in meant}
        self.ticked = {**kept, **meant} if sign == "+" else kept

    def _choose(self, do: str, fields: Mapping[str, str]) -> None:
        """Show what would be done, before it is."""
        act, scope = fields.get("act", ""), fields.get("scope")
        self.reply = objection(self.session, act, fields)
        if self.reply is None and (scope not in {"ticked", "all"} or (scope == "ticked" and not self.ticked)):
            what = say("Nothing is chosen: tick {1}, or choose all that are filtered.", self.pile.nouns)
            self.reply = Reply("refused", what)
        if self.reply is None and self.progress is None:
            self.chosen = self._look_at(act, fields, None if scope == "all" else dict(self.ticked))
        self.draw()

    def _look_at(self, act: str, fields: Mapping[str, str], ticked: Versions | None) -> Chosen:
        rows = self.pile.look(None if ticked is None else list(ticked))
        now = dict(rows.select("subject_id", "version").iter_rows())
        seen = now if ticked is None else {name: version for name, version in ticked.items() if name in now}
        decided = rows.filter(pl.col("decision") != w.UNDECIDED).group_by("decided_by").len("rows")
        return Chosen(
            act=act,
            fields=fields,
            versions=seen,
            money=rows.select(whole_cents("money")).item(),
            by=list(decided.sort("rows", "decided_by", descending=[True, False]).iter_rows()),
            changed=sum(version != now[name] for name, version in seen.items()),
        )

    def _press(self, do: str, value: str) -> None:
        chosen, self.chosen = self.chosen, None
        if do == "save" and chosen is not None:
            decide, ids = self.pile.decide, list(chosen.versions)
            self._work(len(ids), lambda report: decide(ids, chosen.versions, chosen.act, chosen.fields, report))
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
