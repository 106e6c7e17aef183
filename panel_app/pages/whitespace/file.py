"""File: one published file as a reader can look at it, and to take home.

The address holds its path (`file`).
"""

import base64
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any

import panel as pn
import panel_material_ui as pmu
import polars as pl

from engine.errors import NotFoundError
from panel_app.language import say
from panel_app.pages.whitespace.markup import render
from panel_app.pages.whitespace.sheet import DIVISION, FILE_PAGE, WhitespacePage
from panel_app.session import Session
from panel_app.state import address
from panel_app.stores.whitespace import Whitespace

ROWS_SHOWN = 100
CHARACTERS_SHOWN = 100_000
TEXTS = (".json", ".jsonl", ".toml", ".txt")
TABLES = (".csv", ".parquet")


def build(session: Session) -> pn.viewable.Viewable:
    """The file, and a button that downloads it. Raises NotFoundError."""
    run, name = session.shown(Whitespace), session.view.text("file")
    if name not in run.files:
        raise NotFoundError(f"the run {run.run_id} has no file {name!r}")
    content = run.content(name)
    back = address(session.view.to("runs", keep={DIVISION}))
    piece = session.html(
        render("file.html", name=name, back=back, **_content_shown(run, name, content)), label="file"
    )
    download = pmu.FileDownload(
        callback=lambda: BytesIO(content),
        filename=PurePosixPath(name).name,
        label=say("Download"),
        variant="outlined",
        size="small",
    )
    return pn.Column(piece, download, sizing_mode="stretch_width")


def _content_shown(run: Whitespace, name: str, content: bytes) -> dict[str, Any]:
    """What a page can show of a file: a text, rows, a picture, or nothing of them."""
    ending, content_shown = PurePosixPath(name).suffix, dict.fromkeys(("text", "rows", "picture"))
    if ending in TEXTS:
        text = content.decode(errors="replace")
        return {
            **content_shown,
            "n_bytes": len(content),
            "text": text[:CHARACTERS_SHOWN],
            "is_cut": len(text) > CHARACTERS_SHOWN,
        }
    if ending in TABLES:
        table = run.table(name)
        cut, height = table.head(ROWS_SHOWN).collect(), table.select(pl.len()).collect().item()
        return {**content_shown, "n_bytes": len(content), "rows": cut, "of": height, "is_cut": height > ROWS_SHOWN}
    picture = f"data:image/png;base64,{base64.b64encode(content).decode()}" if ending == ".png" else None
    return {**content_shown, "n_bytes": len(content), "picture": picture, "is_cut": False}


PAGE = WhitespacePage(FILE_PAGE, "File", build, in_menu=False, under="runs")
