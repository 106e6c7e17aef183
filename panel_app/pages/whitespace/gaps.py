"""Whitespace: whom to call, about what, and why; any candidate can be found, explained and decided on.

The address holds the filters (`find`, `division`, `segment`, `state`, `grade`, `rep`, `decided`), how many percent of
what passes are taken (`top`), and the candidate that is open (`case`).
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from typing import Any, Final

import panel as pn
import panel_material_ui as pmu
import polars as pl

from engine.decisions import words as w
from engine.decisions.whitespace import words as ww
from engine.decisions.whitespace.gaps import gaps
from engine.decisions.whitespace.verdicts import act_of
from engine.errors import DarkshelfError
from engine.outputs.names import joined
from engine.outputs.spreadsheet import csv_bytes
from engine.outputs.whitespace.shapes import ranking_file
from engine.vocabulary import whitespace as v
from panel_app.deciding import Reply, decide_on
from panel_app.kept import states
from panel_app.language import say
from panel_app.pages.whitespace import about
from panel_app.pages.whitespace.sheet import DIVISION, Asked, WhitespacePage, division_of, models_of, nothing
from panel_app.search import FIND, typed
from panel_app.session import Session
from panel_app.state import View, address, pages_beside, whole
from panel_app.stores.whitespace import STATES, Whitespace, Whitespaces

FILTERS: Final = ("find", DIVISION, "segment", "state", "grade", "rep", "decided")
TOP: Final = "top"
GRADES: Final = ("A", "B", "C", "D")
COMPONENTS: Final = (
    ("p_icp_pct", "weight_p_icp"),
    ("lift_norm", "weight_lift"),
    ("als_norm", "weight_als"),
    ("EV_norm", "weight_ev"),
)
"""Of the blended score, each with its weight."""


class GapsPage:
    """The ranking of one session's run."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.run = session.shown(Whitespace)
        self.reply: Reply | None = None
        self.division = division_of(session, self.run)
        self.head = session.html("", label="whitespace", pressed=self._press)
        self.card = session.html("", label="candidate", sent=self._decide)
        self.table = session.html("", label="candidates", pressed=self._press, sent=self._find)
        self.download = pmu.FileDownload(
            callback=self._export,
            filename=f"whitespace-{self.run.run_id}.csv",
            label=say("Export as {1}", "CSV"),
            variant="outlined",
            size="small",
        )
        self.about = session.html("", label="about")
        self.draw()
        session.follow(self._follow)
        session.on_decided(self._show_decisions)

    @property
    def view(self) -> pn.viewable.Viewable:
        """Key figures, the open candidate, the list, and what is known about the list."""
        if not self.run.has_ranking:
            return pn.Column(self.head, sizing_mode="stretch_width")
        return pn.Column(self.head, self.card, self.table, self.download, self.about, sizing_mode="stretch_width")

    def draw(self) -> None:
        """What depends on the view, and on what was decided."""
        asked = Asked(self.run, self.division, self.session)
        if not self.run.has_ranking:
            self.head.html = self._without_ranking(asked)
            return
        decided = self._decided()
        self.head.html = asked.render(
            "gaps_head.html",
            run=self.run,
            facts=self.run.summary,
            metrics=about.metrics(self.run),
            to=asked.to,
            models=models_of(asked),
        )
        self.table.html = self._table(asked, decided)
        self.card.html = self._card(asked, decided)
        self.about.html = about.render_about(asked)

    def _without_ranking(self, asked: Asked) -> str:
        parts = self.session.store(Whitespaces).parts_with(self.run.run_id, ranking_file(self.run.cutoff))
        return nothing(asked, "Whitespace", say("The run {1} did not rank.", self.run.run_id), "rank", parts)

    def _table(self, asked: Asked, decided: pl.DataFrame) -> str:
        """The filtered candidates of one page, and what the best of them come to."""
        rows = self.session.settings.page_rows
        found, kept = self._found(decided)
        pages = max(-(-kept["rows"] // rows), 1)
        at = min(self.session.view.at, pages)
        shown = found.slice((at - 1) * rows, rows).collect().to_dicts()
        return asked.render(
            "gaps.html",
            rows=[{**row, "href": self._to(at, case=joined(row[v.CUSTOMER], row[v.DIVISION]))} for row in shown],
            kept=kept,
            filters=self._choices(),
            chosen=self._filters(),
            top=self._top,
            tabs=[(name, self._to(1, segment=name)) for name in ("", *v.SEGMENTS)],
            at=at,
            pages=pages,
            turn={name: self._to(place) for name, place in pages_beside(at, pages).items()},
        )

    def _found(self, decided: pl.DataFrame) -> tuple[pl.LazyFrame, dict[str, Any]]:
        """The candidates that pass, the best `top` percent of them, and what these come to beside all that pass."""
        passing = self.run.select(self._filters(), decided)
        totals = (pl.len().alias("rows"), pl.col("value").sum(), pl.col("p_icp").sum().alias("buyers"))
        everything = passing.select(totals).collect().to_dicts()[0]
        if self._top == 100:
            return passing, {**everything, "of": everything}
        best = passing.head(-(-everything["rows"] * self._top // 100))
        return best, {**best.select(totals).collect().to_dicts()[0], "of": everything}

    def _choices(self) -> dict[str, tuple[str, ...]]:
        """What each filter may be set to."""
        return {
            DIVISION: self.run.divisions,
            "state": STATES,
            "grade": GRADES,
            **({"rep": self.run.reps} if self.run.reps else {}),
            "decided": (w.UNDECIDED, *w.DECISIONS.values()),
        }

    def _card(self, asked: Asked, decided: pl.DataFrame) -> str:
        """The open candidate: why, what it is worth, what can be decided."""
        name = self.session.view.case
        if not name:
            return asked.render("gap.html", row=None, reply=self.reply)
        try:
            row = self.run.gap(name)
            (subject,) = gaps(self.run.run, [row["gap_id"]])
        except DarkshelfError as error:
            return asked.render("gap.html", row=None, reply=Reply("refused", str(error)))
        state = decided.filter(pl.col("subject_id") == row["gap_id"]).to_dicts()
        return asked.render(
            "gap.html",
            row=row,
            reasons=json.loads(row["reason_codes"] or "[]"),
            components=COMPONENTS,
            state=state[0] if state else None,
            history=self.session.decisions.history(subject),
            rejections=[(code, say(wording)) for code, wording in ww.REASONS.items() if code not in ww.VERDICTS],
            may_decide=self.session.may_decide,
            close=address(replace(self.session.view, case=None)),
            reply=self.reply,
        )

    def _decided(self) -> pl.DataFrame:
        state = states(self.session.decisions, ww.GAP).of(self.run.run_id)
        return state.select("subject_id", "decision", "version", "reason", "action", "comment", "decided_by")

    def _filters(self) -> dict[str, str]:
        """What the address says of the candidates, empty for all."""
        return {key: self.session.view.text(key) for key in FILTERS}

    @property
    def _top(self) -> int:
        """How many percent of what passes are taken; all of it where the address says nothing that could be meant."""
        asked = whole(self.session.view.text(TOP))
        return asked if 1 <= asked <= 100 else 100

    def _to(self, at: int, *, case: str | None = None, **changes: str) -> str:
        """The address of the same filters but for some changes, with a candidate or none."""
        return address(replace(self._view(at, **changes), case=case))

    def _view(self, at: int, **changes: str) -> View:
        top = "" if self._top == 100 else str(self._top)
        return self.session.view.with_texts({**self._filters(), TOP: top, **changes}, at=at)

    def _follow(self, view: View) -> bool:
        # Links of the menu hold the division: where it changes everything is drawn anew.
        if view.text(DIVISION) != self.division:
            return False
        self.reply = None
        self.draw()
        return True

    def _show_decisions(self) -> None:
        """Paint what others decided; a run without a ranking has nothing to decide on."""
        if self.run.has_ranking:
            asked, decided = Asked(self.run, self.division, self.session), self._decided()
            self.table.html = self._table(asked, decided)
            self.card.html = self._card(asked, decided)

    def _press(self, do: str, value: str) -> None:
        if do == TOP or do in FILTERS:
            self.session.go(replace(self._view(1, **{do: value}), case=None))

    def _find(self, do: str, fields: Mapping[str, str]) -> None:
        self.session.go(replace(self._view(1, find=typed(fields)), case=None))

    def _decide(self, do: str, fields: Mapping[str, str]) -> None:
        try:
            (subject,) = gaps(self.run.run, [fields.get("subject", "")])
        except DarkshelfError as error:
            self.reply = Reply("refused", str(error))
        else:
            name, decision = act_of_button(fields.get("act", ""))
            self.reply = decide_on(
                self.session, subject, whole(fields.get("version", "")), name, {**fields, **decision}
            )
        self.draw()

    def _export(self) -> BytesIO:
        """The candidates that are filtered, in their order, with what was decided on them."""
        found, _ = self._found(self._decided())
        return BytesIO(csv_bytes(found.collect()))


def act_of_button(button: str) -> tuple[str, Mapping[str, str]]:
    """The act of a button by its name, and what its form need not say where the button is a verdict."""
    if button not in ww.VERDICTS:
        return button, {}
    said = act_of(button)
    return said.name, said.model_dump(exclude_none=True)


PAGE = WhitespacePage(
    "whitespace", "Candidates", lambda session: GapsPage(session).view, searched=FIND, is_index=True
)
