"""The report of a growth run: one HTML file with everything in it, for a planner to review and sign.

In: a published run. Out: HTML text that needs no network.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
from markupsafe import Markup

from engine.outputs.document import render
from engine.outputs.growth import figures, shapes
from engine.outputs.growth.charts import charts, draw_peer_strip
from engine.outputs.growth.read import boundary_report
from engine.outputs.growth.sign_off import SIGNERS, sign_off
from engine.outputs.read import summary
from engine.runs.registry import Run
from engine.vocabulary import growth as v

TEMPLATE = Path(__file__).with_suffix(".html")
ROWS_A_STATUS = 200
"""So many candidates of every status are listed; the others stand in the audit."""
SHOWN = ("str_code", "store_name", "spu_code", "spu_name", "cluster_id", "status", "scaling_tier", "cap_applied")


def report(run: Run, explained: pl.LazyFrame) -> str:
    """The whole page. explained: the audit with its texts. Raises MissingGlyphError."""
    drawn = {name: Markup(svg) for name, svg in charts(run).items()}
    return render(
        TEMPLATE,
        run=run,
        facts=summary(run),
        checks=boundary_report(run)["checks"],
        charts=drawn,
        peers=list(_peers(run)),
        stores=figures.top(run, "str_code").to_dicts(),
        spus=figures.top(run, "spu_code").to_dicts(),
        decisions=_decisions(explained),
        quantity=figures.QUANTITY,
        shown=SHOWN,
        rows_a_status=ROWS_A_STATUS,
        audit=shapes.AUDIT,
        signers=SIGNERS,
        # A label that no font can write has raised above.
        sheet=sign_off(run, labels_render=True),
    )


def _peers(run: Run) -> Iterator[dict[str, Any]]:
    """The largest gap that was scaled and the largest that a cap suppressed, each among what its peers sell."""
    for row in figures.peer_examples(run):
        yield {**row, "strip": Markup(draw_peer_strip(run, row["cluster_id"], row["spu_code"], row))}


def _decisions(explained: pl.LazyFrame) -> list[dict[str, Any]]:
    """Candidates of every status, those that got nothing as findable as those that got something."""
    units = figures.QUANTITY
    ranked = explained.sort(units, *v.STORE_SPU, descending=[True, False, False])
    parts = [ranked.filter(pl.col("status") == status).head(ROWS_A_STATUS) for status in reversed(v.GROWTH_STATUSES)]
    return pl.concat([part.select(*SHOWN, units, "full_explanation") for part in parts]).collect().to_dicts()
