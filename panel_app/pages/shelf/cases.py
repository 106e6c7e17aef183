"""The cases: filtered, ranked, page by page; exported and decided on as they are filtered."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import panel as pn
import polars as pl

from engine.decisions import words as w
from engine.outputs.shelf.confidence import in_words
from panel_app.bulk import Bulk, Pile
from panel_app.deciding import Reply, seen_in
from panel_app.language import say
from panel_app.money import whole_cents
from panel_app.pages.shelf.decided import decided_in, prepare
from panel_app.pages.shelf.deciding import decide, decide_many, snoozed_until
from panel_app.pages.shelf.exporting import Exports
from panel_app.pages.shelf.filtering import filter_facts, refine
from panel_app.pages.shelf.listing import filtered, listed, listing, to, unfiltered
from panel_app.pages.shelf.markup import render
from panel_app.pages.shelf.page import NightPage
from panel_app.pages.shelf.words import rejections
from panel_app.session import Session
from panel_app.state import View, address, whole
from panel_app.stores.shelf import NOT_BEFORE, Night
from panel_app.stores.shelf_settings import ShelfPageSettings

COLUMNS = (
    ("severity", None),
    ("sku_name", "sku_name"),
    ("store_name", "store_name"),
    ("primary_cause", "primary_cause"),
    ("duration_days", "duration_days"),
    ("underperformance_pct", "underperformance_pct"),
    ("confidence_score", "confidence_score"),
    ("recoverable_30d", "recoverable_30d"),
    ("recovery_per_minute", "recovery_per_minute"),
    ("revenue_at_risk", "revenue_at_risk"),
    ("decision", None),
)
"""What the table shows, with the column it is sorted by."""
EVERY_COLUMN = (
    *COLUMNS[:1],
    *(("case_id", "case_id"), ("store_id", None), ("sku_id", None)),
    *COLUMNS[1:-2],
    *(("recommended_action", None), ("projected_recovery", "projected_recovery")),
    *COLUMNS[-2:],
)
"""The same with all that `dark_shelf_cases.csv` ranks by and tells of a case, where the address asks for it."""
COLUMNS_KEY, ALL_COLUMNS = "columns", "all"
NOT_REJECTED = (NOT_BEFORE, *(name for act, name in w.DECISIONS.items() if act != w.REJECT))
"""What is left when cases that were rejected on an earlier night are not looked at."""


class CasesPage:
    """The table of one session, with what is ticked in it."""

    def __init__(self, session: Session) -> None:
        self.session, self.night = session, session.shown(Night)
        self.reply: Reply | None = None
        self.moves = 0
        self.shown: list[dict[str, Any]] = []
        self.filters = session.html("", label="filters", pressed=self._refine, sent=self._refine_form)
        self.table = session.html("", label="cases", pressed=self._press, sent=self._triage)
        self.bulk = Bulk(session, self._pile(), lambda: self.draw(session.view))
        self.exports = Exports(session, lambda: self._select(session.view))
        self.draw(session.view)
        session.follow(self._follow)
        session.on_decided(self._show_decisions)

    @property
    def view(self) -> pn.viewable.Viewable:
        """Filters, table, and what can be done with all of it."""
        return pn.Column(self.filters, self.table, self.bulk.piece, self.exports.view, sizing_mode="stretch_width")

    def _select(self, view: View) -> pl.LazyFrame:
        """The cases that the view lists, in its order, with what was decided on them."""
        return self.night.select(listed(view), decided_in(self.session).of(self.night.run))

    def _pile(self) -> Pile:
        session, run = self.session, self.session.run

        def look(ids: Sequence[str] | None) -> pl.DataFrame:
            found = self._select(session.view)
            found = found if ids is None else found.filter(pl.col("case_id").is_in(list(ids)))
            kept = ("version", "decision", "decided_by")
            return found.select(*kept, subject_id="case_id", money="revenue_at_risk").collect()

        # The reader may look at another night before all of it is saved: it is decided on the night of this page.
        return Pile(
            *(say("case"), say("cases"), say("at risk")),
            self.night.currency,
            rejections(),
            look,
            lambda ids, versions, act, fields, told: decide_many(session, run, ids, versions, act, fields, told),
        )

    def draw(self, view: View) -> None:
        """The pieces anew, as the view asks."""
        rows = self.session.settings.page_rows
        found = self._select(view)
        count, at_risk, rejected = (
            found.select(pl.len(), whole_cents("revenue_at_risk"), rejected_before()).collect().row(0)
        )
        pages = max(-(-count // rows), 1)
        every = view.text(COLUMNS_KEY) == ALL_COLUMNS
        at = min(view.at, pages)
        self.shown = found.slice((at - 1) * rows, rows).collect().to_dicts()
        self.filters.html = render("filters.html", **filter_facts(self.session, view))
        self.table.html = render(
            "cases.html",
            currency=self.night.currency,
            columns=[(name, self._sorter(view, by)) for name, by in (EVERY_COLUMN if every else COLUMNS)],
            every=every,
            other_columns=address(replace(view, more=_with_columns(view, every=not every))),
            rows=[self._shown_row(row) for row in self.shown],
            current=view.case,
            ticked=self.bulk.ticked,
            reasons=rejections(),
            snooze_until=snoozed_until(self.night),
            moves=self.moves,
            reply=self.reply,
            may_decide=self.session.may_decide,
            count=count,
            at_risk=at_risk,
            rejected=rejected,
            left_out=self._left_out(view, count),
            without_rejected=address(filtered(view, earlier=NOT_REJECTED)),
            with_all=address(filtered(view, earlier=())),
            pages=pages,
            at=at,
            first=(at - 1) * rows + 1,
            last=min(at * rows, count),
            turn={name: address(replace(view, at=n)) for name, n in _turns(at, pages).items()},
            all_cases=address(unfiltered(view, status=())),
        )
        self.bulk.draw(count)

    def _shown_row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row as its template takes it."""
        confidence = say(in_words(row["confidence_score"], self.session.settings.of(ShelfPageSettings)))
        return {
            **row,
            "href": address(to(self.session.view, "case", case=row["case_id"])),
            "confidence": confidence,
        }

    def _left_out(self, view: View, shown: int) -> int:
        """How many cases are not shown because of what was decided on earlier nights."""
        if not listed(view).filters.earlier:
            return 0
        found = self._select(filtered(view, earlier=()))
        return int(found.select(pl.len()).collect().item()) - shown

    def _sorter(self, view: View, by: str | None) -> dict[str, Any] | None:
        """The link of a column's head and how the column is sorted now."""
        if by is None:
            return None
        wanted = listed(view)
        current = wanted.sort == by
        # Names are read from A on, figures from the largest down.
        names = by in {"sku_name", "store_name", "primary_cause"}
        ascending = not wanted.ascending if current else names
        sorted_now = ("ascending" if wanted.ascending else "descending") if current else None
        resorted = listing(view, replace(wanted, sort=by, ascending=ascending))
        return {"href": address(resorted), "sorted": sorted_now}

    def _follow(self, view: View) -> bool:
        self.moves += 1
        self.draw(view)
        return True

    def _refine(self, do: str, value: str) -> None:
        self.session.go(refine(self.session.view, {do: value}))

    def _refine_form(self, do: str, fields: Mapping[str, str]) -> None:
        self.session.go(refine(self.session.view, fields))

    def _press(self, do: str, value: str) -> None:
        if do == "tick":
            self._tick(value)
        elif do == "take-back":
            version, case_id = seen_in(value)
            self._take(case_id, version, w.UNDO, {}, cursor=case_id)
        self.draw(self.session.view)

    def _tick(self, value: str) -> None:
        """A case by its painted version and its id, or every case that is painted."""
        sign, choice = value[:1], value[1:]
        version, case_id = seen_in(choice)
        painted = {row["case_id"]: row["version"] for row in self.shown}
        meant = painted if choice == "all" else {case_id: version}
        self.bulk.tick(sign, meant)

    def _triage(self, do: str, fields: Mapping[str, str]) -> None:
        """An act on the row that is pointed at, as it was painted; then the next row is pointed at."""
        case_id = fields.get("subject", "")
        ids = [row["case_id"] for row in self.shown]
        place = ids.index(case_id) if case_id in ids else None
        following = case_id if place is None else ids[min(place + 1, len(ids) - 1)]
        self._take(case_id, whole(fields.get("version", "")), fields.get("act", ""), fields, cursor=following)
        self.draw(self.session.view)

    def _take(self, case_id: str, version: int, act: str, fields: Mapping[str, str], cursor: str) -> None:
        self.reply = decide(self.session, case_id, version, act, fields)
        if self.reply.kind == "done":
            self.moves += 1
            self.session.point_at(cursor)

    def _show_decisions(self) -> None:
        """Paint anew where what others decided changes what is painted."""
        decided = decided_in(self.session).of(self.night.run)
        filters = listed(self.session.view).filters
        known = {row["case_id"]: (row["version"], row["earlier"]) for row in self.shown}
        now = decided.filter(pl.col("case_id").is_in(list(known))).select("case_id", "version", "earlier")
        if filters.decision or filters.earlier or any(known[case] != tuple(seen) for case, *seen in now.iter_rows()):
            self.draw(self.session.view)


def _with_columns(view: View, *, every: bool) -> dict[str, tuple[str, ...]]:
    """What the address keeps, with the choice of columns."""
    kept = {key: texts for key, texts in view.more.items() if key != COLUMNS_KEY}
    return {**kept, COLUMNS_KEY: (ALL_COLUMNS,)} if every else kept


def rejected_before() -> pl.Expr:
    """How many of the cases were rejected on an earlier night, as the same episode."""
    return (pl.col("earlier") == w.DECISIONS[w.REJECT]).sum()


def _turns(at: int, pages: int) -> dict[str, int]:
    """Where the links below the table lead."""
    back = {"first": 1, "previous": at - 1} if at > 1 else {}
    forth = {"next": at + 1, "last": pages} if at < pages else {}
    return {**back, **forth}


PAGE = NightPage(
    "cases",
    "Cases",
    lambda session: CasesPage(session).view,
    searched="text",
    is_index=True,
    prepare=prepare,
)
