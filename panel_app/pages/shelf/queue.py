"""The queue: what there is to decide, a row per story or single case, what brings most first; decided on by keys.

A row carries the versions of all its cases as they are painted. The row that is pointed at is in the address, and the
page of the table is the one that it is on.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import panel as pn
import polars as pl

from engine.decisions import words as w
from engine.decisions.shelf.queue import DONE, SNOOZED, TO_DECIDE, WITHOUT_GAIN
from engine.decisions.store import PART, Progress
from panel_app.deciding import Reply, undo_many
from panel_app.language import say
from panel_app.pages.shelf.decided import decided_in
from panel_app.pages.shelf.deciding import decide_many, snoozed_until
from panel_app.pages.shelf.filtering import filter_facts, refine
from panel_app.pages.shelf.listing import KEYS, listed, listing, to
from panel_app.pages.shelf.markup import render
from panel_app.pages.shelf.page import NightPage
from panel_app.pages.shelf.words import rejections
from panel_app.session import Session
from panel_app.state import View, address, whole
from panel_app.stores.shelf import Night

REASONS_TOLD: Final = 3
"""Of why there is nothing to gain; the others are told as a number."""
MOST_FOLDED: Final = 100
"""Rows listed in a fold; the list of cases has all of them."""
GONE: Final = "Not saved: this row is of other cases now. Look at it and decide again."
CURVE_WIDTH, CURVE_HEIGHT, MARGIN = 120, 30, 2
"""Of the picture of a curve, in its own units."""


def minutes_since(began: str | None, now: float) -> int:
    """Whole minutes since the first act. began: seconds since 1970 as the window keeps them, None before it."""
    since = whole(began or "")
    return int((now - since) // 60) if 0 < since <= now else 0


class QueuePage:
    """The queue of one session, as it is painted."""

    def __init__(self, session: Session) -> None:
        self.session, self.night = session, session.shown(Night)
        self.began = f"began {self.night.run_id}"
        self.reply: Reply | None = None
        self.acted_on = ""
        self.moves = 0
        self.items = self._read(session.view)
        self.shown: dict[str, dict[str, Any]] = {}
        self.curves: dict[str, Mapping[str, str]] = {}
        self.filters = session.html("", label="filters", pressed=self._refine, sent=self._refine_form)
        self.table = session.html("", label="queue", pressed=self._press, sent=self._decide)
        self.draw()
        session.follow(self._follow)
        session.on_decided(self._show_decisions)
        session.later(self._arrive)

    @property
    def view(self) -> pn.viewable.Viewable:
        """Filters and table."""
        return pn.Column(self.filters, self.table, sizing_mode="stretch_width")

    def _read(self, view: View) -> pl.DataFrame:
        return self.night.queue(listed(view), decided_in(self.session).of(self.night.run))

    def draw(self) -> None:
        """The pieces anew, as the view asks."""
        view, rows = self.session.view, self._rows()
        ids = rows["item_id"]
        current, size = self._current(view, rows), self.session.settings.page_rows
        at = (ids.index_of(current) or 0) // size if current else 0
        page = rows.slice(at * size, size)
        self.shown = {row["item_id"]: row for row in page.iter_rows(named=True)}
        pages = {name: ids[place * size] for name, place in _turns(at, len(ids), size).items()}
        self.filters.html = render("filters.html", **filter_facts(self.session, view))
        self.table.html = render(
            "queue.html",
            currency=self.night.currency,
            rows=[self._told(row) for row in self.shown.values()],
            current=current,
            moves=self.moves,
            first=at * size + 1,
            turn={name: address(replace(view, case=case, at=1)) for name, case in pages.items()},
            progress=self._progress(rows),
            folds=[fold for fold in (self._without_gain(), self._snoozed()) if fold["count"]],
            may_decide=self.session.may_decide,
            reasons=rejections(),
            snooze_until=snoozed_until(self.night),
            reply=self.reply,
            all_cases=address(to(view, "cases")),
        )

    def _rows(self) -> pl.DataFrame:
        """What is decided on here, decided or not: nothing moves while the reader goes through it."""
        return self.items.filter(pl.col("state").is_in([TO_DECIDE, DONE]))

    def _current(self, view: View, rows: pl.DataFrame) -> str | None:
        """The row that is pointed at: that of the address, else the first that waits, else the first."""
        if view.case in set(rows["item_id"]):
            return view.case
        waiting = rows.filter(state=TO_DECIDE)["item_id"]
        return next(iter(waiting), next(iter(rows["item_id"]), None))

    def _told(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row as its template takes it."""
        view = self.session.view
        story = view.to("findings", keep=KEYS).with_texts(
            {"kind": row["event_kind"] or "", "event": row["event"] or ""}, keep=KEYS
        )
        by_gain = listing(view, replace(listed(view), sort="projected_recovery"))
        single = to(by_gain, "case", case=row["case_ids"][0])
        return {
            **row,
            "versions": ".".join(map(str, row["versions"])),
            "decided": len(row["case_ids"]) - len(row["undecided"]),
            "href": address(story if len(row["case_ids"]) > 1 else single),
            "curve": self.curves.get(row["item_id"]),
            "per_minute": row["gain"] / row["minutes"] if row["gain"] and row["minutes"] else None,
        }

    def _progress(self, rows: pl.DataFrame) -> dict[str, Any]:
        """How far the reader is: rows, money by what it is counted as, and minutes."""
        done = rows.filter(state=DONE)
        return {
            "done": done.height,
            "of": rows.height,
            "money": _by_basis(done),
            "all_money": _by_basis(rows),
            "minutes": minutes_since(self.session.kept.get(self.began), time.time()),
        }

    def _without_gain(self) -> dict[str, Any]:
        found = self.items.filter(state=WITHOUT_GAIN)
        why = found.group_by("recommended_action").agg(pl.col("cases").sum())
        reasons = why.sort("cases", "recommended_action", descending=[True, False]).rows()
        return {
            "key": "without-gain",
            "name": say("with nothing to gain"),
            "count": int(found["cases"].sum()),
            "rows": [self._told(row) for row in found.head(MOST_FOLDED).iter_rows(named=True)],
            "reasons": reasons[:REASONS_TOLD],
            "further": len(reasons[REASONS_TOLD:]),
        }

    def _snoozed(self) -> dict[str, Any]:
        found = self.items.filter(state=SNOOZED).sort("snoozed_until", "item_id")
        return {
            "key": "snoozed",
            "name": say("snoozed"),
            "count": int(found["cases"].sum()),
            "rows": [self._told(row) for row in found.head(MOST_FOLDED).iter_rows(named=True)],
            "reasons": [],
            "further": 0,
        }

    def _arrive(self) -> None:
        """What is known only when the page is on the screen: the curves, and since when the reader decides."""
        self.draw()
        self._draw_curves()

    def _draw_curves(self) -> None:
        """The curves of the rows that have none yet."""
        missing = {item: row["case_ids"] for item, row in self.shown.items() if item not in self.curves}
        if missing:
            for item, actual, expected in self.night.curves(missing).rows():
                self.curves[item] = curve(actual, expected)
            self.draw()

    def _follow(self, view: View) -> bool:
        self.moves += 1
        self._renew()
        return True

    def _renew(self) -> None:
        self.items = self._read(self.session.view)
        self.draw()
        self._draw_curves()

    def _refine(self, do: str, value: str) -> None:
        self.session.go(refine(self.session.view, {do: value}))

    def _refine_form(self, do: str, fields: Mapping[str, str]) -> None:
        self.session.go(refine(self.session.view, fields))

    def _decide(self, do: str, fields: Mapping[str, str]) -> None:
        """An act on all cases of the row that are undecided, as they were painted; on all where all are decided."""
        item, act = self.shown.get(fields.get("subject", "")), fields.get("act", "")
        versions = [whole(told) for told in fields.get("version", "").split(".")]
        if item is None or len(versions) != len(item["case_ids"]):
            self.reply = Reply("refused", say(GONE))
            self.draw()
            return
        painted = dict(zip(item["case_ids"], versions, strict=True))
        chosen, run = item["undecided"] or item["case_ids"], self.night.run
        if self.began not in self.session.kept:
            self.session.keep(self.began, str(int(time.time())))
        self._work(
            lambda told: decide_many(self.session, run, chosen, painted, act, fields, told),
            len(chosen),
            lambda reply: self._decided(item["item_id"], act, reply),
        )

    def _decided(self, item_id: str, act: str, reply: Reply) -> None:
        self.reply, self.acted_on = reply, item_id
        self.items = self._read(self.session.view)
        if reply.kind == "done":
            self.reply = replace(reply, text=f"{say('Saved: {1}.', say(w.DECISIONS.get(act, act)))} {reply.text}")
            self._point_at(self._after(item_id))
        self.draw()
        self._draw_curves()

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
        if self.session.view.page == PAGE.key:
            self.session.point_at(item_id)

    def _press(self, do: str, value: str) -> None:
        if do == "undo" and self.reply is not None and self.reply.batch is not None:
            batch, item_id = self.reply.batch, self.acted_on
            size = len(self.shown[item_id]["case_ids"]) if item_id in self.shown else PART
            self._work(
                lambda told: undo_many(self.session, batch, told), size, lambda reply: self._undone(item_id, reply)
            )

    def _undone(self, item_id: str, reply: Reply) -> None:
        self.reply = reply
        self._point_at(item_id)
        self._renew()

    def _work(self, work: Callable[[Progress], Reply], size: int, done: Callable[[Reply], None]) -> None:
        """Do what is small at once, and what takes more than one transaction beside the event loop."""
        if size <= PART:
            done(work(_untold))
        else:
            self.session.in_background(work, _untold, done)

    def _show_decisions(self) -> None:
        """Paint anew where what others decided changes what is painted."""
        painted = self.items.select(case_id="case_ids", painted="versions").explode("case_id", "painted")
        decided = decided_in(self.session).of(self.night.run).select("case_id", "version")
        if painted.join(decided, on="case_id").filter(pl.col("painted") != pl.col("version")).height:
            self._renew()


