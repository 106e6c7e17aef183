"""The cases: filtered, ranked, page by page; exported and decided on as they are filtered."""

from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from typing import Any

import panel as pn
import panel_material_ui as pmu
import polars as pl

from engine.decisions import words as w
from engine.outputs.spreadsheet import csv_bytes
from engine.vocabulary import shelf as v
from panel_app.deciding import Reply, undo_many
from panel_app.pages.shelf.decided import decided_in
from panel_app.pages.shelf.deciding import decide_many
from panel_app.pages.shelf.filtering import filter_facts, refine
from panel_app.pages.shelf.listing import filtered, listed, listing, to, unfiltered
from panel_app.pages.shelf.markup import render
from panel_app.pages.shelf.page import NightPage
from panel_app.pages.shelf.words import rejections
from panel_app.session import Session
from panel_app.state import View, address
from panel_app.stores.shelf import NOT_BEFORE, Night

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
DECIDED = (
    *("decision", "reason", "action_decided", "assigned_to", "comment", "decided_by", "decided_at"),
    *("earlier", "earlier_reason", "earlier_comment", "earlier_by", "earlier_at", "earlier_run"),
)
"""What an export adds to the columns of `cases.parquet`."""


NOT_REJECTED = (NOT_BEFORE, *(name for act, name in w.DECISIONS.items() if act != w.REJECT))
"""What is left when cases that were rejected on an earlier night are not looked at."""


class CasesPage:
    """The table of one session, with what is ticked in it."""

    def __init__(self, session: Session) -> None:
        self.session, self.night = session, session.shown(Night)
        self.ticked: dict[str, int] = {}
        self.reply: Reply | None = None
        self.filters = session.html("", label="filters", pressed=self._refine, sent=self._refine_form)
        self.table = session.html("", label="cases", pressed=self._press)
        self.bulk = session.html("", label="bulk", pressed=self._press, sent=self._decide)
        self.csv, self.parquet = self._download("csv"), self._download("parquet")
        self.draw(session.view)
        session.follow(self._follow)

    @property
    def view(self) -> pn.viewable.Viewable:
        """Filters, table, and what can be done with all of it."""
        exports = pn.Row(self.csv, self.parquet, margin=(0, 0, 16, 0))
        return pn.Column(self.filters, self.table, self.bulk, exports, sizing_mode="stretch_width")

    def _select(self, view: View) -> pl.LazyFrame:
        """The cases that the view lists, in its order, with what was decided on them."""
        return self.night.select(listed(view), decided_in(self.session).of(self.night.run))

    def draw(self, view: View) -> None:
        """The pieces anew, as the view asks."""
        rows = self.session.settings.page_rows
        found = self._select(view)
        count, at_risk, rejected = found.select(pl.len(), total_money(), rejected_before()).collect().row(0)
        pages = max(-(-count // rows), 1)
        at = min(view.at, pages)
        shown = found.slice((at - 1) * rows, rows).collect().to_dicts()
        self.filters.html = render("filters.html", **filter_facts(self.session, view))
        self.table.html = render(
            "cases.html",
            currency=self.night.currency,
            columns=[(name, self._sorter(view, by)) for name, by in COLUMNS],
            rows=[{**row, "href": address(to(view, "case", case=row["case_id"]))} for row in shown],
            ticked=self.ticked,
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
        self._draw_bulk(count)

    def _left_out(self, view: View, shown: int) -> int:
        """How many cases are not shown because of what was decided on earlier nights."""
        if not listed(view).filters.earlier:
            return 0
        found = self._select(filtered(view, earlier=()))
        return int(found.select(pl.len()).collect().item()) - shown

    def _draw_bulk(self, count: int) -> None:
        if self.session.may_decide:
            facts = {"ticked": len(self.ticked), "count": count, "reply": self.reply, "reasons": rejections()}
            self.bulk.html = render("bulk.html", **facts)
        self.bulk.visible = self.session.may_decide

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
        self.draw(view)
        return True

    def _refine(self, do: str, value: str) -> None:
        self.session.go(refine(self.session.view, {do: value}))

    def _refine_form(self, do: str, fields: Mapping[str, str]) -> None:
        self.session.go(refine(self.session.view, fields))

    def _press(self, do: str, value: str) -> None:
        if do == "tick":
            self._tick(value)
        elif do == "undo" and self.reply and self.reply.batch:
            self.reply = undo_many(self.session, self.reply.batch)
        self.draw(self.session.view)

    def _tick(self, value: str) -> None:
        sign, case_id = value[:1], value[1:]
        if case_id == "all":
            shown = self._chosen(page_only=True)
            self.ticked = {**self.ticked, **shown} if sign == "+" else {}
        elif sign == "+":
            self.ticked.update(self._versions([case_id]))
        else:
            self.ticked.pop(case_id, None)

    def _versions(self, case_ids: list[str]) -> dict[str, int]:
        decided = decided_in(self.session).of(self.night.run)
        known = dict(decided.filter(pl.col("case_id").is_in(case_ids)).select("case_id", "version").iter_rows())
        return {case_id: known.get(case_id, 0) for case_id in case_ids}

    def _chosen(self, *, page_only: bool = False) -> dict[str, int]:
        """The filtered cases with the versions they are at now."""
        view, rows = self.session.view, self.session.settings.page_rows
        found = self._select(view).select("case_id", "version")
        if page_only:
            found = found.slice((view.at - 1) * rows, rows)
        return dict(found.collect().iter_rows())

    def _decide(self, do: str, fields: Mapping[str, str]) -> None:
        chosen = self._chosen() if fields.get("scope") == "all" else dict(self.ticked)
        self.reply = decide_many(self.session, list(chosen), chosen, fields.get("act", ""), fields)
        if self.reply.kind != "refused":
            self.ticked = {}
        self.draw(self.session.view)

    def _download(self, kind: str) -> pmu.FileDownload:
        return pmu.FileDownload(
            callback=lambda: BytesIO(self.export(kind)),
            filename=f"cases-{self.night.run_id}.{kind}",
            label=f"Export as {'CSV' if kind == 'csv' else 'Parquet'}",
            size="small",
        )

    def export(self, kind: str) -> bytes:
        """Exactly the filtered cases, in their order, as a file."""
        columns = [*v.CASE_COLUMNS, *v.FURTHER_CASE_COLUMNS]
        found = self._select(self.session.view)
        known = found.collect_schema().names()
        frame = found.select([name for name in (*columns, *DECIDED) if name in known]).collect()
        if kind == "csv":
            return csv_bytes(frame)
        written = BytesIO()
        frame.write_parquet(written, compression="zstd")
        return written.getvalue()


def total_money() -> pl.Expr:
    """Revenue at risk, added up in whole cents as the night's summary adds it."""
    return (pl.col("revenue_at_risk").fill_null(0.0) * 100).round().cast(pl.Int64).sum() / 100


def rejected_before() -> pl.Expr:
    """How many of the cases were rejected on an earlier night, as the same episode."""
    return (pl.col("earlier") == w.DECISIONS[w.REJECT]).sum()


def _turns(at: int, pages: int) -> dict[str, int]:
    """Where the links below the table lead."""
    back = {"first": 1, "previous": at - 1} if at > 1 else {}
    forth = {"next": at + 1, "last": pages} if at < pages else {}
    return {**back, **forth}


PAGE = NightPage("cases", "Cases", lambda session: CasesPage(session).view)
