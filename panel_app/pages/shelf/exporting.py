"""The files of a list of cases: exactly what is filtered, in its order, with the columns that the reader chose."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Final

import panel as pn
import panel_material_ui as pmu
import polars as pl

from engine.outputs.shelf import shapes
from engine.outputs.spreadsheet import csv_bytes, xlsx_bytes
from engine.vocabulary import shelf as v
from panel_app.language import say
from panel_app.pages.shelf.markup import render
from panel_app.session import Session
from panel_app.stores.shelf import Night
from panel_app.words import name as word_of

DECIDED: Final = (
    *("decision", "reason", "action_decided", "assigned_to", "comment", "decided_by", "decided_at"),
    *("earlier", "earlier_reason", "earlier_comment", "earlier_by", "earlier_at", "earlier_run"),
)
"""What an export adds to the columns of `cases.parquet`."""
EXPORTED: Final = (*v.CASE_COLUMNS, *v.FURTHER_CASE_COLUMNS, *DECIDED)
KINDS: Final = {"csv": "CSV", "xlsx": "XLSX", "parquet": "Parquet"}


@dataclass
class Left:
    """The columns that one reader leaves out of the files."""

    out: frozenset[str] = frozenset()


class Exports:
    """The files of one session. select: the cases as they are filtered now."""

    def __init__(self, session: Session, select: Callable[[], pl.LazyFrame]) -> None:
        self.select, self.left = select, session.own(Left)
        self.night_id = session.shown(Night).run_id
        self.columns = session.html("", label="columns of the files", pressed=self._press)
        self.files = [self._download(kind) for kind in KINDS]
        self.published = self._download("csv", shapes.CASES_CSV)
        self._draw()

    @property
    def view(self) -> pn.viewable.Viewable:
        """A button for each kind of file, and below them the choice of columns."""
        row = pn.FlexBox(*self.files, self.published, gap="8px")
        return pn.Column(row, self.columns, sizing_mode="stretch_width", margin=(0, 0, 16, 0))

    def export(self, kind: str, columns: Sequence[str] | None = None) -> bytes:
        """The file. kind: of `KINDS`. columns: without them those that are chosen, and all where none is."""
        found = self.select()
        known = found.collect_schema().names()
        named = columns or [name for name in EXPORTED if name not in self.left.out] or EXPORTED
        frame = found.select([name for name in named if name in known]).collect()
        if kind == "csv":
            return csv_bytes(frame)
        if kind == "xlsx":
            return xlsx_bytes(frame, "cases")
        written = BytesIO()
        frame.write_parquet(written, compression="zstd")
        return written.getvalue()

    def _download(self, kind: str, file: str | None = None) -> pmu.FileDownload:
        """file: of this name, with the columns that the night's file of this name has."""
        columns = v.CASE_COLUMNS if file else None
        return pmu.FileDownload(
            callback=lambda: BytesIO(self.export(kind, columns)),
            filename=file or f"cases-{self.night_id}.{kind}",
            label=say("Export {1}", file) if file else say("Export as {1}", KINDS[kind]),
            size="small",
        )

    def _press(self, do: str, value: str) -> None:
        """A column that was ticked or not, or all of them at once."""
        sign, name = value[:1], value[1:]
        meant = frozenset(EXPORTED if name == "all" else [name])
        self.left.out = self.left.out - meant if sign == "+" else self.left.out | meant
        self._draw()

    def _draw(self) -> None:
        known = self.select().collect_schema().names()
        columns = [(name, word_of(name), name not in self.left.out) for name in EXPORTED if name in known]
        self.columns.html = render("columns.html", columns=columns)