def _untold(done: int, of: int) -> None:
    """The row is not painted anew before all of it is done."""


def curve(actual: list[float | None], expected: list[float | None]) -> dict[str, str]:
    """The points of both lines in a picture of `CURVE_WIDTH` by `CURVE_HEIGHT`; unknown days are left out."""
    top = max([units for units in (*actual, *expected) if units is not None], default=0.0) or 1.0
    step = CURVE_WIDTH / max(len(actual) - 1, 1)
    height = CURVE_HEIGHT - 2 * MARGIN

    def points(units: list[float | None]) -> str:
        known = ((day, told) for day, told in enumerate(units) if told is not None)
        return " ".join(f"{day * step:.1f},{MARGIN + height * (1 - told / top):.1f}" for day, told in known)

    return {"actual": points(actual), "expected": points(expected)}


def _by_basis(rows: pl.DataFrame) -> list[tuple[str | None, float]]:
    """What the rows bring, margin and revenue apart."""
    cents = (pl.col("gain") * 100).round().cast(pl.Int64).sum() / 100
    return rows.group_by("recovery_basis").agg(cents).sort("recovery_basis").rows()


def _turns(at: int, count: int, size: int) -> dict[str, int]:
    """The pages that the links below the table lead to, from 0."""
    last = max(-(-count // size) - 1, 0)
    back = {"first": 0, "previous": at - 1} if at > 0 else {}
    forth = {"next": at + 1, "last": last} if at < last else {}
    return {**back, **forth}


PAGE = NightPage("queue", "Queue", lambda session: QueuePage(session).view)
