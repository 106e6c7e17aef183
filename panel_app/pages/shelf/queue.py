"""The queue: what there is to decide, a row per story or single case, what brings most first; decided on by keys."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import panel as pn
import polars as pl

from engine.decisions.shelf.queue import WITHOUT_GAIN
from engine.decisions.store import Progress
from engine.decisions.waiting import DONE, SNOOZED
from panel_app.deciding import Reply
from panel_app.language import say
from panel_app.pages.shelf.decided import decided_in
from panel_app.pages.shelf.deciding import decide_many, snoozed_until
from panel_app.pages.shelf.filtering import filter_facts, refine
from panel_app.pages.shelf.listing import KEYS, listed, listing, to
from panel_app.pages.shelf.markup import render
from panel_app.pages.shelf.page import NightPage
from panel_app.pages.shelf.words import rejections
from panel_app.queue import Queue
from panel_app.session import Session
from panel_app.state import address
from panel_app.stores.shelf import Night

REASONS_TOLD: Final = 3
"""Of why there is nothing to gain; the others are told as a number."""
MOST_FOLDED: Final = 100
"""Rows listed in a fold; the list of cases has all of them."""
CURVE_WIDTH, CURVE_HEIGHT, MARGIN = 120, 30, 2
"""Of the picture of a curve, in its own units."""


class QueuePage(Queue):
    """The queue of cases of one session, with the filters of their list."""

    page_key = "queue"

    def __init__(self, session: Session) -> None:
        self.night = session.shown(Night)
        self.curves: dict[str, Mapping[str, str]] = {}
        self.filters = session.html("", label="filters", pressed=self._refine, sent=self._refine_form)
        self.has_curves = False
        super().__init__(session)

    @property
    def view(self) -> pn.viewable.Viewable:
        """Filters and table."""
        return pn.Column(self.filters, self.table, sizing_mode="stretch_width")

    def read(self) -> pl.DataFrame:
        """The cases that the filters let through."""
        found = self.night.queue(listed(self.session.view), decided_in(self.session).of(self.night.run))
        return found.rename({"case_ids": "subject_ids"})

    def paint(self, facts: Mapping[str, Any], rows: pl.DataFrame) -> None:
        """Filters and table, with what is folded away below."""
        if self.has_curves:
            self._read_curves()
        view, done = self.session.view, rows.filter(state=DONE)
        money = {"money": _by_basis(done), "all_money": _by_basis(rows)}
        self.filters.html = render("filters.html", **filter_facts(self.session, view))
        self.table.html = render(
            "queue.html",
            **{**facts, "progress": {**facts["progress"], **money}},
            currency=self.night.currency,
            rows=[self._shown_row(row) for row in self.shown.values()],
            folds=[fold for fold in (self._without_gain(), self._snoozed()) if fold["count"]],
            reasons=rejections(),
            snooze_until=snoozed_until(self.night),
            all_cases=address(to(view, "cases")),
        )

    def act_on(
        self,
        subject_ids: Sequence[str],
        versions: Mapping[str, int],
        act: str,
        fields: Mapping[str, str],
        report: Progress,
    ) -> Reply:
        """One act on the cases of a row."""
        return decide_many(self.session, self.night.run, subject_ids, versions, act, fields, report)

    def is_changed(self) -> bool:
        """Whether a case that is painted has another version now."""
        painted = self.items.select(case_id="subject_ids", painted="versions").explode("case_id", "painted")
        decided = decided_in(self.session).of(self.night.run).select("case_id", "version")
        return painted.join(decided, on="case_id").filter(pl.col("painted") != pl.col("version")).height > 0

    def _shown_row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row as its template takes it."""
        view = self.session.view
        story = view.to("findings", keep=KEYS).with_texts(
            {"kind": row["event_kind"] or "", "event": row["event"] or ""}, keep=KEYS
        )
        by_gain = listing(view, replace(listed(view), sort="projected_recovery"))
        single = to(by_gain, "case", case=row["subject_ids"][0])
        return {
            **row,
            "versions": ".".join(map(str, row["versions"])),
            "decided": len(row["subject_ids"]) - len(row["undecided"]),
            "href": address(story if len(row["subject_ids"]) > 1 else single),
            "curve": self.curves.get(row["item_id"]),
            "per_minute": row["gain"] / row["minutes"] if row["gain"] and row["minutes"] else None,
        }

    def _without_gain(self) -> dict[str, Any]:
        found = self.items.filter(state=WITHOUT_GAIN)
        why = found.group_by("recommended_action").agg(pl.col("cases").sum())
        reasons = why.sort("cases", "recommended_action", descending=[True, False]).rows()
        return {
            "key": "without-gain",
            "name": say("with nothing to gain"),
            "count": int(found["cases"].sum()),
            "rows": [self._shown_row(row) for row in found.head(MOST_FOLDED).iter_rows(named=True)],
            "reasons": reasons[:REASONS_TOLD],
            "further": len(reasons[REASONS_TOLD:]),
        }

    def _snoozed(self) -> dict[str, Any]:
        found = self.items.filter(state=SNOOZED).sort("snoozed_until", "item_id")
        return {
            "key": "snoozed",
            "name": say("snoozed"),
            "count": int(found["cases"].sum()),
            "rows": [self._shown_row(row) for row in found.head(MOST_FOLDED).iter_rows(named=True)],
            "reasons": [],
            "further": 0,
        }

    def _arrive(self) -> None:
        """What is known only when the page is on the screen: the curves, and since when the reader decides."""
        self.has_curves = True
        self.draw()

    def _read_curves(self) -> None:
        """The curves of the rows that have none yet."""
        missing = {item: row["subject_ids"] for item, row in self.shown.items() if item not in self.curves}
        if missing:
            for item, actual, expected in self.night.curves(missing).rows():
                self.curves[item] = curve(actual, expected)

    def _refine(self, do: str, value: str) -> None:
        self.session.go(refine(self.session.view, {do: value}))

    def _refine_form(self, do: str, fields: Mapping[str, str]) -> None:
        self.session.go(refine(self.session.view, fields))


def curve(actual: list[float | None], expected: list[float | None]) -> dict[str, str]:
    """The points of both lines in a picture of `CURVE_WIDTH` by `CURVE_HEIGHT`; unknown days are left out."""
    top = max([units for units in (*actual, *expected) if units is not None], default=0.0) or 1.0
    step = CURVE_WIDTH / max(len(actual) - 1, 1)
    height = CURVE_HEIGHT - 2 * MARGIN

    def points(units: list[float | None]) -> str:
        known = ((day, level) for day, level in enumerate(units) if level is not None)
        return " ".join(f"{day * step:.1f},{MARGIN + height * (1 - level / top):.1f}" for day, level in known)

    return {"actual": points(actual), "expected": points(expected)}


def _by_basis(rows: pl.DataFrame) -> list[tuple[str | None, float]]:
    """What the rows bring, margin and revenue apart."""
    cents = (pl.col("gain") * 100).round().cast(pl.Int64).sum() / 100
    return rows.group_by("recovery_basis").agg(cents).sort("recovery_basis").rows()


PAGE = NightPage(QueuePage.page_key, "Queue", lambda session: QueuePage(session).view, searched="text")
