"""`darkshelf ingest`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.console import out, table
from cli.night import AsJson, Assignments, ConfigFile, Input

SHOWN_DAYS = 3
"""Days listed one by one; of more the first and the last are named."""


def ingest(
    folder: Input,
    lake: Annotated[Path, typer.Option("--lake", help="Where the days are kept; made when it is not there.")],
    config: ConfigFile = None,
    assignments: Assignments = None,
    *,
    allow_partial: Annotated[
        bool, typer.Option("--allow-partial", help="Take a newest day that holds fewer rows than such days do.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take a delivery into a lake: each day it holds replaces that day of that table, whole.

    Example:  darkshelf ingest data/today --lake data/lake/chain

    Then:  darkshelf run --lake data/lake/chain --out data/runs
    """
    from engine import config as engine_config
    from engine.daylake.ingest import ingest

    settings = engine_config.load(config, assignments or [])
    done = ingest(folder, lake, settings.ingest, settings.inputs, allow_partial=allow_partial)
    if as_json:
        typer.echo(json.dumps({"lake": str(lake), **asdict(done)}))
        return
    shown = table("table", "rows", "set aside", "new", "replaced", "unchanged", numbers=("rows", "set aside"))
    for name, report in done.tables.items():
        days = (_in_words(report.new), _in_words(report.replaced), _in_words(report.unchanged))
        shown.add_row(name, f"{report.rows:,}", f"{report.faulty:,}", *days)
    for notice in done.notices:
        out.print(f"- {notice}", markup=False, soft_wrap=True)
    out.print(shown)
    for name, report in done.tables.items():
        if report.ignored:
            listed = ", ".join(report.ignored)
            out.print(
                f"- columns of {name} that no night reads were not kept: {listed}", markup=False, soft_wrap=True
            )
    spans = "; ".join(f"{name} {span}" for name, span in done.spans.items())
    out.print(f"{lake} holds {spans}", markup=False, soft_wrap=True)


def _in_words(days: Any) -> str:
    if len(days) > SHOWN_DAYS:
        return f"{len(days)} days, {min(days)} to {max(days)}"
    return ", ".join(days)
