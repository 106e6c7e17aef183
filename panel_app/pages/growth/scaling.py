"""Growth: what may grow, by how much and why; every candidate can be found, decided on and signed for.

The address holds the run (`scaling`), the filters (`find`, `state`, `tier`, `cap`, `decided`), the order (`sort`,
`asc`) and the candidate that is open (`row`).
"""

from collections.abc import Mapping
from io import BytesIO
from typing import Final
from urllib.parse import unquote

import panel as pn
import panel_material_ui as pmu
import polars as pl
from markupsafe import Markup

from engine.decisions import words as w
from engine.decisions.growth import words as gw
from engine.decisions.growth.candidates import candidates
from engine.errors import DarkshelfError
from engine.outputs.growth.desk import candidate_id
from engine.outputs.growth.sign_off import PASS, SIGNERS, sign_off
from engine.outputs.spreadsheet import csv_bytes
from engine.vocabulary import growth as v
from panel_app.deciding import Reply, decide_on
from panel_app.layout import beside_if_any
from panel_app.pages.growth.markup import render
from panel_app.pages.page import Page
from panel_app.session import Session
from panel_app.state import View, address, whole
from panel_app.stores.growth import MONEY, SORTS, WHOLE, Scalings

FILTERS: Final = {
    "state": v.GROWTH_STATUSES,
    "tier": v.SCALING_TIERS,
    "cap": v.GROWTH_CAPS,
    "decided": (w.UNDECIDED, *w.DECISIONS.values()),
}
ORDER: Final = ("sort", "asc")
NAMES: Final = ("spu_name", "store_name", "status", "cap_applied", "decision")
"""Columns that are read from A on; the others from the largest down."""
COLUMNS: Final = (
    ("spu_name", "Product", ""),
    ("store_name", "Store", ""),
    ("status", "Status", "wide"),
    ("cap_applied", "", "wide"),
    ("performance_gap", "", "num wide"),
    (WHOLE, "Units", "num"),
    (MONEY, "At unit price", "num"),
    ("decision", "Decision", "wide"),
)
"""Of the table: the column it is sorted by, its title where the glossary has none, and its class."""
STEPS: Final = (
    "store_sales",
    "cluster_median",
    "cluster_p75",
    "performance_gap",
    "base_scaling",
    "affinity_modifier",
    "elasticity_dampener",
    "sell_through_boost",
    "step9_dampener",
    "raw_adjustment",
    "cap_current",
    "cap_median",
    "cap_absolute",
    "recommended_adjustment_quantity",
)
"""How a quantity comes about, in order."""
CHART_NAMES: Final = {
    "adjustment_distribution": "Quantities of scaled rows",
    "gap_and_quantity": "Gap and quantity, by the cap that binds",
    "heat_map": "Units by cluster and category",
    "conflict_matrix": "Candidates by what Steps 9 and 10 say",
    "dead_zone": "Worth closing, yet left with nothing, by cluster median",
    "sensitivity": "Units when a cap is moved",
}


