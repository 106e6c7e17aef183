"""Growth: what may grow, by how much and why; every candidate can be found, decided on and signed for.

The address holds the run (`scaling`), the filters, the order and what is put together (see `asked`), and the
candidate that is open (`row`).
"""

from collections.abc import Mapping
from io import BytesIO
from typing import Final
from urllib.parse import unquote

import panel as pn
import panel_material_ui as pmu
import polars as pl
from markupsafe import Markup

from engine.decisions.growth.candidates import candidates
from engine.errors import DarkshelfError
from engine.outputs.growth.desk import candidate_id
from engine.outputs.growth.sign_off import PASS, SIGNERS, sign_off
from engine.outputs.spreadsheet import csv_bytes
from panel_app.deciding import Reply, decide_on
from panel_app.language import say
from panel_app.layout import beside_if_any
from panel_app.pages.growth.asked import Asked
from panel_app.pages.growth.candidates import Candidates, decided_on, prepare, rejections
from panel_app.pages.growth.markup import render
from panel_app.pages.page import Page
from panel_app.search import FIND
from panel_app.session import Session
from panel_app.state import View, whole
from panel_app.stores.growth import Scalings

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
        self.asked = Asked(session)
        self.scaling = session.store(Scalings).scaling(session.view.text("scaling") or None)
        self.head = session.html(self._head(), label="growth", pressed=self._press)
        self.boundary = session.html(self._boundary(), label="boundary")
        self.card = session.html("", label="candidate", sent=self._decide)
        self.candidates = Candidates(session, self.scaling, self.draw)
        self.figures = session.html("", label="figures")
        self.sheet = session.html("", label="sign-off", pressed=self._press)
        self.download = pmu.FileDownload(
            callback=self._export,
            filename=f"growth-{self.scaling.run.run_id}.csv",
            label=say("Export as {1}", "CSV"),
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
        candidates_and_card = beside_if_any(self.candidates.table, self.card)
        many = (self.candidates.bulk.piece, self.download)
        pieces = (self.head, self.boundary, candidates_and_card, *many, self.figures, self.sheet)
        return pn.Column(*pieces, sizing_mode="stretch_width")

    def draw(self) -> None:
        """What depends on the view, and on what was decided."""
        decided = decided_on(self.session, self.scaling)
        self.candidates.draw(decided)
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

    def _head(self) -> str:
        runs = [run.run_id for run in self.session.store(Scalings).runs()][::-1]
        return render("head.html", run=self.scaling.run, runs=runs, facts=self.scaling.summary)

    def _boundary(self) -> str:
        checks = self.scaling.boundary["checks"]
        passed = sum(check["verdict"] == PASS for check in checks)
        return render("boundary.html", checks=checks, passed=passed, bars_of=self.scaling.bars, to=self.asked.to)

    def _draw_figures(self) -> None:
        drawn = {say(CHART_NAMES[name]): Markup(svg) for name, svg in self.scaling.charts.items()}
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
            reasons=rejections(),
            may_decide=self.session.may_decide,
            close=self.asked.to(),
            reply=self.reply,
        )

    def _follow(self, view: View) -> bool:
        if (view.text("scaling") or self.scaling.run_id) != self.scaling.run_id:
            return False
        self.reply = None
        self.candidates.moves += 1
        self.draw()
        return True

    def _press(self, do: str, value: str) -> None:
        if do == "scaling":
            self.session.go(self.session.view.with_texts({"scaling": value}))
        elif do == "print":
            self.session.browser.print_page()

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
        found = self.candidates.select(decided_on(self.session, self.scaling))
        return BytesIO(csv_bytes(found.collect()))


PAGE = Page(
    "growth",
    "Growth",
    lambda session: GrowthPage(session).view,
    needs_run=False,
    searched=FIND,
    is_index=True,
    store=Scalings,
    prepare=prepare,
)
