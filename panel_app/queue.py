"""A queue: what there is to decide, a row each, decided on by keys as it is painted; whatever desk it is of.

In: rows of a desk with the versions that are painted. Out: acts on them, and the next row. The row that is pointed at
is in the address, and the page of the table is the one that it is on. Nothing moves while the reader goes through it.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final

import polars as pl

from engine.decisions import words as w
from engine.decisions.store import PART, Progress
from engine.decisions.waiting import DONE, TO_DECIDE
from panel_app.deciding import Reply, undo_many
from panel_app.language import say
from panel_app.session import Session
from panel_app.state import View, address, whole

GONE: Final = "Not saved: this row is another one now. Look at it and decide again."


def minutes_since(began: str | None, now: float) -> int:
    """Whole minutes since the first act. began: seconds since 1970 as the window keeps them, None before it."""
    since = whole(began or "")
    return int((now - since) // 60) if 0 < since <= now else 0


class Queue(ABC):
    """The queue of one session, as it is painted. A desk derives its own.

    page_key: of the page it is on. items: what `read` gave last.
    """

    page_key: ClassVar[str]

    def __init__(self, session: Session) -> None:
        self.session = session
        self.began = f"began {self.page_key} {session.run.run_id}"
        self.reply: Reply | None = None
        self.acted_on = ""
        self.moves = 0
        self.items = self.read()
        self.shown: dict[str, dict[str, Any]] = {}
        self.table = session.html("", label="queue", pressed=self.press, sent=self._decide)
        self.draw()
        session.follow(self._follow)
        session.on_decided(self._show_decisions)
        session.later(self._arrive)

    @abstractmethod
    def read(self) -> pl.DataFrame:
        """The rows as they are now, in their order.

        Columns, among others: item_id; subject_ids, versions, lists of what a row is of; undecided, those of them
        without a verdict; state, see `engine.decisions.waiting`.
        """

    @abstractmethod
    def paint(self, facts: Mapping[str, Any], rows: pl.DataFrame) -> None:
        """Paint the page. facts: what every queue's template takes. rows: all that are decided on here."""

    @abstractmethod
    def act_on(
        self,
        subject_ids: Sequence[str],
        versions: Mapping[str, int],
        act: str,
        fields: Mapping[str, str],
        report: Progress,
    ) -> Reply:
        """One act on what a row is of, as the reader saw it."""

    @abstractmethod
    def is_changed(self) -> bool:
        """Whether what others decided changes what is painted."""

    def act_in_words(self, act: str) -> str:
        """What a row is after an act."""
        return w.DECISIONS.get(act, act)

    def draw(self) -> None:
        """The pieces anew, as the view asks."""
        view, rows = self.session.view, self._rows()
        ids = rows["item_id"]
        current, size = self._current(view, rows), self.session.settings.page_rows
        at = (ids.index_of(current) or 0) // size if current else 0
        page = rows.slice(at * size, size)
        self.shown = {row["item_id"]: row for row in page.iter_rows(named=True)}
        pages = {name: ids[place * size] for name, place in _turns(at, len(ids), size).items()}
        facts = {
            "current": current,
            "moves": self.moves,
            "first": at * size + 1,
            "turn": {name: address(replace(view, case=case, at=1)) for name, case in pages.items()},
            "progress": {
                "done": rows.filter(state=DONE).height,
                "of": rows.height,
                "minutes": minutes_since(self.session.kept.get(self.began), time.time()),
            },
            "may_decide": self.session.may_decide,
            "reply": self.reply,
        }
        self.paint(facts, rows)

    def press(self, do: str, value: str) -> None:
        """Take back what was decided last, as one."""
        if do == "undo" and self.reply is not None and self.reply.batch is not None:
            batch, item_id = self.reply.batch, self.acted_on
            size = len(self.shown[item_id]["subject_ids"]) if item_id in self.shown else PART
            self._work(
                lambda report: undo_many(self.session, batch, report),
                size,
                lambda reply: self._undone(item_id, reply),
            )

    def _rows(self) -> pl.DataFrame:
        """What is decided on here, decided or not."""
        return self.items.filter(pl.col("state").is_in([TO_DECIDE, DONE]))

    def _current(self, view: View, rows: pl.DataFrame) -> str | None:
        """The row that is pointed at: that of the address, else the first that waits, else the first."""
        ids = rows["item_id"]
        if view.case is not None and ids.index_of(view.case) is not None:
            return view.case
        waiting = rows.filter(state=TO_DECIDE)["item_id"]
        return next(iter(waiting.head(1)), next(iter(ids.head(1)), None))

    def _arrive(self) -> None:
        """What the window kept over a reload is known now."""
        if self.began in self.session.kept:
            self.draw()

    def _follow(self, view: View) -> bool:
        self.moves += 1
        self._renew()
        return True

    def _renew(self) -> None:
        self.items = self.read()
        self.draw()

    def _decide(self, do: str, fields: Mapping[str, str]) -> None:
        """An act on all of the row that is undecided, as it was painted; on all of it where all is decided."""
        item, act = self.shown.get(fields.get("subject", "")), fields.get("act", "")
        versions = [whole(version) for version in fields.get("version", "").split(".")]
        if item is None or len(versions) != len(item["subject_ids"]):
            self.reply = Reply("refused", say(GONE))
            self.draw()
            return
        painted = dict(zip(item["subject_ids"], versions, strict=True))
        chosen = item["undecided"] or item["subject_ids"]
        if self.began not in self.session.kept:
            self.session.keep(self.began, str(int(time.time())))
        self._work(
            lambda report: self.act_on(chosen, painted, act, fields, report),
            len(chosen),
            lambda reply: self._decided(item["item_id"], act, reply),
        )

    def _decided(self, item_id: str, act: str, reply: Reply) -> None:
        self.reply, self.acted_on = reply, item_id
        self.items = self.read()
        if reply.kind == "done":
            self.reply = replace(reply, text=f"{say('Saved: {1}.', say(self.act_in_words(act)))} {reply.text}")
            self._point_at(self._after(item_id))
        self.draw()

    def _after(self, item_id: str) -> str:
        """The next row that waits, else the first one that does, else the same."""
        rows = self._rows()
        place = rows["item_id"].index_of(item_id) or 0
        waiting = rows.with_row_index("place").filter(state=TO_DECIDE)
        further = waiting.filter(pl.col("place") > place)["item_id"]
        return str(next(iter(further), next(iter(waiting["item_id"]), item_id)))

    def _point_at(self, item_id: str) -> None:
        self.moves += 1
        # What took long may be done when the reader looks at another page.
        if self.session.view.page == self.page_key:
            self.session.point_at(item_id)

    def _undone(self, item_id: str, reply: Reply) -> None:
        self.reply = reply
        self._point_at(item_id)
        self._renew()

    def _work(self, work: Callable[[Progress], Reply], size: int, done: Callable[[Reply], None]) -> None:
        """Do what is small at once, and what takes more than one transaction beside the event loop."""
        if size <= PART:
            done(work(_unheard))
        else:
            self.session.in_background(work, _unheard, done)

    def _show_decisions(self) -> None:
        if self.is_changed():
            self._renew()


def _unheard(done: int, of: int) -> None:
    """The row is not painted anew before all of it is done."""


def _turns(at: int, count: int, size: int) -> dict[str, int]:
    """The pages that the links below the table lead to, from 0."""
    last = max(-(-count // size) - 1, 0)
    back = {"first": 0, "previous": at - 1} if at > 0 else {}
    forth = {"next": at + 1, "last": last} if at < last else {}
    return {**back, **forth}