class GrowthPage:
    """The growth run of one session's view."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.reply: Reply | None = None
        self.labels_render: bool | None = None
        self.scaling = session.store(Scalings).scaling(session.view.text("scaling") or None)
        self.head = session.html(self._head(), label="growth", pressed=self._press)
        self.boundary = session.html(self._boundary(), label="boundary")
        self.card = session.html("", label="candidate", sent=self._decide)
        self.table = session.html("", label="candidates", pressed=self._press, sent=self._filter)
        self.figures = session.html("", label="figures")
        self.sheet = session.html("", label="sign-off", pressed=self._press)
        self.download = pmu.FileDownload(
            callback=self._export,
            filename=f"growth-{self.scaling.run.run_id}.csv",
            label="Export as CSV",
            variant="outlined",
            size="small",
        )
        self.draw()
        session.follow(self._follow)
        session.on_decided(self.draw)
        session.later(self._draw_figures)

    @property
    def view(self) -> pn.viewable.Viewable:
        """Boundary and bars, all candidates with the open one beside them, further figures, the sheet to sign."""
        candidates_and_card = beside_if_any(self.table, self.card)
        pieces = (self.head, self.boundary, candidates_and_card, self.download, self.figures, self.sheet)
        return pn.Column(*pieces, sizing_mode="stretch_width")

    def draw(self) -> None:
        """What depends on the view, and on what was decided."""
        decided = self._decided()
        self.table.html = self._table(decided)
        self.card.visible = bool(self.session.view.text("row") or self.reply)
        self.card.html = self._card(decided)
        self.sheet.html = render(
            "sheet.html",
            run=self.scaling.run,
            signers=SIGNERS,
            facts=self.scaling.summary,
            sheet=sign_off(self.scaling.run, labels_render=self.labels_render),
            verdicts=dict(decided.group_by("decision").len().iter_rows()),
        )

    def _table(self, decided: pl.DataFrame) -> str:
        """The filtered candidates of one page."""
        view, rows = self.session.view, self.session.settings.page_rows
        sort, ascending = self._order
        found = self.scaling.select(self._filters(), decided, sort=sort, ascending=ascending)
        count = found.select(pl.len()).collect().item()
        pages = max(-(-count // rows), 1)
        at = min(view.at, pages)
        shown = found.slice((at - 1) * rows, rows).collect().to_dicts()
        return render(
            "table.html",
            rows=[
                {**row, "id": name, "href": self._to(row=name)}
                for row in shown
                for name in (candidate_id(row["str_code"], row["spu_code"]),)
            ],
            columns=[(*column, self._sorter(column[0])) for column in COLUMNS],
            opened=view.text("row"),
            currency=self.scaling.currency,
            money_column=MONEY,
            count=count,
            of=self.scaling.summary["candidates"],
            filters=FILTERS,
            chosen=self._filters(),
            at=at,
            pages=pages,
            turn={
                name: self._to(at=place)
                for name, place in (("previous", at - 1), ("next", at + 1))
                if 1 <= place <= pages
            },
        )

    @property
    def _order(self) -> tuple[str, bool]:
        """The column of the address and whether it ascends; the whole units where it names none there is."""
        asked = self.session.view.text("sort")
        return (asked, self.session.view.text("asc") == "1") if asked in SORTS else (WHOLE, False)

    def _sorter(self, by: str) -> tuple[str, str | None]:
        """The address of the same candidates in the order of a column, and how they are sorted by it now."""
        sort, ascending = self._order
        is_current = sort == by
        wanted = not ascending if is_current else by in NAMES
        now = ("ascending" if ascending else "descending") if is_current else None
        return self._to(1, sort=by, asc="1" if wanted else ""), now

    def _head(self) -> str:
        runs = [run.run_id for run in self.session.store(Scalings).runs()][::-1]
        return render("head.html", run=self.scaling.run, runs=runs, facts=self.scaling.summary)

    def _boundary(self) -> str:
        checks = self.scaling.boundary["checks"]
        passed = sum(check["verdict"] == PASS for check in checks)
        return render("boundary.html", checks=checks, passed=passed, bars_of=self.scaling.bars, to=self._to)

    def _draw_figures(self) -> None:
        drawn = {CHART_NAMES[name]: Markup(svg) for name, svg in self.scaling.charts.items()}
        self.figures.html = render("figures.html", charts=drawn)
        self.labels_render = all(drawn.values())
        self.draw()

    def _card(self, decided: pl.DataFrame) -> str:
        """The open candidate: its explanation, its peers, what can be decided."""
        store, parted, spu = self.session.view.text("row").partition("/")
        if not parted:
            return render("card.html", row=None, reply=self.reply)
        try:
            row = self.scaling.candidate(unquote(store), unquote(spu))
            (subject,) = candidates(self.scaling.run, [candidate_id(row["str_code"], row["spu_code"])])
        except DarkshelfError as error:
            return render("card.html", row=None, reply=Reply("refused", str(error)))
        is_it = (pl.col("str_code") == row["str_code"]) & (pl.col("spu_code") == row["spu_code"])
        state = decided.filter(is_it).to_dicts()
        strip = self.scaling.strip(row)
        return render(
            "card.html",
            row=row,
            steps=STEPS,
            strip=None if not strip else Markup(strip),
            subject_id=subject.subject_id,
            state=state[0] if state else None,
            history=self.session.decisions.history(subject),
            reasons=list(gw.REASONS.items()),
            may_decide=self.session.may_decide,
            close=self._to(),
            reply=self.reply,
        )

    def _decided(self) -> pl.DataFrame:
        state = self.session.decisions.state(self.scaling.run.run_id, kind=gw.CANDIDATE)
        kept = ("decision", "version", "reason", "units", "comment", "decided_by", "decided_at")
        return state.select(str_code="store_id", spu_code="sku_id", **{name: pl.col(name) for name in kept})

    def _filters(self) -> dict[str, str]:
        """What the address says of the candidates, empty for all."""
        return {key: self.session.view.text(key) for key in ("find", *FILTERS)}

    def _view(self, at: int, **changes: str) -> View:
        """The same filters but for some changes, and no open candidate unless one of them is that."""
        view = self.session.view
        order = {key: view.text(key) for key in ORDER}
        return view.with_texts({"scaling": view.text("scaling"), **self._filters(), **order, **changes}, at=at)

    def _to(self, at: int | None = None, **changes: str) -> str:
        return address(self._view(at or self.session.view.at, **changes))

    def _follow(self, view: View) -> bool:
        if (view.text("scaling") or self.scaling.run_id) != self.scaling.run_id:
            return False
        self.reply = None
        self.draw()
        return True

    def _press(self, do: str, value: str) -> None:
        if do == "scaling":
            self.session.go(self.session.view.with_texts({"scaling": value}))
        elif do == "print":
            self.session.browser.print_page()
        elif do in FILTERS:
            self.session.go(self._view(1, **{do: value}))

    def _filter(self, do: str, fields: Mapping[str, str]) -> None:
        self.session.go(self._view(1, find=fields.get("find", "").strip()[:200]))

    def _decide(self, do: str, fields: Mapping[str, str]) -> None:
        """An act on the candidate that was painted, at the version that was painted."""
        try:
            (subject,) = candidates(self.scaling.run, [fields.get("subject", "")])
        except DarkshelfError as error:
            self.reply = Reply("refused", str(error))
        else:
            version = whole(fields.get("version", ""))
            self.reply = decide_on(self.session, subject, version, fields.get("act", ""), fields)
        self.draw()

    def _export(self) -> BytesIO:
        """The candidates that are filtered, in their order, with what was decided on them."""
        sort, ascending = self._order
        found = self.scaling.select(self._filters(), self._decided(), sort=sort, ascending=ascending)
        return BytesIO(csv_bytes(found.collect()))


PAGE = Page("growth", "Growth", lambda session: GrowthPage(session).view, needs_run=False, store=Scalings)
